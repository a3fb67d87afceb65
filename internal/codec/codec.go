// Package codec encrypts what Temporal keeps for us, so that whoever runs Temporal, or
// gets hold of its database, cannot read it: inputs, results, signals, heartbeats,
// summaries and the texts of failures. It does not reach search attributes, ids and
// the names of things.
package codec

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Metadata of an encrypted payload.
const (
	encoding = "binary/encrypted"
	keyName  = "encryption-key-id"
)

// KeyBytes is the length of a key: AES-256.
const KeyBytes = 32

// ErrUnreadable is in the chain of the error of a payload that none of the keys opens.
var ErrUnreadable = errors.New("it cannot be decrypted")

// A Key is a secret with a name, which goes with each payload.
type Key struct {
	ID     string
	Secret string // KeyBytes bytes
}

// A Codec encrypts payloads with AES-GCM. It is a converter.PayloadCodec.
type Codec struct {
	// first is the id of the key that encrypts; "" if there is none.
	first string
	// keys are all keys, by id.
	keys map[string]cipher.AEAD
}

// New returns a Codec that encrypts with the first key and decrypts with any, so that
// a key is replaced by putting a new one before it, and dropped when nothing that was
// encrypted with it is left. Without keys it leaves payloads plain. It fails if a key
// has the wrong length, no id, or another's.
func New(keys []Key) (*Codec, error) {
	c := &Codec{keys: map[string]cipher.AEAD{}}
	for i, k := range keys {
		if len(k.Secret) != KeyBytes || k.ID == "" || c.keys[k.ID] != nil {
			// Neither the secret nor a part of it may get into the error.
			return nil, fmt.Errorf("codec: key %d has not %d bytes and an id of its own",
				i+1, KeyBytes)
		}
		if i == 0 {
			c.first = k.ID
		}
		block, err := aes.NewCipher([]byte(k.Secret))
		if err != nil {
			return nil, fmt.Errorf("codec: key %s: %w", k.ID, err)
		}
		if c.keys[k.ID], err = cipher.NewGCM(block); err != nil {
			return nil, fmt.Errorf("codec: key %s: %w", k.ID, err)
		}
	}
	return c, nil
}

// Encrypts reports whether there is a key to encrypt with. Without one, payloads that were
// encrypted before are still errors, never data.
func (c *Codec) Encrypts() bool { return c.first != "" }

// Encode encrypts payloads. Those that are encrypted already are left as they are.
func (c *Codec) Encode(payloads []*common.Payload) ([]*common.Payload, error) {
	return each(payloads, func(p *common.Payload) (*common.Payload, error) {
		if !c.Encrypts() || isEncrypted(p) {
			return p, nil
		}
		plain, err := proto.Marshal(p)
		if err != nil {
			return nil, err
		}
		aead := c.keys[c.first]
		// A nonce must not come twice under one key: GCM would give the plaintexts away. Random
		// ones of 96 bits are safe for 2^32 payloads (NIST SP 800-38D, 8.3).
		nonce := make([]byte, aead.NonceSize())
		rand.Read(nonce)
		return &common.Payload{
			Metadata: map[string][]byte{
				converter.MetadataEncoding: []byte(encoding), keyName: []byte(c.first),
			},
			// The key's id is authenticated too, so that nobody can exchange it.
			Data: aead.Seal(nonce, nonce, plain, []byte(c.first)),
		}, nil
	})
}

// Decode decrypts payloads. Those that are not encrypted, because they are older than
// the keys, are left as they are. The error of one that cannot be decrypted is an
// ErrUnreadable that names the key.
func (c *Codec) Decode(payloads []*common.Payload) ([]*common.Payload, error) {
	return each(payloads, func(p *common.Payload) (*common.Payload, error) {
		if !isEncrypted(p) {
			return p, nil
		}
		id := string(p.GetMetadata()[keyName])
		aead := c.keys[id]
		if aead == nil {
			return nil, fmt.Errorf("%w: there is no key %q", ErrUnreadable, id)
		}
		data, n := p.GetData(), aead.NonceSize()
		if len(data) < n {
			return nil, fmt.Errorf("%w: it is too short", ErrUnreadable)
		}
		plain, err := aead.Open(nil, data[:n], data[n:], []byte(id))
		if err != nil {
			return nil, fmt.Errorf("%w: it was changed, or key %q is another than it was",
				ErrUnreadable, id)
		}
		out := &common.Payload{}
		if err := proto.Unmarshal(plain, out); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
		}
		return out, nil
	})
}

// isEncrypted reports whether a payload says that this package encrypted it.
func isEncrypted(p *common.Payload) bool {
	return string(p.GetMetadata()[converter.MetadataEncoding]) == encoding
}

// each returns what f makes of each payload. The SDK keeps using the payloads that it passed, so
// they are not changed.
func each(
	payloads []*common.Payload, f func(*common.Payload) (*common.Payload, error),
) ([]*common.Payload, error) {
	out := make([]*common.Payload, len(payloads))
	for i, p := range payloads {
		var err error
		if out[i], err = f(p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// EncodeJSON is Encode of a JSON object {"payloads": […]}, as Temporal's Web UI sends it.
// It stops when ctx ends.
func (c *Codec) EncodeJSON(ctx context.Context, body []byte) ([]byte, error) {
	return viaJSON(ctx, body, c.Encode)
}

// DecodeJSON is Decode in the same form.
func (c *Codec) DecodeJSON(ctx context.Context, body []byte) ([]byte, error) {
	return viaJSON(ctx, body, c.Decode)
}

// viaJSON applies f to the payloads in a JSON object, one by one, to stop when ctx ends. Members
// that this version of Temporal's API does not know are dropped: the Web UI may be newer.
func viaJSON(
	ctx context.Context, body []byte, f func([]*common.Payload) ([]*common.Payload, error),
) ([]byte, error) {
	var all common.Payloads
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, &all); err != nil {
		return nil, fmt.Errorf("not payloads: %w", err)
	}
	for i := range all.GetPayloads() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out, err := f(all.Payloads[i : i+1])
		if err != nil {
			return nil, err
		}
		all.Payloads[i] = out[0]
	}
	if len(all.Payloads) == 0 {
		return []byte(`{"payloads":[]}`), nil // which protojson leaves out
	}
	return protojson.Marshal(&all)
}
