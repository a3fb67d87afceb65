package e2e

import (
	"fmt"
	"testing"

	"github.com/flowhq/flowhq"
)

// A number that WhatsApp refuses for good, as one that has moved to another phone, gets a
// new code by a command. Nothing else is lost.
func TestRelinkAfterALastingRefusal(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	b := s.business(unlimited(barbers))
	b.link()
	c := s.customer("+254711000001", "Amina")
	ask(t, c, b, "hello", patience)
	s.fault(object{"kind": "refuse_logins", "number": b.PhoneNumber, "seconds": 3600,
		"reason": 403})
	s.fault(object{"kind": "drop", "number": b.PhoneNumber})
	b.becomes(patience, flowhq.TenantError, flowhq.Banned, flowhq.HostError)

	b.command(flowhq.Relink)
	var code string
	eventually(t, patience, func() (err error) {
		code, err = b.code()
		return err
	})
	s.fault(object{"kind": "clear"})
	s.must(b.scanned(code))
	b.connected(patience)
	ask(t, c, b, "booking", patience)
	c.isOne(b, 2) // what was said before is still there
	if n := s.events(b.id, "RELINK_REQUESTED"); n != 1 {
		t.Errorf("%d events RELINK_REQUESTED; want 1", n)
	}
	if n := s.events(b.id, "SESSION_UNLINKED"); n != 1 {
		t.Errorf("%d events SESSION_UNLINKED; want 1", n)
	}
}

// A session with which nothing is wrong may be relinked as well, as may one that is
// stopped or was scanned by the wrong phone. The old device is removed from its phone.
func TestRelink(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	b := s.business(unlimited(barbers))
	other := b.phone("+254700000009")
	b.command(flowhq.Start)
	other.scan()
	b.differs(other.PhoneNumber)
	relink := func() {
		t.Helper()
		b.command(flowhq.Relink)
		eventually(t, patience, func() error {
			code, err := b.code()
			if err == nil {
				_, err = b.scanned(code)
			}
			if err != nil {
				now, _ := b.read()
				return fmt.Errorf("%w; it is %s, %s", err, now.Session.State, now.Session.Reason)
			}
			return nil
		})
		b.connected(patience)
	}
	relink()
	other.hasDevices(0)
	c := s.customer("+254711000001", "Amina")
	ask(t, c, b, "hello", patience)

	relink() // while it is connected
	b.hasDevices(1)
	ask(t, c, b, "prices", patience)

	b.command(flowhq.Stop)
	b.becomes(patience, flowhq.TenantPaused, flowhq.Disconnected, flowhq.HostStopped)
	relink()
	b.hasDevices(1)
	ask(t, c, b, "booking", patience)
	c.isOne(b, 3)
	if n := s.events(b.id, "NUMBER_CHANGED"); n != 0 {
		t.Errorf("%d events NUMBER_CHANGED; want none: it is the same number", n)
	}
	b.neverHostedTwice()
}

// What customers wrote while the tenant was stopped waits for the device that a relink
// removes. It is answered all the same, but for what was written to a phone that is not
// the business's.
func TestRelinkWithMessagesWaiting(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	b := s.business(unlimited(barbers))
	b.link()
	b.command(flowhq.Stop)
	b.becomes(patience, flowhq.TenantPaused, flowhq.Disconnected, flowhq.HostStopped)
	const customers, each = 10, 5
	var cs []*customer
	for i := range customers {
		c := s.customer(fmt.Sprintf("+2547110000%02d", i), "Amina")
		cs = append(cs, c)
		for range each {
			if _, err := c.write(b, "hello"); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.command(flowhq.Relink)
	b.scan()
	b.connected(patience)
	b.hasDevices(1)
	eventually(t, patience, func() error {
		for _, c := range cs {
			inbox, err := c.inbox(b)
			if err != nil {
				return err
			}
			if len(inbox) < each {
				return fmt.Errorf("%s has %d answers; want %d", c.number, len(inbox), each)
			}
		}
		return nil
	})
	for _, c := range cs {
		c.isOne(b, each)
	}
	if n := s.events(b.id, "SESSION_UNLINKED"); n != 1 {
		t.Errorf("%d events SESSION_UNLINKED; want 1", n)
	}
	b.neverHostedTwice()
}
