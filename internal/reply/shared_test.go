package reply

import (
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/demo"
)

// TestKnowledgeIsShared decides in many chats at once with one Knowledge, as a worker does. A turn
// that writes to it is a race, and ends the worker.
func TestKnowledgeIsShared(t *testing.T) {
	texts := []string{
		"I want to book a haircut and a beard trim tomorrow at 10 am", "yes", "how much is it",
		"do you take M-Pesa?",
		"nataka mchele kilo 2 na sukari, niletee sinza", "sawa", "daktari wa watoto leo",
		"net haifanyi kazi tangu jana", "do you have the dress in red, size M",
	}
	for _, name := range demo.Names {
		k := Compile(demo.Profile(name), demo.Config(name))
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				var state State
				for _, text := range texts {
					turn := Decide(Input{Knowledge: k, State: state,
						Message: Message{Text: text, Kind: flowhq.KindText, At: time.Now()}})
					state = turn.State
				}
			})
		}
		all.Wait()
	}
}
