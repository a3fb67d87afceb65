package simulator

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/whatsmeow"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waAdv"
	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

const (
	refCount = 6 // codes a client shows in turn: 60 s the first, 20 s the others
	refBytes = 96
	// pairTimeout bounds the wait for the client's signature.
	pairTimeout = 20 * time.Second
	// loginWait is how long a scan waits for the new companion's first login. A
	// client that does not come back at once is linked all the same.
	loginWait = 5 * time.Second
)

// A pairing is a client that shows codes and waits to be scanned.
type pairing struct {
	noise, identity []byte
	registration    uint32
	signed          preKey
	signature       []byte
	refs            []string
	request         string              // id of the iq that carries the codes
	answers         chan *waBinary.Node // to the phone's proposal
	scanning        bool                // guarded by server.mu
	code            *linkCode           // likewise; nil = it does not link by code
}

// startPairing checks the client's keys and sends it the codes to show.
func (c *conn) startPairing(static []byte, data *waWa6.ClientPayload_DevicePairingRegistrationData) error {
	s := c.server
	if reason, refused := s.refusal(""); refused {
		return c.refuse(reason.reason, reason.attrs())
	}
	p, err := newPairing(static, data)
	if err != nil {
		s.log.Warn("registration was refused", "error", err)
		return c.refuse(reasonBadRequest, nil)
	}
	var refs []waBinary.Node
	for range s.codeCount() {
		ref := make([]byte, refBytes)
		_, _ = rand.Read(ref) // never fails
		p.refs = append(p.refs, "2@"+base64.StdEncoding.EncodeToString(ref))
		refs = append(refs, waBinary.Node{Tag: "ref", Content: []byte(p.refs[len(p.refs)-1])})
	}
	s.mu.Lock()
	p.request = s.stanzaID()
	c.pairing = p
	for _, ref := range p.refs {
		s.pairings[ref] = c
	}
	s.mu.Unlock()
	return c.send(waBinary.Node{
		Tag:     "iq",
		Attrs:   waBinary.Attrs{"from": types.ServerJID, "type": "set", "id": p.request, "xmlns": "md"},
		Content: []waBinary.Node{{Tag: "pair-device", Content: refs}},
	})
}

func newPairing(static []byte, data *waWa6.ClientPayload_DevicePairingRegistrationData) (*pairing, error) {
	p := &pairing{
		noise: static, identity: data.GetEIdent(), signature: data.GetESkeySig(),
		answers: make(chan *waBinary.Node, 1),
	}
	if len(data.GetERegid()) != 4 || len(data.GetESkeyID()) != 3 || len(p.identity) != 32 {
		return nil, errors.New("a key of the registration is missing or has the wrong size")
	}
	p.registration = binary.BigEndian.Uint32(data.GetERegid())
	p.signed = preKey{binary.BigEndian.Uint32(append([]byte{0}, data.GetESkeyID()...)), data.GetESkeyVal()}
	return p, checkSigned(p.identity, p.signed, p.signature)
}

// checkSigned returns an error unless identity has signed the key.
func checkSigned(identity []byte, key preKey, signature []byte) error {
	if len(identity) != 32 || len(key.Key) != 32 || len(signature) != 64 {
		return errors.New("the signed prekey or its signature has the wrong size")
	}
	message := append([]byte{ecc.DjbType}, key.Key...)
	if !ecc.VerifySignature(ecc.NewDjbECPublicKey([32]byte(identity)), message, [64]byte(signature)) {
		return errors.New("the signed prekey has a wrong signature")
	}
	return nil
}

// handlePairing passes on the client's answer to a phone's proposal.
func (c *conn) handlePairing(n *waBinary.Node) {
	if n.Tag != "iq" {
		return
	}
	switch id, _ := n.Attrs["id"].(string); {
	case n.Attrs["type"] == "get" && n.Attrs["xmlns"] == "w:p":
		_ = c.send(result(n))
	case n.Attrs["type"] == "set" && n.Attrs["xmlns"] == "md":
		c.handleLinkCode(n)
	case id != c.pairing.request:
		select {
		case c.pairing.answers <- n:
		default: // it answers twice
		}
	}
}

// A scanError says why a phone could not link the device whose code it was
// shown.
type scanError struct{ reason string }

func (e *scanError) Error() string { return e.reason }

func refuseScan(format string, args ...any) error {
	return &scanError{fmt.Sprintf(format, args...)}
}

// A qrCode is what a client shows to be linked.
type qrCode struct {
	ref                     string
	noise, identity, secret []byte
}

// parseCode reads the text of a QR code, with or without the link around it.
func parseCode(text string) (code qrCode, err error) {
	if _, after, ok := strings.Cut(text, "#"); ok {
		text = after
	}
	fields := strings.Split(strings.TrimSpace(text), ",")
	if len(fields) != 4 && len(fields) != 5 {
		return code, refuseScan("this is not the code of a device to link")
	}
	code.ref = fields[0]
	for i, dst := range []*[]byte{&code.noise, &code.identity, &code.secret} {
		*dst, err = base64.StdEncoding.DecodeString(fields[i+1])
		if err != nil || len(*dst) != 32 {
			return code, refuseScan("a key in the code is damaged")
		}
	}
	return code, nil
}

// scan links the device that shows the code to the phone, as a person does who
// holds the phone's camera on it. It returns once the device is linked and has
// logged in; a *scanError says why it cannot be.
func (s *server) scan(ctx context.Context, a *account, text string) (*device, error) {
	code, err := parseCode(text)
	if err != nil {
		return nil, err
	}
	c, id, err := s.reserve(a, code)
	if err != nil {
		return nil, err
	}
	if s.askPasskey(a, c) {
		return nil, refuseScan("WhatsApp asks for the account's passkey")
	}
	return s.complete(ctx, c, a, id, code.secret)
}

// complete links the device on c, once it and the phone have agreed on a secret.
func (s *server) complete(ctx context.Context, c *conn, a *account, id uint16, secret []byte) (*device, error) {
	d, err := c.propose(ctx, a, id, secret)
	if err != nil {
		return nil, err
	}
	if err = s.db.wait(s.link(a, d)); err != nil {
		return nil, err
	}
	s.log.Info("device was linked", "number", a.e164(), "device", d.ID)
	c.end(streamError(waBinary.Attrs{"code": "515"}, ""), lingerPolite)
	d.waitLogin(loginWait)
	return d, nil
}

// reserve finds the client that shows the code and draws a device id for it.
func (s *server) reserve(a *account, code qrCode) (*conn, uint16, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.pairings[code.ref]
	switch {
	case c == nil:
		return nil, 0, refuseScan("no device shows this code any more")
	case !bytes.Equal(code.noise, c.pairing.noise) || !bytes.Equal(code.identity, c.pairing.identity):
		return nil, 0, refuseScan("the keys in the code are not those of the device that shows it")
	}
	id, err := s.draw(a, c)
	return c, id, err
}

// reserveFor draws a device id for the client on c.
func (s *server) reserveFor(a *account, c *conn) (uint16, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draw(a, c)
}

// draw is reserveFor for a caller that holds mu.
func (s *server) draw(a *account, c *conn) (uint16, error) {
	switch {
	case c.pairing.scanning:
		return 0, refuseScan("the code has been scanned already")
	case len(a.devices) > maxCompanions:
		return 0, refuseScan("the phone has %d linked devices already", maxCompanions)
	case a.NextDevice > maxDeviceID:
		return 0, refuseScan("the phone has used up its device ids")
	}
	c.pairing.scanning = true
	id := a.NextDevice
	a.NextDevice++
	s.db.change(changes{a.record(): encode(a)})
	return id, nil
}

// propose sends the client its signed identity and waits for its signature.
func (c *conn) propose(ctx context.Context, a *account, id uint16, secret []byte) (*device, error) {
	p := c.pairing
	d := &device{
		account: a, ID: id, Noise: p.noise, Identity: p.identity, Registration: p.registration,
		Signed: p.signed, Signature: p.signature,
	}
	details, wrapped, err := signDevice(a, d, secret)
	if err != nil {
		return nil, err
	}
	if err = c.send(pairSuccess(p.request+"-pair", d, wrapped)); err != nil {
		return nil, refuseScan("the device has hung up")
	}
	ctx, cancel := context.WithTimeout(ctx, pairTimeout)
	defer cancel()
	answer, err := c.answer(ctx)
	if err != nil {
		return nil, err
	}
	return d, checkPairing(answer, a, d, details)
}

// answer returns what the client said to the proposal, even if it hung up right
// after that.
func (c *conn) answer(ctx context.Context) (*waBinary.Node, error) {
	select {
	case answer := <-c.pairing.answers:
		return answer, nil
	case <-ctx.Done():
		return nil, refuseScan("the device did not answer in time")
	case <-c.done:
	}
	select {
	case answer := <-c.pairing.answers:
		return answer, nil
	default:
		return nil, refuseScan("the device has hung up")
	}
}

func pairSuccess(id string, d *device, identity []byte) waBinary.Node {
	return waBinary.Node{
		Tag: "iq",
		Attrs: waBinary.Attrs{
			"from": types.ServerJID, "type": "set", "id": id, "xmlns": "md", "t": now(),
		},
		Content: []waBinary.Node{{Tag: "pair-success", Content: []waBinary.Node{
			{Tag: "device-identity", Content: identity},
			{Tag: "device", Attrs: waBinary.Attrs{"jid": d.pn(), "lid": d.lid()}},
			{Tag: "platform", Attrs: waBinary.Attrs{"name": "android"}},
		}}},
	}
}

// signDevice has the phone sign the companion's identity. It returns the signed
// details and the whole, authenticated with the secret from the code.
func signDevice(a *account, d *device, secret []byte) (details, wrapped []byte, err error) {
	details, err = proto.Marshal(&waAdv.ADVDeviceIdentity{
		RawID:     proto.Uint32(a.Registration),
		Timestamp: proto.Uint64(uint64(now())),
		KeyIndex:  proto.Uint32(uint32(d.ID)),
	})
	if err != nil {
		return nil, nil, err
	}
	message := join(whatsmeow.AdvAccountSignaturePrefix, details, d.Identity)
	identity := a.identity()
	signature := ecc.CalculateSignature(ecc.NewDjbECPrivateKey(*identity.Priv), message)
	signed, err := proto.Marshal(&waAdv.ADVSignedDeviceIdentity{
		Details: details, AccountSignatureKey: identity.Pub[:], AccountSignature: signature[:],
	})
	if err != nil {
		return nil, nil, err
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(signed)
	wrapped, err = proto.Marshal(&waAdv.ADVSignedDeviceIdentityHMAC{Details: signed, HMAC: mac.Sum(nil)})
	return details, wrapped, err
}

// checkPairing verifies the client's answer: it must have signed the identity
// with the key that was in the code.
func checkPairing(answer *waBinary.Node, a *account, d *device, details []byte) error {
	if failure, ok := answer.GetOptionalChildByTag("error"); ok {
		text, _ := failure.Attrs["text"].(string)
		return refuseScan("the device refused: %s", text)
	}
	content, ok := answer.GetChildByTag("pair-device-sign", "device-identity").Content.([]byte)
	if !ok {
		return refuseScan("the device answered without its identity")
	}
	var identity waAdv.ADVSignedDeviceIdentity
	if err := proto.Unmarshal(content, &identity); err != nil || len(identity.GetDeviceSignature()) != 64 {
		return refuseScan("the device's identity is damaged")
	}
	message := join(whatsmeow.AdvDeviceSignaturePrefix, details, d.Identity, a.identity().Pub[:])
	key := ecc.NewDjbECPublicKey([32]byte(d.Identity))
	if !bytes.Equal(identity.GetDetails(), details) ||
		!ecc.VerifySignature(key, message, [64]byte(identity.GetDeviceSignature())) {
		return refuseScan("the device's signature is wrong")
	}
	return nil
}

// link makes a paired device part of its account.
func (s *server) link(a *account, d *device) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addDevice(a, d)
	s.tellDevices(a, "add", d)
	return s.db.change(changes{d.record(): encode(d)})
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
