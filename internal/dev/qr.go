package dev

import (
	"bufio"
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/flowhq/flowhq/internal/cli"
)

// qrTimeout is how long codes are shown: as long as somebody asks for them, there are
// new ones without end.
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
	switch name = strings.TrimSpace(name); {
	case verb == "":
	case verb == "qr" && name != "":
		d.qr(ctx, name)
	case verb == "qr":
		if err := d.listTenants(ctx); err != nil && ctx.Err() == nil {
			d.out.say("qr: %v", err)
		}
	default:
		d.out.say(`type "qr NAME" for a tenant's QR code, or "qr" for the list of tenants`)
	}
}

// qr links the tenant called name, whose worker it starts if need be, as "flowhq
// tenants qr" does.
func (d *dev) qr(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(ctx, qrTimeout)
	defer cancel()
	getenv := func(variable string) string {
		return map[string]string{"FLOWHQ_URL": d.api.Base, "ADMIN_PASSWORD": d.password}[variable]
	}
	code := cli.Tenants(ctx, []string{"qr", "-start", "--", name}, getenv, d.out, d.out)
	if code == 0 && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		d.out.say("nobody scanned; type \"qr %s\" again", name)
	}
}

func (d *dev) listTenants(ctx context.Context) error {
	tenants, err := d.api.tenants(ctx)
	if err != nil {
		return err
	}
	if len(tenants) == 0 {
		d.out.say("there are no tenants yet: create one first")
	}
	for _, t := range tenants {
		d.out.say("  %s  %s  %s", pad(t.Name), t.PhoneNumber, t.Session.State)
	}
	return nil
}
