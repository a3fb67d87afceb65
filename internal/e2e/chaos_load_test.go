package e2e

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
)

// A chat is one customer's conversation with one tenant.
type chat struct {
	*customer
	to    *business
	texts []string
	plan  []question

	mu   sync.Mutex
	asks []asked
}

// An asked is one question as it was really asked.
type asked struct {
	question
	from  time.Time // of the first attempt
	taken time.Time // WhatsApp has it
}

func newChat(c *customer, to *business, texts []string, plan []question) *chat {
	return &chat{customer: c, to: to, texts: texts, plan: plan}
}

// ask writes the plan's questions, each of them again and again under the same id
// until WhatsApp has it.
func (c *chat) ask(ctx context.Context, run *chaos) {
	for _, q := range c.plan {
		pause(ctx, time.Until(run.began.Add(q.at)))
		from := time.Now()
		for {
			if ctx.Err() != nil {
				run.journal.accuse("%s could not ask %s", c.number, q.id)
				return
			}
			body := map[string]any{"to": c.to.PhoneNumber, "text": c.texts[q.text], "id": q.id}
			if _, err := run.simulate("POST", "/customers/"+escape(c.number)+"/messages", body,
				nil); err == nil {
				break
			}
			pause(ctx, restartPause)
		}
		c.mu.Lock()
		c.asks = append(c.asks, asked{q, from, time.Now()})
		c.mu.Unlock()
	}
}

// all returns the questions so far, in order.
func (c *chat) all() []asked {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asks[:len(c.asks):len(c.asks)]
}

// operateEvery is how often the operator of a run looks at the tenants.
const operateEvery = time.Second

// operate is the operator, who notes what has changed. Tenants come back by themselves, but
// for one whose workers died three times in a row, which with armed workers are many: the
// operator does what its row says, and starts it, rather than wait for minutes.
func (c *chaos) operate(ctx context.Context) {
	seen := map[flowhq.TenantID]string{}
	for ; ctx.Err() == nil; pause(ctx, operateEvery) {
		tenants, err := c.tenants()
		if err != nil {
			continue
		}
		for i, b := range c.businesses {
			c.giveBack(b)
			t := tenants[b.id]
			now := fmt.Sprintf("%s is %s on %s, epoch %d, %s", b.Name, t.Session.State,
				t.Host.Worker, t.Host.Epoch, t.Session.Reason)
			if now == seen[b.id] {
				continue
			}
			seen[b.id] = now
			c.journal.see("%s", now)
			if t.Session.Ending == flowhq.EndCrashLoop && c.order(ctx, i, flowhq.Start) == nil {
				c.journal.see("the operator starts %s", b.Name)
			}
		}
	}
}

// giveBack ends what hand-overs a business has, so that its bot answers again. While the API is
// away they stay for the next look.
func (c *chaos) giveBack(b *business) {
	var list struct{ HandOvers []flowhq.HandOver }
	if _, err := c.call("GET", b.path()+"/handovers?status="+string(flowhq.HandOverOpen), nil,
		&list); err != nil {
		return
	}
	for _, h := range list.HandOvers {
		ended := map[string]flowhq.HandOverStatus{"status": flowhq.HandOverEnded}
		if _, err := c.call("PATCH", fmt.Sprintf("%s/handovers/%d", b.path(), h.ID), ended, nil); err == nil {
			c.journal.see("the operator gives a chat of %s back to the bot", b.Name)
		}
	}
}

// tenants returns all tenants by id.
func (c *chaos) tenants() (map[flowhq.TenantID]flowhq.Tenant, error) {
	var list struct{ Tenants []flowhq.Tenant }
	if _, err := c.call("GET", "/admin/tenants", nil, &list); err != nil {
		return nil, err
	}
	all := map[flowhq.TenantID]flowhq.Tenant{}
	for _, t := range list.Tenants {
		all[t.ID] = t
	}
	return all, nil
}
