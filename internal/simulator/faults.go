package simulator

import (
	"time"

	waBinary "go.mau.fi/whatsmeow/binary"
)

// Faults are made on command. Those that last are kept here, guarded by
// server.mu, and forgotten when the simulator ends.
type faults struct {
	refusals   map[string]refusal  // by digits; "" = everybody
	duplicates map[string]int      // by digits: messages still to deliver twice
	lostAcks   map[string]int      // by digits: messages whose acknowledgement is still to be lost
	lateAcks   map[string]delays   // by digits: of acknowledgements
	late       map[string]delays   // by digits: of deliveries
	forms      map[string][]string // by digits of a customer: how deliveries name it
	versions   versions
	odd        odd
}

func newFaults() faults {
	return faults{
		refusals: map[string]refusal{}, duplicates: map[string]int{},
		lostAcks: map[string]int{}, lateAcks: map[string]delays{}, late: map[string]delays{},
		forms: map[string][]string{},
		odd:   odd{passkeys: map[string]bool{}},
	}
}

// Delays are how many things still come late, and how late.
type delays struct {
	count int
	by    time.Duration
}

// take returns how late the next thing for the number comes.
func take(all map[string]delays, number string) time.Duration {
	d := all[number]
	if d.count == 0 {
		return 0
	}
	d.count--
	all[number] = d
	return d.by
}

// A refusal is why logins fail for a while.
type refusal struct {
	reason int
	code   int // of a ban
	until  time.Time
}

// banCode is the usual reason of a ban: too many messages to people who did not ask.
const banCode = 101

// attrs returns what the failure says besides its reason.
func (r refusal) attrs() waBinary.Attrs {
	if r.reason != reasonTempBanned {
		return nil
	}
	left := int(time.Until(r.until).Seconds()) + 1
	return waBinary.Attrs{"code": r.code, "expire": left}
}

// refuseLogins makes logins of the number, or everybody's if it is "", fail
// with reason for a while. The caller holds mu.
func (f *faults) refuseLogins(number string, r refusal) { f.refusals[number] = r }

// refusal returns why a login of the number fails now, and counts it.
func (s *server) refusal(number string) (r refusal, refused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range []string{number, ""} {
		if r = s.faults.refusals[key]; time.Now().Before(r.until) {
			s.stats.refused++
			return r, true
		}
		delete(s.faults.refusals, key)
	}
	return refusal{}, false
}

// takeDuplicate reports whether the message being queued for d is to be
// delivered twice. The caller holds mu.
func (f *faults) takeDuplicate(d *device) bool {
	number := d.account.Number
	if d.ID == 0 || f.duplicates[number] == 0 {
		return false
	}
	f.duplicates[number]--
	return true
}

// takeAck says what becomes of the acknowledgement of the next message that d,
// a companion, has sent. The caller holds mu.
func (f *faults) takeAck(d *device) (lost bool, late time.Duration) {
	number := d.account.Number
	if d.ID == 0 {
		return false, 0
	}
	if f.lostAcks[number] > 0 {
		f.lostAcks[number]--
		return true, 0
	}
	return false, take(f.lateAcks, number)
}

// drop cuts the connections of the number, or everybody's if it is "", and
// returns how many there were.
func (s *server) drop(number string) int {
	dropped := s.connections(func(c *conn) bool {
		return number == "" || (c.device != nil && c.device.account.Number == number)
	})
	for _, c := range dropped {
		c.kill()
	}
	return len(dropped)
}

// Counters since the simulator started, guarded by server.mu.
type stats struct {
	logins, replaced, routed, refused int
}

type numberStats struct {
	logins, replaced, acked int
}
