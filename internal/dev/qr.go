package dev

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/cli"
)

// qrTimeout is how long codes are shown: WhatsApp itself gives up after some two and
// a half minutes.
const qrTimeout = 3 * time.Minute

// listen obeys what is typed, until there is no more input: "qr" lists the
// tenants, "qr NAME" shows a tenant's codes until its phone is linked or
// something else is typed.
//
// It returns after ctx ended and a line or the end of the input came: reading
// cannot be interrupted. Nobody waits for it.
func (d *dev) listen(ctx context.Context) {
	stop := func() {}
	var wg sync.WaitGroup
	in := bufio.NewScanner(d.stdin)
	for in.Scan() && ctx.Err() == nil {
		stop()
		wg.Wait()
		var busy context.Context
		busy, stop = context.WithCancel(ctx)
		text := in.Text()
		wg.Go(func() { d.obey(busy, text) })
	}
	wg.Wait()
	stop()
}

func (d *dev) obey(ctx context.Context, typed string) {
	verb, name, _ := strings.Cut(strings.TrimSpace(typed), " ")
	switch verb {
	case "":
	case "qr":
		if err := d.qr(ctx, strings.TrimSpace(name)); err != nil && ctx.Err() == nil {
			d.out.say("qr: %v", err)
		}
	default:
		d.out.say(`type "qr NAME" for a tenant's QR code, or "qr" for the list of tenants`)
	}
}

// qr links the tenant called name, whose worker it starts if need be.
func (d *dev) qr(ctx context.Context, name string) error {
	tenants, err := d.api.tenants(ctx)
	if err != nil {
		return err
	}
	found := find(tenants, name)
	if len(found) != 1 {
		return d.listTenants(tenants, name, len(found))
	}
	t := found[0]
	if err := d.api.startWorker(ctx, t.ID); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, qrTimeout)
	defer cancel()
	return d.out.during("waiting for "+t.Name+" to be linked", func() error {
		return d.showCodes(ctx, t)
	})
}

// showCodes prints the codes of a tenant, one after the other, until its phone
// is linked.
func (d *dev) showCodes(ctx context.Context, t flowhq.Tenant) error {
	var shown string
	return poll(ctx, func() error {
		c, err := d.api.code(ctx, t.ID)
		switch {
		case err != nil:
			return err
		case c.State == flowhq.Connected:
			d.out.say("%s is linked.", t.Name)
			return nil
		case c.State == flowhq.Banned:
			return fmt.Errorf("WhatsApp has banned the number of %s for now", t.Name)
		case c.Code == nil || *c.Code == shown:
			return errNotYet
		}
		shown = *c.Code
		picture, err := cli.QR(shown)
		if err != nil {
			return err
		}
		d.out.say("\n%s\n%s, %s: scan this with WhatsApp > Linked devices > Link a device.", picture, t.Name, t.PhoneNumber)
		return errNotYet
	})
}

// find returns the tenants that name may mean: an id, a number, or how a name
// begins.
func find(tenants []flowhq.Tenant, name string) (found []flowhq.Tenant) {
	if name == "" {
		return nil
	}
	for _, t := range tenants {
		switch {
		case name == string(t.ID), name == t.PhoneNumber, strings.EqualFold(name, t.Name):
			return []flowhq.Tenant{t}
		case strings.HasPrefix(strings.ToLower(t.Name), strings.ToLower(name)):
			found = append(found, t)
		}
	}
	return found
}

func (d *dev) listTenants(tenants []flowhq.Tenant, name string, matches int) error {
	switch {
	case len(tenants) == 0:
		return fmt.Errorf("there are no tenants yet: create one first")
	case matches > 1:
		d.out.say("%q may mean %d tenants:", name, matches)
	case name != "":
		d.out.say("there is no tenant %q, only:", name)
	}
	for _, t := range tenants {
		d.out.say("  %s  %s  %s", pad(t.Name), t.PhoneNumber, t.Session.State)
	}
	return nil
}
