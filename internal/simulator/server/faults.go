package server

import (
	"slices"
	"strings"
	"sync"
	"time"

	waBinary "go.mau.fi/whatsmeow/binary"

	"github.com/flowhq/flowhq"
)

// noDelay is the delay of what comes in time.
const noDelay time.Duration = 0

// banCode is the usual reason of a ban: too many messages to people who did not ask.
const banCode = 101

// Faults are what the server does wrong on demand. Those that last are kept here until
// they are over, cleared, or the server ends. Those that happen once, such as cutting
// connections, are methods of [Server] (faultactions.go). Faults are safe for concurrent
// use; numbers are digits only.
type Faults struct {
	mu     sync.Mutex
	active activeFaults
}

// activeFaults are the faults that are still to come, by number. Counts go down as things
// happen; times pass.
type activeFaults struct {
	refusals   map[string]Refusal // "" = everybody
	duplicates map[string]int     // messages still to deliver twice
	lostAcks   map[string]int     // messages whose acknowledgement is still to be lost
	lateAcks   map[string]delays
	late       map[string]delays   // of deliveries
	forms      map[string][]string // how the next deliveries name a customer
	passkeys   map[string]bool     // phones whose account wants its passkey
	versions   Versions
	codes      int // that a client which links is given; 0 = as usual
	uploads    int // of media that still fail, with uploadStatus

	uploadStatus int

	unreachable, wrongTLS, wrongNoise time.Time // until when
}

// newFaults returns no faults.
func newFaults() *Faults {
	f := &Faults{}
	f.Clear()
	return f
}

// Clear ends all faults that are still to come.
func (f *Faults) Clear() {
	f.change(func(a *activeFaults) {
		*a = activeFaults{
			refusals: map[string]Refusal{}, duplicates: map[string]int{},
			lostAcks: map[string]int{}, lateAcks: map[string]delays{}, late: map[string]delays{},
			forms: map[string][]string{}, passkeys: map[string]bool{},
		}
	})
}

// change lends the active faults to one function at a time. Whoever calls it may hold the
// server's state. The function calls nothing else, so the two locks cannot deadlock.
func (f *Faults) change(do func(*activeFaults)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do(&f.active)
}

// delays are how many things still come late, and how late.
type delays struct {
	count int
	by    time.Duration
}

// take returns how late the next thing of a number comes, and counts it.
func take(all map[string]delays, number string) time.Duration {
	d := all[number]
	if d.count == 0 {
		return noDelay
	}
	d.count--
	all[number] = d
	return d.by
}

// A Refusal is why logins fail for a while. WhatsApp refuses single numbers with 401 to 406,
// and everybody with 500 and above when it is in trouble.
type Refusal struct {
	Reason int       // as the client knows it; 0 = 503
	Code   int       // why the number was banned, if Reason is a ban's; 0 = 101
	Until  time.Time // when logins succeed again
}

// attrs returns what the failure says besides its reason.
func (r Refusal) attrs() waBinary.Attrs {
	if r.Reason != reasonTempBanned {
		return nil
	}
	left := int(time.Until(r.Until).Seconds()) + 1
	return waBinary.Attrs{"code": r.Code, "expire": left}
}

// RefuseLogins has logins of a number fail for a while, or everybody's and all pairing if
// the number is "". It returns the refusal with its defaults filled in.
func (f *Faults) RefuseLogins(number string, r Refusal) Refusal {
	if r.Reason == 0 {
		r.Reason = reasonUnavailable
	}
	if r.Code == 0 {
		r.Code = banCode
	}
	f.change(func(a *activeFaults) { a.refusals[number] = r })
	return r
}

// refusal returns why a login of a number fails now, if it does. What is over is removed,
// so that the next login looks it up no more.
func (f *Faults) refusal(number string) (r Refusal, isRefused bool) {
	f.change(func(a *activeFaults) {
		for _, key := range []string{number, ""} {
			if r = a.refusals[key]; time.Now().Before(r.Until) {
				isRefused = true
				return
			}
			delete(a.refusals, key)
		}
	})
	return r, isRefused
}

// refusal returns why a login of a number fails now, if it does, and counts it. Pairing has
// no number yet: it asks with "", and fails when everybody's logins do.
func (s *Server) refusal(number string) (r Refusal, isRefused bool) {
	if r, isRefused = s.Faults.refusal(number); isRefused {
		s.counts.refused.Add(1)
	}
	return r, isRefused
}

// DuplicateDeliveries has the next messages to a number's companions delivered twice.
func (f *Faults) DuplicateDeliveries(number string, count int) {
	f.change(func(a *activeFaults) { a.duplicates[number] = count })
}

// DelayDeliveries has the next messages to a number delivered late.
func (f *Faults) DelayDeliveries(number string, count int, by time.Duration) {
	f.change(func(a *activeFaults) { a.late[number] = delays{count, by} })
}

// takeDelivery returns what befalls the next message to a number. It is asked when the
// message is queued, so a count is used up in the order of the messages.
func (f *Faults) takeDelivery(
	number string, isCompanion bool,
) (isTwice bool, delay time.Duration) {
	f.change(func(a *activeFaults) {
		if isCompanion && a.duplicates[number] > 0 {
			a.duplicates[number]--
			isTwice = true
		}
		delay = take(a.late, number)
	})
	return isTwice, delay
}

// LoseAcks has the next messages of a number's companions routed and not acknowledged.
func (f *Faults) LoseAcks(number string, count int) {
	f.change(func(a *activeFaults) { a.lostAcks[number] = count })
}

// DelayAcks has the next messages of a number's companions acknowledged late.
func (f *Faults) DelayAcks(number string, count int, by time.Duration) {
	f.change(func(a *activeFaults) { a.lateAcks[number] = delays{count, by} })
}

// takeAck returns what befalls the acknowledgement of the next message that one of a
// number's companions has sent.
func (f *Faults) takeAck(number string) (isLost bool, delay time.Duration) {
	// A lost one does not use up a delay: both faults may be set together.
	f.change(func(a *activeFaults) {
		if isLost = a.lostAcks[number] > 0; isLost {
			a.lostAcks[number]--
			return
		}
		delay = take(a.lateAcks, number)
	})
	return isLost, delay
}

// Ways in which a delivered message names its writer.
const (
	formLIDNumber = "lid_number" // the LID, with the number beside it: the usual one
	formLID       = "lid"
	formNumber    = "number"
	formNumberLID = "number_lid" // the number, with the LID beside it
)

// forms are listed as the control API explains them.
var forms = []string{formLIDNumber, formLID, formNumber, formNumberLID}

// SetForms sets in which form each of the next deliveries of a customer's messages to
// companions names the customer. The last form stays. It fails with [flowhq.Invalid] on a
// form that does not exist.
func (f *Faults) SetForms(number string, next []string) error {
	// A misspelt form would make no fault, and the test would prove nothing.
	for _, form := range next {
		if !slices.Contains(forms, form) {
			return flowhq.Errorf(flowhq.Invalid,
				"forms must be a list of %s", strings.Join(forms, ", "))
		}
	}
	f.change(func(a *activeFaults) { a.forms[number] = next })
	return nil
}

// takeForm returns the form of the next delivery of a customer's message. One that was set
// for a single delivery is used up by it, also if that is a repetition.
func (f *Faults) takeForm(number string) (form string) {
	f.change(func(a *activeFaults) {
		next := a.forms[number]
		if len(next) == 0 {
			form = formLIDNumber
			return
		}
		if len(next) > 1 {
			a.forms[number] = next[1:]
		}
		form = next[0]
	})
	return form
}

// RequirePasskey has the account of a phone ask for its passkey whenever the phone scans
// a code.
func (f *Faults) RequirePasskey(number string) {
	f.change(func(a *activeFaults) { a.passkeys[number] = true })
}

// requiresPasskey reports whether the account of a phone asks for its passkey.
func (f *Faults) requiresPasskey(number string) (requires bool) {
	f.change(func(a *activeFaults) { requires = a.passkeys[number] })
	return requires
}

// LimitCodes sets how many codes a client that links is given; 0 = [MaxCodes].
func (f *Faults) LimitCodes(count int) {
	f.change(func(a *activeFaults) { a.codes = count })
}

// codes returns how many codes the next client is given: 6, unless the fault is on.
func (f *Faults) codes() (n int) {
	f.change(func(a *activeFaults) { n = a.codes })
	if n == 0 {
		return MaxCodes
	}
	return n
}

// FailUploads has the next uploads of media fail with an HTTP status.
func (f *Faults) FailUploads(count, status int) {
	f.change(func(a *activeFaults) { a.uploads, a.uploadStatus = count, status })
}

// takeUpload returns the status that the next upload fails with, 0 if it does not.
func (f *Faults) takeUpload() (status int) {
	f.change(func(a *activeFaults) {
		if a.uploads > 0 {
			a.uploads--
			status = a.uploadStatus
		}
	})
	return status
}
