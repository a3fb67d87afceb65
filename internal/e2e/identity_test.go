package e2e

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/flowhq/flowhq"
)

// addressForms are the ways in which a message may name its writer.
var addressForms = []string{"number", "lid", "number_lid", "lid_number"}

// named has the next deliveries of a customer's messages name it in these forms, and
// all later ones in the usual one.
func (c *customer) named(forms ...string) {
	c.s.t.Helper()
	c.s.fault(object{
		"kind": "address", "number": c.number, "forms": append(forms, "lid_number"),
	})
}

// repeat has the customer's phone send the text once more under an id that it has used.
func (c *customer) repeat(to *business, text, id string) {
	c.s.t.Helper()
	c.s.must(c.s.simulate("POST", "/customers/"+escape(c.number)+"/messages",
		map[string]any{"to": to.PhoneNumber, "text": text, "id": id}, nil))
}

// isOne fails the test unless the business has the customer once, with one chat, and has
// answered each of so many messages once.
func (c *customer) isOne(b *business, messages int) {
	c.s.t.Helper()
	log, err := b.log()
	if err != nil {
		c.s.t.Fatal(err)
	}
	chats, in, out := []string{}, 0, 0
	for _, m := range log {
		switch {
		case m.Contact != c.number:
			continue
		case m.Direction == flowhq.In:
			in++
		default:
			out++
		}
		if !slices.Contains(chats, m.Chat) {
			chats = append(chats, m.Chat)
		}
	}
	inbox, err := c.inbox(b)
	if err != nil {
		c.s.t.Fatal(err)
	}
	if in != messages || out != messages || len(chats) != 1 || len(inbox) != messages {
		c.s.t.Errorf("%d messages, %d replies in chats %v, %d of them with the customer; want %d, in one chat",
			in, out, chats, len(inbox), messages)
	}
}

// A message that is sent again under its id is one message, whichever addresses of the
// customer either copy comes with, and whatever was learnt of them in between.
func TestOneCustomerAtAnyAddress(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	b := s.business(unlimited(barbers))
	b.link()
	n := 0
	for _, first := range addressForms {
		for _, again := range addressForms {
			for _, known := range []bool{true, false} {
				n++
				t.Run(fmt.Sprintf("%s, %s, known %v", first, again, known), func(t *testing.T) {
					c := s.customer(fmt.Sprintf("+254711000%03d", n), "Amina")
					messages := 2
					if known {
						ask(t, c, b, "hello", patience)
						messages++
					}
					c.named(first, again)
					const id = "3EB0A1B2C3D4E5F60718"
					c.repeat(b, "prices", id)
					eventually(t, patience, func() error {
						inbox, err := c.inbox(b)
						if err == nil && len(inbox) < messages-1 {
							err = fmt.Errorf("%d answers", len(inbox))
						}
						return err
					})
					c.repeat(b, "prices", id)
					ask(t, c, b, "booking", patience)
					c.isOne(b, messages)
				})
			}
		}
	}
}

// So is one that was recorded by a host that died before WhatsApp heard of it.
func TestOneCustomerWhenKilledBetween(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	w := s.worker("worker")
	for i, forms := range [][]string{{"number", "lid"}, {"lid", "number"}, {"number", "number_lid"},
		{"lid_number", "number"}} {
		n := unlimited(barbers)
		n.PhoneNumber = fmt.Sprintf("+25470000000%d", i+1)
		b := s.business(n) // another each time: one that its worker died of is kept waiting
		b.link()
		c := s.customer(fmt.Sprintf("+25471100000%d", i), "Amina")
		c.named(forms...)
		before := b.epoch()
		armed := s.armed("to be killed", "FLOWHQ_FAILPOINTS=receive.handled=kill:1")
		armed.attr("worker started", "name")
		w.terminate() // which hands the session over
		b.replaced(before)
		if _, err := c.write(b, "prices"); err != nil {
			t.Fatal(err)
		}
		armed.ended(patience)
		w = s.worker(fmt.Sprint("successor ", i))
		eventually(t, patience, func() error {
			inbox, err := c.inbox(b)
			if err == nil && len(inbox) == 0 {
				err = errors.New("no answer")
			}
			return err
		})
		ask(t, c, b, "booking", patience)
		c.isOne(b, 2)
		b.command(flowhq.Stop)
		b.becomes(patience, flowhq.TenantPaused, flowhq.Disconnected, flowhq.HostStopped)
	}
}
