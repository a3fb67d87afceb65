package flowhq

import (
	"fmt"
	"time"
)

// A Transition is all that one step in a session's life changes. [Next] decides what follows
// an end; [Starting] and [Stopped] are the steps that a command causes; a host makes the
// others out of the state that the session has entered. Host, workflow and store pass on
// this one value. What operators see of a tenant is derived from its row: see [Situation].
//
// It travels through Temporal's history, so it never holds a code that links a phone.
type Transition struct {
	State SessionState `json:"state"`
	// Ending says how the session ended, "" if it has not. Reason says it to an operator.
	Ending Ending `json:"ending,omitempty"`
	Reason string `json:"reason,omitempty"`
	// WaitingFor is what a session waits for that is wanted and has no host; Reason says more.
	WaitingFor Wait `json:"waiting_for,omitempty"`
	// Event is the type of the event that tells of it, with Reason; "" = no event.
	Event EventType `json:"event,omitempty"`
	// LastError is what keeps the session from coming up; "" = nothing is wrong.
	LastError string `json:"last_error,omitempty"`

	// Retry says whether and when the session is tried again; "" = it has not ended.
	Retry   Retry                    `json:"retry,omitempty"`
	Delay   time.Duration            `json:"delay,omitempty"`   // of RetryAfterDelay
	RetryAt time.Time                `json:"retry_at,omitzero"` // of RetryAtTime
	Counts  `json:"counts,omitzero"` // what has gone wrong in a row, this step included
}

// Attention reports whether a person should look at the tenant.
func (t Transition) Attention() bool {
	return t.State != Connected && t.Ending.Attention() || t.KeepsFailing()
}

// IsFailure reports whether the end counts as a failure of the session, after which it backs
// off.
func (t Transition) IsFailure() bool {
	return t.Retry == RetryAfterDelay && t.Delay == Backoff(t.Failures)
}

// A Retry says what happens after an end.
type Retry string

const (
	// RetryAtOnce: the host completes, and the workflow starts the next one with no failure
	// counted.
	RetryAtOnce Retry = "AT_ONCE"
	// RetryAfterDelay: the host fails, and Temporal makes the next attempt after a delay,
	// without waking the workflow.
	RetryAfterDelay Retry = "AFTER_DELAY"
	// RetryAtTime: the workflow waits for a time, or a command.
	RetryAtTime Retry = "AT_TIME"
	// RetryByPerson: the workflow waits for a command.
	RetryByPerson Retry = "BY_PERSON"
)

// A Wait is what a session that is wanted waits for before it has a host. It is nothing of
// the session's own, so there is nothing that a person should do for this tenant.
type Wait string

const (
	WaitForWorker     Wait = "WORKER"     // the next worker that asks Temporal for work
	WaitForSlot       Wait = "FREE_SLOT"  // all workers are full
	WaitForReconnects Wait = "RECONNECTS" // the fleet is paused
)

// Waits lists every Wait.
var Waits = []Wait{WaitForWorker, WaitForSlot, WaitForReconnects}

// Counts is what has gone wrong with a session in a row. A session that was up for
// [StableFor] sets all of them to 0.
type Counts struct {
	Failures int `json:"failures,omitempty"` // attempts that failed by a fault of the session
	Losses   int `json:"losses,omitempty"`   // workers that died while they hosted it
	Outages  int `json:"outages,omitempty"`  // attempts that ended because the database was lost
}

// KeepsFailing reports whether a person should look at the session, or at what hosts it,
// whatever its state is now.
func (c Counts) KeepsFailing() bool {
	return c.Failures >= FlappingAfter || c.Losses >= CrashLoopAfter
}

// Bounds on what is tried again.
const (
	// StableFor is how long a session must have been online for its loss to be routine. A
	// session that is lost sooner backs off, or a flapping one would log in without a pause.
	StableFor = 30 * time.Second
	// FlappingAfter is how many attempts must fail in a row for a person to be told.
	FlappingAfter = 10
	// CrashLoopAfter is how many workers must die in a row while they host a session that does
	// not become stable, for it to wait before the next one hosts it: the session may be what
	// kills them.
	CrashLoopAfter = 3
	// MaxOutages is how often in a row a lost database may end a session that does not become
	// stable before it counts as the session's own failure: whatever it is, it recurs.
	MaxOutages = 20

	firstBackoff = 5 * time.Second // after the first failure
	lastBackoff  = 2 * time.Minute // after any but the first few

	// The next attempt waits for the database itself, so it may begin at once. After a session
	// that had not been stable it begins a little later, lest a write that always fails make
	// it log in again and again.
	outageDelay         = 100 * time.Millisecond
	unstableOutageDelay = 3 * time.Second

	moveDelay = time.Millisecond // to another worker; 0 would mean the retry policy's own
	// outdatedDelay is after how long the next attempt comes to wait for a newer version.
	outdatedDelay = time.Second
)

// Backoff is how long a session waits after so many failed attempts in a row: 5 s, twice as
// long each time, and at most 2 min.
func Backoff(failures int) time.Duration {
	d := firstBackoff
	for n := 1; n < failures && d < lastBackoff; n++ {
		d *= 2
	}
	return min(d, lastBackoff)
}

// CrashPause is how long a session waits after so many workers in a row died while they
// hosted it: not at all before [CrashLoopAfter] of them, then 1, 5 and 30 min.
func CrashPause(losses int) time.Duration {
	switch {
	case losses < CrashLoopAfter:
		return 0
	case losses == CrashLoopAfter:
		return time.Minute
	case losses == CrashLoopAfter+1:
		return 5 * time.Minute
	default:
		return 30 * time.Minute
	}
}

// A Before is what is known of a session when it ends.
type Before struct {
	Wanted bool // the last command asks for the session to be up
	// Again is whether a command asks for the next host whatever the end, as a start does that
	// comes while the host hangs up.
	Again  bool
	Stable bool // it was online for StableFor
	Counts      // before this end
}

// An End is how a session ended.
type End struct {
	Ending Ending
	Reason string    // for an operator
	Until  time.Time // when it is tried again; of TEMPORARILY_BANNED only
	Paused bool      // whether reconnects are paused for it; of CLIENT_OUTDATED only

	// The rest is of WORKER_LOST only.
	At time.Time // now
	// Counted is whether Counts has this loss already, or the worker died without the session in
	// its hands, so that the loss is not counted.
	Counted bool
}

// Next decides what follows the end of a session. It is the only place that does.
func Next(before Before, end End) Transition {
	rule := end.Ending.rule()
	t := Transition{
		State: rule.state, Ending: end.Ending, Reason: end.Reason, Event: end.Ending.Event(),
		Counts: before.Counts,
	}
	// The command counts for more than the end, and a worker that died for more than a command: its
	// loss must be counted, or a crash loop would never be seen.
	switch {
	case !before.Wanted:
		return Stopped(before.Counts)
	case end.Ending == EndWorkerLost:
		return t.afterCrash(before, end)
	case before.Again:
		return t.nextHost()
	}
	switch rule.follows {
	case followsAtOnce:
		return t.afterMove()
	case followsPause:
		if !end.Paused { // it may be this tenant's own trouble
			return t.afterFailure(false)
		}
		t.Retry, t.Delay, t.LastError = RetryAfterDelay, outdatedDelay, end.Reason
	case followsOutage:
		return t.afterOutage(before.Stable)
	case followsTime:
		t.Retry, t.RetryAt, t.LastError = RetryAtTime, end.Until, end.Reason
		if end.Until.IsZero() { // nobody said when
			t.Retry = RetryByPerson
		}
	case followsPerson:
		t.Retry = RetryByPerson
		if rule.host == HostError {
			t.LastError = end.Reason
		}
	default:
		return t.afterFailure(before.Stable)
	}
	return t
}

// nextHost is a transition whose next host the workflow starts at once, whatever the end.
func (t Transition) nextHost() Transition {
	t.State, t.WaitingFor, t.Retry = Disconnected, WaitForWorker, RetryAtOnce
	return t
}

// afterMove follows an end with which nothing is wrong.
func (t Transition) afterMove() Transition {
	switch t.Ending {
	case EndDraining:
		t.Retry, t.Delay = RetryAfterDelay, moveDelay
	case EndRenewed:
		// It is as regular as the days, or the fleet's own event tells of it.
		t.Retry, t.Event, t.Counts = RetryAtOnce, "", Counts{}
	default:
		return t.nextHost()
	}
	return t
}

// afterFailure follows an end that another attempt may mend. Only a session that had been
// stable may try again at once, as its end was no failure.
func (t Transition) afterFailure(stable bool) Transition {
	if stable {
		t.Retry, t.Counts = RetryAtOnce, Counts{}
		return t
	}
	t.Failures++
	t.Retry, t.Delay, t.LastError = RetryAfterDelay, Backoff(t.Failures), t.Reason
	if t.Failures > 1 {
		t.LastError = fmt.Sprintf("%s (%d failed attempts in a row)", t.Reason, t.Failures)
	}
	return t
}

// afterOutage follows the loss of the database, which is no failure of the session. Its next
// attempt records the event, as the database is away.
func (t Transition) afterOutage(stable bool) Transition {
	switch {
	case stable:
		t.Delay, t.Counts = outageDelay, Counts{}
	case t.Outages >= MaxOutages:
		return t.afterFailure(false)
	default:
		t.Delay, t.LastError = unstableOutageDelay, t.Reason
		t.Outages++
	}
	t.Retry, t.Event = RetryAfterDelay, ""
	return t
}

// afterCrash follows the loss of a worker: another host at once, unless the session may be
// what the last few workers died of.
func (t Transition) afterCrash(before Before, end End) Transition {
	switch {
	case end.Counted:
	// What had been up for long did not kill its worker.
	case before.Stable:
		t.Counts = Counts{}
	default:
		t.Losses++
	}
	pause := CrashPause(t.Losses)
	if pause == 0 || before.Again {
		return t.nextHost()
	}
	t.Ending, t.Event = EndCrashLoop, EndCrashLoop.Event()
	t.Reason = fmt.Sprintf("the last %d workers died while hosting it", t.Losses)
	t.State, t.Retry, t.RetryAt = EndCrashLoop.SessionState(), RetryAtTime, end.At.Add(pause)
	t.LastError = t.Reason
	return t
}

// Starting is the step that a start causes: a host is wanted, and there is none yet.
func Starting(counts Counts) Transition {
	return Transition{
		State: Disconnected, WaitingFor: WaitForWorker, Reason: "waiting for a worker",
		Event: EventHostStarting, Retry: RetryAtOnce, Counts: counts,
	}
}

// Stopped is the step that a stop causes, however the host ended.
func Stopped(counts Counts) Transition {
	return Transition{
		State: Disconnected, Ending: EndStopped, Reason: "stopped by an operator",
		Event: EndStopped.Event(), Retry: RetryByPerson, Counts: counts,
	}
}
