package simulator

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

// A noiseKey is one direction's cipher with its message counter.
type noiseKey struct {
	aead  cipher.AEAD
	count uint32
}

func newNoiseKey(key []byte) (noiseKey, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return noiseKey{}, err
	}
	aead, err := cipher.NewGCM(block)
	return noiseKey{aead: aead}, err
}

func (k *noiseKey) nonce() []byte {
	nonce := make([]byte, 12)
	binary.BigEndian.PutUint32(nonce[8:], k.count)
	k.count++
	return nonce
}

// seal appends the sealed plaintext to dst.
func (k *noiseKey) seal(dst, plaintext, data []byte) []byte {
	return k.aead.Seal(dst, k.nonce(), plaintext, data)
}

// open decrypts in place.
func (k *noiseKey) open(ciphertext, data []byte) ([]byte, error) {
	return k.aead.Open(ciphertext[:0], k.nonce(), ciphertext, data)
}

// A handshake is the responder's side of Noise_XX_25519_AESGCM_SHA256.
type handshake struct {
	hash, salt []byte
	key        noiseKey
}

func newHandshake(prologue []byte) (*handshake, error) {
	pattern := []byte(socket.NoiseStartPattern) // exactly 32 bytes: used unhashed
	key, err := newNoiseKey(pattern)
	if err != nil {
		return nil, err
	}
	h := &handshake{hash: pattern, salt: pattern, key: key}
	h.mixHash(prologue)
	return h, nil
}

func (h *handshake) mixHash(data []byte) {
	sum := sha256.New()
	sum.Write(h.hash)
	sum.Write(data)
	h.hash = sum.Sum(nil)
}

func (h *handshake) encrypt(plaintext []byte) []byte {
	sealed := h.key.seal(nil, plaintext, h.hash)
	h.mixHash(sealed)
	return sealed
}

func (h *handshake) decrypt(sealed []byte) ([]byte, error) {
	before := h.hash
	h.mixHash(sealed) // now: opening overwrites the ciphertext
	return h.key.open(sealed, before)
}

// mixKey mixes the secret shared by our private and their public key.
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
	h.salt = salt
	h.key, err = newNoiseKey(next)
	return err
}

func (h *handshake) expand(secret []byte) (first, second []byte, err error) {
	out, err := hkdf.Key(sha256.New, secret, h.salt, "", 64)
	if err != nil {
		return nil, nil, err
	}
	return out[:32], out[32:], nil
}

// hello answers the client's first message with our keys and certificates.
func (h *handshake) hello(message []byte, s *secrets, certificates []byte) (reply []byte, ephemeral *ecdh.PrivateKey, err error) {
	var in waWa6.HandshakeMessage
	if err = proto.Unmarshal(message, &in); err != nil {
		return nil, nil, fmt.Errorf("client hello: %w", err)
	}
	theirs := in.GetClientHello().GetEphemeral()
	if len(theirs) != 32 {
		return nil, nil, errors.New("client hello: no ephemeral key")
	}
	if ephemeral, err = ecdh.X25519().GenerateKey(rand.Reader); err != nil {
		return nil, nil, err
	}
	static, err := ecdh.X25519().NewPrivateKey(s.Static)
	if err != nil {
		return nil, nil, err
	}
	ours := ephemeral.PublicKey().Bytes()
	h.mixHash(theirs)
	h.mixHash(ours)
	if err = h.mixKey(ephemeral, theirs); err != nil {
		return nil, nil, err
	}
	sealedStatic := h.encrypt(static.PublicKey().Bytes())
	if err = h.mixKey(static, theirs); err != nil {
		return nil, nil, err
	}
	reply, err = proto.Marshal(&waWa6.HandshakeMessage{ServerHello: &waWa6.HandshakeMessage_ServerHello{
		Ephemeral: ours, Static: sealedStatic, Payload: h.encrypt(certificates),
	}})
	return reply, ephemeral, err
}

// finish reads the client's second message: its static key and what it wants.
func (h *handshake) finish(message []byte, ephemeral *ecdh.PrivateKey) (static []byte, payload *waWa6.ClientPayload, err error) {
	var in waWa6.HandshakeMessage
	if err = proto.Unmarshal(message, &in); err != nil {
		return nil, nil, fmt.Errorf("client finish: %w", err)
	}
	if static, err = h.decrypt(in.GetClientFinish().GetStatic()); err != nil {
		return nil, nil, fmt.Errorf("client static key: %w", err)
	}
	if err = h.mixKey(ephemeral, static); err != nil {
		return nil, nil, fmt.Errorf("client static key: %w", err)
	}
	data, err := h.decrypt(in.GetClientFinish().GetPayload())
	if err != nil {
		return nil, nil, fmt.Errorf("client payload: %w", err)
	}
	payload = &waWa6.ClientPayload{}
	if err = proto.Unmarshal(data, payload); err != nil {
		return nil, nil, fmt.Errorf("client payload: %w", err)
	}
	return static, payload, nil
}

// split ends the handshake: the keys to read from and to write to the client.
func (h *handshake) split() (read, write noiseKey, err error) {
	first, second, err := h.expand(nil)
	if err != nil {
		return read, write, err
	}
	if read, err = newNoiseKey(first); err != nil {
		return read, write, err
	}
	write, err = newNoiseKey(second)
	return read, write, err
}
