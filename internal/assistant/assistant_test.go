package assistant

import (
	"bytes"
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

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/demo"
	"github.com/flowhq/flowhq/internal/reply"
)

const key = "sk-of-nobody"

// serve is a client of an endpoint that answers with handle.
func serve(t *testing.T, provider string, handle http.HandlerFunc) (*Client, *bytes.Buffer) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A handler learns that its client is gone only once the body is read.
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		handle(w, r)
	}))
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	var log bytes.Buffer
	c := New(Options{
		Provider: provider, URL: server.URL + "/v1?token=" + key, Model: "small", Key: key,
		Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	c.timeout = 300 * time.Millisecond
	return c, &log
}

func question(text string) Question {
	return Question{
		Profile: demo.Profile(demo.Barber), Config: demo.Config(demo.Barber), Language: flowhq.English,
		Now: time.Date(2026, 3, 4, 7, 15, 0, 0, time.UTC), Text: text,
		Earlier: []Line{{true, "call me on 0712 345 678"}, {false, "All right."}},
	}
}

const said = `{"intent":"price","services":["shave"],"products":[],"when":"","reply":""}`

// body is an answer in the form of a provider.
func body(provider, text string) string {
	quoted, _ := json.Marshal(text)
	if provider == Anthropic {
		return fmt.Sprintf(`{"type":"message","content":[{"type":"thinking","thinking":"x"},{"type":"text","text":%s}],"stop_reason":"end_turn"}`, quoted)
	}
	return fmt.Sprintf(`{"choices":[{"index":0,"message":{"role":"assistant","content":%s}}]}`, quoted)
}

func TestBothFormsOfEndpoints(t *testing.T) {
	for _, provider := range []string{Anthropic, OpenAI} {
		var header http.Header
		var sent []byte
		c, _ := serve(t, provider, func(w http.ResponseWriter, r *http.Request) {
			header = r.Header
			sent, _ = io.ReadAll(r.Body)
			fmt.Fprint(w, body(provider, "Here it is:\n```json\n"+said+"\n```"))
		})
		got := c.Suggest(t.Context(), question("that thing, how much, I am on +255712345678, pay code QGH7XK2L9P"))
		want := reply.Suggestion{For: got.For, Intent: "price", Services: []string{"shave"},
			Products: []string{}}
		if diff := cmp.Diff(want, got); diff != "" || got.For == 0 {
			t.Errorf("%s: (-want +got)\n%s", provider, diff)
		}
		if provider == Anthropic && (header.Get("X-Api-Key") != key ||
			header.Get("Anthropic-Version") == "") ||
			provider == OpenAI && header.Get("Authorization") != "Bearer "+key {
			t.Errorf("%s: the headers are %v", provider, header)
		}
		for _, secret := range []string{"345", "712345678", "QGH7", "owner_number"} {
			if strings.Contains(string(sent), secret) {
				t.Errorf("%s: %q has left the machine: %s", provider, secret, sent)
			}
		}
		for _, fact := range []string{"service shave", "7000", "Samora", "parking", "in English",
			"small", "4 March"} {
			if !strings.Contains(string(sent), fact) {
				t.Errorf("%s: %q was not sent: %s", provider, fact, sent)
			}
		}
		if len(sent) > 24<<10 {
			t.Errorf("%d bytes were sent", len(sent))
		}
	}
}

func TestFailures(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	answer := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://elsewhere.example/")
			w.WriteHeader(code)
			fmt.Fprint(w, body(OpenAI, said))
		}
	}
	for name, tt := range map[string]struct {
		handle http.HandlerFunc
		want   string
	}{
		"hangs": {hang, FailureTimeout},
		"drips": {func(w http.ResponseWriter, r *http.Request) {
			for {
				fmt.Fprint(w, " ")
				w.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
					return
				case <-time.After(10 * time.Millisecond):
				}
			}
		}, FailureTimeout},
		"hangs up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			FailureUnreachable},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, `{"choices":[`)
		}, FailureUnreachable},
		"huge": {func(w http.ResponseWriter, _ *http.Request) {
			for range 2000 {
				if _, err := w.Write(bytes.Repeat([]byte("x"), 4096)); err != nil {
					return
				}
			}
		}, FailureTooLong},
		"huge header": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 200<<10))
		}, FailureUnreachable},
		"rate limited":   {status(http.StatusTooManyRequests), FailureRateLimited},
		"server error":   {status(http.StatusInternalServerError), FailureRefused},
		"unauthorized":   {status(http.StatusUnauthorized), FailureRefused},
		"redirect":       {status(http.StatusTemporaryRedirect), FailureRefused},
		"no content":     {status(http.StatusNoContent), FailureRefused},
		"empty":          {answer(""), FailureFormat},
		"broken JSON":    {answer(`{"choices":[{"message"`), FailureFormat},
		"a list":         {answer(`[]`), FailureFormat},
		"a page":         {answer(`<html>`), FailureFormat},
		"nothing chosen": {answer(`{"choices":[]}`), FailureFormat},
		"prose":          {answer(body(OpenAI, "I think they want a haircut.")), FailureFormat},
		"broken inside":  {answer(body(OpenAI, `{"intent": "price"`)), FailureFormat},
		"other types":    {answer(body(OpenAI, `{"intent": 7, "services": "all"}`)), FailureFormat},
		"long reply": {answer(body(OpenAI,
			`{"intent":"other","reply":"`+strings.Repeat("x", 3000)+`"}`)), FailureFormat},
		"many names": {answer(body(OpenAI,
			`{"intent":"price","services":["1","2","3","4","5","6","7","8","9","10","11"]}`)), FailureFormat},
		"zero byte":    {answer(body(OpenAI, `{"intent":"other","reply":"a\u0000b"}`)), FailureFormat},
		"other's form": {answer(body(Anthropic, "")), FailureFormat},
	} {
		t.Run(name, func(t *testing.T) {
			c, log := serve(t, OpenAI, tt.handle)
			began := time.Now()
			got := c.Suggest(t.Context(), question("what"))
			if got.Failure != tt.want || got.Reply != "" || got.For != reply.Fingerprint("what") {
				t.Errorf("%+v; want failure %q", got, tt.want)
			}
			if took := time.Since(began); took > c.timeout+2*time.Second {
				t.Errorf("it took %v", took)
			}
			for range breakAfter {
				c.note(tt.want)
			}
			if strings.Contains(log.String(), key) {
				t.Errorf("the key is in the log: %s", log)
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	c, _ := serve(t, Anthropic, nil)
	c.o.URL = "http://127.0.0.1:1/"
	if got := c.Suggest(t.Context(), question("what")); got.Failure != FailureUnreachable {
		t.Errorf("%+v", got)
	}
}

func TestCallEndsWithItsContext(t *testing.T) {
	c, _ := serve(t, OpenAI, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c.timeout = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if got := c.Suggest(ctx, question("what")); got.Failure != FailureInterrupted || c.failures != 0 {
		t.Errorf("%+v, %d failures", got, c.failures)
	}
}

func TestFewCallsAtOnce(t *testing.T) {
	c, _ := serve(t, OpenAI, nil)
	var releases []func()
	for range maxCalls {
		release, failure := c.Reserve()
		if failure != "" {
			t.Fatal(failure)
		}
		releases = append(releases, release)
	}
	if _, failure := c.Reserve(); failure != FailureBusy {
		t.Errorf("one call too many: %q", failure)
	}
	releases[0]()
	if _, failure := c.Reserve(); failure != "" {
		t.Errorf("after one has ended: %q", failure)
	}
}

func TestBreaker(t *testing.T) {
	var calls atomic.Int32
	c, _ := serve(t, OpenAI, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	now := time.Now()
	c.now = func() time.Time { return now }
	for range breakAfter {
		c.Suggest(t.Context(), question("what"))
	}
	if _, failure := c.Reserve(); failure != FailureBroken {
		t.Errorf("after %d failures: %q", calls.Load(), failure)
	}
	now = now.Add(breakFor)
	if _, failure := c.Reserve(); failure != "" {
		t.Errorf("after a while: %q", failure)
	}
}

// TestLargeProfile: a profile has a MiB, and a request must not.
func TestLargeProfile(t *testing.T) {
	q := question(strings.Repeat("what is it ", 9000))
	for range flowhq.MaxProducts {
		q.Profile.Products = append(q.Profile.Products, flowhq.Product{
			ID: "x", Name: flowhq.Text{EN: strings.Repeat("long name ", 10)}, Price: 1000,
		})
	}
	for range 20 {
		q.Earlier = append(q.Earlier, Line{true, strings.Repeat("é", 2000)})
	}
	if n := len(q.system()); n > maxFacts+4096 {
		t.Errorf("the facts are %d bytes", n)
	}
	if n := len(q.chat()); n > 24*maxLine+maxText+1024 {
		t.Errorf("the chat is %d bytes", n)
	}
	if !strings.Contains(q.system(), "Samora") {
		t.Error("there was no room for the address")
	}
}
