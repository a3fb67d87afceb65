package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// reverser is a codec that anybody can read.
type reverser struct{}

func (reverser) EncodeJSON(_ context.Context, body []byte) ([]byte, error) {
	if !strings.HasPrefix(string(body), `{"payloads":[`) {
		return nil, errors.New("not payloads")
	}
	data := strings.Split(string(body), `"`)
	letters := []byte(data[5])
	slices.Reverse(letters)
	data[5] = string(letters)
	return []byte(strings.Join(data, `"`)), nil
}

func (r reverser) DecodeJSON(ctx context.Context, body []byte) ([]byte, error) {
	return r.EncodeJSON(ctx, body)
}

const (
	plainPayload  = `{"payloads":[{"data":"abcd"}]}`
	sealedPayload = `{"payloads":[{"data":"dcba"}]}`
	ui            = "http://127.0.0.1:8233"
)

func TestCodec(t *testing.T) {
	f := setup(t)
	for path, in := range map[string]string{"/codec/encode": plainPayload,
		"/codec/decode?preserveStorageRefs=true": sealedPayload} {
		got := f.send(call{method: "POST", path: path, body: in}, 200)
		want := map[string]string{plainPayload: sealedPayload, sealedPayload: plainPayload}[in]
		if string(got.body) != want {
			t.Errorf("POST %s %s = %s; want %s", path, in, got.body, want)
		}
	}
	for _, tt := range []struct {
		c      call
		status int
	}{
		{call{method: "POST", path: "/codec/decode", body: plainPayload, header: anonymous}, 401},
		{call{method: "POST", path: "/codec/decode", body: plainPayload, header: basic("", "guess")}, 401},
		{call{method: "POST", path: "/codec/decode", body: `[]`}, 400},
		{call{method: "POST", path: "/codec/decode?x=1", body: plainPayload}, 400},
		{call{method: "POST", path: "/codec/decode", body: plainPayload,
			header: http.Header{"Content-Type": {"text/plain"}}}, 415},
		{call{method: "POST", path: "/codec/decode", body: strings.Repeat(" ", maxPayloads+1)}, 413},
		{call{method: "POST", path: "/codec/decode",
			body: `{"payloads":[{}` + strings.Repeat(`,{}`, maxMembers) + `]}`}, 413},
		{call{method: "POST", path: "/codec/decode",
			body: `{"payloads":[{"metadata":{"a":""` + strings.Repeat(`,"a":""`, maxMembers) + `}}]}`}, 413},
		{call{method: "POST", path: "/codec/decode"}, 415},
		{call{method: "GET", path: "/codec/decode"}, 405},
		{call{method: "POST", path: "/codec/download", body: plainPayload}, 404},
	} {
		f.send(tt.c, tt.status)
	}
	if got := f.send(call{method: "POST", path: "/codec/decode",
		body: sealedPayload + strings.Repeat(" ", maxBody)}, 200); len(got.body) != len(plainPayload) {
		t.Errorf("payloads that are larger than other bodies: %s", got.body)
	}
}

// slowCodec reports how many requests it works on at a time, at most.
type slowCodec struct {
	working, most atomic.Int64
	enter, leave  chan struct{}
}

func (c *slowCodec) EncodeJSON(ctx context.Context, _ []byte) ([]byte, error) {
	n := c.working.Add(1)
	defer c.working.Add(-1)
	c.most.Store(max(c.most.Load(), n))
	select {
	case c.enter <- struct{}{}:
	default:
	}
	select {
	case <-c.leave:
		return []byte(`{"payloads":[]}`), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *slowCodec) DecodeJSON(ctx context.Context, body []byte) ([]byte, error) {
	return c.EncodeJSON(ctx, body)
}

// TestCodecOneAtATime: callers wait for each other, and no longer than for anything else.
func TestCodecOneAtATime(t *testing.T) {
	codec := &slowCodec{enter: make(chan struct{}, 1), leave: make(chan struct{})}
	f := setup(t, func(o *Options) { o.Codec = codec })
	statuses := make(chan int)
	ask := func(f *fixture) {
		q, _ := http.NewRequest("POST", f.url+"/codec/encode", strings.NewReader(plainPayload))
		q.SetBasicAuth("", password)
		q.Header.Set("Content-Type", "application/json")
		p, err := http.DefaultClient.Do(q)
		if err != nil {
			statuses <- 0
			return
		}
		p.Body.Close()
		statuses <- p.StatusCode
	}
	const callers = 3 * maxCodecRequests
	for range callers {
		go ask(f)
	}
	<-codec.enter
	close(codec.leave)
	for range callers {
		if status := <-statuses; status != 200 {
			t.Errorf("status %d; want 200", status)
		}
	}
	if most := codec.most.Load(); most != 1 {
		t.Errorf("%d at a time; want 1", most)
	}
	f = setup(t, func(o *Options) { o.Codec = &slowCodec{enter: make(chan struct{}, 1)} })
	f.api.timeout = 50 * time.Millisecond
	for range 2 {
		go ask(f)
	}
	for range 2 {
		if status := <-statuses; status != 503 {
			t.Errorf("status of who waits too long: %d; want 503", status)
		}
	}
}

// TestCodecInABrowser asks as a page of the Web UI does, and as one of somebody else.
func TestCodecInABrowser(t *testing.T) {
	f := setup(t, func(o *Options) { o.CodecOrigin = ui })
	page := func(origin string) http.Header {
		return http.Header{"Origin": {origin}, "Sec-Fetch-Site": {"same-site"}}
	}
	preflight := page(ui)
	preflight.Set("Access-Control-Request-Method", "POST")
	preflight.Set("Access-Control-Request-Headers", "content-type,x-namespace")
	preflight["Authorization"] = nil
	got := f.options("/codec/decode", preflight)
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin": ui, "Access-Control-Allow-Credentials": "true",
		"Access-Control-Allow-Methods": "POST",
		"Access-Control-Allow-Headers": "content-type,x-namespace", "Vary": "Origin",
	} {
		if h := got.Header.Get(name); got.StatusCode != 204 || h != want {
			t.Errorf("preflight: %s, %s = %q; want 204 and %q", got.Status, name, h, want)
		}
	}
	answer := f.send(call{method: "POST", path: "/codec/decode", body: sealedPayload, header: page(ui)}, 200)
	if h := answer.Header.Get("Access-Control-Allow-Origin"); h != ui {
		t.Errorf("Access-Control-Allow-Origin = %q; want %q", h, ui)
	}
	refused := f.send(call{method: "POST", path: "/codec/decode", body: sealedPayload,
		header: page("http://evil.example")}, 403)
	if h := refused.Header.Get("Access-Control-Allow-Origin"); h != "" {
		t.Errorf("another page gets Access-Control-Allow-Origin %q", h)
	}
	// The Web UI's page may use the codec and nothing else.
	f.send(call{method: "POST", path: "/admin/tenants", body: validTenant, header: page(ui)}, 403)
	preflight.Set("Origin", "http://evil.example")
	if got := f.options("/codec/decode", preflight); got.StatusCode != 405 ||
		got.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another page's preflight: %s", got.Status)
	}
	f = setup(t) // without an origin no page may, not even one without an origin
	f.send(call{method: "POST", path: "/codec/decode", body: sealedPayload, header: page(ui)}, 403)
}

// options sends a preflight, whose answer is not of the API but of its door.
func (f *fixture) options(path string, header http.Header) *http.Response {
	f.Helper()
	q, err := http.NewRequestWithContext(f.Context(), http.MethodOptions, f.url+path, nil)
	if err != nil {
		f.Fatal(err)
	}
	q.Header = header
	p, err := http.DefaultClient.Do(q)
	if err != nil {
		f.Fatal(err)
	}
	p.Body.Close()
	return p
}
