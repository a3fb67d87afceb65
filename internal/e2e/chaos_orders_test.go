package e2e

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
)

// orders are what the operator of a chaos run asked for. Each command is accounted for
// like a customer's message. The zero value is ready.
type orders struct {
	mu    sync.Mutex
	drawn int
	all   []ordered
}

// An ordered is a command that the API has accepted.
type ordered struct {
	tenant   int
	command  flowhq.Command
	key      string // of the request, the same in every try
	location string // where the API says whether it was applied
	taken    time.Time
	applied  bool
}

// key draws a key for the next command.
func (o *orders) key(seed uint64) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drawn++
	return fmt.Sprintf("chaos-%d-%d", seed, o.drawn)
}

// order gives a tenant a command, as an operator does: again and again under one key until
// the API has accepted it.
func (c *chaos) order(ctx context.Context, tenant int, command flowhq.Command) error {
	key := c.orders.key(c.plan.seed)
	for ; ctx.Err() == nil; pause(ctx, restartPause) {
		location, err := c.post(ctx, c.businesses[tenant].path()+"/session/"+string(command), key)
		if err != nil {
			continue // the API is down, or has no database
		}
		c.orders.mu.Lock()
		c.orders.all = append(c.orders.all,
			ordered{tenant: tenant, command: command, key: key, location: location, taken: time.Now()})
		c.orders.mu.Unlock()
		return nil
	}
	return ctx.Err()
}

// post makes a request without a body under a key, and returns the Location of the answer.
func (c *chaos) post(ctx context.Context, path, key string) (location string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.api+path, http.NoBody)
	if err != nil {
		return "", err
	}
	req.Header.Set("Idempotency-Key", key)
	req.SetBasicAuth("e2e", password)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusAccepted {
		return "", fmt.Errorf("POST %s: %s", path, res.Status)
	}
	return res.Header.Get("Location"), nil
}

// forgotten lists the commands that were accepted and are not applied.
func (c *chaos) forgotten() (bad []string, err error) {
	c.orders.mu.Lock()
	defer c.orders.mu.Unlock()
	for i, o := range c.orders.all {
		if o.applied {
			continue
		}
		var got struct {
			Command   flowhq.Command
			AppliedAt *time.Time `json:"applied_at"`
		}
		if _, err := c.call("GET", o.location, nil, &got); err != nil {
			return nil, err
		}
		c.orders.all[i].applied = got.Command == o.command && got.AppliedAt != nil
		if !c.orders.all[i].applied {
			bad = append(bad, fmt.Sprintf("%s %s of %s, accepted at %s, is %+v", o.key, o.command,
				c.businesses[o.tenant].Name, c.since(o.taken), got))
		}
	}
	return bad, nil
}

// unwanted lists the tenants that are not as their rows want them.
func (c *chaos) unwanted() (bad []string, err error) {
	tenants, err := c.tenants()
	if err != nil {
		return nil, err
	}
	for _, b := range c.businesses {
		if t := tenants[b.id]; t.Session.State != flowhq.Connected {
			bad = append(bad, fmt.Sprintf("%s is %s: %s", b.Name, t.Session.State, t.Session.Reason))
		}
	}
	return bad, nil
}
