package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"hash/crc32"
	"strings"
)

// The form of an API key: fhq_, 38 random characters, and a checksum of 6. Scanners for leaked
// secrets find it by the prefix, and tell it from other text by the checksum, as with GitHub's.
const (
	keyPrefix = "fhq_"
	// 38 characters of 62 are 226 bits.
	keyRandom   = 38
	keyChecksum = 6
	// shownRandom is how much of the random part is shown in lists. The rest has 190 bits.
	shownRandom = 6
)

// digits are those of base 62, which need no escape in a URL or header.
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// NewKey draws the secret of an API key.
func NewKey() string {
	body := make([]byte, 0, keyRandom)
	var raw [keyRandom]byte
	for len(body) < keyRandom {
		_, _ = rand.Read(raw[:]) // never fails, by its own promise
		for _, b := range raw {
			// 248 is the largest multiple of 62 that a byte holds. Higher bytes would make the
			// first digits more likely.
			if b < 248 && len(body) < keyRandom {
				body = append(body, digits[int(b)%len(digits)])
			}
		}
	}
	return keyPrefix + string(body) + checksum(string(body))
}

// checksum is the CRC-32 of a key's random part in base 62.
func checksum(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body))
	var out [keyChecksum]byte // 62^6 is above 2^32
	for i := range out {
		out[keyChecksum-1-i] = digits[sum%uint32(len(digits))]
		sum /= uint32(len(digits))
	}
	return string(out[:])
}

// IsKey reports whether s has the form of a key, checksum and all. What has not is refused without
// a look into the database.
func IsKey(s string) bool {
	body, ok := strings.CutPrefix(s, keyPrefix)
	if !ok || len(body) != keyRandom+keyChecksum {
		return false
	}
	return checksum(body[:keyRandom]) == body[keyRandom:]
}

// KeyName is the part of a key that is shown in lists and events.
func KeyName(key string) string { return key[:len(keyPrefix)+shownRandom] }

// tokenBytes are those of a sign-in or a link: 256 bits.
const tokenBytes = 32

// NewToken draws the secret of a sign-in or of a link.
func NewToken() string {
	var raw [tokenBytes]byte
	_, _ = rand.Read(raw[:]) // never fails, by its own promise
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// IsToken reports whether s has the form of a token.
func IsToken(s string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(raw) == tokenBytes
}

// Hash is what is stored of a key or token. They have more than 128 random bits, so nobody finds
// one by trying, and a slow hash would only cost each request its time. Rows are found by the hash,
// so how long that takes says nothing about the secret.
func Hash(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
