package webhook

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// secretPrefix begins each secret, so that people and scanners know what it is.
const secretPrefix = "whsec_"

// secretBytes is how long a secret is: as long as the hash that it keys.
const secretBytes = 32

// NewSecret draws a secret.
func NewSecret() string {
	key := make([]byte, secretBytes)
	_, _ = rand.Read(key) // never fails
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// Signature is the header webhook-signature of a body: one signature for each secret, with spaces
// in between. A receiver accepts a request that any of them matches, so that a secret can be
// changed while events arrive.
func Signature(id, timestamp string, body []byte, secrets []string) string {
	var all []string
	for _, secret := range secrets {
		// Our own secrets are always well-formed. Another one yields a signature that nobody
		// accepts.
		key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		all = append(all, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(all, " ")
}
