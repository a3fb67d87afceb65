package dev

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
)

// reconnectTimeout is how long the summary waits for the bots to be back.
const reconnectTimeout = 4 * time.Second

// summarize prints where everything is and what to try.
func (d *dev) summarize(ctx context.Context, took time.Duration) {
	tenants, err := d.settled(ctx)
	if err != nil {
		return // it is ending
	}
	var b strings.Builder
	row := func(name, value string) { fmt.Fprintf(&b, "  %-16s %s\n", name, value) }
	fmt.Fprintf(&b, "\nFlow HQ runs (after %v).\n\n", took.Round(100*time.Millisecond))
	row("API", d.api.Base+"   described in "+d.api.Base+"/openapi.yaml")
	row("  user, password", "admin  "+d.password)
	if d.ui != "" {
		row("Temporal Web UI", fmt.Sprintf("http://%s/namespaces/%s/workflows", d.ui, d.namespace()))
	} else {
		row("Temporal", d.temporal)
	}
	if d.sim.Base != "" {
		row("Simulator", d.sim.Base+"   phones, customers and faults, as JSON")
	}
	row("Data and logs", relative(d.home.dir))
	for i, t := range tenants {
		if i == len(demos) {
			row("", fmt.Sprintf("and %d more tenants", len(tenants)-i))
			break
		}
		row(label(i, "Tenants"), fmt.Sprintf("%-18s %s  %s", t.Name, t.PhoneNumber, t.Session.State))
	}
	b.WriteString(d.tryOut(tenants))
	b.WriteString("\nCtrl-C ends everything. The data stay; remove .dev to begin anew.\n")
	d.out.say("%s", b.String())
}

// relative returns a path as seen from the current folder, if that is shorter.
func relative(path string) string {
	if here, err := os.Getwd(); err == nil {
		if r, err := filepath.Rel(here, path); err == nil && len(r) < len(path) {
			return r
		}
	}
	return path
}

func label(i int, s string) string {
	if i > 0 {
		return ""
	}
	return s
}

// settled returns the tenants, oldest first, once all that are linked are
// connected, or whatever they are after a while.
func (d *dev) settled(ctx context.Context) (tenants []flowhq.Tenant, err error) {
	waiting, cancel := context.WithTimeout(ctx, reconnectTimeout)
	defer cancel()
	_ = poll(waiting, func() error {
		if tenants, err = d.api.tenants(waiting); err != nil {
			return errNotYet
		}
		for _, t := range tenants {
			if t.Status == flowhq.TenantActive && t.Session.State != flowhq.Connected || t.Status == flowhq.TenantReconnecting {
				return errNotYet
			}
		}
		return nil
	}) // after a while is good enough
	for i, j := 0, len(tenants)-1; i < j; i, j = i+1, j-1 {
		tenants[i], tenants[j] = tenants[j], tenants[i]
	}
	return tenants, ctx.Err()
}

// tryOut lists things to copy and paste.
func (d *dev) tryOut(tenants []flowhq.Tenant) string {
	bot, customer, text := d.demoAmong(tenants)
	if d.options.whatsApp || bot == nil {
		return d.tryLinking()
	}
	return fmt.Sprintf(`
Try:
  1. Write to a bot as its customer, and read the answer:
     curl -s %[1]s/customers/%[2]s/messages -d '{"to":"%[3]s","text":"%[4]s"}'
     curl -s '%[1]s/customers/%[2]s/inbox?from=%[5]s'
  2. See what the operator sees of it:
     curl -s -u admin:%[6]s '%[7]s/admin/tenants/%[8]s/logs?limit=4'
  3. Kill the worker, and write again: within seconds the bot is back, and nothing is
     lost or answered twice.
     kill -9 %[9]d
`, d.sim.Base, url.PathEscape(customer), bot.PhoneNumber, text, url.QueryEscape(bot.PhoneNumber),
		d.password, d.api.Base, bot.ID, d.worker.pid.Load())
}

// demoAmong returns a demo tenant that is still there, with its customer and
// something to write.
func (d *dev) demoAmong(tenants []flowhq.Tenant) (t *flowhq.Tenant, customer, text string) {
	for _, demo := range demos {
		for i := range tenants {
			if d.sim.Base != "" && tenants[i].PhoneNumber == demo.tenant.PhoneNumber {
				return &tenants[i], demo.customer.number, demo.says[0]
			}
		}
	}
	return nil, "", ""
}

func (d *dev) tryLinking() string {
	return fmt.Sprintf(`
Try:
  1. Create a tenant with your own number:
     curl -s -u admin:%[1]s %[2]s/admin/tenants -H 'Content-Type: application/json' -d '{"name":"My shop","phone_number":"+255712345678","template_type":"ECOMMERCE","business_name":"My shop","language":"EN"}'
  2. Link its phone: type "qr My shop" and press Enter here, then scan the code with
     WhatsApp > Linked devices. "qr" alone lists the tenants.
  3. Write to that number from another phone, then see what the operator sees:
     curl -s -u admin:%[1]s '%[2]s/admin/tenants'
`, d.password, d.api.Base)
}
