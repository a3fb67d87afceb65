package wire

import (
	"encoding/binary"
	"errors"

	"go.mau.fi/libsignal/ecc"
)

// signatureBytes is the size of an XEdDSA signature.
const signatureBytes = 64

// maxRegistration is the largest Signal registration id: it has 14 bits.
const maxRegistration = 0x3fff

// DeviceKeys is what a device shows of itself: the public halves of its keys. By Noise
// the server recognises it at login. The rest is for those who write to it.
type DeviceKeys struct {
	Noise        []byte `json:"noise,omitempty"` // nil for a phone, which never logs in
	Identity     []byte `json:"identity"`
	Registration uint32 `json:"registration"`
	Signed       PreKey `json:"signed_prekey"`
	Signature    []byte `json:"signature"` // of Signed, by Identity
}

// A PreKey is the public half of a key that starts Signal sessions.
type PreKey struct {
	ID  uint32 `json:"id"`
	Key []byte `json:"key"`
}

// Check returns an error unless the identity has signed the key.
func (k PreKey) Check(identity, signature []byte) error {
	if len(identity) != keyBytes || len(k.Key) != keyBytes || len(signature) != signatureBytes {
		return errors.New("the signed prekey or its signature has the wrong size")
	}
	message := append([]byte{ecc.DjbType}, k.Key...)
	key := ecc.NewDjbECPublicKey([32]byte(identity))
	if !ecc.VerifySignature(key, message, [64]byte(signature)) {
		return errors.New("the signed prekey has a wrong signature")
	}
	return nil
}

// NewRegistration draws a Signal registration id, which is never 0.
func NewRegistration() uint32 {
	return binary.BigEndian.Uint32(Random(4))&maxRegistration + 1
}
