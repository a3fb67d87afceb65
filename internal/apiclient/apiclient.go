// Package apiclient calls JSON APIs: the admin API, and the simulator's control API,
// which reports errors in the same form. The command line of operators and the
// development program use it.
package apiclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
)

const (
	// callTimeout bounds one request. The API itself gives up after ten seconds; the rest is
	// for proxies and slow lines.
	callTimeout = 30 * time.Second
	// MaxAnswerBytes bounds an answer. It holds the 50 messages that the command line asks
	// for at a time, each of flowhq.MaxTextBytes, of which JSON may write every byte as six.
	MaxAnswerBytes = 32 << 20
	// maxDetail is how many bytes are shown of an answer that is not the API's, such as a
	// proxy's page.
	maxDetail = 200
)

// errSlow is what a caller reads in place of "context deadline exceeded".
var errSlow = fmt.Errorf("nothing came within %v", callTimeout)

// A Client calls one JSON API.
type Client struct {
	// Base is such as http://127.0.0.1:3000, without a slash at the end: paths begin with one.
	Base string
	// Password is that of HTTP Basic authentication; "" sends none. It goes to whatever host
	// Base names, so a caller decides first whether that host may learn it.
	Password string
	// Key is an API key, which is sent instead of the password; the same holds of it.
	Key string
	// Header is sent with every request; nil: nothing more than the request needs.
	Header http.Header
	// Transport makes the requests; nil: net/http's own, over the network.
	Transport http.RoundTripper
}

// A Refusal is an answer that is not a success.
type Refusal struct {
	Request string              // such as "GET /admin/tenants"
	Status  int                 // of HTTP
	Detail  string              // what the answer says, or the beginning of the answer itself
	Errors  []flowhq.FieldError // what is wrong with which field of the request, if that is why
	// RequestID is the id under which the API's log tells of the request; "" if the answer has none.
	RequestID string
}

// Error says what the API said, with a line of its own for each field that is wrong.
func (r *Refusal) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d: %s", r.Request, r.Status, r.Detail)
	for _, e := range r.Errors {
		fmt.Fprintf(&b, "\n  %s %s", e.Field, e.Message)
	}
	return b.String()
}

// NoAnswer is the error of a request to which no answer came, or only part of one. Whether
// the request took effect is not known. Callers that poll take it for a reason to go on.
type NoAnswer struct {
	Base string // of the Client
	Err  error  // of the connection, or of ctx
}

// Error says who does not answer, and what happened instead.
func (n *NoAnswer) Error() string { return fmt.Sprintf("%s does not answer: %v", n.Base, n.Err) }

// Unwrap returns the cause.
func (n *NoAnswer) Unwrap() error { return n.Err }

// Call sends in, unless it is nil, and decodes the answer into out, unless that is nil. An
// answer that is not a success is a *Refusal, and none at all a *NoAnswer. Call repeats
// nothing: the caller knows whether a second time does harm.
func (c Client) Call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, callTimeout, errSlow)
	defer cancel()
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, body)
	if err != nil {
		return err
	}
	for name, values := range c.Header {
		req.Header[name] = values
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.Key != "" {
		req.Header.Set("Authorization", "Bearer "+c.Key)
	} else if c.Password != "" {
		req.SetBasicAuth("admin", c.Password) // the API takes any user name
	}
	// The default transport goes through the proxy of HTTP_PROXY and HTTPS_PROXY, if any, and
	// keeps connections open for the next request.
	res, err := (&http.Client{Transport: c.Transport}).Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // the rest repeats the address
		}
		return &NoAnswer{c.Base, err}
	}
	defer res.Body.Close()
	// One byte more than is allowed, to learn that there is more.
	data, err := io.ReadAll(io.LimitReader(res.Body, MaxAnswerBytes+1))
	if err != nil {
		return &NoAnswer{c.Base, err}
	}
	return decode(method+" "+path, res.StatusCode, data, out)
}

// decode reads an answer that has come in whole. request is for errors. A success that is not
// JSON is an error, with its beginning: Base then leads to something else, such as a web site.
func decode(request string, status int, data []byte, out any) error {
	if len(data) > MaxAnswerBytes {
		return fmt.Errorf("%s: the answer has more than %d MiB; ask for less at a time",
			request, MaxAnswerBytes>>20)
	}
	if status >= http.StatusMultipleChoices {
		return refusal(request, status, data)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%s: the answer is not one of Flow HQ's (%w): %s",
			request, err, beginning(data))
	}
	return nil
}

// refusal reads an answer that is not a success. The API's are problem documents (RFC 9457);
// a proxy's are pages, of which the beginning must do.
func refusal(request string, status int, body []byte) error {
	r := &Refusal{Request: request, Status: status}
	var problem struct {
		Detail    string
		Errors    []flowhq.FieldError
		RequestID string `json:"request_id"`
	}
	if json.Unmarshal(body, &problem) == nil && problem.Detail != "" {
		r.Detail, r.Errors, r.RequestID = problem.Detail, problem.Errors, problem.RequestID
	} else if r.Detail = beginning(body); r.Detail == "" { // as to HEAD, or from a proxy
		r.Detail = http.StatusText(status)
	}
	return r
}

// beginning returns one short line of an answer, as a page of HTML has many long ones.
func beginning(body []byte) string {
	line := strings.Join(strings.Fields(string(body[:min(len(body), maxDetail)])), " ")
	if len(body) > maxDetail {
		line += " …"
	}
	return line
}
