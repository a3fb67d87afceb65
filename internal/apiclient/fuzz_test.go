package apiclient

import (
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
)

// FuzzDecode: no answer, of the API or of what stands in its place, makes the client panic or tell
// more of it than a line.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "{}", `{"detail":"x","errors":[{"field":"a","message":"b"}]}`,
		`{"detail":1}`, "<html>", "\x00", "null", strings.Repeat("x ", 5000), `{"id":"x","config":null}`} {
		f.Add(200, []byte(s))
		f.Add(503, []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		var tenant flowhq.Tenant
		err := decode("GET /x", status, body, &tenant)
		if (status >= 300) != (err != nil) && status >= 300 {
			t.Errorf("status %d is no error", status)
		}
		if err != nil && status < 300 && len(err.Error()) > 10*maxDetail {
			t.Errorf("the error has %d bytes", len(err.Error()))
		}
	})
}
