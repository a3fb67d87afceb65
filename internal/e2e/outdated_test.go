package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/whatsapp"
)

// fleetNow is what GET /admin/fleet answers.
type fleetNow struct {
	flowhq.Fleet
	Events []flowhq.FleetEvent
}

// fleetBecomes waits until the fleet is as ok says.
func (s *stand) fleetBecomes(what string, ok func(fleetNow) bool) {
	s.t.Helper()
	eventually(s.t, patience, func() error {
		var now fleetNow
		_, err := s.call("GET", "/admin/fleet", nil, &now)
		if err == nil && !ok(now) {
			err = fmt.Errorf("the fleet is %+v; want %s", now, what)
		}
		return err
	})
}

// count counts the fleet's events of a type.
func (f fleetNow) count(event flowhq.EventType) (n int) {
	for _, e := range f.Events {
		if e.Type == event {
			n++
		}
	}
	return n
}

// accepts sets which revisions of the client WhatsApp accepts and which is the newest,
// counted from the one that the program was made for.
func (s *stand) accepts(oldest, newest, latest uint32) {
	s.t.Helper()
	s.fault(object{
		"kind": "versions", "oldest": madeFor(s.t) + oldest, "newest": madeFor(s.t) + newest,
		"latest": madeFor(s.t) + latest,
	})
}

func madeFor(t testing.TB) (revision uint32) {
	t.Helper()
	if _, err := fmt.Sscanf(whatsapp.BuiltInVersion(), "2.3000.%d", &revision); err != nil {
		t.Fatal(err)
	}
	return revision
}

func (s *stand) refusedLogins() int {
	s.t.Helper()
	var stats struct {
		Refused int `json:"refused_logins"`
	}
	s.must(s.simulate("GET", "/stats", nil, &stats))
	return stats.Refused
}

// WhatsApp stops accepting the client. The first session to find out tries again by
// itself; the second one pauses all reconnects, and those that are connected stay. A newer
// version is looked up and taken, which ends the pause; if that one is refused as well,
// the pause begins again.
func TestClientOutdated(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("one")
	s.worker("two")
	all := s.fleet(4)
	s.accepts(1, 9, 0)
	drop := func(b *business) {
		s.fault(object{"kind": "drop", "number": b.PhoneNumber})
	}
	drop(all[0])
	all[0].becomes(patience, flowhq.TenantError, flowhq.Disconnected, flowhq.HostError)
	now, err := all[0].read()
	if err != nil || !strings.Contains(now.Session.Reason, "version") {
		t.Errorf("the reason is %q, %v; want one that tells of the version", now.Session.Reason, err)
	}
	s.fleetBecomes("not paused because of one tenant", func(f fleetNow) bool {
		return !f.Paused && f.count("CLIENT_OUTDATED") == 0
	})
	drop(all[1])
	s.fleetBecomes("paused, with one alert", func(f fleetNow) bool {
		return f.Paused && strings.Contains(f.Reason, whatsapp.BuiltInVersion()) &&
			f.count("CLIENT_OUTDATED") == 1
	})
	refused := s.refusedLogins()
	drop(all[2])
	const waits = "waiting for reconnects, which are paused: WhatsApp no longer accepts version "
	all[2].becauseOf(flowhq.HostStarting, waits+whatsapp.BuiltInVersion()+" of the client")
	all[1].becomes(patience, flowhq.TenantError, flowhq.Disconnected, flowhq.HostError)
	ask(t, s.customer("+254711000001", "Amina"), all[3], "hello", patience)
	if n := s.refusedLogins(); n != refused {
		t.Errorf("%d logins were refused during the pause; want none", n-refused)
	}

	// WhatsApp does not accept the newest version either: it is not tried for long.
	look := map[string]any{"whatsapp_version": ""}
	s.accepts(1, 1, 2)
	s.must(s.call("PUT", "/admin/fleet", look, nil))
	bad := fmt.Sprintf("2.3000.%d", madeFor(t)+2)
	s.fleetBecomes("paused again, because of "+bad, func(f fleetNow) bool {
		return f.Paused && f.Version == bad && strings.Contains(f.Reason, bad) &&
			f.count("CLIENT_OUTDATED") == 2
	})
	if n := s.refusedLogins() - refused; n < 2 || n > 3 {
		t.Errorf("%d logins were refused with the newest version; want one of each session that waits, at most", n)
	}

	s.accepts(1, 3, 3)
	s.must(s.call("PUT", "/admin/fleet", look, nil))
	for _, b := range all {
		b.connected(patience)
	}
	accepted := fmt.Sprintf("2.3000.%d", madeFor(t)+3)
	s.fleetBecomes("resumed with "+accepted, func(f fleetNow) bool {
		return !f.Paused && f.Version == accepted && f.count("CLIENT_OUTDATED") == 2
	})
	refused = s.refusedLogins()
	for _, b := range all[:3] {
		if l := b.logins(); l[len(l)-1].Version != accepted {
			t.Errorf("%s came back as %s; want %s", b.Name, l[len(l)-1].Version, accepted)
		}
	}
	hosted(all)
	if n := s.refusedLogins(); n != refused {
		t.Errorf("%d logins were refused after that; want none", n-refused)
	}
}

// A version that is set by hand is used, also to link a phone, until another one is.
func TestVersionByHand(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.accepts(0, 5, 5)
	s.worker("worker", "WHATSAPP_VERSION=2.3000.1")
	b, other := s.tenant(1), s.tenant(2)
	b.command(flowhq.Start)
	other.command(flowhq.Start)
	s.fleetBecomes("paused", func(f fleetNow) bool { return f.Paused && f.Pinned && f.Version == "2.3000.1" })
	other.command(flowhq.Stop)
	b.becomes(patience, flowhq.TenantError, flowhq.Disconnected, flowhq.HostError)

	if status, err := s.call("PUT", "/admin/fleet", map[string]any{"whatsapp_version": "new"},
		nil); status != 400 {
		t.Errorf("PUT of a version that is none: %d, %v; want 400", status, err)
	}
	s.must(s.call("PUT", "/admin/fleet", map[string]any{"whatsapp_version": whatsapp.BuiltInVersion()}, nil))
	b.scan()
	b.connected(patience)
	versions := []string{}
	for _, l := range b.logins() {
		versions = append(versions, l.Version)
	}
	if want := []string{whatsapp.BuiltInVersion()}; !slices.Equal(slices.Compact(versions), want) {
		t.Errorf("it logged in as %v; want %v", versions, want)
	}

	// An operator may pause for reasons of his own.
	s.must(s.call("PUT", "/admin/fleet", map[string]any{"paused": true, "reason": "moving house"}, nil))
	b.command(flowhq.Restart)
	b.becauseOf(flowhq.HostStarting, "waiting for reconnects, which are paused: moving house")
	s.must(s.call("PUT", "/admin/fleet", map[string]any{"paused": false}, nil))
	b.connected(patience)
	b.neverHostedTwice()
}
