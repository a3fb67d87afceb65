package server

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/whatsmeow"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waAdv"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"github.com/flowhq/flowhq/internal/simulator/database"
	"github.com/flowhq/flowhq/internal/simulator/wire"
)

// This file is the phone's side of linking, pairing.go the client's.

// A qrCode is what a client shows to be linked. The secret never travels over the wire:
// the phone sees it, and proves with it that it has.
type qrCode struct {
	ref                     string
	noise, identity, secret []byte
}

// parseCode reads the text of a QR code, with or without the link around it. Older
// clients show it without, and with one field less.
func parseCode(text string) (code qrCode, err error) {
	if _, after, ok := strings.Cut(text, "#"); ok {
		text = after
	}
	fields := strings.Split(strings.TrimSpace(text), ",")
	if len(fields) != 4 && len(fields) != 5 {
		return code, refuseLink("this is not the code of a device to link")
	}
	code.ref = fields[0] // then three keys; a fifth field is the client's platform
	// Noise and identity are public; the third is the secret.
	for i, dst := range []*[]byte{&code.noise, &code.identity, &code.secret} {
		*dst, err = base64.StdEncoding.DecodeString(fields[i+1])
		if err != nil || len(*dst) != publicBytes {
			return code, refuseLink("a key in the code is damaged")
		}
	}
	return code, nil
}

// Linked names a companion by number and by hidden identity.
type Linked struct {
	JID string `json:"jid"`
	LID string `json:"lid"`
}

// Scan links the device that shows a code to a phone, as a person does who holds the
// phone's camera on it. It returns once the device is linked and has logged in. It fails
// with [flowhq.NotFound] if there is no such phone, and with [flowhq.Refused] and the
// reason if the device cannot be linked.
func (s *Server) Scan(ctx context.Context, number, text string) (Linked, error) {
	phone, err := s.phone(number)
	if err != nil {
		return Linked{}, err
	}
	code, err := parseCode(text)
	if err != nil {
		return Linked{}, err
	}
	var t target
	s.do(func(st *state) { t, err = st.scanned(number, code) })
	if err != nil {
		return Linked{}, err
	}
	// The client stays reserved: after this fault it shows no code that could be used.
	if s.askPasskey(phone, t.conn) {
		return Linked{}, refuseLink("WhatsApp asks for the account's passkey")
	}
	return s.complete(ctx, phone, t, code.secret)
}

// phone returns the profile of a phone, which never changes, so that linking can go on
// without the state. It fails with [flowhq.NotFound].
func (s *Server) phone(number string) (p profile, err error) {
	s.do(func(st *state) {
		var a *account
		if a, err = st.phone(number); err == nil {
			p = a.profile
		}
	})
	return p, err
}

// A target is a client that is about to be linked. It holds nothing of the state, so that
// linking, which waits for the client, does not keep others from the state.
type target struct {
	conn    *conn
	pairing *pairing
	device  uint16 // the id that it gets
}

// scanned reserves the client that shows a code for a phone. The keys in the code must be
// those that the client has registered: a code may come from elsewhere than the ref in it.
func (st *state) scanned(number string, code qrCode) (t target, err error) {
	l := st.refs[code.ref]
	switch {
	case l == nil:
		return t, refuseLink("no device shows this code any more")
	case !bytes.Equal(code.noise, l.pairing.keys.Noise),
		!bytes.Equal(code.identity, l.pairing.keys.Identity):
		return t, refuseLink("the keys in the code are not those of the device that shows it")
	}
	return st.reserve(number, l)
}

// reserve keeps other phones from linking a client, and draws its device id. From then on
// only the caller's goroutine deals with the client's pairing.
func (st *state) reserve(number string, l *link) (t target, err error) {
	a := st.accounts[number]
	switch {
	case l.isScanning:
		return t, refuseLink("the code has been scanned already")
	case len(a.devices) > maxCompanions:
		return t, refuseLink("the phone has %d linked devices already", maxCompanions)
	case a.NextDevice > maxDeviceID:
		return t, refuseLink("the phone has used up its device ids")
	}
	l.isScanning = true
	// The id is used up even if the linking fails, so that it can never mean two devices.
	t = target{l.conn, l.pairing, a.NextDevice}
	a.NextDevice++
	st.server.db.Change(database.Changes{a.key(): encode(a)})
	return t, nil
}

// complete links a client, once it and the phone have agreed on a secret. If anything fails
// on the way, the client stays reserved: it must show a new code, as with WhatsApp.
func (s *Server) complete(
	ctx context.Context, phone profile, t target, secret []byte,
) (Linked, error) {
	if err := t.propose(ctx, phone, secret); err != nil {
		return Linked{}, err
	}
	var saved uint64
	var loggedIn <-chan struct{} // the device itself must not leave the state
	s.do(func(st *state) {
		a := st.accounts[phone.Number]
		d := st.addDevice(a, t.device, t.pairing.keys)
		st.notifyDevices(a, "add", d)
		saved = s.db.Change(database.Changes{d.key(): encode(d)})
		loggedIn = d.loggedIn
	})
	// The client comes back as a device, which must be known then even after a crash.
	if err := s.db.Wait(saved); err != nil {
		return Linked{}, err
	}
	s.log.Info("device was linked", "number", phone.e164(), "device", t.device)
	// 515 has the client come back with its new identity.
	t.conn.End(streamError(waBinary.Attrs{"code": "515"}, ""), lingerPolite)
	select {
	case <-loggedIn:
	case <-time.After(loginWait):
	}
	return Linked{phone.devicePN(t.device).String(), phone.deviceLID(t.device).String()}, nil
}

// propose sends the client its identity, signed by the phone, and waits for the client's
// own signature.
func (t target) propose(ctx context.Context, phone profile, secret []byte) error {
	details, wrapped, err := signDevice(phone, t, secret)
	if err != nil {
		return err
	}
	if err = t.conn.Send(pairSuccess(phone, t, wrapped)); err != nil {
		return refuseLink("the device has hung up")
	}
	// ctx ends with the request of whoever scans, too.
	ctx, cancel := context.WithTimeout(ctx, pairTimeout)
	defer cancel()
	answer, err := t.answer(ctx)
	if err != nil {
		return err
	}
	return checkPairing(answer, phone, t, details)
}

// answer returns what the client said to the proposal, even if it hung up right after
// that: a client that refuses does.
func (t target) answer(ctx context.Context) (*waBinary.Node, error) {
	select {
	case answer := <-t.pairing.answers:
		return answer, nil
	case <-ctx.Done():
		return nil, refuseLink("the device did not answer in time")
	case <-t.conn.done:
	}
	// A select with both ready chooses at random: look again.
	select {
	case answer := <-t.pairing.answers:
		return answer, nil
	default:
		return nil, refuseLink("the device has hung up")
	}
}

// pairSuccess is the proposal: the client's new name and its signed identity. The library
// stores the name only after it has verified the identity.
func pairSuccess(phone profile, t target, identity []byte) waBinary.Node {
	return waBinary.Node{
		Tag: "iq",
		Attrs: waBinary.Attrs{
			"from": types.ServerJID, "type": "set", "id": t.pairing.request + "-pair",
			"xmlns": "md", "t": now(),
		},
		Content: []waBinary.Node{{Tag: "pair-success", Content: []waBinary.Node{
			{Tag: "device-identity", Content: identity},
			{Tag: "device", Attrs: waBinary.Attrs{
				"jid": phone.devicePN(t.device), "lid": phone.deviceLID(t.device),
			}},
			{Tag: "platform", Attrs: waBinary.Attrs{"name": "android"}},
		}}},
	}
}

// signDevice has the phone sign the companion's identity. It returns the details that
// were signed, and everything in an envelope that is authenticated with the secret from
// the code: only a phone that has seen the code can make it.
func signDevice(phone profile, t target, secret []byte) (details, wrapped []byte, err error) {
	details, err = proto.Marshal(&waAdv.ADVDeviceIdentity{
		RawID:     proto.Uint32(phone.Registration),
		Timestamp: proto.Uint64(uint64(now())),
		KeyIndex:  proto.Uint32(uint32(t.device)),
	})
	if err != nil {
		return nil, nil, err
	}
	// The prefix (06 00) keeps this signature from being used as another one.
	message := join(whatsmeow.AdvAccountSignaturePrefix, details, t.pairing.keys.Identity)
	identity := phone.identity()
	signature := ecc.CalculateSignature(ecc.NewDjbECPrivateKey(*identity.Priv), message)
	signed, err := proto.Marshal(&waAdv.ADVSignedDeviceIdentity{
		Details: details, AccountSignatureKey: identity.Pub[:], AccountSignature: signature[:],
	})
	if err != nil {
		return nil, nil, err
	}
	mac := hmac.New(sha256.New, secret) // without it anybody on the way could be the phone
	mac.Write(signed)
	wrapped, err = proto.Marshal(&waAdv.ADVSignedDeviceIdentityHMAC{
		Details: signed, HMAC: mac.Sum(nil),
	})
	return details, wrapped, err
}

// checkPairing verifies the client's answer. The client must have signed the identity
// with the key that it has registered.
func checkPairing(answer *waBinary.Node, phone profile, t target, details []byte) error {
	// Such as hmac-mismatch: the secret in the code was not the client's.
	if failure, ok := answer.GetOptionalChildByTag("error"); ok {
		return refuseLink("the device refused: %s", wire.String(&failure, "text"))
	}
	child := answer.GetChildByTag("pair-device-sign", "device-identity")
	content, ok := child.Content.([]byte)
	if !ok {
		return refuseLink("the device answered without its identity")
	}
	var identity waAdv.ADVSignedDeviceIdentity
	err := proto.Unmarshal(content, &identity)
	if err != nil || len(identity.GetDeviceSignature()) != 64 {
		return refuseLink("the device's identity is damaged")
	}
	registered := t.pairing.keys.Identity
	message := join(
		whatsmeow.AdvDeviceSignaturePrefix, details, registered, phone.identity().Pub[:])
	key := ecc.NewDjbECPublicKey([32]byte(registered))
	if !bytes.Equal(identity.GetDetails(), details) ||
		!ecc.VerifySignature(key, message, [64]byte(identity.GetDeviceSignature())) {
		return refuseLink("the device's signature is wrong")
	}
	return nil
}

// join concatenates what a signature or key is made of.
func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
