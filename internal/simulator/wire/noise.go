package wire

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/socket"
	"google.golang.org/protobuf/proto"
)

// The handshake has three messages (pattern XX of the Noise protocol, with X25519, AES-GCM
// and SHA-256). Each side mixes in what it sends and receives, so that a message which
// somebody has changed cannot be opened:
//
//	client hello  ->  e             an ephemeral key
//	server hello  <-  e, ee, s, es  an ephemeral and the static key, and the certificates
//	client finish ->  s, se         the static key, by which a device is known, and a payload
//
// "ee" is the secret that both ephemeral keys share, "es" that of an ephemeral and a static
// one. Each derives the key under which what follows is sealed.

// Sizes of the protocol, in bytes.
const (
	keyBytes   = 32 // of every key, public or private
	nonceBytes = 12
	// counterOffset is where the message counter begins in a nonce. The bytes before it
	// are zero.
	counterOffset = nonceBytes - 4
)

// A cipherState is a key with the counter of the messages sealed or opened under it. It
// serves one direction only: two messages under one counter would reveal the key stream.
// It is not safe for concurrent use.
type cipherState struct {
	aead  cipher.AEAD
	count uint32
}

// newCipherState returns a cipher that has sealed or opened nothing yet.
func newCipherState(key []byte) (cipherState, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return cipherState{}, err
	}
	aead, err := cipher.NewGCM(block)
	return cipherState{aead: aead}, err
}

// nonce returns the nonce of the next message.
func (k *cipherState) nonce() []byte {
	nonce := make([]byte, nonceBytes)
	binary.BigEndian.PutUint32(nonce[counterOffset:], k.count)
	k.count++
	return nonce
}

// seal appends the sealed plaintext to dst. data is authenticated with it and not sent.
func (k *cipherState) seal(dst, plaintext, data []byte) []byte {
	return k.aead.Seal(dst, k.nonce(), plaintext, data)
}

// open decrypts in place: the ciphertext is overwritten.
func (k *cipherState) open(ciphertext, data []byte) ([]byte, error) {
	return k.aead.Open(ciphertext[:0], k.nonce(), ciphertext, data)
}

// A handshake is the responder's side of Noise_XX_25519_AESGCM_SHA256. Its methods are
// called once each, in the order of the protocol: hello, finish, split.
type handshake struct {
	hash []byte      // of all that either side has sent; authenticated with each message
	salt []byte      // the chaining key, from which the next key is derived
	key  cipherState // of the handshake itself, not of what follows it
}

// newHandshake begins a handshake. prologue is what the client has sent before it, and
// makes the handshake fail if somebody changed that on the way.
func newHandshake(prologue []byte) (*handshake, error) {
	pattern := []byte(socket.NoiseStartPattern) // exactly 32 bytes: used unhashed
	key, err := newCipherState(pattern)
	if err != nil {
		return nil, err
	}
	h := &handshake{hash: pattern, salt: pattern, key: key}
	h.mixHash(prologue)
	return h, nil
}

// mixHash adds data to what both sides must agree on.
func (h *handshake) mixHash(data []byte) {
	sum := sha256.New()
	sum.Write(h.hash)
	sum.Write(data)
	h.hash = sum.Sum(nil)
}

// encrypt seals a part of our message.
func (h *handshake) encrypt(plaintext []byte) []byte {
	sealed := h.key.seal(nil, plaintext, h.hash)
	h.mixHash(sealed)
	return sealed
}

// decrypt opens a part of the client's message.
func (h *handshake) decrypt(sealed []byte) ([]byte, error) {
	before := h.hash
	h.mixHash(sealed) // before opening, which overwrites the ciphertext
	return h.key.open(sealed, before)
}

// mixKey derives the next key from the secret that our private and their public key
// share.
func (h *handshake) mixKey(private *ecdh.PrivateKey, public []byte) error {
	key, err := ecdh.X25519().NewPublicKey(public)
	if err != nil {
		return err
	}
	secret, err := private.ECDH(key)
	if err != nil {
		return err
	}
	salt, next, err := h.expand(secret)
	if err != nil {
		return err
	}
	h.salt = salt // the next secret is mixed with all before it
	h.key, err = newCipherState(next)
	return err
}

// expand derives two keys from a secret and the chaining key, as the protocol's MixKey and
// Split do.
func (h *handshake) expand(secret []byte) (first, second []byte, err error) {
	out, err := hkdf.Key(sha256.New, secret, h.salt, "", 2*keyBytes)
	if err != nil {
		return nil, nil, err
	}
	return out[:keyBytes], out[keyBytes:], nil
}

// hello answers the client's first message with our keys, and with the certificates that
// prove the static one. It returns the private part of the ephemeral key for finish.
func (h *handshake) hello(
	message, private, certificates []byte,
) (reply []byte, ephemeral *ecdh.PrivateKey, err error) {
	var in waWa6.HandshakeMessage
	if err = proto.Unmarshal(message, &in); err != nil {
		return nil, nil, fmt.Errorf("client hello: %w", err)
	}
	theirs := in.GetClientHello().GetEphemeral()
	if len(theirs) != keyBytes {
		return nil, nil, errors.New("client hello: no ephemeral key")
	}
	if ephemeral, err = ecdh.X25519().GenerateKey(rand.Reader); err != nil {
		return nil, nil, err
	}
	static, err := ecdh.X25519().NewPrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	ours := ephemeral.PublicKey().Bytes()
	// The order is the protocol's: both ephemeral keys, then the secrets as they appear.
	h.mixHash(theirs)
	h.mixHash(ours)
	if err = h.mixKey(ephemeral, theirs); err != nil {
		return nil, nil, err
	}
	sealedStatic := h.encrypt(static.PublicKey().Bytes())
	if err = h.mixKey(static, theirs); err != nil {
		return nil, nil, err
	}
	reply, err = proto.Marshal(&waWa6.HandshakeMessage{
		ServerHello: &waWa6.HandshakeMessage_ServerHello{
			Ephemeral: ours, Static: sealedStatic, Payload: h.encrypt(certificates),
		},
	})
	return reply, ephemeral, err
}

// finish reads the client's second message. Opening it proves that the client has the
// private part of its static key, by which a device is recognised at login.
func (h *handshake) finish(message []byte, ephemeral *ecdh.PrivateKey) (*Client, error) {
	var in waWa6.HandshakeMessage
	if err := proto.Unmarshal(message, &in); err != nil {
		return nil, fmt.Errorf("client finish: %w", err)
	}
	static, err := h.decrypt(in.GetClientFinish().GetStatic())
	if err != nil {
		return nil, fmt.Errorf("client static key: %w", err)
	}
	if err = h.mixKey(ephemeral, static); err != nil {
		return nil, fmt.Errorf("client static key: %w", err)
	}
	// What the client wants: to log in as a device, or to be linked.
	data, err := h.decrypt(in.GetClientFinish().GetPayload())
	if err != nil {
		return nil, fmt.Errorf("client payload: %w", err)
	}
	payload := &waWa6.ClientPayload{}
	if err = proto.Unmarshal(data, payload); err != nil {
		return nil, fmt.Errorf("client payload: %w", err)
	}
	return &Client{Key: static, Payload: payload}, nil
}

// split ends the handshake. It returns the keys to read from and to write to the client.
func (h *handshake) split() (read, write cipherState, err error) {
	first, second, err := h.expand(nil) // the first is for what the client writes
	if err != nil {
		return read, write, err
	}
	if read, err = newCipherState(first); err != nil {
		return read, write, err
	}
	write, err = newCipherState(second)
	return read, write, err
}
