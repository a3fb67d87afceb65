package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/flowhq/flowhq"
)

// startWithin is how long a worker that was told to start may look stopped.
const startWithin = 30 * time.Second

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
	patience, stopped := time.Now(), "; -start starts it"
	if *start {
		if err := l.tell(ctx, t, http.MethodPost, "/session/start"); err != nil {
			return err
		}
		patience, stopped = patience.Add(startWithin), " although it was told to start"
	}
	f, ok := l.stdout.(*os.File)
	p := &picture{w: l.stdout, redraw: ok && term.IsTerminal(int(f.Fd()))}
	return l.follow(ctx, func() (linked bool, err error) {
		t, linked, err := l.link(ctx, t.ID, p)
		if err != nil {
			p.height = 0 // what is said about it stands below, and is not to be wiped
			return false, err
		}
		ended := t.Host.Status == flowhq.HostStopped || t.Host.Status == flowhq.HostError
		if !linked && ended && time.Now().After(patience) {
			return false, fmt.Errorf("there is no code to scan: its worker does not run%s. %s", stopped, describe(t))
		}
		return linked, nil
	})
}

// link shows the code that there is now, or why there is none, and reports whether the
// phone is linked.
func (l *line) link(ctx context.Context, id flowhq.TenantID, p *picture) (t flowhq.Tenant, linked bool, err error) {
	if err := l.call(ctx, http.MethodGet, tenantPath(id), nil, &t); err != nil {
		return t, false, err
	}
	var c code
	if err := l.call(ctx, http.MethodGet, tenantPath(id)+"/qr", nil, &c); err != nil {
		return t, false, err
	}
	switch {
	case c.State == flowhq.Connected:
		fmt.Fprintf(l.stdout, "%s is linked to %s.\n", oneLine(t.Name), t.Session.Number)
		return t, true, nil
	case c.Code != nil:
		return t, false, p.show(*c.Code, fmt.Sprintf("%s, %s: scan this with WhatsApp > Linked devices > Link a device.", oneLine(t.Name), t.PhoneNumber))
	}
	return t, false, p.note(oneLine(t.Name) + ": " + oneLine(describe(t)))
}

// describe says what state a session is in, why, and what comes next.
func describe(t flowhq.Tenant) string {
	text := string(t.Session.State)
	if t.Session.Reason != "" {
		text += ": " + t.Session.Reason
	}
	if t.Session.NextStep != "" {
		text += ". " + t.Session.NextStep
	}
	return text
}

// A picture is the code on the screen, or why there is none. On a terminal a new one
// takes the place of the one before.
type picture struct {
	w      io.Writer
	redraw bool
	shown  string // code
	noted  string
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
	p.shown = code
	return p.put(drawn + caption + "\n")
}

// note shows why there is no code, if it was not the last reason too: between two codes
// there is none for a moment.
func (p *picture) note(why string) error {
	if why == p.noted {
		return nil
	}
	p.noted = why
	return p.put(why + "\n")
}

func (p *picture) put(text string) error {
	if p.redraw && p.height > 0 {
		fmt.Fprintf(p.w, "\x1b[%dA\x1b[J", p.height) // up, and clear below
	}
	p.height = strings.Count(text, "\n")
	_, err := io.WriteString(p.w, text)
	return err
}
