package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

// valid is what docs/webhooks.md gives to receivers, who have no code of ours.
func valid(secret, id, timestamp, signatures string, body []byte) bool {
	key, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, timestamp, body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, s := range strings.Fields(signatures) {
		if hmac.Equal([]byte(s), []byte(want)) {
			return true
		}
	}
	return false
}

// FuzzSignature: receivers accept what is signed, with the new secret and the old one, and nothing
// that was changed on its way.
func FuzzSignature(f *testing.F) {
	f.Add("evt_1_a", "1764000000", []byte(`{"type":"MESSAGE_RECEIVED"}`), []byte("another secret"))
	f.Add("", "", []byte(nil), []byte(nil))
	f.Add("a.b", "1", []byte("."), []byte{0, 1, 2})
	f.Fuzz(func(t *testing.T, id, timestamp string, body, key []byte) {
		newest, old := NewSecret(), secretPrefix+base64.StdEncoding.EncodeToString(key)
		signed := Signature(id, timestamp, body, []string{newest, old})
		for _, secret := range []string{newest, old} {
			if !valid(secret, id, timestamp, signed, body) {
				t.Errorf("%q is refused with %s", signed, secret)
			}
		}
		for name, accepted := range map[string]bool{
			"another body":   valid(newest, id, timestamp, signed, append([]byte("x"), body...)),
			"another id":     valid(newest, id+"x", timestamp, signed, body),
			"another time":   valid(newest, id, timestamp+"0", signed, body),
			"another secret": valid(NewSecret(), id, timestamp, signed, body),
			"no signature":   valid(newest, id, timestamp, "", body),
		} {
			if accepted {
				t.Errorf("%s is accepted", name)
			}
		}
	})
}

// FuzzURL: an address that is accepted leads over HTTPS, without a password, to a name or a public
// address, and reads the same to whoever parses it.
func FuzzURL(f *testing.F) {
	for _, s := range []string{
		"https://example.com/webhooks", "http://example.com", "https://127.0.0.1", "https://[::1]/",
		"https://[::ffff:10.0.0.1]/", "https://a:b@example.com", "https://example.com:0",
		"https://example.com:", "https://8.8.8.8:443/x?y=z", "https:///x", "https://0x7f.1/",
		"https://[fe80::1%25eth0]/", "https://example.com\\@10.0.0.1/", "https://2130706433/",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if (Guard{}).CheckURL(text) != "" {
			return
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "https" || u.User != nil || u.Hostname() == "" {
			t.Fatalf("%q is accepted, which reads as %+v, %v", text, u, err)
		}
		if a, err := netip.ParseAddr(u.Hostname()); err == nil && (Guard{}).Check(a) != nil {
			t.Errorf("%q is accepted, which leads to %s", text, a)
		}
		if _, err := http.NewRequestWithContext(t.Context(), "POST", text, nil); err != nil {
			t.Errorf("%q is accepted, and cannot be asked: %v", text, err)
		}
	})
}

// FuzzRetryAfter: no header of a receiver makes it wait for long, or not at all.
func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{
		"", "0", "-1", "120", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT", "1.5", "x",
		"Thu, 01 Jan 1970 00:00:00 GMT", "9223372036854775807",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := &http.Response{Header: http.Header{"Retry-After": {text}}}
		if wait := retryAfter(r); wait < 0 || wait > time.Hour {
			t.Errorf("%q is a wait of %v", text, wait)
		}
	})
}
