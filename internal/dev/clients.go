package dev

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/apiclient"
)

// listSize is how many tenants are listed, the most that the API lists at a time. Only
// the demo's three matter here.
const listSize = 1000

// pollEvery is the pause between two requests for what nothing announces. A person does not
// notice a tenth of a second.
const pollEvery = 100 * time.Millisecond

// answering returns a probe for awaitReady, which succeeds once GET path does. A service that
// listens but is not ready answers with a status of failure, which is an error here too.
func answering(c apiclient.Client, path string) func(context.Context) error {
	return func(ctx context.Context) error {
		return c.Call(ctx, http.MethodGet, path, nil, nil)
	}
}

// An adminAPI calls the admin API of flowhq. It is a client like any other, with the password
// that operators use.
type adminAPI struct{ apiclient.Client }

// tenants returns the tenants, newest first. Of more than listSize it returns the newest.
func (a adminAPI) tenants(ctx context.Context) ([]flowhq.Tenant, error) {
	var list struct{ Tenants []flowhq.Tenant }
	path := fmt.Sprintf("/admin/tenants?limit=%d", listSize)
	err := a.Call(ctx, http.MethodGet, path, nil, &list)
	return list.Tenants, err
}

// create creates a tenant. A number that another tenant has is refused with code Conflict.
func (a adminAPI) create(ctx context.Context, n flowhq.NewTenant) (t flowhq.Tenant, err error) {
	err = a.Call(ctx, http.MethodPost, "/admin/tenants", n, &t)
	return t, err
}

// setProfile tells the tenant's bot what the owner has told. What is there already is replaced.
func (a adminAPI) setProfile(ctx context.Context, id flowhq.TenantID, profile []byte) error {
	path := "/admin/tenants/" + string(id) + "/profile"
	return a.Call(ctx, http.MethodPut, path, json.RawMessage(profile), nil)
}

// startSession has the tenant's session hosted. It returns when the command is durable, not
// when the session runs.
func (a adminAPI) startSession(ctx context.Context, id flowhq.TenantID) error {
	path := "/admin/tenants/" + string(id) + "/session/start"
	return a.Call(ctx, http.MethodPost, path, nil, nil)
}

// A linkCode is what a phone scans. Code is nil while there is none.
type linkCode struct {
	State flowhq.SessionState
	Code  *string
}

// linkCode returns the code that links a tenant's phone now, and how far the session is. A
// code is good for twenty seconds, the first one for a minute.
func (a adminAPI) linkCode(ctx context.Context, id flowhq.TenantID) (c linkCode, err error) {
	err = a.Call(ctx, http.MethodGet, "/admin/tenants/"+string(id)+"/qr", nil, &c)
	return c, err
}

// A simulatorAPI calls the control API of the simulated WhatsApp, which has no password and
// listens on loopback. Its Base is "" while there is no simulator.
type simulatorAPI struct{ apiclient.Client }

// addPhone makes the phone of a business, which can then scan a code. The simulator keeps
// phones in its state, and a phone that is there already is no error.
func (s simulatorAPI) addPhone(ctx context.Context, number, name string) error {
	body := map[string]string{"number": number, "name": name}
	return s.Call(ctx, http.MethodPost, "/phones", body, nil)
}

// scan lets a phone scan a code. The code must be one that the simulator still shows.
func (s simulatorAPI) scan(ctx context.Context, number, code string) error {
	path := "/phones/" + url.PathEscape(number) + "/scan"
	return s.Call(ctx, http.MethodPost, path, map[string]string{"code": code}, nil)
}

// addCustomer makes the phone of a customer, which can then write. Like addPhone it is called
// again by a demo that was cut short.
func (s simulatorAPI) addCustomer(ctx context.Context, number, name string) error {
	body := map[string]string{"number": number, "name": name}
	return s.Call(ctx, http.MethodPost, "/customers", body, nil)
}

// send lets a customer write to a number. It returns when the simulator has taken the message,
// not when the business has it.
func (s simulatorAPI) send(ctx context.Context, customer, to, text string) error {
	path := "/customers/" + url.PathEscape(customer) + "/messages"
	return s.Call(ctx, http.MethodPost, path, map[string]string{"to": to, "text": text}, nil)
}

// A received message is one that a simulated customer's phone shows. The control API tells more
// about each, which the demo does not need.
type received struct {
	ID, Text string
}

// inbox returns what a customer has received from a number, oldest first.
func (s simulatorAPI) inbox(ctx context.Context, customer, from string) ([]received, error) {
	var in struct{ Messages []received }
	path := "/customers/" + url.PathEscape(customer) + "/inbox?from=" + url.QueryEscape(from)
	err := s.Call(ctx, http.MethodGet, path, nil, &in)
	return in.Messages, err
}

// errNotYet is what a function under poll returns to be called again. Any other error ends
// the polling: what is refused will be refused again.
var errNotYet = errors.New("not yet")

// poll calls f until it returns something other than errNotYet, or ctx ends. It has no bound of
// its own, so every caller gives it a ctx with a deadline.
func poll(ctx context.Context, f func() error) error {
	tick := time.NewTicker(pollEvery)
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
