package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/advice"
)

// A row is one way for a session to end.
type row struct {
	name   string
	want   flowhq.Ending
	linked bool            // the tenant is on the air before
	make   func(*business) // makes it end like this
	rests  *states         // what it comes to; nil = it comes back by itself
	then   func(*business) // what is tried after it was looked at; may be nil
	b      *business
}

type states struct {
	tenant  flowhq.TenantStatus
	session flowhq.SessionState
	worker  flowhq.HostStatus
}

var (
	broken  = &states{flowhq.TenantError, flowhq.Disconnected, flowhq.HostError}
	logged  = &states{flowhq.TenantError, flowhq.LoggedOut, flowhq.HostError}
	blocked = &states{flowhq.TenantError, flowhq.Banned, flowhq.HostError}
	parked  = &states{flowhq.TenantPaused, flowhq.Disconnected, flowhq.HostStopped}
)

// Each way for a session to end is told apart from all others, to the operator in
// the API, the event log and the Web UI, and to the monitoring. Most take place at
// the same time on one stand; those that befall all tenants come after.
func TestEndings(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	// It has room for one, which stops answering later on.
	w := watch(s)
	w.worker("quiet", "WORKER_CAPACITY=1")
	unresponsive := &row{name: "unresponsive connection", want: flowhq.EndUnresponsive,
		make: inflict("unresponsive"), b: s.tenant(0)}
	unresponsive.b.link()
	t.Run("proxy failed", func(t *testing.T) { w.in(t).proxied(s.tenant(99)) }) // while that is all the room

	w.worker("first")
	w.worker("second")
	rows := endings()
	for i, r := range rows {
		r.b = s.tenant(i + 1)
		if r.linked {
			r.b.command(flowhq.Start)
		}
	}
	for _, r := range rows {
		if r.linked {
			r.b.scan()
		}
	}
	for _, r := range rows {
		if r.linked {
			r.b.connected(patience)
		}
	}
	stranded := rows[0].b
	for _, f := range []struct { // faults of all logins: nobody else may log in meanwhile
		kind string
		want flowhq.Ending
	}{
		{"unreachable", flowhq.EndUnreachable}, {"wrong_tls", flowhq.EndCertificate},
		{"wrong_noise", flowhq.EndCertificate},
	} {
		t.Run(f.kind, func(t *testing.T) { w.in(t).cannotConnect(stranded, f.kind, f.want) })
	}
	unresponsive.make(unresponsive.b)                // takes more than a minute to notice, in which the rest takes place
	s.fault(object{"kind": "few_codes", "count": 1}) // of 20 s
	for _, r := range rows {
		r.make(r.b)
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) { w.in(t).look(r) })
	}
	for _, r := range slices.Backward(rows) { // the last takes longest, and others come to an end meanwhile
		if r.then != nil {
			t.Run("after "+r.name, func(t *testing.T) { r.then(w.in(t).view(r.b)) })
		}
	}
	t.Run(unresponsive.name, func(t *testing.T) { w.in(t).look(unresponsive) })
	t.Run("worker draining", func(t *testing.T) { w.in(t).draining() })
	t.Run("worker lost", func(t *testing.T) { w.in(t).killed() })
	w.databaseLost(unresponsive.b) // the stand's own, so no subtest
	t.Run("client outdated", func(t *testing.T) {
		r := &row{want: flowhq.EndOutdated, make: refuse(405, 0, time.Hour), rests: broken, b: stranded}
		r.make(r.b)
		w.in(t).look(r)
	})
}

// endings are the rows that befall one tenant each. The first comes back.
func endings() []*row {
	return []*row{
		{name: "lost connection", want: flowhq.EndLost, linked: true, make: inflict("drop")},
		{name: "replaced by a stranger", want: flowhq.EndReplacedByStranger, linked: true,
			make: inflict("replace")},
		{name: "replaced by us", want: flowhq.EndReplacedByUs, linked: true,
			make: order(flowhq.ForceRestart)},
		{name: "restarted", want: flowhq.EndRestarted, linked: true, make: order(flowhq.Restart)},
		{name: "stopped", want: flowhq.EndStopped, linked: true, make: order(flowhq.Stop), rests: parked},
		{name: "device removed", want: flowhq.EndDeviceRemoved, linked: true,
			make: inflict("logout"), rests: logged},
		{name: "logged out", want: flowhq.EndLoggedOut, linked: true,
			make: refuse(401, 0, time.Hour), rests: logged},
		{name: "banned", want: flowhq.EndBanned, linked: true, make: refuse(406, 0, time.Hour),
			rests: blocked},
		{name: "account locked", want: flowhq.EndLocked, linked: true,
			make: refuse(403, 0, time.Hour), rests: blocked},
		{name: "refused", want: flowhq.EndRefused, linked: true, make: refuse(409, 0, time.Hour),
			rests: broken},
		{name: "ban that ends", want: flowhq.EndTempBanned, linked: true,
			make: refuse(402, 104, 25*time.Second), rests: blocked, then: waitForIt},
		{name: "ban cut short", want: flowhq.EndTempBanned, linked: true,
			make: refuse(402, 102, time.Hour), rests: blocked, then: cutItShort},
		{name: "pairing failed", want: flowhq.EndPairFailed, make: linkAnothersPhone, rests: broken},
		{name: "passkey asked for", want: flowhq.EndPasskey, make: linkWithPasskey, rests: broken},
		{name: "nobody scans", want: flowhq.EndQRExpired, make: order(flowhq.Start), rests: parked,
			then: askOnceMore},
	}
}

// inflict has the simulator do something to the number.
func inflict(kind string) func(*business) {
	return func(b *business) {
		b.s.fault(object{"kind": kind, "number": b.PhoneNumber})
	}
}

// refuse has WhatsApp refuse the number's logins, the next of which is at once.
func refuse(reason, code int, d time.Duration) func(*business) {
	return func(b *business) {
		b.s.fault(object{
			"kind": "refuse_logins", "number": b.PhoneNumber, "reason": reason, "code": code,
			"seconds": d.Seconds(),
		})
		inflict("drop")(b)
	}
}

func order(c flowhq.Command) func(*business) { return func(b *business) { b.command(c) } }

// waitForIt sees a ban end by itself.
func waitForIt(b *business) { b.connected(patience) }

// cutItShort starts a tenant before its ban ends.
func cutItShort(b *business) {
	refuse(402, 102, 0)(b)
	b.command(flowhq.Start)
	b.connected(patience)
}

// linkAnothersPhone scans the code with a phone that is linked to another tenant.
func linkAnothersPhone(b *business) {
	b.command(flowhq.Start)
	owner := &business{s: b.s, NewTenant: tenantNumber(1)}
	eventually(b.s.t, patience, func() error { return b.refusedBy(owner) })
}

func linkWithPasskey(b *business) {
	inflict("want_passkey")(b)
	b.command(flowhq.Start)
	eventually(b.s.t, patience, func() error { return b.refusedBy(b) })
}

// refusedBy holds a phone before the code, which must come to nothing.
func (b *business) refusedBy(phone *business) error {
	code, err := b.code()
	if err != nil {
		return err
	}
	if status, err := phone.scanned(code); status != 422 {
		return fmt.Errorf("scan: %d, %w; want 422", status, err)
	}
	return nil
}

// askOnceMore asks for the code of a tenant that was parked, which says what to do;
// does that; and asks for longer than one round of codes lasts.
func askOnceMore(b *business) {
	var none struct {
		Code     *string
		NextStep string `json:"next_step"`
	}
	b.s.must(b.s.call("GET", b.path()+"/qr", nil, &none))
	if none.Code != nil || none.NextStep != advice.NextStep(flowhq.EndQRExpired) {
		b.s.t.Errorf("GET qr of a parked tenant: %+v; want what to do, and no code", none)
	}
	b.command(flowhq.Start)
	var codes []string
	eventually(b.s.t, patience, func() error {
		code, err := b.code()
		if err == nil && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
		if len(codes) < 2 { // a round is one code here
			return fmt.Errorf("%d rounds of codes; want another", len(codes))
		}
		_, err = b.scanned(codes[len(codes)-1])
		return err
	})
	b.connected(patience)
}

// tenantNumber is the nth tenant of this test.
func tenantNumber(n int) flowhq.NewTenant {
	t := barbers
	t.Name, t.PhoneNumber = fmt.Sprintf("tenant-%02d", n), fmt.Sprintf("+2547000010%02d", n)
	return t
}

func (s *stand) tenant(n int) *business {
	s.t.Helper()
	return s.business(tenantNumber(n))
}
