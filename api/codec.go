package api

import (
	"bytes"
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/flowhq/flowhq"
)

// A Codec encrypts and decrypts the payloads that Temporal keeps, as a JSON object
// {"payloads": […]}.
type Codec interface {
	EncodeJSON(ctx context.Context, body []byte) ([]byte, error)
	DecodeJSON(ctx context.Context, body []byte) ([]byte, error)
}

const codecPath = "/codec"

// Bounds of payloads. A body of many small ones, and an answer to it, take many times
// its size in memory.
const (
	maxPayloads = 6 << 20 // bytes: what Temporal lets through at a time, in base64
	maxMembers  = 10_000  // members and elements in a body: some 2,000 payloads
	maxRecoding = 4       // bodies in memory at a time, of which one is worked on
)

type codecRequest struct{ body []byte }

func (r *codecRequest) bind(b *binder) {
	b.text("preserveStorageRefs") // which the Web UI always sends; nothing is stored elsewhere
	if !isJSON(b.c.GetHeader("Content-Type")) {
		b.stop(flowhq.Errorf(unsupported, "the body must be JSON in UTF-8, sent with Content-Type: application/json"))
		return
	}
	r.body, _ = b.read(maxPayloads)
}

// payloads is a JSON object that is answered as it is.
type payloads []byte

func (p payloads) content() (string, []byte) { return "application/json", p }

// encode handles POST /codec/encode, which the Web UI calls for what an operator
// types there.
func (a *API) encode(ctx context.Context, req codecRequest) (payloads, error) {
	return a.recode(ctx, a.Codec.EncodeJSON, req)
}

// decode handles POST /codec/decode.
func (a *API) decode(ctx context.Context, req codecRequest) (payloads, error) {
	return a.recode(ctx, a.Codec.DecodeJSON, req)
}

func (a *API) recode(
	ctx context.Context, f func(context.Context, []byte) ([]byte, error), req codecRequest,
) (payloads, error) {
	// A comma is in no data, which is base64: what it separates can be counted before
	// anything is made of it.
	if bytes.Count(req.body, []byte{','}) >= maxMembers {
		return nil, flowhq.Errorf(tooMuch,
			"a request may have at most %d payloads and parts of payloads", maxMembers)
	}
	if !take(ctx, a.codecTurn) {
		return nil, flowhq.Errorf(flowhq.Unavailable, "too many payloads wait for the codec")
	}
	defer release(a.codecTurn)
	out, err := f(ctx, req.body)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, &flowhq.Error{Code: flowhq.Invalid, Message: err.Error()}
	}
	return out, nil
}

// shareCodec lets the pages of the Web UI, and no others, use the codec from an
// operator's browser, with what it remembers of the operator's login here.
func (a *API) shareCodec(c *gin.Context) {
	if !strings.HasPrefix(c.Request.URL.Path, codecPath+"/") {
		return
	}
	h := c.Writer.Header()
	h.Add("Vary", "Origin")
	if !a.fromUI(c) {
		return
	}
	h.Set("Access-Control-Allow-Origin", a.CodecOrigin)
	h.Set("Access-Control-Allow-Credentials", "true")
	if c.Request.Method == http.MethodOptions { // asked before the request itself, without a login
		h.Set("Access-Control-Allow-Methods", http.MethodPost)
		h.Set("Access-Control-Allow-Headers", c.GetHeader("Access-Control-Request-Headers"))
		c.AbortWithStatus(http.StatusNoContent)
	}
}

// fromUI reports whether a page of the Web UI asks for the codec.
func (a *API) fromUI(c *gin.Context) bool {
	return a.CodecOrigin != "" && c.GetHeader("Origin") == a.CodecOrigin && strings.HasPrefix(c.Request.URL.Path, codecPath+"/")
}
