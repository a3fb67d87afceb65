package webhook

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

var local = Guard{PlainHTTP: true, Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

// The vector of the specification of Standard Webhooks.
func TestSignature(t *testing.T) {
	t.Parallel()
	got := Signature("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`),
		[]string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("signature %s; want %s", got, want)
	}
	if two := Signature("a", "1", nil, []string{NewSecret(), NewSecret()}); len(strings.Fields(two)) != 2 {
		t.Errorf("with two secrets: %s", two)
	}
}

func TestGuardChecksAddresses(t *testing.T) {
	t.Parallel()
	for address, public := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "1.1.1.1": true, "172.32.0.1": true, "100.128.0.1": true,
		"127.0.0.1": false, "127.255.1.2": false, "10.1.2.3": false, "172.16.0.1": false,
		"172.31.255.255": false,
		"192.168.1.1":    false, "169.254.169.254": false, "100.64.0.1": false,
		"100.127.255.255": false, "0.0.0.0": false,
		"224.0.0.1": false, "239.255.255.250": false, "255.255.255.255": false, "240.0.0.1": false,
		"198.18.0.1":  false,
		"192.0.0.170": false, "192.0.2.1": false, "198.51.100.1": false, "203.0.113.1": false,
		"192.88.99.1": false,
		"::":          false, "::1": false, "::8.8.8.8": false, "::ffff:127.0.0.1": false,
		"::ffff:10.0.0.1": false, "::ffff:0:127.0.0.1": false,
		"64:ff9b::7f00:1": false, "64:ff9b::808:808": false, "64:ff9b:1::1": false,
		"fe80::1": false, "fe80::1%eth0": false,
		"fc00::1": false, "fd12:3456::1": false, "ff02::1": false, "2002:7f00:1::": false,
		"2001::1": false, "2001:db8::1": false, "fec0::1": false,
	} {
		if err := (Guard{}).Check(netip.MustParseAddr(address)); (err == nil) != public {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestGuardAllows(t *testing.T) {
	t.Parallel()
	g := Guard{Allowed: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"),
		netip.MustParsePrefix("64:ff9b::/96")}}
	for address, allowed := range map[string]bool{
		"10.9.8.7": true, "::ffff:10.9.8.7": true, "192.168.0.1": false, "64:ff9b::808:808": true,
		// What the translator leads to counts too.
		"64:ff9b::7f00:1": false, "64:ff9b::a09:807": true,
	} {
		if err := g.Check(netip.MustParseAddr(address)); (err == nil) != allowed {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"https://example.com", "https://example.com:8443/a?b=c",
		"https://8.8.8.8/", "HTTPS://EXAMPLE.com/", "https://[2606:4700::1111]/"} {
		if wrong := (Guard{}).CheckURL(good); wrong != "" {
			t.Errorf("%s %s", good, wrong)
		}
	}
	for _, bad := range []string{
		"", "example.com", "http://example.com/", "ftp://example.com/", "https://", "https:///a",
		"https:example.com", "https://u:p@example.com/",
		"https://example.com/#a", "https://example.com/ a", "https://example.com/\n",
		"https://ex\u00e4mple.com/", "https://example.com:0/", "https://example.com:/",
		"https://example.com:99999/", "https://127.0.0.1/", "https://[::1]/",
		"https://[::ffff:8.8.8.8]/", "https://169.254.169.254/latest", "//example.com",
		"javascript:alert(1)", "file:///etc/passwd", "https://example.com/" + strings.Repeat("a", MaxURL),
	} {
		if wrong := (Guard{}).CheckURL(bad); wrong == "" {
			t.Errorf("%.60q is accepted", bad)
		}
	}
}

func post(t *testing.T, s *Sender, url string) Result {
	t.Helper()
	return s.Post(t.Context(), Posting{URL: url, ID: "evt_1", Body: []byte("{}"),
		Secrets: []string{NewSecret()}})
}

func TestPostDoesNotReachInside(t *testing.T) {
	t.Parallel()
	reached := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter,
		*http.Request) {
		reached = true
	}))
	defer inside.Close()
	_, port, _ := net.SplitHostPort(inside.Listener.Addr().String())
	// A name passes CheckURL, and is looked up by the dialer.
	s := NewSender(Guard{PlainHTTP: true})
	for _, host := range []string{"localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"} {
		if r := post(t, s, "http://"+host+":"+port+"/"); r.Accepted || r.Reason == "" || reached {
			t.Errorf("%s: %+v, reached %v", host, r, reached)
		}
	}
}

func TestPostFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	reached := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer other.Close()
	r := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer r.Close()
	if got := post(t, NewSender(local), r.URL); got.Accepted || got.Code != 307 || reached ||
		!strings.Contains(got.Reason, "redirects") {
		t.Errorf("%+v, reached %v", got, reached)
	}
}

// A receiver that answers without end is cut off, and one that is silent too.
func TestPostIsBounded(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	}))
	defer endless.Close()
	if got := post(t, NewSender(local), endless.URL); !got.Accepted {
		t.Errorf("%+v; want the status to count", got)
	}
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
	defer silent.Close()
	defer close(done)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	got := NewSender(local).Post(ctx, Posting{URL: silent.URL, ID: "evt_1"})
	if got.Accepted || got.Duration > 5*time.Second || !strings.Contains(got.Reason, "no answer") {
		t.Errorf("%+v", got)
	}
}

func TestPostReadsRetryAfter(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second,
		"999999": time.Hour, "-1": 0, "soon": 0} {
		r := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(http.StatusServiceUnavailable)
		}))
		if got := post(t, NewSender(local), r.URL); got.RetryAfter != want || got.Code != 503 {
			t.Errorf("Retry-After %q: %+v; want %v", header, got, want)
		}
		r.Close()
	}
}
