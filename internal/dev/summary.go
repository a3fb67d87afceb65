package dev

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
)

// reconnectTimeout is how long the summary waits for the bots to be connected again. People
// look at the terminal meanwhile, so it is better to print what is there.
const reconnectTimeout = 4 * time.Second

// summarize prints where everything is and what to try. It is the last thing on the console of
// a new installation, so a person who comes back later finds it there. The password is in it,
// as the first request needs it.
func (s *stack) summarize(ctx context.Context, took time.Duration) {
	tenants, err := s.connectedTenants(ctx)
	if err != nil {
		return // everything is ending
	}
	// Printed at once in the end, so that no line of a service comes in between.
	var b strings.Builder
	row := func(name, value string) { fmt.Fprintf(&b, "  %-16s %s\n", name, value) }
	fmt.Fprintf(&b, "\nFlow HQ runs (after %v).\n\n", took.Round(100*time.Millisecond))
	// The page comes first: most people who start this want to write to a bot, and not to call an
	// API.
	if s.phoneURL != "" {
		row("Try it", s.phoneURL+"   a customer's phone, and what the operator sees")
	}
	row("Pages", s.api.Base+"/setup   makes you an owner, by the admin password below")
	row("API", s.api.Base+"   described in "+s.api.Base+"/openapi.yaml")
	row("  user, password", "admin  "+s.password)
	if s.ui != "" {
		ui := fmt.Sprintf("http://%s/namespaces/%s/workflows", s.ui, s.namespace())
		row("Temporal Web UI", ui)
	} else {
		row("Temporal", s.temporal)
	}
	if s.simulator.Base != "" {
		row("Simulator", s.simulator.Base+"   phones, customers and faults, as JSON")
	}
	row("Data and logs", relative(s.data.dir))
	// The oldest are shown, which are those of the demo.
	heading := "Tenants"
	for i, t := range tenants {
		if i == len(businesses) {
			row("", fmt.Sprintf("and %d more tenants", len(tenants)-i))
			break
		}
		row(heading, fmt.Sprintf("%-18s %s  %s", t.Name, t.PhoneNumber, t.Session.State))
		heading = ""
	}
	b.WriteString(s.suggestions(tenants))
	b.WriteString("\nCtrl-C ends everything. The data stay; remove .dev to begin anew.\n")
	s.console.printf("%s", b.String())
}

// relative returns a path as seen from the current folder, if that is shorter: most people
// start everything in the root of the checkout.
func relative(path string) string {
	if here, err := os.Getwd(); err == nil {
		if r, err := filepath.Rel(here, path); err == nil && len(r) < len(path) {
			return r
		}
	}
	return path
}

// connectedTenants returns the tenants, oldest first, once all that are linked are
// connected: a summary that calls them RECONNECTING would worry people for nothing. After
// reconnectTimeout it returns them as they are. It fails only when ctx ends.
func (s *stack) connectedTenants(ctx context.Context) (tenants []flowhq.Tenant, err error) {
	// The error of poll is dropped on purpose: at the end of the time the tenants are shown as they
	// are.
	waiting, cancel := context.WithTimeout(ctx, reconnectTimeout)
	defer cancel()
	_ = poll(waiting, func() error {
		if tenants, err = s.api.tenants(waiting); err != nil {
			return errNotYet
		}
		for _, t := range tenants {
			// Tenants that nobody has linked or started are not waited for: their session never
			// comes up.
			if t.Status == flowhq.TenantReconnecting ||
				t.Status == flowhq.TenantActive && t.Session.State != flowhq.Connected {
				return errNotYet
			}
		}
		return nil
	})
	slices.Reverse(tenants) // the API lists the newest first
	return tenants, ctx.Err()
}

// suggestions returns commands to copy and paste, complete with addresses, ids and the
// password, so that none of them fails for want of a shell variable. Without tenants of the
// demo they are about linking a phone.
func (s *stack) suggestions(tenants []flowhq.Tenant) string {
	bot, from, text := s.demoAmong(tenants)
	// The commands below write as a simulated customer, for which there is no way in WhatsApp
	// itself.
	if s.options.whatsApp || bot == nil {
		return s.linkSuggestions()
	}
	return fmt.Sprintf(`
Open the first address in a browser. The same from a terminal:
  1. Write to a bot as its customer, and read the answer:
     curl -s %[1]s/customers/%[2]s/messages -d '{"to":"%[3]s","text":"%[4]s"}'
     curl -s '%[1]s/customers/%[2]s/inbox?from=%[5]s'
  2. See what the operator sees of it:
     curl -s -u admin:%[6]s '%[7]s/admin/tenants/%[8]s/logs?limit=4'
  3. Kill the worker, and write again: within seconds the bot is back, and nothing is
     lost or answered twice.
     kill -9 %[9]d
`, s.simulator.Base, url.PathEscape(from.number), bot.PhoneNumber, text,
		url.QueryEscape(bot.PhoneNumber),
		s.password, s.api.Base, bot.ID, s.worker.pid.Load())
}

// demoAmong returns a tenant of the demo that still exists, with its customer and
// something to write. It returns nil if there is none or no simulator.
func (s *stack) demoAmong(tenants []flowhq.Tenant) (t *flowhq.Tenant, from customer, text string) {
	for _, b := range businesses {
		for i := range tenants {
			if s.simulator.Base != "" && tenants[i].PhoneNumber == b.tenant.PhoneNumber {
				return &tenants[i], b.customer, b.says[0]
			}
		}
	}
	return nil, customer{}, ""
}

// linkSuggestions returns commands for somebody who links a number of their own, as with
// --whatsapp, where nothing can be shown before a real phone has scanned a code.
func (s *stack) linkSuggestions() string {
	return fmt.Sprintf(`
Try:
  1. Create a tenant with your own number:
     curl -s -u admin:%[1]s %[2]s/admin/tenants -H 'Content-Type: application/json' \
       -d '{"name":"My shop","phone_number":"+255712345678","template_type":"ECOMMERCE",
            "business_name":"My shop","language":"EN"}'
  2. Link its phone: type "qr My shop" and press Enter here, then scan the code with
     WhatsApp > Linked devices. "qr" alone lists the tenants.
  3. Write to that number from another phone, then see what the operator sees:
     curl -s -u admin:%[1]s '%[2]s/admin/tenants'
`, s.password, s.api.Base)
}
