package codec

import (
	"bytes"
	"testing"
)

// FuzzDecode: no body of the remote codec makes it panic, and what it encodes it decodes again.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"MQ=="}]}`, `{"payloads":[{"metadata":{"encoding":"YmluYXJ5L2VuY3J5cHRlZA==","encryption-key-id":"YQ=="},"data":"AAAA"}]}`, `{}`, `[`, `{"payloads":[{}]}`, `{"payloads":null}`, ""} {
		f.Add([]byte(s))
	}
	c, err := New([]Key{key("a", "a")})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		_, _ = c.DecodeJSON(t.Context(), body)
		sealed, err := c.EncodeJSON(t.Context(), body)
		if err != nil {
			return
		}
		opened, err := c.DecodeJSON(t.Context(), sealed)
		if err != nil {
			// A body may bring payloads that say they are encrypted, which are left as they are.
			if _, refused := c.DecodeJSON(t.Context(), body); refused == nil {
				t.Fatalf("%s is encoded, and cannot be decoded: %v", body, err)
			}
			return
		}
		if again, err := c.DecodeJSON(t.Context(), opened); err != nil || !bytes.Equal(again, opened) {
			t.Errorf("what is decoded changes when it is decoded again: %v", err)
		}
	})
}
