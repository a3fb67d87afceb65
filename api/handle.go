package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/flowhq/flowhq"
)

// request is a request type: a struct that reads itself from a binder.
type request[T any] interface {
	*T
	bind(*binder)
}

// A response type is sent as JSON with the status of its route, unless it has some of these
// methods.
type (
	// located is a response with a Location: of what was created.
	located interface{ location() string }
	// encoded is a response that is not JSON, or is JSON already.
	encoded interface {
		content() (mediaType string, b []byte)
	}
	// headed is a response with headers of its own.
	headed interface{ headers() map[string]string }
	// statused is a response whose status depends on what it says.
	statused interface{ status() int }
)

// handle makes a route of f: it reads and checks the request, calls f, and
// answers with what f returns. f is not called for a request that is wrong.
func handle[Req any, P request[Req], Resp any](
	a *API, status int, f func(context.Context, Req) (Resp, error),
) gin.HandlerFunc {
	return func(c *gin.Context) {
		b := newBinder(c, a.QueryAuth)
		var req Req
		P(&req).bind(b)
		if err := b.finish(); err != nil {
			a.fail(c, err)
			return
		}
		resp, err := f(c.Request.Context(), req)
		if err != nil {
			a.fail(c, err)
			return
		}
		a.answer(c, status, resp)
	}
}

// answer sends resp with this status, or as its methods say. The whole answer is encoded before the
// first byte is sent: a failure of encoding still gets a status and a problem, not half a body with
// 200.
func (a *API) answer(c *gin.Context, status int, resp any) {
	// Headers come before the status, after which none can be added.
	if r, ok := resp.(located); ok {
		c.Header("Location", locationFor(c, r.location()))
	}
	if r, ok := resp.(headed); ok {
		for name, value := range r.headers() {
			// A second cookie or reason to vary is one more; anything else replaces what begin set.
			if name == "Set-Cookie" || name == "Vary" {
				c.Writer.Header().Add(name, value)
			} else {
				c.Header(name, value)
			}
		}
	}
	if r, ok := resp.(statused); ok {
		status = r.status()
	}
	if r, ok := resp.(encoded); ok {
		mediaType, b := r.content()
		sendBody(c, status, mediaType, b)
		return
	}
	b, err := encode(resp)
	if err != nil {
		a.fail(c, fmt.Errorf("encode the answer: %w", err))
		return
	}
	sendBody(c, status, "application/json", b)
}

// encode returns v as a line of JSON. It leaves <, > and & as they are, since no
// answer is ever part of a page.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// nothing is the request type of an endpoint without parameters.
type nothing struct{}

func (*nothing) bind(*binder) {}

// limitConcurrency lets n requests at a time go on to a route whose requests or answers are
// large, which bounds their memory. Others wait, for as long as a request may take. Routes that
// share one handler share its slots. Who has waited for the whole time gets 503.
func (a *API) limitConcurrency(n int) gin.HandlerFunc {
	slots := make(chan struct{}, n)
	return func(c *gin.Context) {
		if !acquire(c.Request.Context(), slots) {
			a.fail(c, flowhq.Errorf(flowhq.Unavailable, "too many such requests wait"))
			return
		}
		defer release(slots)
		c.Next()
	}
}

// acquire takes one of the slots that a channel has room for, or reports false when ctx ends. A
// caller that hangs up leaves the queue at once, since its ctx ends.
func acquire(ctx context.Context, slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// release gives a slot back.
func release(slots chan struct{}) { <-slots }
