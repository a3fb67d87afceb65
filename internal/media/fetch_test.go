package media

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/webhook"
)

// TestFetch fetches from what the guard allows, and says why it does not fetch from the rest.
func TestFetch(t *testing.T) {
	release := make(chan struct{})
	var asked http.Header
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header
		switch r.URL.Path {
		case "/picture":
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "bytes")
		case "/large":
			_, _ = w.Write(bytes.Repeat([]byte("x"), flowhq.MaxMediaBytes+1))
		case "/empty":
		case "/redirect":
			http.Redirect(w, r, "/picture", http.StatusFound)
		case "/slow":
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			<-release
		default:
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	defer s.Close()
	defer close(release)
	ours := NewFetcher(webhook.Guard{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	ours.client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{
		InsecureSkipVerify: true, //nolint:gosec // the server of this test
	}
	for path, want := range map[string]string{
		"/picture": "", "/large": "leads to more than", "/empty": "leads to nothing",
		"/redirect": "answered 302", "/slow": "did not answer whole", "/none": "answered 403",
	} {
		ours.client.Timeout = fetchTimeout
		if path == "/slow" {
			ours.client.Timeout = time.Second
		}
		data, err := ours.Fetch(t.Context(), s.URL+path)
		if want == "" && (err != nil || string(data) != "bytes") {
			t.Errorf("%s = %q, %v", path, data, err)
		}
		if want != "" && (flowhq.ErrorCode(err) != flowhq.Invalid ||
			!strings.Contains(err.Error(), want)) {
			t.Errorf("%s = %v; want %s", path, err, want)
		}
	}
	for _, name := range []string{"Cookie", "Authorization", "Referer"} {
		if asked.Get(name) != "" {
			t.Errorf("the request has %s", name)
		}
	}
	// To anybody else the same server is no public address, which is not told from the address.
	_, err := NewFetcher(webhook.Guard{}).Fetch(t.Context(), s.URL+"/picture")
	if flowhq.ErrorCode(err) != flowhq.Invalid || strings.Contains(err.Error(), "127.") {
		t.Errorf("what is not public: %v", err)
	}
}
