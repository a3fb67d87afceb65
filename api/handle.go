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

// A response type is sent as JSON with the status of its route, unless it has
// some of these methods.
type (
	located interface{ location() string } // of what was created
	encoded interface {
		content() (mediaType string, b []byte)
	} // not JSON
	graded interface{ status() int } // the status depends on the answer
)

// handle makes a route of f: it reads and checks the request, calls f, and
// answers with what f returns. f is not called for a request that is wrong.
func handle[Req any, P request[Req], Resp any](a *API, status int, f func(context.Context, Req) (Resp, error)) gin.HandlerFunc {
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

// answer sends resp.
func (a *API) answer(c *gin.Context, status int, resp any) {
	if r, ok := resp.(located); ok {
		c.Header("Location", r.location())
	}
	if r, ok := resp.(graded); ok {
		status = r.status()
	}
	if r, ok := resp.(encoded); ok {
		mediaType, b := r.content()
		c.Data(status, mediaType, b)
		return
	}
	b, err := encode(resp)
	if err != nil {
		a.fail(c, fmt.Errorf("encode the answer: %w", err))
		return
	}
	c.Data(status, "application/json", b)
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

// atOnce lets n requests at a time go on to a route whose requests or answers are large.
// Others wait, for as long as a request may take.
func (a *API) atOnce(n int) gin.HandlerFunc {
	places := make(chan struct{}, n)
	return func(c *gin.Context) {
		if !take(c.Request.Context(), places) {
			a.fail(c, flowhq.Errorf(flowhq.Unavailable, "too many such requests wait"))
			return
		}
		defer release(places)
		c.Next()
	}
}

// take takes one of the places of a channel, or reports false when ctx ends.
func take(ctx context.Context, places chan struct{}) bool {
	select {
	case places <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func release(places chan struct{}) { <-places }
