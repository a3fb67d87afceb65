package flowhq_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// said is a transition in a line: the state, when it is tried again, the event, what is counted,
// and whether a person should look.
func said(t flowhq.Transition) string {
	words := []string{string(t.State)}
	switch t.Retry {
	case flowhq.RetryAtOnce:
		words = append(words, "at once")
	case flowhq.RetryAfterDelay:
		words = append(words, "after "+t.Delay.String())
	case flowhq.RetryAtTime:
		words = append(words, "at "+t.RetryAt.Format("15:04"))
	case flowhq.RetryByPerson:
		words = append(words, "by a person")
	default:
		words = append(words, "never")
	}
	words = append(words, strings.ToLower(string(t.Event)))
	for name, n := range map[string]int{"failures": t.Failures, "losses": t.Losses, "outages": t.Outages} {
		if n > 0 {
			words = append(words, fmt.Sprint(name, " ", n))
		}
	}
	if t.Attention() {
		words = append(words, "attention")
	}
	return strings.Join(words, ", ")
}

// TestEveryEnd is the whole protocol: what follows each end of a session that has just come up,
// and of one that had been stable; "" means the same.
func TestEveryEnd(t *testing.T) {
	table := map[flowhq.Ending]struct{ unstable, stable string }{
		flowhq.EndLost: {
			"DISCONNECTED, after 5s, session_lost, failures 1", "DISCONNECTED, at once, session_lost"},
		flowhq.EndUnresponsive: {
			"DISCONNECTED, after 5s, session_unresponsive, failures 1",
			"DISCONNECTED, at once, session_unresponsive"},
		flowhq.EndUnreachable: {
			"DISCONNECTED, after 5s, session_unreachable, failures 1",
			"DISCONNECTED, at once, session_unreachable"},
		flowhq.EndCertificate: {
			"DISCONNECTED, after 5s, session_certificate_refused, failures 1, attention",
			"DISCONNECTED, at once, session_certificate_refused, attention"},
		flowhq.EndProxy: {
			"DISCONNECTED, after 5s, session_proxy_failed, failures 1, attention",
			"DISCONNECTED, at once, session_proxy_failed, attention"},
		flowhq.EndReplacedByStranger: {
			"DISCONNECTED, after 5s, session_replaced_by_stranger, failures 1, attention",
			"DISCONNECTED, at once, session_replaced_by_stranger, attention"},
		flowhq.EndNotRecorded: {
			"DISCONNECTED, after 5s, session_not_recorded, failures 1",
			"DISCONNECTED, at once, session_not_recorded"},
		flowhq.EndFailed: {
			"DISCONNECTED, after 5s, session_failed, failures 1", "DISCONNECTED, at once, session_failed"},

		flowhq.EndDatabaseLost: {"DISCONNECTED, after 3s, , outages 1", "DISCONNECTED, after 100ms, "},
		flowhq.EndDraining:     {"DISCONNECTED, after 1ms, worker_draining", ""},
		flowhq.EndReplacedByUs: {"DISCONNECTED, at once, session_replaced_by_us", ""},
		flowhq.EndRenewed:      {"DISCONNECTED, at once, ", ""},
		flowhq.EndRestarted:    {"DISCONNECTED, at once, session_restarted", ""},
		flowhq.EndWorkerLost: {
			"DISCONNECTED, at once, worker_lost, losses 1", "DISCONNECTED, at once, worker_lost"},

		flowhq.EndOutdated: {
			"DISCONNECTED, after 5s, session_client_outdated, failures 1, attention", ""},
		flowhq.EndTempBanned: {"BANNED, at 13:00, session_temporarily_banned, attention", ""},
		flowhq.EndCrashLoop:  {"DISCONNECTED, at 13:00, session_crash_loop, attention", ""},

		flowhq.EndLoggedOut:     {"LOGGED_OUT, by a person, session_logged_out, attention", ""},
		flowhq.EndDeviceRemoved: {"LOGGED_OUT, by a person, session_device_removed, attention", ""},
		flowhq.EndBanned:        {"BANNED, by a person, session_banned, attention", ""},
		flowhq.EndLocked:        {"BANNED, by a person, session_account_locked, attention", ""},
		flowhq.EndRefused:       {"DISCONNECTED, by a person, session_refused, attention", ""},
		flowhq.EndQRExpired:     {"DISCONNECTED, by a person, qr_expired, attention", ""},
		flowhq.EndPairFailed:    {"DISCONNECTED, by a person, session_pair_failed, attention", ""},
		flowhq.EndNumberDiffers: {"DISCONNECTED, by a person, session_number_differs, attention", ""},
		flowhq.EndPasskey:       {"DISCONNECTED, by a person, session_passkey_asked, attention", ""},
		flowhq.EndStopped:       {"DISCONNECTED, by a person, session_stopped", ""},
		flowhq.EndGone:          {"DISCONNECTED, by a person, session_gone", ""},
	}
	if len(table) != len(flowhq.Endings) {
		t.Errorf("the table has %d ends of %d", len(table), len(flowhq.Endings))
	}
	for _, ending := range flowhq.Endings {
		end := flowhq.End{Ending: ending, Reason: "it ended", At: noon, Until: noon.Add(time.Hour)}
		want := table[ending]
		if got := said(flowhq.Next(flowhq.Before{Wanted: true}, end)); got != want.unstable {
			t.Errorf("%s: %q; want %q", ending, got, want.unstable)
		}
		if want.stable == "" {
			want.stable = want.unstable
		}
		if got := said(flowhq.Next(flowhq.Before{Wanted: true, Stable: true}, end)); got != want.stable {
			t.Errorf("%s of a stable session: %q; want %q", ending, got, want.stable)
		}
	}
}

// befores is every way in which a session may have been before it ended, with counts up to
// beyond every bound.
func befores(each func(flowhq.Before)) {
	bools := []bool{false, true}
	for _, wanted := range bools {
		for _, again := range bools {
			for _, stable := range bools {
				for n := range flowhq.MaxOutages + 2 {
					each(flowhq.Before{Wanted: wanted, Again: again, Stable: stable, Counts: flowhq.Counts{
						Failures: n, Losses: n, Outages: n,
					}})
				}
			}
		}
	}
}

// TestWhatHoldsForEveryEnd: whatever ends a session, however often, and whoever wants what.
func TestWhatHoldsForEveryEnd(t *testing.T) {
	for _, ending := range flowhq.Endings {
		befores(func(before flowhq.Before) {
			end := flowhq.End{Ending: ending, Reason: "it ended", At: noon, Until: noon.Add(time.Hour)}
			next := flowhq.Next(before, end)
			check := func(holds bool, what string) {
				if !holds {
					t.Errorf("%s after %+v is %+v: %s", ending, before, next, what)
				}
			}
			check(before.Wanted || next == flowhq.Stopped(before.Counts),
				"what nobody wants is stopped, however it ended")
			check((next.Retry == flowhq.RetryAfterDelay) == (next.Delay > 0), "only a delay has a length")
			check((next.Retry == flowhq.RetryAtTime) == !next.RetryAt.IsZero(), "only a time is known")
			check(next.WaitingFor == "" || next.Retry == flowhq.RetryAtOnce,
				"only who is tried again waits for a worker")
			if before.Wanted && before.Again {
				check(next.Retry == flowhq.RetryAtOnce && next.WaitingFor == flowhq.WaitForWorker,
					"a start that came meanwhile is obeyed, whatever the end")
				check(next.State == flowhq.Disconnected, "who starts anew is on the way")
			}
			if before.Wanted && !before.Again {
				by := next.Retry == flowhq.RetryByPerson
				check(by == (ending.WaitsForPerson() || ending == flowhq.EndStopped),
					"only what a person can mend waits for one")
				check(next.State == next.Ending.SessionState(), "the state is the end's")
			}
			grown := next.Failures + next.Losses + next.Outages -
				before.Failures - before.Losses - before.Outages
			check(grown <= 1, "one end is one failure at most")
			check(!next.KeepsFailing() || next.Attention(), "a person is told of what keeps failing")
		})
	}
}

// TestFailuresBackOff: 5 s, twice as long each time, and never more than 2 min; the tenth
// asks for a person.
func TestFailuresBackOff(t *testing.T) {
	before := flowhq.Before{Wanted: true}
	for n, want := range []time.Duration{5, 10, 20, 40, 80, 120, 120, 120, 120, 120, 120} {
		next := flowhq.Next(before, flowhq.End{Ending: flowhq.EndLost, Reason: "lost"})
		if next.Delay != want*time.Second || next.Failures != n+1 {
			t.Errorf("failure %d: after %v, %d counted; want %v", n+1, next.Delay, next.Failures,
				want*time.Second)
		}
		if next.Attention() != (n+1 >= flowhq.FlappingAfter) {
			t.Errorf("failure %d: attention %t", n+1, next.Attention())
		}
		text := "lost"
		if n > 0 {
			text = fmt.Sprintf("lost (%d failed attempts in a row)", n+1)
		}
		if next.LastError != text || next.Reason != "lost" {
			t.Errorf("failure %d: %q, last error %q", n+1, next.Reason, next.LastError)
		}
		before.Counts = next.Counts
	}
}

// TestCrashLoop: from the third worker in a row a session waits 1, 5, then 30 min, unless a
// person says again or it had been stable.
func TestCrashLoop(t *testing.T) {
	before := flowhq.Before{Wanted: true}
	end := flowhq.End{Ending: flowhq.EndWorkerLost, Reason: "the worker was lost", At: noon}
	for n, minutes := range []int{0, 0, 1, 5, 30, 30} {
		next := flowhq.Next(before, end)
		want := "DISCONNECTED, at once, worker_lost, losses " + fmt.Sprint(n+1)
		if minutes > 0 {
			want = fmt.Sprintf("DISCONNECTED, at %s, session_crash_loop, losses %d, attention",
				noon.Add(time.Duration(minutes)*time.Minute).Format("15:04"), n+1)
		}
		if got := said(next); got != want {
			t.Errorf("loss %d: %q; want %q", n+1, got, want)
		}
		again := before
		again.Again = true
		if got := flowhq.Next(again, end); got.Retry != flowhq.RetryAtOnce ||
			got.Ending != flowhq.EndWorkerLost {
			t.Errorf("loss %d though a person said again: %q", n+1, said(got))
		}
		counted := end
		counted.Counted = true
		if got := flowhq.Next(flowhq.Before{Wanted: true, Counts: next.Counts}, counted); said(got) != want {
			t.Errorf("loss %d, counted before: %q; want %q", n+1, said(got), want)
		}
		before.Counts = next.Counts
	}
	before.Stable = true
	if got := said(flowhq.Next(before, end)); got != "DISCONNECTED, at once, worker_lost" {
		t.Errorf("the loss of a session that had been stable: %q", got)
	}
}

// TestOutagesAreNoFailure of the session, until there have been too many in a row.
func TestOutagesAreNoFailure(t *testing.T) {
	before := flowhq.Before{Wanted: true}
	for n := range flowhq.MaxOutages + 3 {
		next := flowhq.Next(before, flowhq.End{Ending: flowhq.EndDatabaseLost, Reason: "away"})
		if want := max(0, n+1-flowhq.MaxOutages); next.Failures != want {
			t.Errorf("outage %d counts as %d failures; want %d", n+1, next.Failures, want)
		}
		before.Counts = next.Counts
	}
}

// TestOutdatedWaitsForThePause: once reconnects are paused, nobody's failures are counted.
func TestOutdatedWaitsForThePause(t *testing.T) {
	end := flowhq.End{Ending: flowhq.EndOutdated, Reason: "too old", Paused: true}
	got := said(flowhq.Next(flowhq.Before{Wanted: true}, end))
	if want := "DISCONNECTED, after 1s, session_client_outdated, attention"; got != want {
		t.Errorf("%q; want %q", got, want)
	}
}

// TestABanWithoutAnEnd waits for a person, as nobody knows a time.
func TestABanWithoutAnEnd(t *testing.T) {
	next := flowhq.Next(flowhq.Before{Wanted: true}, flowhq.End{Ending: flowhq.EndTempBanned})
	if next.Retry != flowhq.RetryByPerson {
		t.Errorf("it is tried again: %+v", next)
	}
}

// TestEventTypes: each has the usual form, and no two ends have the same.
func TestEventTypes(t *testing.T) {
	form := regexp.MustCompile(`^[A-Z]+(_[A-Z]+)+$`)
	seen := map[flowhq.EventType]bool{}
	for _, e := range flowhq.EventTypes {
		if !form.MatchString(string(e)) || seen[e] {
			t.Errorf("%s is not of the usual form, or is there twice", e)
		}
		seen[e] = true
	}
}

// TestStatuses: what operators see in each situation.
func TestStatuses(t *testing.T) {
	is := func(state flowhq.SessionState, end flowhq.Ending) flowhq.Situation {
		return flowhq.Situation{State: state, Ending: end, Begun: true, Linked: true}
	}
	unlinked := func(s flowhq.Situation) flowhq.Situation { s.Linked = false; return s }
	waits := func(s flowhq.Situation) flowhq.Situation { s.WaitingFor = flowhq.WaitForSlot; return s }
	claimed := func(s flowhq.Situation) flowhq.Situation { s.Claimed = true; return s }
	expired := func(s flowhq.Situation) flowhq.Situation { s.LeaseExpired = true; return s }
	const (
		off, connected = flowhq.Disconnected, flowhq.Connected
	)
	for _, tt := range []struct {
		what   string
		is     flowhq.Situation
		host   flowhq.HostStatus
		tenant flowhq.TenantStatus
	}{
		{"never started", flowhq.Situation{State: off}, flowhq.HostStopped, flowhq.TenantNew},
		{"started", unlinked(waits(is(off, ""))), flowhq.HostStarting, flowhq.TenantQRPending},
		{"started, linked before", waits(is(off, "")), flowhq.HostStarting, flowhq.TenantReconnecting},
		{"claimed for the first time", claimed(flowhq.Situation{State: off, Begun: true}),
			flowhq.HostStarting, flowhq.TenantQRPending},
		{"shows a code", unlinked(is(flowhq.QRReady, "")), flowhq.HostStarting, flowhq.TenantQRPending},
		{"logs in", is(flowhq.Connecting, ""), flowhq.HostStarting, flowhq.TenantReconnecting},
		{"up", is(connected, ""), flowhq.HostRunning, flowhq.TenantActive},
		{"up, on a worker that died", expired(is(connected, "")), flowhq.HostStale, flowhq.TenantActive},
		{"up, and claimed by the next host", claimed(is(connected, "")),
			flowhq.HostStarting, flowhq.TenantActive},
		{"told to hang up", is(off, ""), flowhq.HostDraining, flowhq.TenantReconnecting},
		{"moving", is(off, flowhq.EndDraining), flowhq.HostDraining, flowhq.TenantReconnecting},
		{"backs off", is(off, flowhq.EndLost), flowhq.HostStarting, flowhq.TenantReconnecting},
		{"backs off before a scan", unlinked(is(off, flowhq.EndUnreachable)),
			flowhq.HostStarting, flowhq.TenantQRPending},
		{"replaced by a stranger", is(off, flowhq.EndReplacedByStranger),
			flowhq.HostError, flowhq.TenantReconnecting},
		{"outdated", is(off, flowhq.EndOutdated), flowhq.HostError, flowhq.TenantError},
		{"outdated, and tried again", claimed(is(off, flowhq.EndOutdated)),
			flowhq.HostStarting, flowhq.TenantError},
		{"logged out", unlinked(is(flowhq.LoggedOut, flowhq.EndLoggedOut)),
			flowhq.HostError, flowhq.TenantError},
		{"logged out, and started again", unlinked(waits(is(off, flowhq.EndLoggedOut))),
			flowhq.HostStarting, flowhq.TenantQRPending},
		{"nobody scanned", unlinked(is(off, flowhq.EndQRExpired)),
			flowhq.HostStopped, flowhq.TenantPaused},
		{"stopped", is(off, flowhq.EndStopped), flowhq.HostStopped, flowhq.TenantPaused},
		{"stopped, with a lease that ran out", expired(is(off, flowhq.EndStopped)),
			flowhq.HostStopped, flowhq.TenantPaused},
		{"crash loop", is(off, flowhq.EndCrashLoop), flowhq.HostError, flowhq.TenantError},
	} {
		if host, tenant := tt.is.Host(), tt.is.Tenant(); host != tt.host || tenant != tt.tenant {
			t.Errorf("%s: host %s, tenant %s; want %s, %s", tt.what, host, tenant, tt.host, tt.tenant)
		}
	}
}
