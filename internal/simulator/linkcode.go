package simulator

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
	"net/http"
	"strings"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

// Sizes and other figures of linking by code, as clients know them.
const (
	keyBytes      = 32
	saltBytes     = 32
	wrappedBytes  = saltBytes + aes.BlockSize + keyBytes // a public key, sealed with the code
	bundleNonce   = 12
	linkCodeSlow  = 2 << 16 // rounds of PBKDF2
	linkRefBytes  = 32
	linkCodeChars = 8 // without the dash
)

// A linkCode is a client's offer to be linked by the code that it shows.
type linkCode struct {
	number  string // of the phone it asked for
	ref     []byte
	wrapped []byte              // the client's ephemeral key, sealed with the code
	noise   []byte              // which the client logs in with
	finish  chan *waBinary.Node // its part of the exchange
}

// handleLinkCode answers a client that links by code: first its offer, then its
// part of the exchange with the phone.
func (c *conn) handleLinkCode(n *waBinary.Node) {
	node := n.GetChildByTag("link_code_companion_reg")
	switch stage, _ := node.Attrs["stage"].(string); stage {
	case "companion_hello":
		ref, err := c.offerLinkCode(&node)
		if err != nil {
			_ = c.send(failure(n, err))
			return
		}
		reply := result(n)
		reply.Content = []waBinary.Node{{Tag: "link_code_companion_reg", Content: []waBinary.Node{
			{Tag: "link_code_pairing_ref", Content: ref},
		}}}
		_ = c.send(reply)
	case "companion_finish":
		c.server.mu.Lock()
		offer := c.pairing.code
		c.server.mu.Unlock()
		if offer == nil || !bytes.Equal(content(&node, "link_code_pairing_ref"), offer.ref) {
			_ = c.send(failure(n, errBadRequest))
			return
		}
		_ = c.send(result(n))
		select {
		case offer.finish <- &node:
		default: // it answers twice
		}
	default:
		_ = c.send(failure(n, errNotImplemented))
	}
}

// offerLinkCode notes a client's offer and returns the reference to it.
func (c *conn) offerLinkCode(node *waBinary.Node) (ref []byte, refused *iqError) {
	offer := &linkCode{
		number: userOf(node, "jid"), ref: random(linkRefBytes), finish: make(chan *waBinary.Node, 1),
		wrapped: content(node, "link_code_pairing_wrapped_companion_ephemeral_pub"),
		noise:   content(node, "companion_server_auth_key_pub"),
	}
	display := content(node, "companion_platform_display")
	if len(offer.wrapped) != wrappedBytes || !bytes.Equal(offer.noise, c.pairing.noise) ||
		!bytes.Contains(display, []byte(" (")) { // such as Chrome (Linux): the service takes no other
		return nil, errBadRequest
	}
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	c.pairing.code = offer
	return offer.ref, nil
}

// enterCode answers POST /phones/{number}/enter-code {code} like scanCode: a person
// types the code in that the device to be linked shows.
func (s *server) enterCode(r *http.Request) (int, any, error) {
	in, err := decode[struct{ Code string }](r)
	if err != nil {
		return 0, nil, err
	}
	s.mu.Lock()
	a, err := s.phone(r)
	s.mu.Unlock()
	if err != nil {
		return 0, nil, err
	}
	code := strings.ReplaceAll(in.Code, "-", "")
	if len(code) != linkCodeChars {
		return 0, nil, refuseScan("the code has %d characters without the dash", linkCodeChars)
	}
	d, err := s.linkByCode(r.Context(), a, code)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, map[string]string{"jid": d.pn().String(), "lid": d.lid().String()}, nil
}

// linkByCode links the device that asked for the phone's number, if the code is the
// one that it shows.
func (s *server) linkByCode(ctx context.Context, a *account, code string) (*device, error) {
	offers := s.connections(func(c *conn) bool {
		return c.pairing != nil && c.device == nil && c.pairing.code != nil && c.pairing.code.number == a.Number
	})
	if len(offers) == 0 {
		return nil, refuseScan("no device asks to be linked to this number")
	}
	c := offers[0]
	id, err := s.reserveFor(a, c)
	if err != nil {
		return nil, err
	}
	secret, err := c.exchange(ctx, a, code)
	if err != nil {
		s.mu.Lock()
		c.pairing.scanning = false // the person may have mistyped
		s.mu.Unlock()
		return nil, err
	}
	return s.complete(ctx, c, a, id, secret)
}

// exchange agrees with the client on the secret that the pairing is authenticated
// with. It fails unless both know the code.
func (c *conn) exchange(ctx context.Context, a *account, code string) (secret []byte, err error) {
	offer := c.pairing.code
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
	c.server.mu.Lock()
	id := c.server.stanzaID()
	c.server.mu.Unlock()
	err = c.send(waBinary.Node{
		Tag:   classNotification,
		Attrs: waBinary.Attrs{"from": types.ServerJID, "id": id, "type": "link_code_companion_reg", "t": now()},
		Content: []waBinary.Node{{Tag: "link_code_companion_reg", Attrs: waBinary.Attrs{"stage": "primary_hello"}, Content: []waBinary.Node{
			{Tag: "link_code_pairing_ref", Content: offer.ref},
			{Tag: "link_code_pairing_wrapped_primary_ephemeral_pub", Content: wrapped},
			{Tag: "primary_identity_pub", Content: a.identity().Pub[:]},
		}}},
	})
	if err != nil {
		return nil, refuseScan("the device has hung up")
	}
	ctx, cancel := context.WithTimeout(ctx, pairTimeout)
	defer cancel()
	select {
	case answer := <-offer.finish:
		return openBundle(answer, a, ours, theirs, c.pairing.identity)
	case <-ctx.Done():
		return nil, refuseScan("the device did not answer in time")
	case <-c.done:
		return nil, refuseScan("the device has hung up")
	}
}

// errWrongCode is how a phone finds out: nothing the device sends can be opened.
var errWrongCode = refuseScan("this is not the code that the device shows")

// openBundle opens what the client has sealed for the phone and returns the secret
// that follows from it. identity is the client's, from its registration.
func openBundle(answer *waBinary.Node, a *account, ours *ecdh.PrivateKey, theirs, identity []byte) ([]byte, error) {
	bundle := content(answer, "link_code_pairing_wrapped_key_bundle")
	if len(bundle) < saltBytes+bundleNonce {
		return nil, refuseScan("the device's answer is damaged")
	}
	shared, err := agree(ours, theirs)
	if err != nil {
		return nil, errWrongCode
	}
	key, err := hkdf.Key(sha256.New, shared, bundle[:saltBytes], "link_code_pairing_key_bundle_encryption_key", keyBytes)
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
	plain, err := aead.Open(nil, bundle[saltBytes:saltBytes+bundleNonce], bundle[saltBytes+bundleNonce:], nil)
	phone := a.identity()
	if err != nil || len(plain) != 3*keyBytes || !bytes.Equal(plain[:keyBytes], identity) ||
		!bytes.Equal(plain[keyBytes:2*keyBytes], phone.Pub[:]) {
		return nil, errWrongCode
	}
	private, err := ecdh.X25519().NewPrivateKey(phone.Priv[:])
	if err != nil {
		return nil, err
	}
	identities, err := agree(private, identity)
	if err != nil {
		return nil, err
	}
	return hkdf.Key(sha256.New, join(shared, identities, plain[2*keyBytes:]), nil, "adv_secret", keyBytes)
}

func agree(private *ecdh.PrivateKey, public []byte) ([]byte, error) {
	key, err := ecdh.X25519().NewPublicKey(public)
	if err != nil {
		return nil, err
	}
	return private.ECDH(key)
}

// wrapKey seals a public key with a code; unwrapKey inverts it. A wrong code gives
// another key, which is found out later.
func wrapKey(public []byte, code string) ([]byte, error) {
	salt, iv := random(saltBytes), random(aes.BlockSize)
	sealed, err := codeCipher(public, code, salt, iv)
	return join(salt, iv, sealed), err
}

func unwrapKey(wrapped []byte, code string) ([]byte, error) {
	salt, iv := wrapped[:saltBytes], wrapped[saltBytes:saltBytes+aes.BlockSize]
	return codeCipher(wrapped[saltBytes+aes.BlockSize:], code, salt, iv)
}

func codeCipher(in []byte, code string, salt, iv []byte) ([]byte, error) {
	key, err := pbkdf2.Key(sha256.New, code, salt, linkCodeSlow, keyBytes)
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

// content returns the bytes in a child of a stanza, nil if there are none.
func content(n *waBinary.Node, tag string) []byte {
	child := n.GetChildByTag(tag)
	b, _ := child.Content.([]byte)
	return b
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}
