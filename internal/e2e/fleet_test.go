package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// fleet creates and links so many tenants.
func (s *stand) fleet(n int) []*business {
	s.t.Helper()
	all := make([]*business, n)
	var wg sync.WaitGroup
	for i := range all {
		all[i] = s.business(unlimited(flowhq.NewTenant{
			Name: fmt.Sprintf("tenant %d", i), PhoneNumber: fmt.Sprintf("+2547970%05d", i),
			Template: flowhq.BookingTemplate, BusinessName: "Fleet", Language: flowhq.English,
		}))
		wg.Go(all[i].link)
	}
	wg.Wait()
	return all
}

// logins are the logins of the number, as WhatsApp's side saw it.
func (b *business) logins() []arrival {
	b.s.t.Helper()
	var list struct{ Logins []arrival }
	b.s.must(b.s.simulate("GET", "/phones/"+escape(b.PhoneNumber)+"/logins", nil, &list))
	return list.Logins
}

// An arrival is one login of a number.
type arrival struct {
	At       time.Time
	OffAirMS int64  `json:"offline_ms"` // for how long it was offline before
	Version  string // that it passed for
}

// After an outage of the network all sessions come back, some at a time.
func TestReconnectsArePaced(t *testing.T) {
	const sessions, perSecond = 12, 2
	s := newStand(t, fmt.Sprint("CONNECTS_PER_SECOND=", perSecond))
	s.worker("worker")
	all := s.fleet(sessions)
	outage := time.Now()
	s.fault(object{"kind": "drop"})
	var logins []time.Time
	for _, b := range all {
		eventually(t, patience, func() error {
			for _, l := range b.logins() { // the oldest first
				if l.At.After(outage) {
					logins = append(logins, l.At)
					return nil
				}
			}
			return fmt.Errorf("%s has not come back", b.Name)
		})
		b.connected(patience)
	}
	slices.SortFunc(logins, time.Time.Compare)
	// The bucket holds two seconds' worth; a login takes a moment after its turn.
	const least = (sessions - 2*perSecond) * time.Second / perSecond
	if span := logins[sessions-1].Sub(logins[0]); span < least-time.Second {
		t.Errorf("all came back within %v; want it to take %v", span, least)
	}
	for i, first := range logins {
		n := 0
		for n < sessions-i && logins[i+n].Sub(first) < time.Second {
			n++
		}
		if n > 3*perSecond+1 {
			t.Errorf("%d logins within a second; want at most %d", n, 3*perSecond+1)
		}
	}
	hosted(all)
}

// hosted fails the test if a number was ever hosted twice at a time.
func hosted(all []*business) {
	for _, b := range all {
		b.neverHostedTwice()
	}
}

// With all places taken a further tenant waits, says so wherever an operator looks,
// and starts as soon as there is room.
func TestFullWorkers(t *testing.T) {
	t.Parallel()
	s := newStand(t, "WORKER_CAPACITY=2")
	s.worker("worker")
	all := s.fleet(2)
	third := s.business(barbers)
	third.command(flowhq.Start)
	const reason = "waiting for a free worker: all 2 places are taken"
	third.becauseOf(flowhq.HostStarting, reason)
	eventually(t, patience, func() error { return s.shownInWebUI(third, reason) })
	eventually(t, patience, func() error { return s.hasWorkers(2, 2) })

	all[0].command(flowhq.Stop)
	third.scan()
	third.connected(patience)
	now, err := third.read()
	if err != nil || now.Session.Reason != "" {
		t.Errorf("once connected, the reason is %q, %v; want none", now.Session.Reason, err)
	}

	all[0].command(flowhq.Start)
	all[0].becauseOf(flowhq.HostStarting, reason)
	s.worker("another")
	all[0].connected(patience)
	eventually(t, patience, func() error { return s.hasWorkers(3, 2, 2) })
	hosted(append(all, third))
}

// becauseOf waits until the tenant's worker has a status for a reason.
func (b *business) becauseOf(status flowhq.HostStatus, reason string) {
	b.s.t.Helper()
	eventually(b.s.t, patience, func() error {
		now, err := b.read()
		if err == nil && (now.Host.Status != status || now.Session.Reason != reason) {
			err = fmt.Errorf("%s is %s: %q; want %s: %q", b.Name, now.Host.Status,
				now.Session.Reason, status, reason)
		}
		return err
	})
}

// shownInWebUI returns nil if the tenant's page in the Web UI shows the reason.
func (s *stand) shownInWebUI(b *business, reason string) error {
	c, err := s.dialTemporal(s.t.Context())
	if err != nil {
		return err
	}
	defer c.Close()
	text, err := currentDetails(s.t.Context(), c, b)
	if err == nil && !strings.Contains(text, reason) {
		err = fmt.Errorf("the Web UI shows\n%s\nwant the reason %q", text, reason)
	}
	return err
}

// hasWorkers returns nil if so many sessions are hosted by workers of these capacities.
func (s *stand) hasWorkers(sessions int, capacities ...int) error {
	var list struct{ Workers []flowhq.Worker }
	if _, err := s.call("GET", "/admin/workers", nil, &list); err != nil {
		return err
	}
	var got []int
	for _, w := range list.Workers {
		got = append(got, w.Capacity)
		sessions -= w.Sessions
	}
	if sessions != 0 || !slices.Equal(got, capacities) {
		return fmt.Errorf("workers %+v; want capacities %v, and %d more sessions", list.Workers,
			capacities, sessions)
	}
	return nil
}
