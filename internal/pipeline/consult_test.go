package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/assistant"
	"github.com/flowhq/flowhq/internal/demo"
	"github.com/flowhq/flowhq/internal/reply"
	"github.com/flowhq/flowhq/internal/store"
)

// strange is what the bot does not understand by itself.
const strange = "my cousin says the thing near the roundabout, umm that one?"

// A model is an endpoint that stands in for a language model.
type model struct {
	*httptest.Server
	asked atomic.Int32
}

// standIn is an endpoint that says what handle makes of it.
func standIn(t *testing.T, handle http.HandlerFunc) *model {
	t.Helper()
	m := &model{}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.asked.Add(1)
		_, _ = io.Copy(io.Discard, r.Body) // else a handler does not learn that its client is gone
		handle(w, r)
	}))
	t.Cleanup(m.Close)
	t.Cleanup(m.CloseClientConnections)
	return m
}

// says is an endpoint that always says the same.
func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		quoted, _ := json.Marshal(text)
		fmt.Fprintf(w, `{"choices":[{"message":{"content":%s}}]}`, quoted)
	}
}

func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func (m *model) client() *assistant.Client {
	return assistant.New(assistant.Options{
		Provider: assistant.OpenAI, URL: m.URL, Model: "m", Log: slog.New(slog.DiscardHandler),
	})
}

// advised is a bench of a barber who has the assistant on, with its real bot.
func advised(t *testing.T, on bool, daily int) *bench {
	t.Helper()
	b := newBench(t, unlimited)
	p, err := b.store.Profile(t.Context(), b.tenant.ID)
	if err != nil {
		t.Fatal(err)
	}
	told := demo.Profile(demo.Barber)
	told.Version = p.Version
	told.Assistant = flowhq.Assistant{Enabled: on, DailyRequests: daily}
	if _, err := b.store.ChangeProfile(t.Context(), b.tenant.ID,
		store.ProfileChange{Profile: told, Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	return b
}

// advisedHost is a host that asks a.
func (b *bench) advisedHost(a Assistant) *Pipeline {
	p := b.host()
	p.Assistant, p.Decide = a, reply.Decide
	p.Start()
	return p
}

// answerOf is what a host that asks a says to a first message.
func (b *bench) answerOf(a Assistant, text string) (string, reply.Understood) {
	return b.answerTo(b.advisedHost(a), "a", text)
}

// answerTo waits for the reply to the last message and returns it with what was understood.
func (b *bench) answerTo(p *Pipeline, id, text string) (string, reply.Understood) {
	b.t.Helper()
	b.receive(p, "41@lid", id, text)
	var said string
	var understood reply.Understood
	b.eventually(func() string {
		log, question := b.log(), flowhq.Message{}
		for _, m := range log {
			if m.WAMessageID == id {
				question = m
			}
		}
		for _, m := range log {
			if m.InReplyTo != nil && *m.InReplyTo == question.ID && m.Status == flowhq.Sent {
				said = m.Text
				if err := json.Unmarshal(question.Understood, &understood); err != nil {
					b.t.Fatal(err)
				}
				return ""
			}
		}
		return id + " is not answered"
	})
	return said, understood
}

func TestAssistantLies(t *testing.T) {
	local, _ := advised(t, false, 1).answerOf(nil, strange)
	for name, tt := range map[string]struct {
		handle     http.HandlerFunc
		want       string // of the reply
		understood string
	}{
		"helps": {says(`{"intent":"price","services":["shave"]}`), "7,000", "accepted"},
		"wrong price": {says(`{"intent":"other","reply":"The shave is TSh 500."}`), local,
			"refused: number"},
		"invents": {says(`{"intent":"other","reply":"There is parking on Monday."}`), local,
			"refused: date"},
		"speaks other": {says(`{"intent":"other","reply":"Kuna parking ya bure nyuma ya jengo."}`),
			local, "refused: language"},
		"is rude": {says(`{"intent":"other","reply":"You idiot, there is free parking behind the building."}`), local, "refused: rude"},
		"broken":  {says(`{"intent":`), local, "failed: format"},
		"huge":    {says(strings.Repeat("x", 1<<20)), local, "failed: too_long"},
		"429": {func(w http.ResponseWriter,
			_ *http.Request) {
			w.WriteHeader(http.StatusTooManyRequests)
		}, local, "failed: rate_limited"},
		"500": {func(w http.ResponseWriter,
			_ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
		}, local, "failed: refused"},
		"hangs": {hangs, local, "failed: timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, m := advised(t, true, 10), standIn(t, tt.handle)
			began := time.Now()
			said, u := b.answerOf(m.client(), strange)
			if !strings.Contains(said, tt.want) || u.Assistant != tt.understood || m.asked.Load() != 1 {
				t.Errorf("%q, %q, asked %d times", said, u.Assistant, m.asked.Load())
			}
			if took := time.Since(began); took > assistant.Timeout+5*time.Second {
				t.Errorf("the customer waited %v", took)
			}
		})
	}
}

func TestAssistantIsAskedOnlyWhereItIsWanted(t *testing.T) {
	t.Parallel()
	m := standIn(t, says(`{"intent":"hours"}`))
	b := advised(t, false, 10)
	if _, u := b.answerTo(b.advisedHost(m.client()), "a", strange); u.Assistant != "" {
		t.Errorf("of a tenant that has it off: %q", u.Assistant)
	}
	b = advised(t, true, 10)
	p := b.advisedHost(m.client())
	if _, u := b.answerTo(p, "b", "how much is a haircut?"); u.Assistant != "" {
		t.Errorf("of what the bot understands: %q", u.Assistant)
	}
	if m.asked.Load() != 0 {
		t.Errorf("it was asked %d times", m.asked.Load())
	}
}

func TestAssistantKeepsToItsBudget(t *testing.T) {
	t.Parallel()
	b, m := advised(t, true, 1), standIn(t, says(`{"intent":"hours"}`))
	p := b.advisedHost(m.client())
	if _, u := b.answerTo(p, "a", strange); u.Assistant != "accepted" {
		t.Errorf("the first: %q", u.Assistant)
	}
	if _, u := b.answerTo(p, "b", strange); u.Assistant != "failed: budget" || m.asked.Load() != 1 {
		t.Errorf("one over the budget: %q, asked %d times", u.Assistant, m.asked.Load())
	}
}

// TestSlowAssistantHoldsNobodyUp: other chats are answered meanwhile, and a drain does not wait.
func TestSlowAssistantHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	b, m := advised(t, true, 10), standIn(t, hangs)
	p := b.advisedHost(m.client())
	b.receive(p, "42@lid", "slow", strange)
	b.eventually(func() string {
		if m.asked.Load() == 0 {
			return "it is not asked"
		}
		return ""
	})
	began := time.Now()
	b.answerTo(p, "quick", "how much is a haircut?")
	p.Stop(context.Background())
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("another chat and the end of the pipeline took %v", took)
	}
	b.becomes(map[string]int{"IN ANSWERED": 2, "OUT SENT": 2})
}

// A dying assistant ends its host while it is asked.
type dying struct {
	asked int
	end   func()
}

func (d *dying) Reserve() (release func(), failure string) { return func() {}, "" }

func (d *dying) Suggest(context.Context, assistant.Question) reply.Suggestion {
	d.asked++
	d.end()
	return reply.Suggestion{Failure: assistant.FailureInterrupted}
}

// TestAssistantIsAskedOnce: a host that dies after it has asked leaves the suggestion to the next.
func TestAssistantIsAskedOnce(t *testing.T) {
	t.Parallel()
	b := advised(t, true, 10)
	d := &dying{}
	first := b.host()
	d.end = first.cancel // nothing is written any more, as if the process were gone
	first.Assistant, first.Decide = d, reply.Decide
	first.Start()
	b.receive(first, "41@lid", "a", strange)
	<-first.ctx.Done()
	first.Stop(context.Background())
	b.becomes(map[string]int{"IN RECEIVED": 1})
	d.end = func() { t.Error("it was asked twice") }
	b.advisedHost(d)
	b.becomes(map[string]int{"IN ANSWERED": 1, "OUT SENT": 1})
	if d.asked != 1 {
		t.Errorf("asked %d times", d.asked)
	}
}

// TestQuestionChangesWhileTheAssistantThinks: what was suggested for the old text is not followed.
func TestQuestionChangesWhileTheAssistantThinks(t *testing.T) {
	t.Parallel()
	thinking, goOn := make(chan struct{}), make(chan struct{})
	b := advised(t, true, 10)
	m := standIn(t, func(w http.ResponseWriter, r *http.Request) {
		close(thinking)
		<-goOn
		says(`{"intent":"hours"}`)(w, r)
	})
	p := b.advisedHost(m.client())
	b.receive(p, "41@lid", "a", strange)
	<-thinking
	text := "how much is a haircut?"
	if err := p.Revise(t.Context(), inbound("41@lid", "a", ""),
		store.Revision{At: time.Now(), Text: &text}); err != nil {
		t.Fatal(err)
	}
	close(goOn)
	b.eventually(func() string {
		for _, m := range b.log() {
			if m.Direction == flowhq.Out && strings.Contains(m.Text, "10,000") {
				return ""
			}
		}
		return fmt.Sprint(b.log())
	})
}
