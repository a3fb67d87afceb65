package dev

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/flowhq/flowhq"
)

const (
	callTimeout = 30 * time.Second // of one request
	maxAnswer   = 4 << 20          // bytes
	// listSize is how many tenants are looked at; only the demos matter here.
	listSize = 1000
)

// A web is a JSON API: ours, or the simulator's control API.
type web struct {
	base     string // such as http://127.0.0.1:3000
	password string // "" sends none
}

// call sends in, unless it is nil, and decodes the answer into out, unless that
// is nil. An answer that is not a success is an error that holds its text.
func (w web) call(ctx context.Context, method, path string, in, out any) error {
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
	req, err := http.NewRequestWithContext(ctx, method, w.base+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if w.password != "" {
		req.SetBasicAuth("admin", w.password)
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
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, bytes.TrimSpace(data))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(data, out)
}

// ready returns nil once GET path succeeds.
func (w web) ready(path string) func(context.Context) error {
	return func(ctx context.Context) error { return w.call(ctx, http.MethodGet, path, nil, nil) }
}

func (w web) tenants(ctx context.Context) ([]flowhq.Tenant, error) {
	var list struct{ Tenants []flowhq.Tenant }
	err := w.call(ctx, http.MethodGet, fmt.Sprintf("/admin/tenants?limit=%d", listSize), nil, &list)
	return list.Tenants, err
}

func (w web) startWorker(ctx context.Context, id flowhq.TenantID) error {
	return w.call(ctx, http.MethodPost, "/admin/tenants/"+string(id)+"/worker/start", nil, nil)
}

// A code is what links a phone; Code is nil while there is none to scan.
type code struct {
	State     flowhq.SessionState
	Code      *string
	ExpiresAt *time.Time `json:"expires_at"`
}

func (w web) code(ctx context.Context, id flowhq.TenantID) (c code, err error) {
	err = w.call(ctx, http.MethodGet, "/admin/tenants/"+string(id)+"/qr", nil, &c)
	return c, err
}

// A said is one message as the simulated customer's phone shows it.
type said struct {
	ID, Text string
}

// inbox returns what a customer has received from number, oldest first.
func (w web) inbox(ctx context.Context, customer, number string) ([]said, error) {
	var in struct{ Messages []said }
	err := w.call(ctx, http.MethodGet,
		"/customers/"+url.PathEscape(customer)+"/inbox?from="+url.QueryEscape(number), nil, &in)
	return in.Messages, err
}

var errNotYet = errors.New("not yet")

// poll calls f until it returns something other than errNotYet, or ctx ends.
func poll(ctx context.Context, f func() error) error {
	const every = 100 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := f(); !errors.Is(err, errNotYet) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
