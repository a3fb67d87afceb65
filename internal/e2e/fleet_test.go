package e2e

import (
	"fmt"
	"slices"
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
			Template: flowhq.Booking, BusinessName: "Fleet", Language: flowhq.English,
		}))
		wg.Go(all[i].link)
	}
	wg.Wait()
	return all
}

// logins are the times at which the number logged in, as WhatsApp's side saw it.
func (b *business) logins() (times []time.Time) {
	b.s.t.Helper()
	var list struct{ Logins []struct{ At time.Time } }
	b.s.must(b.s.simulate("GET", "/phones/"+escape(b.PhoneNumber)+"/logins?limit=1000", nil, &list))
	for _, l := range list.Logins {
		times = append(times, l.At)
	}
	return times
}

// After an outage of the network all sessions come back, some at a time.
func TestReconnectsArePaced(t *testing.T) {
	const sessions, perSecond = 10, 2
	s := newStand(t, fmt.Sprint("CONNECTS_PER_SECOND=", perSecond))
	s.worker("worker")
	all := s.fleet(sessions)
	outage := time.Now()
	s.must(s.simulate("POST", "/faults", map[string]any{"kind": "drop"}, nil))
	var logins []time.Time
	for _, b := range all {
		eventually(t, patience, func() error {
			times := b.logins()
			times = slices.DeleteFunc(times, func(at time.Time) bool { return at.Before(outage) })
			if len(times) == 0 {
				return fmt.Errorf("%s has not come back", b.Name)
			}
			logins = append(logins, slices.MinFunc(times, time.Time.Compare))
			return nil
		})
		b.connected(patience)
	}
	slices.SortFunc(logins, time.Time.Compare)
	// The bucket holds a second's worth; a login takes a moment after its turn.
	const least = (sessions - perSecond) * time.Second / perSecond
	if span := logins[sessions-1].Sub(logins[0]); span < least-time.Second {
		t.Errorf("all came back within %v; want it to take %v", span, least)
	}
	for i, first := range logins {
		n := 0
		for n < sessions-i && logins[i+n].Sub(first) < time.Second {
			n++
		}
		if n > 2*perSecond+1 {
			t.Errorf("%d logins within a second; want at most %d", n, 2*perSecond+1)
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
