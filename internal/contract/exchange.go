package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// problemType is the media type of every error.
const problemType = "application/problem+json"

// An Exchange is a request and its answer, both with their bodies read.
type Exchange struct {
	Request  *http.Request
	Sent     []byte
	Response *http.Response
	Got      []byte
	// Unread says that the answer's body is a stream, which has not been read: it has no end that a
	// check could wait for.
	Unread bool
}

// Check notes an exchange, and returns how it differs from the description: the answer always, and
// the request if it was a success, since what is taken has to be described. Check changes neither
// message but for the answer's body, which is made anew from Got.
func (c *Contract) Check(x Exchange) error {
	// The preflight of browsers, and the 418 of a server that is no API.
	if x.Request.Method == http.MethodOptions || x.Response.StatusCode == http.StatusTeapot {
		return nil
	}
	path := c.Path(x.Request.URL.EscapedPath())
	// An address that is not described may still be answered, but only with a problem.
	operation := c.Operation(x.Request.Method, path)
	if path == "" || operation == nil {
		return c.checkProblem(x)
	}
	// Noted before it is checked: an answer that is wrong was seen all the same.
	c.note(Answer{x.Request.Method, path, x.Response.StatusCode})
	if err := c.checkHead(operation, x); err != nil {
		return err
	}
	// A refused request is often wrong on purpose, so only a success must be as described.
	if x.Response.StatusCode < http.StatusMultipleChoices {
		if err := c.CheckRequest(x.Request, x.Sent); err != nil {
			return fmt.Errorf("was taken, but is not described: %w", err)
		}
	}
	// HEAD has no body, and the body of a stream was not read.
	if x.Request.Method == http.MethodHead || x.Unread {
		return nil
	}
	// The validator reads such a path in two ways, and refuses to say which is right. Gin reads it
	// in one, and nothing is there.
	if unclear(x.Request.URL.EscapedPath()) {
		return c.checkProblem(x)
	}
	// The validator reads the body, which the test reads as well.
	x.Response.Body = io.NopCloser(bytes.NewReader(x.Got))
	if ok, found := c.validator.ValidateHttpResponse(x.Request, x.Response); !ok {
		return join(found)
	}
	return nil
}

// CheckRequest returns how a request differs from the description.
func (c *Contract) CheckRequest(r *http.Request, body []byte) error {
	// A copy: the caller's request goes on to the server.
	r = r.Clone(r.Context())
	// The validator looks for an operation of the method, and HEAD has none of its own.
	if r.Method == http.MethodHead {
		r.Method = http.MethodGet
	}
	operation := c.Operation(r.Method, c.Path(r.URL.EscapedPath()))
	requestBody, _ := operation["requestBody"].(map[string]any)
	// JSON Schema has no word for it, and a second schema with null everywhere would say it worse:
	// it would have to be kept equal to the first one. It is a word of this project's, for
	// bodies in which null and a missing member mean the same.
	if requestBody["x-null-is-left-out"] == true {
		body = withoutNulls(body)
	}
	// A filter that is empty is left out; a form of a browser sends all of its fields.
	query := r.URL.Query()
	maps.DeleteFunc(query, func(_ string, values []string) bool {
		return len(values) == 1 && values[0] == ""
	})
	address := *r.URL
	address.RawQuery = query.Encode()
	r.URL = &address
	r.Body = io.NopCloser(bytes.NewReader(body))
	// The length is that of the body as it is now.
	r.ContentLength = int64(len(body))
	if ok, found := c.validator.ValidateHttpRequestSync(r); !ok {
		return join(found)
	}
	return nil
}

// unclear reports whether a path has a segment that leads elsewhere once it is unescaped.
func unclear(path string) bool {
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		// The slash and the dots are looked for after unescaping: %2F and %2E mean them as well.
		s, err := url.PathUnescape(segment)
		if err != nil || s == "" || s == "." || s == ".." || strings.Contains(s, "/") {
			return true
		}
	}
	return false
}

// withoutNulls leaves the members of a JSON body out that are null.
func withoutNulls(body []byte) []byte {
	var v any
	if json.Unmarshal(body, &v) != nil {
		// What is no JSON is the validator's to refuse.
		return body
	}
	var clean func(any)
	clean = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			// The members that are left are gone through as well: null may stand at any depth.
			maps.DeleteFunc(v, func(_ string, member any) bool { return member == nil })
			for _, member := range v {
				clean(member)
			}
		case []any:
			for _, element := range v {
				clean(element)
			}
		}
	}
	clean(v)
	cleaned, err := json.Marshal(v)
	if err != nil {
		return body
	}
	return cleaned
}

// checkHead holds status, media type and headers against an operation. The validator takes a
// described header for optional; here each one is promised.
func (c *Contract) checkHead(operation map[string]any, x Exchange) error {
	responses, _ := operation["responses"].(map[string]any)
	described, ok := responses[strconv.Itoa(x.Response.StatusCode)].(map[string]any)
	if !ok {
		return fmt.Errorf("status %d is not described", x.Response.StatusCode)
	}
	// Answers that many operations share are described once, and referred to.
	described = c.resolve(described)
	headers, _ := described["headers"].(map[string]any)
	for name, header := range headers {
		h, _ := header.(map[string]any)
		// required is false for a header that only some answers have.
		if x.Response.Header.Get(name) == "" && c.resolve(h)["required"] != false {
			return fmt.Errorf("header %s is missing", name)
		}
	}
	content, _ := described["content"].(map[string]any)
	given := x.Response.Header.Get("Content-Type")
	// An answer such as 204 has neither a body nor a type.
	if content == nil && given == "" {
		return nil
	}
	media, _, err := mime.ParseMediaType(given)
	if _, ok := content[media]; !ok || err != nil {
		return fmt.Errorf("content type %q is not described", given)
	}
	return nil
}

// checkProblem holds the answer of what is no operation against the form of all errors.
func (c *Contract) checkProblem(x Exchange) error {
	// A success that is not described is a route that somebody forgot to describe.
	if x.Response.StatusCode < http.StatusBadRequest {
		return fmt.Errorf("answers %d, but is not described", x.Response.StatusCode)
	}
	if media := x.Response.Header.Get("Content-Type"); media != problemType {
		return fmt.Errorf("content type is %q; want %s", media, problemType)
	}
	// There is no body to look at.
	if x.Request.Method == http.MethodHead {
		return nil
	}
	var p map[string]any
	if err := json.Unmarshal(x.Got, &p); err != nil {
		return fmt.Errorf("%w in %q", err, x.Got)
	}
	// What a problem must have is read from the description, so the two cannot differ.
	required, _ := c.at("components", "schemas", "Problem")["required"].([]any)
	for _, name := range required {
		if p[fmt.Sprint(name)] == nil {
			return fmt.Errorf("the problem has no %v", name)
		}
	}
	return nil
}

// A Transport checks what passes through it. The caller gets the answer as it came.
type Transport struct {
	Contract *Contract
	// Base sends requests; nil: http.DefaultTransport.
	Base http.RoundTripper
	// OnlyOperations leaves alone what is no operation of the contract, such as requests to the
	// other servers that a test may have.
	OnlyOperations bool
	// Report is told of each difference. It may be called from any goroutine that sends requests.
	Report func(error)
}

// CloseIdleConnections closes those of the base, which a client that is done asks for.
func (t Transport) CloseIdleConnections() {
	(&http.Client{Transport: t.Base}).CloseIdleConnections()
}

// RoundTrip sends a request and checks its answer.
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	x := Exchange{Request: r}
	// The body can be read only once, so it is kept for the check and sent from the copy.
	if r.Body != nil {
		var err error
		if x.Sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(x.Sent))
	}
	res, err := base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	// A stream ends when the test hangs up; to read it here would wait for ever.
	if x.Unread = media == "text/event-stream"; !x.Unread {
		x.Got, err = io.ReadAll(res.Body)
		res.Body.Close()
		// The test gets what was read, from its beginning.
		res.Body = io.NopCloser(bytes.NewReader(x.Got))
		if err != nil {
			return nil, err
		}
	}
	// A copy: to check it must not change what the test gets. Its body is made by Check.
	x.Response = &http.Response{
		StatusCode: res.StatusCode, Header: res.Header, Request: r, Proto: res.Proto,
	}
	if t.OnlyOperations && t.Contract.Path(r.URL.EscapedPath()) == "" {
		return res, nil
	}
	if err := t.Contract.Check(x); err != nil {
		t.Report(fmt.Errorf("%s %s: %d: %w", r.Method, r.URL.Path, res.StatusCode, err))
	}
	return res, nil
}
