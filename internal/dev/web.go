package dev

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/apiclient"
)

// listSize is how many tenants are looked at; only the demos matter here.
const listSize = 1000

// A web is a JSON API: ours, or the simulator's control API.
type web struct{ apiclient.Client }

// ready returns nil once GET path succeeds.
func (w web) ready(path string) func(context.Context) error {
	return func(ctx context.Context) error { return w.Call(ctx, http.MethodGet, path, nil, nil) }
}

func (w web) tenants(ctx context.Context) ([]flowhq.Tenant, error) {
	var list struct{ Tenants []flowhq.Tenant }
	err := w.Call(ctx, http.MethodGet, fmt.Sprintf("/admin/tenants?limit=%d", listSize), nil, &list)
	return list.Tenants, err
}

func (w web) startWorker(ctx context.Context, id flowhq.TenantID) error {
	return w.Call(ctx, http.MethodPost, "/admin/tenants/"+string(id)+"/session/start", nil, nil)
}

// A code is what links a phone; Code is nil while there is none to scan.
type code struct {
	State flowhq.SessionState
	Code  *string
}

func (w web) code(ctx context.Context, id flowhq.TenantID) (c code, err error) {
	err = w.Call(ctx, http.MethodGet, "/admin/tenants/"+string(id)+"/qr", nil, &c)
	return c, err
}

// A said is one message as the simulated customer's phone shows it.
type said struct {
	ID, Text string
}

// inbox returns what a customer has received from number, oldest first.
func (w web) inbox(ctx context.Context, customer, number string) ([]said, error) {
	var in struct{ Messages []said }
	err := w.Call(ctx, http.MethodGet,
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
