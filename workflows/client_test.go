package workflows

import (
	"strings"
	"testing"

	"go.temporal.io/sdk/client"

	"github.com/flowhq/flowhq"
)

// Who has set up a Temporal without our namespace is told so, not that it is away.
func TestNoNamespace(t *testing.T) {
	s := newStage(t)
	if err := s.control.Ping(t.Context()); err != nil {
		t.Errorf("Ping = %v; want nil", err)
	}
	elsewhere, err := client.NewClientFromExistingWithContext(t.Context(), s.temporal,
		client.Options{Namespace: "elsewhere"})
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.Close()
	control := NewClient(elsewhere)
	for call, err := range map[string]error{
		"Ping":   control.Ping(t.Context()),
		"Signal": control.Signal(t.Context(), "nobody", "Nobody"),
	} {
		if flowhq.ErrorCode(err) != flowhq.Unavailable ||
			!strings.Contains(err.Error(), `no namespace "elsewhere"`) {
			t.Errorf("%s without the namespace = %v; want an error that names it", call, err)
		}
	}
}
