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
//
// The SDK's own handler (converter.NewPayloadCodecHTTPHandler, v1.50) does not serve here. It
// refuses members of a payload that it does not know, which a newer Web UI sends; it answers
// errors as plain text; and it goes on when the caller has hung up.
type Codec interface {
	EncodeJSON(ctx context.Context, body []byte) ([]byte, error)
	DecodeJSON(ctx context.Context, body []byte) ([]byte, error)
}

// codecPath is what an operator sets in the Web UI, after this API's address.
const codecPath = "/codec"

// Bounds of payloads. A body of many small payloads, and an answer to it, take many times
// its size in memory.
const (
	// maxPayloads bounds a body, in bytes: what Temporal lets through at a time, in base64.
	maxPayloads = 6 << 20
	// maxMembers bounds the members and elements in a body: some 2,000 payloads.
	maxMembers = 10_000
	// maxCodecRequests is how many bodies are in memory at a time. One of them is worked on.
	maxCodecRequests = 4
)

// codecRequest is a body that is not decoded here, but by the Codec.
type codecRequest struct{ body []byte }

func (r *codecRequest) bind(b *binder) {
	// The Web UI always sends preserveStorageRefs. It concerns payloads that are stored
	// elsewhere, of which there are none. Its value is not used; asked for, the parameter is known
	// and no error.
	b.text("preserveStorageRefs")
	if !isJSON(b.c.GetHeader("Content-Type")) {
		b.stop(notJSON())
		return
	}
	r.body, _ = b.read(maxPayloads)
}

// payloads is a JSON object that is answered as it is.
type payloads []byte

func (p payloads) content() (string, []byte) { return "application/json", p }

// encode handles POST /codec/encode, which the Web UI calls for what an operator types
// there.
func (a *API) encode(ctx context.Context, req codecRequest) (payloads, error) {
	return a.recode(ctx, a.Codec.EncodeJSON, req)
}

// decode handles POST /codec/decode, which the Web UI calls for what it shows.
func (a *API) decode(ctx context.Context, req codecRequest) (payloads, error) {
	return a.recode(ctx, a.Codec.DecodeJSON, req)
}

// recode runs one half of the codec on a request, one request at a time. A payload that cannot be
// decoded is answered with 400, not 500: it is the Web UI's, or of a key that this installation no
// longer has.
func (a *API) recode(
	ctx context.Context, f func(context.Context, []byte) ([]byte, error), req codecRequest,
) (payloads, error) {
	// Data are base64, which has no comma. So what commas separate can be counted before
	// the body is decoded into something many times as large.
	if bytes.Count(req.body, []byte{','}) >= maxMembers {
		return nil, flowhq.Errorf(tooLarge,
			"a request may have at most %d payloads and parts of payloads", maxMembers)
	}
	if !acquire(ctx, a.codecSlot) {
		return nil, flowhq.Errorf(flowhq.Unavailable, "too many payloads wait for the codec")
	}
	defer release(a.codecSlot)
	out, err := f(ctx, req.body)
	// The context is asked before err: a caller who hung up has not sent a wrong payload.
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, &flowhq.Error{Code: flowhq.Invalid, Message: err.Error()}
	}
	return out, nil
}

// allowUI is CORS for the codec: it lets the pages of the Web UI, and no others, use the
// codec from an operator's browser, with the password that the browser remembers.
//
// CodecOrigin is answered literally and never "*": a browser sends no password to a wildcard, and
// an answer that repeats any Origin would let every site read what operators can. Vary keeps a
// cache from giving one origin's answer to another (TestCodecInABrowser).
func (a *API) allowUI(c *gin.Context) {
	// No other endpoint may be read by a page of another origin, not even one of the Web UI.
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
	if c.Request.Method == http.MethodOptions { // a preflight, which carries no password
		h.Set("Access-Control-Allow-Methods", http.MethodPost)
		// Whichever headers the page asks for may be sent, since the origin is what is trusted.
		h.Set("Access-Control-Allow-Headers", c.GetHeader("Access-Control-Request-Headers"))
		c.AbortWithStatus(http.StatusNoContent)
	}
}

// fromUI reports whether a page of the Web UI asks for the codec. The scheme, host and port must
// all be equal, as browsers compare origins.
func (a *API) fromUI(c *gin.Context) bool {
	return a.CodecOrigin != "" && c.GetHeader("Origin") == a.CodecOrigin &&
		strings.HasPrefix(c.Request.URL.Path, codecPath+"/")
}
