package server

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"strings"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq/internal/simulator/wire"
)

// Sizes and other figures of linking by code, as clients have them (pair-code.go of the
// library). Sizes are in bytes.
const (
	keyBytes  = 32 // of X25519, and of the secrets made from it
	saltBytes = 32
	// wrappedBytes is the size of a public key that is sealed with the code.
	wrappedBytes = saltBytes + aes.BlockSize + keyBytes
	// bundleNonce is the size of the nonce of AES-GCM, which precedes the sealed bundle.
	bundleNonce = 12
	// codeRounds are those of PBKDF2, by which a code becomes a key.
	codeRounds    = 2 << 16
	linkRefBytes  = 32
	linkCodeChars = 8 // without the dash that is shown in their middle
)

// Linking by code goes like this, with the client on the left. Both sides make an
// ephemeral key and seal its public half with the code, so that only somebody who knows
// the code learns it:
//
//	companion_hello ->              the client's key, sealed, and the phone's number
//	                <- ref
//	(a person types the code: POST /phones/{number}/enter-code)
//	                <- primary_hello the phone's key, sealed, and the phone's identity
//	companion_finish ->             a bundle under the secret that the two keys share: both
//	                                identities and random bytes
//	(from here on as by QR code, with a secret that follows from all of these)
//
// linkCodeTag is the node that all steps of linking by code travel in.
const linkCodeTag = "link_code_companion_reg"

// A linkCode is a client's offer to be linked by the code that it shows. It never changes.
type linkCode struct {
	number  string // of the phone that it asked for
	ref     []byte
	wrapped []byte              // the client's ephemeral public key, sealed with the code
	finish  chan *waBinary.Node // its part of the exchange
}

// handleLinkCode answers a client that links by code: first its offer, then its part of
// the exchange with the phone. The exchange itself is run by the goroutine of the request in
// which a person enters the code.
func (c *conn) handleLinkCode(n *waBinary.Node) {
	node := n.GetChildByTag(linkCodeTag)
	switch wire.String(&node, "stage") {
	case "companion_hello": // again, if the client shows another code; the last one counts
		ref, err := c.offerLinkCode(&node)
		if err != nil {
			_ = c.Send(failure(n, err))
			return
		}
		reply := result(n)
		reply.Content = []waBinary.Node{{Tag: linkCodeTag, Content: []waBinary.Node{
			{Tag: "link_code_pairing_ref", Content: ref},
		}}}
		_ = c.Send(reply)
	case "companion_finish": // which a goroutine of the phone waits for
		var offer *linkCode
		c.server.do(func(st *state) { offer = st.links[c].code })
		if offer == nil || !bytes.Equal(wire.Bytes(&node, "link_code_pairing_ref"), offer.ref) {
			_ = c.Send(failure(n, errBadRequest))
			return
		}
		_ = c.Send(result(n))
		// Whether the client's part is right shows when the phone opens it. The service
		// acknowledges it in any case.
		select {
		case offer.finish <- &node:
		default: // it answers twice
		}
	default:
		_ = c.Send(failure(n, errNotImplemented))
	}
}

// offerLinkCode notes a client's offer and returns the reference to it. The name that the
// client displays must be a browser's, such as Chrome (Linux): the service takes no other.
func (c *conn) offerLinkCode(node *waBinary.Node) (ref []byte, refused *queryError) {
	offer := &linkCode{
		number: wire.JID(node, "jid").User, ref: wire.Random(linkRefBytes),
		finish:  make(chan *waBinary.Node, 1),
		wrapped: wire.Bytes(node, "link_code_pairing_wrapped_companion_ephemeral_pub"),
	}
	noise := wire.Bytes(node, "companion_server_auth_key_pub")
	display := wire.Bytes(node, "companion_platform_display")
	// Slicing the wrapped key would panic on another size.
	if len(offer.wrapped) != wrappedBytes || !bytes.Equal(noise, c.pairing.keys.Noise) ||
		!bytes.Contains(display, []byte(" (")) {
		return nil, errBadRequest
	}
	c.server.do(func(st *state) { st.links[c].code = offer })
	return offer.ref, nil
}

// EnterCode links the device that asked for a phone's number, as a person does who types
// the device's code into the phone. It returns and fails as [Server.Scan] does. A code
// that was mistyped can be typed again.
func (s *Server) EnterCode(ctx context.Context, number, code string) (Linked, error) {
	phone, err := s.phone(number)
	if err != nil {
		return Linked{}, err
	}
	code = strings.ReplaceAll(code, "-", "") // which is shown for people only
	if len(code) != linkCodeChars {
		return Linked{}, refuseLink("the code has %d characters without the dash", linkCodeChars)
	}
	// The client is found by the number that it asked for, not by the code, which the server
	// never learns.
	var t target
	var offer *linkCode
	s.do(func(st *state) { t, offer, err = st.offered(number) })
	if err != nil {
		return Linked{}, err
	}
	secret, err := t.exchange(ctx, phone, offer, code)
	if err != nil { // most often because the person has mistyped, and may try again
		s.do(func(st *state) {
			if l := st.links[t.conn]; l != nil { // the client may have hung up
				l.isScanning = false
			}
		})
		return Linked{}, err
	}
	return s.complete(ctx, phone, t, secret)
}

// offered reserves a client that has asked to be linked to a number. If there are several,
// any of them: the code fits one, and a person would not have two open.
func (st *state) offered(number string) (t target, offer *linkCode, err error) {
	for _, l := range st.links {
		if l.code != nil && l.code.number == number {
			t, err = st.reserve(number, l)
			return t, l.code, err
		}
	}
	return t, nil, refuseLink("no device asks to be linked to this number")
}

// exchange agrees with the client on the secret that the pairing is authenticated with. It
// fails with errWrongCode unless both know the code, and within pairTimeout if the client
// does not answer: with a wrong code it cannot open what the phone sends, and hangs up or
// stays silent.
func (t target) exchange(
	ctx context.Context, phone profile, offer *linkCode, code string,
) (secret []byte, err error) {
	// With a wrong code this is some other key, and the exchange goes on: nobody can try
	// codes without the client's noticing.
	theirs, err := unwrapKey(offer.wrapped, code)
	if err != nil {
		return nil, err
	}
	ours, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	wrapped, err := wrapKey(ours.PublicKey().Bytes(), code)
	if err != nil {
		return nil, err
	}
	hello := waBinary.Node{
		Tag: linkCodeTag, Attrs: waBinary.Attrs{"stage": "primary_hello"},
		Content: []waBinary.Node{
			{Tag: "link_code_pairing_ref", Content: offer.ref},
			{Tag: "link_code_pairing_wrapped_primary_ephemeral_pub", Content: wrapped},
			{Tag: "primary_identity_pub", Content: phone.identity().Pub[:]},
		},
	}
	if t.conn.Send(t.conn.server.notification(types.ServerJID, linkCodeTag, hello)) != nil {
		return nil, refuseLink("the device has hung up")
	}
	ctx, cancel := context.WithTimeout(ctx, pairTimeout)
	defer cancel()
	select {
	case answer := <-offer.finish:
		return openBundle(answer, phone, ours, theirs, t.pairing.keys.Identity)
	case <-ctx.Done():
		return nil, refuseLink("the device did not answer in time")
	case <-t.conn.done:
		return nil, refuseLink("the device has hung up")
	}
}

// errWrongCode is what a phone shows when nothing that the device sends can be opened. It
// cannot know whether the code or the answer was wrong.
var errWrongCode = refuseLink("this is not the code that the device shows")

// openBundle opens what the client has sealed for the phone, and returns the secret that
// follows from it. identity is the client's, from its registration.
func openBundle(
	answer *waBinary.Node, phone profile, ours *ecdh.PrivateKey, theirs, identity []byte,
) ([]byte, error) {
	bundle := wire.Bytes(answer, "link_code_pairing_wrapped_key_bundle")
	if len(bundle) < saltBytes+bundleNonce { // slicing it would panic
		return nil, refuseLink("the device's answer is damaged")
	}
	shared, err := agree(ours, theirs)
	if err != nil { // a wrong code has unwrapped a key that cannot be used
		return nil, errWrongCode
	}
	salt, sealed := bundle[:saltBytes], bundle[saltBytes:]
	plain, err := open(sealed[bundleNonce:], sealed[:bundleNonce], shared, salt)
	if err != nil {
		return nil, err
	}
	pair := phone.identity()
	// What was decrypted is: client's identity, phone's identity, random bytes.
	// The bundle names both identities, so that nobody in between can put in an own one.
	if len(plain) != 3*keyBytes || !bytes.Equal(plain[:keyBytes], identity) ||
		!bytes.Equal(plain[keyBytes:2*keyBytes], pair.Pub[:]) {
		return nil, errWrongCode
	}
	// The secret follows from both identities as well, so a client that has only learnt
	// the code cannot pass for the one that has registered.
	private, err := ecdh.X25519().NewPrivateKey(pair.Priv[:])
	if err != nil {
		return nil, err
	}
	identities, err := agree(private, identity)
	if err != nil {
		return nil, err
	}
	input := join(shared, identities, plain[2*keyBytes:])
	return hkdf.Key(sha256.New, input, nil, "adv_secret", keyBytes)
}

// open decrypts a bundle under a key derived from the shared secret, with the salt that precedes
// the bundle. It returns errWrongCode if the secret is not the one that the bundle was sealed with.
func open(sealed, nonce, shared, salt []byte) ([]byte, error) {
	const info = "link_code_pairing_key_bundle_encryption_key"
	key, err := hkdf.Key(sha256.New, shared, salt, info, keyBytes)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, nonce, sealed, nil)
	if err != nil {
		return nil, errWrongCode
	}
	return plain, nil
}

// agree returns the secret that two keys share. It fails on a public key of low order, with
// which the secret would be known to everybody.
func agree(private *ecdh.PrivateKey, public []byte) ([]byte, error) {
	key, err := ecdh.X25519().NewPublicKey(public)
	if err != nil {
		return nil, err
	}
	return private.ECDH(key)
}

// wrapKey seals a public key with a code: salt, IV, then the key.
func wrapKey(public []byte, code string) ([]byte, error) {
	salt, iv := wire.Random(saltBytes), wire.Random(aes.BlockSize)
	sealed, err := codeCipher(public, code, salt, iv)
	return join(salt, iv, sealed), err
}

// unwrapKey inverts wrapKey. A wrong code gives another key, which openBundle finds out.
func unwrapKey(wrapped []byte, code string) ([]byte, error) {
	salt, iv := wrapped[:saltBytes], wrapped[saltBytes:saltBytes+aes.BlockSize]
	return codeCipher(wrapped[saltBytes+aes.BlockSize:], code, salt, iv)
}

// codeCipher encrypts or decrypts with a key made from a code. A code has 40 bits, so
// making the key is slow on purpose: 0.2 s on a busy core. Nothing authenticates the
// result, so a wrong code is found out only later.
func codeCipher(in []byte, code string, salt, iv []byte) ([]byte, error) {
	key, err := pbkdf2.Key(sha256.New, code, salt, codeRounds, keyBytes)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	out := make([]byte, len(in))
	cipher.NewCTR(block, iv).XORKeyStream(out, in)
	return out, nil
}
