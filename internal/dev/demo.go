package dev

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/demo"
)

const (
	// linkTimeout is from the start command until the session is connected, for all the
	// businesses together.
	linkTimeout = time.Minute
	// replyTimeout bounds the wait for one reply, which comes in some ten milliseconds. It
	// leaves time for a worker that somebody kills in the middle of the demo to come back.
	replyTimeout = 20 * time.Second // for one reply
	nameWidth    = 18               // of the names in a printed conversation, in characters
)

// A business is one of those that a new installation is shown with.
type business struct {
	name     string // of its profile in package demo
	tenant   flowhq.NewTenant
	customer customer
	says     []string // what the customer writes; few messages, as replies are limited
}

// A customer is somebody who writes to a business.
type customer struct{ name, number string }

// businesses are one of each template, in both languages. The demo is played on the simulator
// alone, so messages to their numbers reach nobody.
var businesses = []business{
	{
		name: demo.Barber, tenant: demo.Tenant(demo.Barber),
		customer: customer{"Amina", "+255710000201"},
		says:     []string{"Hi, can I book a haircut?", "Haircut and beard, Saturday at 10"},
	},
	{
		name: demo.Grocer, tenant: demo.Tenant(demo.Grocer),
		customer: customer{"Juma", "+255710000202"},
		says:     []string{"Habari, nataka kuagiza", "mchele kilo 5 na mafuta lita 3"},
	},
	{
		name: demo.Internet, tenant: demo.Tenant(demo.Internet),
		customer: customer{"Neema", "+255710000203"},
		says:     []string{"My internet is not working", "No light on the router since last night"},
	},
}

// A show is the demo: it gives a new installation tenants and lets a customer of each write. It
// uses the public APIs alone, so it shows what an operator could do by hand.
type show struct {
	api       adminAPI
	simulator simulatorAPI
	console   *console
}

// play creates the tenants, links them and prints a conversation with each. mark is the
// file that says that the database has had the demo: if it is there, nothing is done, and
// neither is if somebody else's tenants are there. A demo that is cut short goes on where
// it was the next time.
func (d show) play(ctx context.Context, mark string) error {
	if _, err := os.Stat(mark); err == nil {
		return nil
	}
	existing, others, err := d.existing(ctx)
	if err != nil {
		return err
	}
	if others { // an installation that is in use, which the demo would only disturb
		return finish(mark)
	}
	d.console.printf("\nThree businesses to begin with:")
	tenants := make([]flowhq.Tenant, len(businesses))
	for i, b := range businesses {
		if tenants[i], err = d.start(ctx, b, existing); err != nil {
			return err
		}
	}
	if err := d.linkAll(ctx, tenants); err != nil {
		return err
	}
	// One after the other, so that a reader can follow.
	for i, b := range businesses {
		if err := d.converse(ctx, b, tenants[i]); err != nil {
			return err
		}
	}
	return finish(mark)
}

// finish says for the next start that the demo need not be played. Only the file's name counts.
func finish(mark string) error { return os.WriteFile(mark, nil, 0o644) }

// existing returns the tenants that exist by their numbers, and whether any of them is not of
// the demo. The numbers are compared, as an operator may have given a demo tenant another name.
func (d show) existing(
	ctx context.Context,
) (byNumber map[string]flowhq.Tenant, others bool, err error) {
	all, err := d.api.tenants(ctx)
	byNumber = map[string]flowhq.Tenant{}
	for _, t := range all {
		byNumber[t.PhoneNumber] = t
		others = others || !slices.ContainsFunc(businesses, func(b business) bool {
			return b.tenant.PhoneNumber == t.PhoneNumber
		})
	}
	return byNumber, others, err
}

// start creates the tenant of a business, unless a demo that was cut short has done so, tells its
// bot what the owner would, and starts its session. A command that is repeated does no harm.
func (d show) start(
	ctx context.Context, b business, existing map[string]flowhq.Tenant,
) (flowhq.Tenant, error) {
	t, ok := existing[b.tenant.PhoneNumber]
	if !ok {
		// Whoever tries the product writes more in a minute than a customer may.
		n, settings := b.tenant, demo.Config(b.name)
		n.RepliesPerMinute, n.RepliesPerContact = &settings.RepliesPerMinute, &settings.RepliesPerContact
		var err error
		if t, err = d.api.create(ctx, n); err != nil {
			return t, err
		}
	}
	// Also of a tenant that is there: a demo that was cut short may not have come to that.
	if err := d.api.setProfile(ctx, t.ID, demo.JSON(b.name)); err != nil {
		return t, err
	}
	d.console.printf("  %s  %s %s  %s",
		padded(t.Name), t.Config.Template, t.Config.Language, t.PhoneNumber)
	return t, d.api.startSession(ctx, t.ID)
}

// linkAll lets the simulated phone of each tenant scan its code, all at once. It fails if one
// phone cannot be linked within linkTimeout, with the errors of all that cannot.
func (d show) linkAll(ctx context.Context, tenants []flowhq.Tenant) error {
	ctx, cancel := context.WithTimeout(ctx, linkTimeout)
	defer cancel()
	return d.console.during("linking the phones", func() error {
		errs := make([]error, len(tenants))
		var wg sync.WaitGroup
		for i, t := range tenants {
			wg.Go(func() { errs[i] = d.link(ctx, t) })
		}
		wg.Wait() // for all, so that each phone that can be linked is
		return errors.Join(errs...)
	})
}

// link scans codes of one tenant until its session is connected. ctx bounds it. A tenant whose
// phone was linked by a demo that was cut short is connected without a scan.
func (d show) link(ctx context.Context, t flowhq.Tenant) error {
	if err := d.simulator.addPhone(ctx, t.PhoneNumber, t.Name); err != nil {
		return err
	}
	began := time.Now()
	var scanned string // the last code, which a phone would scan twice in vain
	err := poll(ctx, func() error {
		c, err := d.api.linkCode(ctx, t.ID)
		switch {
		case err != nil:
			return err
		case c.State == flowhq.Connected:
			return nil
		case c.Code == nil || *c.Code == scanned:
			return errNotYet
		}
		scanned = *c.Code
		// A code that was replaced meanwhile is refused. The next one will do, so the error
		// says nothing.
		_ = d.simulator.scan(ctx, t.PhoneNumber, scanned)
		return errNotYet
	})
	if err != nil {
		return fmt.Errorf("link %s: %w", t.Name, err)
	}
	d.console.printf("  %s  linked: its phone scanned the QR code (%v)",
		padded(t.Name), time.Since(began).Round(100*time.Millisecond))
	return nil
}

// converse lets the customer of a business write, and prints who said what. Each message waits
// for the reply to the one before: replies to two at once could come in either order.
func (d show) converse(ctx context.Context, b business, t flowhq.Tenant) error {
	if err := d.simulator.addCustomer(ctx, b.customer.number, b.customer.name); err != nil {
		return err
	}
	d.console.printf("")
	for _, text := range b.says {
		if err := d.exchange(ctx, b.customer, t, text); err != nil {
			return fmt.Errorf("%s writes to %s: %w", b.customer.name, t.Name, err)
		}
	}
	return nil
}

// exchange sends one message and waits for its reply, which it prints. It fails after
// replyTimeout, or with what the simulator refuses.
func (d show) exchange(ctx context.Context, from customer, t flowhq.Tenant, text string) error {
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	// A reply is whatever comes after what is there now. The demo may have been cut short
	// after it was sent, and then the message is sent again.
	before, err := d.simulator.inbox(ctx, from.number, t.PhoneNumber)
	if err != nil {
		return err
	}
	d.console.printf("%s", spoken(from.name, text))
	if err := d.simulator.send(ctx, from.number, t.PhoneNumber, text); err != nil {
		return err
	}
	return d.console.during("waiting for the reply", func() error {
		return poll(ctx, func() error {
			now, err := d.simulator.inbox(ctx, from.number, t.PhoneNumber)
			if err != nil {
				return err
			}
			// The simulator keeps the inbox in order, so a longer list ends with the new message.
			if len(now) <= len(before) {
				return errNotYet
			}
			d.console.printf("%s", spoken(t.Config.BusinessName, now[len(now)-1].Text))
			return nil
		})
	})
}

// spoken formats what somebody said, further lines below the first.
func spoken(name, text string) string {
	const besides = 4 // spaces around the name
	indent := "\n" + strings.Repeat(" ", nameWidth+besides)
	return fmt.Sprintf("  %s  %s", padded(name), strings.ReplaceAll(text, "\n", indent))
}

// padded returns a name as wide as the column of names. A longer one pushes its line to the
// right.
func padded(name string) string { return fmt.Sprintf("%-*s", nameWidth, name) }
