package advice_test

import (
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/advice"
)

// Every end has words for an operator, but that of a tenant which nobody can ask for any more.
func TestEveryEndHasAdvice(t *testing.T) {
	for _, end := range flowhq.Endings {
		if says := advice.NextStep(end); (says == "") != (end == flowhq.EndGone) {
			t.Errorf("%s: next step %q", end, says)
		}
	}
	if says := advice.NextStep(""); says != "" {
		t.Errorf("a session that has not ended has the next step %q", says)
	}
}
