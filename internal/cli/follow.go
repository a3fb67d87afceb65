package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
)

// startWithin is how long a worker that was told to start may look stopped.
const startWithin = 30 * time.Second

// defaultNewest is how many messages or events are shown unless -n says otherwise.
const defaultNewest = 20

// A code is what links a phone; Code is nil while there is none to scan.
type code struct {
	State flowhq.SessionState
	Code  *string
}

func (l *line) qr(ctx context.Context, args []string) error {
	fs := l.flags("qr")
	start := fs.Bool("start", false, "start the worker first")
	t, err := l.tenant(ctx, fs, args)
	if err != nil {
		return err
	}
	patience := time.Now()
	if *start {
		if err := l.tell(ctx, t, http.MethodPost, "/worker/start"); err != nil {
			return err
		}
		patience = patience.Add(startWithin)
	}
	p := &picture{w: l.stdout, redraw: isTerminal(l.stdout)}
	for {
		done, err := l.link(ctx, t.ID, p, patience)
		if done || err != nil {
			return err
		}
		if !l.wait(ctx) {
			return nil
		}
	}
}

// link shows the code that there is now, and reports whether the phone is linked. A
// worker that does not run will never show one, unless it was just told to start.
func (l *line) link(ctx context.Context, id flowhq.TenantID, p *picture, patience time.Time) (linked bool, err error) {
	var t flowhq.Tenant
	if err := l.Call(ctx, http.MethodGet, tenantPath(id), nil, &t); err != nil {
		return false, err
	}
	var c code
	if err := l.Call(ctx, http.MethodGet, tenantPath(id)+"/qr", nil, &c); err != nil {
		return false, err
	}
	ended := t.Worker.Status == flowhq.WorkerStopped || t.Worker.Status == flowhq.WorkerError
	switch {
	case c.State == flowhq.Connected:
		fmt.Fprintf(l.stdout, "%s is linked to %s.\n", oneLine(t.Name), t.Session.Number)
		return true, nil
	case c.Code != nil:
		return false, p.show(*c.Code, fmt.Sprintf("%s, %s: scan this with WhatsApp > Linked devices > Link a device.", oneLine(t.Name), t.PhoneNumber))
	case ended && time.Now().After(patience):
		return false, fmt.Errorf("its worker does not run, so there is no code to scan (%s); -start starts it", describe(t))
	}
	return false, nil
}

func describe(t flowhq.Tenant) string {
	if t.Session.Reason == "" {
		return string(t.Session.State)
	}
	return string(t.Session.State) + ": " + t.Session.Reason
}

// A picture is the code on the screen. On a terminal a new one takes the place of
// the one before.
type picture struct {
	w      io.Writer
	redraw bool
	shown  string
	height int // lines
}

func (p *picture) show(code, caption string) error {
	if code == p.shown {
		return nil
	}
	drawn, err := QR(code)
	if err != nil {
		return err
	}
	if p.redraw && p.height > 0 {
		fmt.Fprintf(p.w, "\x1b[%dA\x1b[J", p.height) // up, and clear below
	}
	text := drawn + caption + "\n"
	p.shown, p.height = code, strings.Count(text, "\n")
	_, err = io.WriteString(p.w, text)
	return err
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}

func (l *line) logs(ctx context.Context, args []string) error {
	fs := l.flags("logs")
	n := fs.Int("n", defaultNewest, "how many messages to begin with")
	follow := fs.Bool("f", false, "go on with messages as they come")
	t, err := l.tenant(ctx, fs, args)
	if err != nil {
		return err
	}
	messages, err := l.messages(ctx, t.ID, 0, min(max(*n, 1), maxPage))
	if err != nil {
		return err
	}
	for {
		var last int64
		for _, m := range messages {
			l.say(m)
			last = m.ID
		}
		if !*follow {
			return nil
		}
		for messages = nil; len(messages) == 0; {
			if !l.wait(ctx) {
				return nil
			}
			if messages, err = l.messages(ctx, t.ID, last, maxPage); err != nil {
				return err
			}
		}
	}
}

// messages returns the newest messages after a message, oldest first, at most limit
// if there is none to begin after.
func (l *line) messages(ctx context.Context, id flowhq.TenantID, after int64, limit int) (all []flowhq.Message, err error) {
	for next := ""; ; {
		var page struct {
			Logs []flowhq.Message
			Next string
		}
		if err := l.Call(ctx, http.MethodGet, fmt.Sprintf("%s/logs?limit=%d&before=%s", tenantPath(id), limit, next), nil, &page); err != nil {
			return nil, err
		}
		known := slices.IndexFunc(page.Logs, func(m flowhq.Message) bool { return m.ID <= after })
		if known >= 0 {
			page.Logs = page.Logs[:known]
		}
		all = append(all, page.Logs...)
		if next = page.Next; next == "" || known >= 0 || after == 0 {
			slices.Reverse(all)
			return all, nil
		}
	}
}

// say writes one message on one line.
func (l *line) say(m flowhq.Message) {
	arrow := "<"
	if m.Direction == flowhq.Out {
		arrow = ">"
	}
	who := m.Contact
	if who == "" {
		who = m.Chat
	}
	reason := ""
	if m.Reason != "" {
		reason = " (" + oneLine(m.Reason) + ")"
	}
	fmt.Fprintf(l.stdout, "%s %s %s %s%s: %s\n", moment(m.CreatedAt), arrow, oneLine(who), m.Status, reason, oneLine(m.Text))
}

func (l *line) events(ctx context.Context, args []string) error {
	fs := l.flags("events")
	n := fs.Int("n", defaultNewest, "how many events")
	t, err := l.tenant(ctx, fs, args)
	if err != nil {
		return err
	}
	var list struct{ Events []flowhq.Event }
	if err := l.Call(ctx, http.MethodGet, fmt.Sprintf("%s/events?limit=%d", tenantPath(t.ID), min(max(*n, 1), maxPage)), nil, &list); err != nil {
		return err
	}
	slices.Reverse(list.Events)
	var rows [][]string
	for _, e := range list.Events {
		rows = append(rows, []string{moment(e.At), e.Type, e.Actor, e.Reason})
	}
	return table(l.stdout, rows)
}
