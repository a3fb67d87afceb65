package e2e

import (
	"fmt"
	"testing"

	"github.com/flowhq/flowhq"
)

// phone is another phone than the business's own.
func (b *business) phone(number string) *business {
	b.s.t.Helper()
	b.s.must(b.s.simulate("POST", "/phones", map[string]any{"number": number, "name": b.BusinessName}, nil))
	n := b.NewTenant
	n.PhoneNumber = number
	return &business{s: b.s, id: b.id, NewTenant: n}
}

// hasNumber tells the API the tenant's number, which is the one of b.
func (b *business) hasNumber() {
	b.s.t.Helper()
	b.s.must(b.s.call("PUT", b.path(), map[string]any{"phone_number": b.PhoneNumber}, nil))
}

// differs waits until the session has ended because another number is linked.
func (b *business) differs(number string) {
	b.s.t.Helper()
	eventually(b.s.t, patience, func() error {
		now, err := b.read()
		if err == nil && (now.Session.Ending != flowhq.EndNumberDiffers || now.Status != flowhq.TenantError ||
			now.Session.Number != number || now.Session.NextStep == "") {
			err = fmt.Errorf("%s, %+v; want it to have ended as %s with %s", now.Status,
				now.Session, flowhq.EndNumberDiffers, number)
		}
		return err
	})
}

// A scan by another phone than the tenant's is not answered with before an operator has
// said that it is right, and then without another scan.
func TestScanByAnotherPhone(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	b := s.business(unlimited(barbers))
	other := b.phone("+254700000009")
	b.command(flowhq.Start)
	other.scan()
	b.differs(other.PhoneNumber)

	c := s.customer("+254711000001", "Amina")
	if _, err := c.write(other, "hello"); err != nil {
		t.Fatal(err)
	}
	epoch := b.epoch()
	b.command(flowhq.Start) // without having changed anything
	eventually(t, patience, func() error {
		if now := b.epoch(); now == epoch {
			return fmt.Errorf("still epoch %d", now)
		}
		return nil
	})
	b.differs(other.PhoneNumber)
	if log, err := b.log(); err != nil || len(log) > 0 {
		t.Errorf("the log has %v, %v; want nothing of a phone that may not be the business's", log, err)
	}

	other.hasNumber()
	b.command(flowhq.Start)
	b.connected(patience)
	eventually(t, patience, func() error {
		inbox, err := c.inbox(other)
		if err == nil && len(inbox) != 1 {
			err = fmt.Errorf("%d answers; want 1", len(inbox))
		}
		return err
	})
	other.hasDevices(1)
	other.neverHostedTwice()
}

// What a number has left to say is not said by the next one.
func TestAnotherNumber(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	b := s.business(unlimited(barbers))
	b.link()
	other := b.phone("+254700000009")
	c := s.customer("+254711000001", "Amina")
	b.command(flowhq.Stop)
	b.becomes(patience, flowhq.TenantPaused, flowhq.Disconnected, flowhq.HostStopped)
	if _, err := c.write(b, "prices"); err != nil {
		t.Fatal(err)
	}
	for _, fault := range []object{ // the customer's phone is off, and no send is confirmed
		{"kind": "refuse_logins", "number": c.number, "seconds": 3600},
		{"kind": "drop", "number": c.number},
		{"kind": "lose_acks", "number": b.PhoneNumber, "count": 1000},
	} {
		s.fault(fault)
	}
	b.command(flowhq.Start)
	eventually(t, patience, func() error {
		log, err := b.log()
		if err == nil && (len(log) != 2 || log[1].Status != flowhq.Unknown) {
			err = fmt.Errorf("%+v; want a reply whose outcome is unknown", log)
		}
		return err
	})
	b.command(flowhq.Stop)
	b.becomes(patience, flowhq.TenantPaused, flowhq.Disconnected, flowhq.HostStopped)
	s.fault(object{"kind": "logout", "number": b.PhoneNumber})
	b.command(flowhq.Start)
	b.becomes(patience, flowhq.TenantError, flowhq.LoggedOut, flowhq.HostError)
	other.hasNumber()
	b.command(flowhq.Start)
	other.scan()
	b.connected(patience)
	s.fault(object{"kind": "clear"})

	ask(t, c, other, "hello", patience) // sent after all that was due
	if inbox, err := c.inbox(other); err != nil || len(inbox) != 1 {
		t.Errorf("the customer has %v, %v from the new number; want the one answer to it", inbox, err)
	}
	log, err := b.log()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range log {
		switch {
		case m.Direction == flowhq.In:
		case m.FromNumber == b.PhoneNumber:
			if m.Status != flowhq.Failed || m.Reason == "" {
				t.Errorf("the old number's reply is %s, %q; want it FAILED, and why", m.Status, m.Reason)
			}
			if code, err := s.call("POST", fmt.Sprintf("%s/logs/%d/retry", b.path(), m.ID), nil,
				nil); code != 409 {
				t.Errorf("retry of the old number's reply: %d, %v; want 409", code, err)
			}
		case m.FromNumber != other.PhoneNumber:
			t.Errorf("a reply is from %q", m.FromNumber)
		}
	}
	if n := s.events(b.id, "NUMBER_CHANGED"); n != 1 {
		t.Errorf("%d events NUMBER_CHANGED; want 1", n)
	}
}
