package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/flowhq/flowhq"
)

// TestAssistantIsAskedOnce kills a worker while the language model is asked, and another one
// between the suggestion and the answer. Each message is asked about once and answered once: the
// first one with the bot's own words, the second one with the suggestion.
func TestAssistantIsAskedOnce(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	model := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		body, err := io.ReadAll(r.Body)
		if err != nil || strings.Contains(string(body), "254711") ||
			strings.Contains(string(body), "555 777") {
			t.Errorf("a customer's number was sent: %s, %v", body, err)
		}
		fmt.Fprint(w, `{"content":[{"type":"text","text":"{\"intent\":\"price\",\"services\":[\"haircut\"]}"}]}`)
	}))
	defer model.Close()
	s := newStand(t, "ASSISTANT_PROVIDER=anthropic", "ASSISTANT_MODEL=m", "ASSISTANT_API_KEY=k",
		"ASSISTANT_URL="+model.URL)
	w := s.worker("worker")
	b := s.business(unlimited(barbers))
	b.link()
	var profile map[string]any
	if err := json.Unmarshal([]byte(ofABarber), &profile); err != nil {
		t.Fatal(err)
	}
	profile["assistant"] = map[string]any{"enabled": true}
	s.must(s.call("PUT", b.path()+"/profile", profile, nil))
	c := s.customer("+254711000001", "Amina")
	for i, point := range []string{"suggestion.claimed", "suggestion.written"} {
		armed := s.armed(point, "FLOWHQ_FAILPOINTS="+point+"=kill:1")
		armed.attr("worker started", "name")
		before := b.epoch()
		w.terminate()
		b.replaced(before)
		if _, err := c.write(b, "my cousin says the thing near the roundabout, umm that one? 0712 555 777"); err != nil {
			t.Fatal(err)
		}
		armed.ended(patience)
		w = s.worker("after " + point)
		inbox := c.hears(b, i+1)
		if said, want := inbox[i].Text, []string{"colleague", "10,000"}[i]; !strings.Contains(said, want) {
			t.Errorf("after a kill at %s the customer hears %q", point, said)
		}
		if n := asked.Load(); int(n) != i { // the first worker died before it asked
			t.Errorf("after a kill at %s the model was asked %d times", point, n)
		}
	}
	if n := b.count(`select count(*) from flowhq.message_logs where tenant_id = $1 and direction = 'IN' and status = '` + string(flowhq.Answered) + `'`); n != 2 {
		t.Errorf("%d messages are answered", n)
	}
}
