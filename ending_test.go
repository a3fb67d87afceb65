package flowhq

import (
	"regexp"
	"testing"
)

// Every ending has words for an operator and a state, and its event a type of the
// usual form.
func TestEndings(t *testing.T) {
	form := regexp.MustCompile(`^(SESSION|WORKER|DATABASE|QR)_[A-Z_]+$`)
	events := map[string]EndReason{}
	for _, r := range EndReasons {
		if (r.NextStep() == "") != (r == EndGone) {
			t.Errorf("%s: next step %q", r, r.NextStep())
		}
		if !form.MatchString(r.Event()) {
			t.Errorf("%s: event %q", r, r.Event())
		}
		if other, taken := events[r.Event()]; taken {
			t.Errorf("%s and %s have the same event", r, other)
		}
		events[r.Event()] = r
		if r.SessionState() != Disconnected && !r.Final() {
			t.Errorf("%s leaves the session %s, though it is tried again", r, r.SessionState())
		}
	}
	if s := EndReason("").NextStep(); s != "" {
		t.Errorf("a session that has not ended has the next step %q", s)
	}
}
