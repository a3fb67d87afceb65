package dev

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
)

const (
	linkTimeout  = time.Minute      // from the command to start until the session is up
	replyTimeout = 20 * time.Second // for one reply
	nameWidth    = 18               // of the names in a printed conversation
)

// A demo is one of the businesses that a new installation is shown with.
type demo struct {
	tenant   flowhq.NewTenant
	customer person
	says     []string // what the customer writes; few, as replies are limited
}

type person struct{ name, number string }

var demos = []demo{
	{
		tenant: flowhq.NewTenant{
			Name: "Blue Door Barbers", BusinessName: "Blue Door Barbers", PhoneNumber: "+255700000101",
			Template: flowhq.Booking, Language: flowhq.English,
		},
		customer: person{"Amina", "+255710000201"},
		says:     []string{"Hi, can I book a haircut?", "Haircut and beard, Saturday at 10"},
	},
	{
		tenant: flowhq.NewTenant{
			Name: "Duka la Mama Asha", BusinessName: "Duka la Mama Asha", PhoneNumber: "+255700000102",
			Template: flowhq.Ecommerce, Language: flowhq.Swahili,
		},
		customer: person{"Juma", "+255710000202"},
		says:     []string{"Habari, nataka kuagiza", "mchele kilo 5 na mafuta lita 3"},
	},
	{
		tenant: flowhq.NewTenant{
			Name: "Pwani Net Support", BusinessName: "Pwani Net", PhoneNumber: "+255700000103",
			Template: flowhq.Support, Language: flowhq.English,
		},
		customer: person{"Neema", "+255710000203"},
		says:     []string{"My internet is not working", "No light on the router since last night"},
	},
}

// A stage is what demos are played on.
type stage struct {
	api, sim web
	out      *screen
}

// play gives a new database its demo tenants, links them and lets a customer of
// each write. A database that has been given them once is left alone, as is one
// that already has tenants of its own. Cut short, it goes on where it was the
// next time.
func (s stage) play(ctx context.Context, mark string) error {
	if _, err := os.Stat(mark); err == nil {
		return nil
	}
	there, others, err := s.existing(ctx)
	if err != nil {
		return err
	}
	if others {
		return s.played(mark) // somebody's real tenants: none of our business
	}
	s.out.say("\nThree businesses to begin with:")
	tenants := make([]flowhq.Tenant, len(demos))
	for i, d := range demos {
		if tenants[i], err = s.create(ctx, d, there); err != nil {
			return err
		}
	}
	if err := s.linkAll(ctx, tenants); err != nil {
		return err
	}
	for i, d := range demos {
		if err := s.converse(ctx, d, tenants[i]); err != nil {
			return err
		}
	}
	return s.played(mark)
}

func (s stage) played(mark string) error { return os.WriteFile(mark, nil, 0o644) }

// existing returns the tenants there are by their numbers, and whether any of
// them is not a demo.
func (s stage) existing(ctx context.Context) (there map[string]flowhq.Tenant, others bool, err error) {
	all, err := s.api.tenants(ctx)
	there = map[string]flowhq.Tenant{}
	for _, t := range all {
		there[t.PhoneNumber] = t
		others = others || !slices.ContainsFunc(demos, func(d demo) bool { return d.tenant.PhoneNumber == t.PhoneNumber })
	}
	return there, others, err
}

// create creates a demo's tenant, unless it is there, and starts its worker.
func (s stage) create(ctx context.Context, d demo, there map[string]flowhq.Tenant) (flowhq.Tenant, error) {
	t, ok := there[d.tenant.PhoneNumber]
	if !ok {
		if err := s.api.Call(ctx, http.MethodPost, "/admin/tenants", d.tenant, &t); err != nil {
			return t, err
		}
	}
	s.out.say("  %s  %s %s  %s", pad(t.Name), t.Config.Template, t.Config.Language, t.PhoneNumber)
	return t, s.api.startWorker(ctx, t.ID)
}

// linkAll lets a simulated phone scan each tenant's code.
func (s stage) linkAll(ctx context.Context, tenants []flowhq.Tenant) error {
	ctx, cancel := context.WithTimeout(ctx, linkTimeout)
	defer cancel()
	return s.out.during("linking the phones", func() error {
		errs := make([]error, len(tenants))
		var wg sync.WaitGroup
		for i, t := range tenants {
			wg.Go(func() { errs[i] = s.link(ctx, t) })
		}
		wg.Wait()
		return errors.Join(errs...)
	})
}

func (s stage) link(ctx context.Context, t flowhq.Tenant) error {
	phone := map[string]string{"number": t.PhoneNumber, "name": t.Name}
	if err := s.sim.Call(ctx, http.MethodPost, "/phones", phone, nil); err != nil {
		return err
	}
	began := time.Now()
	var scanned string
	err := poll(ctx, func() error {
		c, err := s.api.code(ctx, t.ID)
		switch {
		case err != nil:
			return err
		case c.State == flowhq.Connected:
			return nil
		case c.Code == nil || *c.Code == scanned:
			return errNotYet
		}
		scanned = *c.Code
		// A code that was replaced meanwhile is refused; the next one will do.
		scan := "/phones/" + url.PathEscape(t.PhoneNumber) + "/scan"
		_ = s.sim.Call(ctx, http.MethodPost, scan, map[string]string{"code": scanned}, nil)
		return errNotYet
	})
	if err != nil {
		return fmt.Errorf("link %s: %w", t.Name, err)
	}
	s.out.say("  %s  linked: its phone scanned the QR code (%v)", pad(t.Name), time.Since(began).Round(100*time.Millisecond))
	return nil
}

// converse lets a demo's customer write, and prints who said what.
func (s stage) converse(ctx context.Context, d demo, t flowhq.Tenant) error {
	customer := map[string]string{"number": d.customer.number, "name": d.customer.name}
	if err := s.sim.Call(ctx, http.MethodPost, "/customers", customer, nil); err != nil {
		return err
	}
	s.out.say("")
	for _, text := range d.says {
		if err := s.exchange(ctx, d.customer, t, text); err != nil {
			return fmt.Errorf("%s writes to %s: %w", d.customer.name, t.Name, err)
		}
	}
	return nil
}

// exchange sends one message and waits for its reply.
func (s stage) exchange(ctx context.Context, from person, t flowhq.Tenant, text string) error {
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	before, err := s.sim.inbox(ctx, from.number, t.PhoneNumber)
	if err != nil {
		return err
	}
	s.out.say("%s", line(from.name, text))
	message := map[string]string{"to": t.PhoneNumber, "text": text}
	path := "/customers/" + url.PathEscape(from.number) + "/messages"
	if err := s.sim.Call(ctx, http.MethodPost, path, message, nil); err != nil {
		return err
	}
	return s.out.during("waiting for the reply", func() error {
		return poll(ctx, func() error {
			now, err := s.sim.inbox(ctx, from.number, t.PhoneNumber)
			if err != nil {
				return err
			}
			if len(now) <= len(before) {
				return errNotYet
			}
			s.out.say("%s", line(t.Config.BusinessName, now[len(now)-1].Text))
			return nil
		})
	})
}

// line formats what somebody said.
func line(name, text string) string {
	indent := "\n" + strings.Repeat(" ", nameWidth+4)
	return fmt.Sprintf("  %s  %s", pad(name), strings.ReplaceAll(text, "\n", indent))
}

func pad(name string) string { return fmt.Sprintf("%-*s", nameWidth, name) }
