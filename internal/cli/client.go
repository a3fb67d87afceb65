package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
)

const (
	callTimeout = 30 * time.Second // of one request
	maxAnswer   = 16 << 20         // bytes; a page of 1000 long messages fits
)

// A Client calls a JSON API: ours, or the simulator's control API.
type Client struct {
	Base     string // such as http://127.0.0.1:3000
	Password string // "" sends none
}

// A Refusal is an answer that is not a success.
type Refusal struct {
	Request string // such as "GET /admin/tenants"
	Status  int
	Detail  string // of the answer, or the answer itself
	Errors  []flowhq.FieldError
}

// Error says what the API said.
func (r *Refusal) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d: %s", r.Request, r.Status, r.Detail)
	for _, e := range r.Errors {
		fmt.Fprintf(&b, "\n  %s %s", e.Field, e.Message)
	}
	return b.String()
}

// Call sends in, unless it is nil, and decodes the answer into out, unless that
// is nil. An answer that is not a success is a *Refusal.
func (c Client) Call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
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
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.Password != "" {
		req.SetBasicAuth("admin", c.Password)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return err
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		return refusal(method+" "+path, res.StatusCode, data)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(data, out)
}

func refusal(request string, status int, body []byte) error {
	r := &Refusal{Request: request, Status: status}
	var problem struct {
		Detail string
		Errors []flowhq.FieldError
	}
	if json.Unmarshal(body, &problem) == nil && problem.Detail != "" {
		r.Detail, r.Errors = problem.Detail, problem.Errors
	} else {
		r.Detail = string(bytes.TrimSpace(body))
	}
	return r
}
