package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

var barbers = flowhq.NewTenant{
	Name: "barbers", PhoneNumber: "+254700000001", Template: flowhq.BookingTemplate,
	BusinessName: "Blue Door Barbers", Language: flowhq.English,
}

func TestCommandsMayBeRepeated(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	b := s.business(barbers)
	b.command(flowhq.Start)
	b.command(flowhq.Start)
	b.scan()
	b.connected(patience)

	b.command(flowhq.Stop)
	b.command(flowhq.Stop)
	b.becomes(patience, flowhq.TenantPaused, flowhq.Disconnected, flowhq.HostStopped)

	b.command(flowhq.Start)
	b.connected(patience) // still linked: no QR code
	before := b.epoch()
	b.command(flowhq.Restart)
	b.replaced(before)

	// Force-restart while the session is off the air.
	s.fault(object{"kind": "refuse_logins", "number": b.PhoneNumber, "seconds": 2, "reason": 503})
	s.fault(object{"kind": "drop", "number": b.PhoneNumber})
	eventually(t, patience, func() error {
		got, err := b.read()
		if err == nil && got.Session.State == flowhq.Connected {
			err = fmt.Errorf("still %s", got.Session.State)
		}
		return err
	})
	b.command(flowhq.ForceRestart)
	b.command(flowhq.ForceRestart)
	b.connected(patience)
	b.neverHostedTwice()

	// Delete while connected, twice.
	s.must(s.call("DELETE", b.path(), nil, nil))
	s.must(s.call("DELETE", b.path(), nil, nil))
	eventually(t, patience, func() error {
		if code, err := s.call("GET", b.path(), nil, nil); code != 404 {
			return fmt.Errorf("GET of a deleted tenant: %d, %v; want 404", code, err)
		}
		return nil
	})
	s.must(s.call("DELETE", b.path(), nil, nil))
	b.neverHostedTwice()
	b.hasDevices(0)
}

// hasDevices fails the test unless the phone has that many linked devices.
func (b *business) hasDevices(want int) {
	b.s.t.Helper()
	var phone struct{ Devices []struct{ ID int } }
	b.s.must(b.s.simulate("GET", "/phones/"+escape(b.PhoneNumber), nil, &phone))
	if len(phone.Devices) != want {
		b.s.t.Errorf("the phone has %d linked devices; want %d", len(phone.Devices), want)
	}
}

// A phone that is linked to one tenant cannot be linked to a second: both would
// answer its customers.
func TestOneNumberOneTenant(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	first := s.business(barbers)
	first.link()
	other := barbers
	other.Name = "impostor"
	if code, err := s.call("POST", "/admin/tenants", other, nil); code != 409 ||
		!strings.Contains(err.Error(), string(first.id)) {
		t.Errorf("another tenant of this number: %d, %v; want 409 that names the first", code, err)
	}
	other.PhoneNumber = "+254700000009"
	second := s.business(other)
	second.command(flowhq.Start)
	eventually(t, patience, func() error {
		code, err := second.code()
		if err != nil {
			return err
		}
		if status, err := first.scanned(code); status != 422 {
			return fmt.Errorf("the second scan: %d, %v; want 422", status, err)
		}
		return nil
	})
	second.becomes(patience, flowhq.TenantError, flowhq.Disconnected, flowhq.HostError)
	got, err := second.read()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got.Session.Reason, "another tenant") || got.Session.Number != "" {
		t.Errorf("reason %q, number %q; want one that names the other tenant, and none",
			got.Session.Reason, got.Session.Number)
	}
	ask(t, s.customer("+254711000001", "Amina"), first, "hello", patience)
	first.neverHostedTwice()
}

func TestLoggedOutOnThePhone(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	b := s.business(barbers)
	b.link()
	c := s.customer("+254711000001", "Amina")
	ask(t, c, b, "hello", patience)

	s.must(s.simulate("POST", "/phones/"+escape(b.PhoneNumber)+"/logout", map[string]any{}, nil))
	b.becomes(patience, flowhq.TenantError, flowhq.LoggedOut, flowhq.HostError)
	got, err := b.read()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got.Session.Reason, "phone") {
		t.Errorf("the reason is %q; want one that tells of the phone", got.Session.Reason)
	}

	b.link() // a new QR code
	ask(t, c, b, "hello again", patience)
	log, err := b.log()
	if err != nil {
		t.Fatal(err)
	}
	if len(log) != 4 {
		t.Errorf("the log has %d messages; want the 2 of before and 2 new ones", len(log))
	}
}

func TestDroppedConnection(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	b := s.business(barbers)
	b.link()
	c := s.customer("+254711000001", "Amina")
	ask(t, c, b, "hello", patience)
	s.fault(object{"kind": "drop", "number": b.PhoneNumber})
	ask(t, c, b, "hello again", patience)
	b.neverHostedTwice()
}

func TestMessagesDeliveredTwice(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	b := s.business(unlimited(barbers))
	b.link()
	c := s.customer("+254711000001", "Amina")
	s.fault(object{"kind": "duplicate", "number": b.PhoneNumber, "count": 3})
	cs := []*conversation{{customer: c, to: b,
		texts: []string{"hello", "prices", "how are you", "booking", "26 February"}}}
	play(t, cs, nil)
	answeredOnce(t, patience, cs)
}

// outage is how long a part is away. The hosts' lease is much shorter.
const outage = 20 * time.Second

func TestDatabaseOutage(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	cs := market(t, s, unlimited)[:3]
	s.stopDatabase()
	wait(t, outage)
	play(t, cs, nil) // while the database is away: WhatsApp keeps the messages
	s.startDatabase()
	answeredOnce(t, patience, cs)
	hostedOnce(cs)
}

func TestTemporalOutage(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	cs := market(t, s, unlimited)[:3]
	s.temporald.kill()
	// Sessions go on without Temporal for as long as they hold their leases.
	play(t, cs, nil)
	answeredOnce(t, patience, cs)
	wait(t, outage)
	s.startTemporal()
	more := append([]*conversation(nil), cs...)
	play(t, more, nil)
	answeredOnce(t, patience, more)
	cs[0].to.command(flowhq.Stop) // commands work again
	cs[0].to.becomes(patience, flowhq.TenantPaused, flowhq.Disconnected, flowhq.HostStopped)
	cs[0].to.command(flowhq.Start)
	cs[0].to.connected(patience)
	hostedOnce(cs)
}

// A panic ends the session that it is in, and is told of; the process goes on.
func TestPanicEndsOneSession(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	w := s.startCommand("worker", append(s.env, "FLOWHQ_FAILPOINTS=host.online=panic:1"),
		os.Getenv("FLOWHQ_FAILPOINTS_BIN"), "worker")
	w.attr("worker started", "name")
	b := s.business(unlimited(barbers))
	b.command(flowhq.Start)
	b.scan()
	eventually(t, patience, func() error {
		now, err := b.read()
		if err == nil && (now.Session.Ending != flowhq.EndFailed ||
			now.Session.State != flowhq.Disconnected || now.Host.LastError == "") {
			err = fmt.Errorf("%s: %+v, %+v; want it to have ended as %s", b.Name, now.Session,
				now.Host, flowhq.EndFailed)
		}
		return err
	})
	w.attr("host panicked", "panic")
	w.terminate()
	w.ended(patience)
	s.worker("next")
	ask(t, s.customer("+254711000001", "Amina"), b, "and now?", patience)
	b.neverHostedTwice()
}

// wait lets an outage last. It is the length of the outage that is tested, not
// something that should have happened meanwhile.
func wait(t testing.TB, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}
