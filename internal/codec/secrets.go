package codec

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// sealedPrefix begins each sealed secret, which is sealed:<id of the key>:<base64>. No secret of
// ours begins so.
const sealedPrefix = "sealed:"

// secretsInfo derives the keys of secrets from those of payloads. So what /codec decrypts for
// Temporal's Web UI cannot be a secret out of the database, and the nonces of one are not counted
// for the other.
const secretsInfo = "flowhq: secrets in the database"

// Secrets encrypts secrets that the database keeps and that are needed as they are, with AES-GCM.
// It is safe for concurrent use.
type Secrets struct {
	first string // id of the key that seals; "": there is none
	keys  map[string]cipher.AEAD
}

// NewSecrets returns Secrets that seal with a key derived from the first one, and open with those
// of all. Without keys it seals nothing. Its errors are those of [New].
func NewSecrets(keys []Key) (*Secrets, error) {
	if _, err := New(keys); err != nil {
		return nil, err
	}
	s := &Secrets{keys: map[string]cipher.AEAD{}}
	for i, k := range keys {
		if i == 0 {
			s.first = k.ID
		}
		derived, err := hkdf.Key(sha256.New, []byte(k.Secret), nil, secretsInfo, KeyBytes)
		if err != nil {
			return nil, fmt.Errorf("codec: key %s: %w", k.ID, err)
		}
		block, err := aes.NewCipher(derived)
		if err != nil {
			return nil, fmt.Errorf("codec: key %s: %w", k.ID, err)
		}
		if s.keys[k.ID], err = cipher.NewGCM(block); err != nil {
			return nil, fmt.Errorf("codec: key %s: %w", k.ID, err)
		}
	}
	return s, nil
}

// Prefix begins what is sealed with the first key; "" if nothing is sealed.
func (s *Secrets) Prefix() string {
	if s.first == "" {
		return ""
	}
	return sealedPrefix + s.first + ":"
}

// Seal encrypts a secret. What it belongs to is authenticated: moved to another owner's row, it
// cannot be opened. An empty secret is none, and stays empty.
func (s *Secrets) Seal(secret, owner string) string {
	if s.first == "" || secret == "" {
		return secret
	}
	aead := s.keys[s.first]
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	sealed := aead.Seal(nonce, nonce, []byte(secret), []byte(s.first+" "+owner))
	return s.Prefix() + base64.RawURLEncoding.EncodeToString(sealed)
}

// Open decrypts what Seal has made, with any of the keys. A secret that was never sealed, because
// it is older than the keys, is returned as it is. The error of one that cannot be opened is an
// ErrUnreadable that names the key.
func (s *Secrets) Open(sealed, owner string) (string, error) {
	rest, ok := strings.CutPrefix(sealed, sealedPrefix)
	if !ok {
		return sealed, nil
	}
	id, text, _ := strings.Cut(rest, ":")
	aead := s.keys[id]
	if aead == nil {
		return "", fmt.Errorf("%w: there is no key %q", ErrUnreadable, id)
	}
	data, err := base64.RawURLEncoding.DecodeString(text)
	if n := aead.NonceSize(); err != nil || len(data) < n {
		return "", fmt.Errorf("%w: it is not whole", ErrUnreadable)
	}
	n := aead.NonceSize()
	plain, err := aead.Open(nil, data[:n], data[n:], []byte(id+" "+owner))
	if err != nil {
		return "", fmt.Errorf("%w: it was changed, is another owner's, or key %q is another "+
			"than it was", ErrUnreadable, id)
	}
	return string(plain), nil
}
