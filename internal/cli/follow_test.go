package cli

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/apiclient"
)

// A log is a tenant's messages 1 to newest, as the API gives them out.
type log struct {
	*testing.T
	newest  int
	text    string
	answers func(w http.ResponseWriter) bool // in place of a page, if it is not nil and does
	url     string
}

func newLog(t *testing.T, newest int) *log {
	g := &log{T: t, newest: newest, text: "hello"}
	server := httptest.NewServer(http.HandlerFunc(g.serve))
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

func (g *log) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == tenantPath(blueDoor) {
		_ = writeJSON(w, tenant(flowhq.Connected, flowhq.HostRunning))
		return
	}
	if g.answers != nil && g.answers(w) {
		return
	}
	limit, _ := strconv.Atoi(r.FormValue("limit"))
	if limit < 1 || limit > messagePage {
		g.Errorf("asked for %d messages at a time; want at most %d", limit, messagePage)
	}
	first := g.newest
	if before := r.FormValue("before"); before != "" {
		first, _ = strconv.Atoi(before)
		first--
	}
	var page struct {
		Logs []flowhq.Message `json:"logs"`
		Next string           `json:"next"`
	}
	for id := first; id > max(first-limit, 0); id-- {
		page.Logs = append(page.Logs, flowhq.Message{ID: int64(id),
			Text: fmt.Sprint(g.text, " ", id), Direction: flowhq.In})
	}
	if first-limit > 0 {
		page.Next = fmt.Sprint(first - limit + 1)
	}
	_ = writeJSON(w, page)
}

func (g *log) logs(ctx context.Context, args ...string) (ids []int, said string, err error) {
	var out, errs bytes.Buffer
	l := &line{api: apiclient.Client{Base: g.url, Password: "hunter2"}, stdout: &out, stderr: &errs, every: 1}
	err = l.execute(ctx, "logs", append(args, string(blueDoor)))
	for text := range strings.Lines(out.String()) {
		id, _ := strconv.Atoi(text[strings.LastIndex(text, " ")+1 : len(text)-1])
		ids = append(ids, id)
	}
	return ids, errs.String(), err
}

func upTo(first, last int) (ids []int) {
	for id := first; id <= last; id++ {
		ids = append(ids, id)
	}
	return ids
}

func TestLogs(t *testing.T) {
	for _, tt := range []struct{ newest, n, first int }{
		{0, 10, 1}, {9, 10, 1}, {100, 10, 91}, {120, 100, 21}, {2000, 1000, 1001}, {70, 1000, 1},
	} {
		got, _, err := newLog(t, tt.newest).logs(t.Context(), "-n", strconv.Itoa(tt.n))
		if want := upTo(tt.first, tt.newest); err != nil || !slices.Equal(got, want) {
			t.Errorf("logs -n %d of %d printed %v, %v; want %v", tt.n, tt.newest, got, err, want)
		}
	}
}

// TestLogsFollow prints each message once, also those that came faster than it looks,
// and though the API is away for a while. An interrupt in the middle of a request is no
// failure.
func TestLogsFollow(t *testing.T) {
	for name, begin := range map[string]int{"some": 4, "none": 0} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			g := newLog(t, begin)
			n := 0
			g.answers = func(w http.ResponseWriter) bool {
				switch n++; n {
				case 3:
					g.newest = 200
				case 10: // the API ends, and comes back
					conn, _, err := http.NewResponseController(w).Hijack()
					if err != nil {
						g.Error(err)
					}
					// Part of an answer: without any, Go's client itself asks once more.
					_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"))
					conn.Close()
					return true
				case 11, 12:
					w.WriteHeader(http.StatusServiceUnavailable)
					_ = writeJSON(w, refused{Status: http.StatusServiceUnavailable, Detail: "no database"})
					return true
				case 13:
					g.newest = 210
				case 16:
					stop()
					<-ctx.Done()
				}
				return false
			}
			got, said, err := g.logs(ctx, "-f", "-n", "2")
			if want := upTo(max(begin-1, 1), 210); err != nil || !slices.Equal(got, want) {
				t.Errorf("it printed messages %v and ended with %v; want %d to %d", got, err,
					want[0], want[len(want)-1])
			}
			if want := "the API does not answer; trying again\nthe API answers again\n"; said != want {
				t.Errorf("it said %q; want %q", said, want)
			}
		})
	}
}

// TestFollowEnds: what does not pass by itself ends a command that follows.
func TestFollowEnds(t *testing.T) {
	g := newLog(t, 1)
	n := 0
	g.answers = func(w http.ResponseWriter) bool {
		if n++; n < 3 {
			return false
		}
		w.WriteHeader(http.StatusNotFound)
		_ = writeJSON(w, refused{Status: http.StatusNotFound, Detail: "there is no such tenant"})
		return true
	}
	if _, said, err := g.logs(t.Context(), "-f"); err == nil ||
		!strings.Contains(err.Error(), "no such tenant") || said != "" {
		t.Errorf("logs -f of a deleted tenant ended with %v, %q; want what the API says", err, said)
	}
}

// TestLongestMessages: a page of them is answered, and what is too long is said to be.
func TestLongestMessages(t *testing.T) {
	g := newLog(t, messagePage)
	g.text = strings.Repeat("\x01", flowhq.MaxTextBytes) // six bytes each
	if got, _, err := g.logs(t.Context(), "-n", strconv.Itoa(messagePage)); err != nil ||
		len(got) != messagePage {
		t.Errorf("logs of the longest texts printed %d messages, %v; want %d", len(got), err, messagePage)
	}
	g.text = strings.Repeat(g.text, 2)
	if _, _, err := g.logs(t.Context(), "-n", strconv.Itoa(messagePage)); err == nil ||
		!strings.Contains(err.Error(), "more than 32 MiB") {
		t.Errorf("logs of longer texts ended with %v; want that the answer is too long", err)
	}
}

// What became of a message stands behind it.
func TestWordsOf(t *testing.T) {
	at, was, later := time.Now(), "26 Feb", "28 Feb"
	for want, m := range map[string]flowhq.Message{
		"hello": {Direction: flowhq.In, Kind: flowhq.KindText, Text: "hello"},
		"[location] Kariakoo⏎ -6.8, 39.2": {Direction: flowhq.In, Kind: flowhq.KindLocation,
			Text: "Kariakoo\n-6.8, 39.2"},
		"27 Feb [changed before it was answered; was: 26 Feb]": {Text: "27 Feb", OriginalText: &was,
			EditedText: &later, EditedAt: &at},
		"27 Feb [changed later to: 28 Feb]": {Text: "27 Feb", EditedText: &later,
			EditedAt: &at},
		"27 Feb [changed later] [deleted by the customer]": {Text: "27 Feb", EditedAt: &at,
			RevokedAt: &at},
	} {
		if got := messageText(m); got != want {
			t.Errorf("messageText = %q; want %q", got, want)
		}
	}
}
