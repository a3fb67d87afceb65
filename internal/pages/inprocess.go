package pages

import (
	"bytes"
	"io"
	"net/http"
	"sync"
)

// inProcess is a transport to a handler in the same process. What the handler's answer sets as
// cookies goes to the visitor.
type inProcess struct {
	api     http.Handler
	w       http.ResponseWriter // of the visitor
	visitor *http.Request
	// mu guards what the answers leave with the visit: a page asks for several things at once.
	mu *sync.Mutex
	// last is set to the number of the request that the API has answered last.
	last *string
	// wait is set to when the API last asked to try again, as its header says it.
	wait *string
}

// RoundTrip has the handler answer. It never fails.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	// A transport must not change the request of its caller.
	r = r.Clone(r.Context())
	// The API counts wrong passwords by address, and reads the cookie of a connection over TLS
	// under another name.
	r.RemoteAddr, r.TLS, r.Host = t.visitor.RemoteAddr, t.visitor.TLS, t.visitor.Host
	r.RequestURI = r.URL.RequestURI()
	// A handler may take it that there is a body; a client's request may have none.
	if r.Body == nil {
		r.Body = http.NoBody
	}
	// The handler ends before this returns, so nothing of the answer changes afterwards.
	a := &answer{header: http.Header{}}
	t.api.ServeHTTP(a, r)
	t.mu.Lock()
	defer t.mu.Unlock()
	// Signing in and out is the API's; the browser only knows this answer.
	for _, cookie := range a.header["Set-Cookie"] {
		// Beside cookies that the page sets itself, and not in their place.
		t.w.Header().Add("Set-Cookie", cookie)
	}
	if id := a.header.Get("X-Request-Id"); id != "" {
		*t.last = id
	}
	// A browser and a proxy see the page's answer and not the API's.
	if wait := a.header.Get("Retry-After"); wait != "" {
		*t.wait = wait
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return &http.Response{
		StatusCode: a.status, Header: a.header, Body: io.NopCloser(&a.body),
		ContentLength: int64(a.body.Len()), Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

// An answer is what a handler has written. The API bounds its answers to a few MiB.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header returns the header, which the handler fills in.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader keeps the first status. net/http ignores further ones too.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write adds to the body. A body without a status is a success, as it is for net/http.
func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}
