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

// startWithin is how long a session that was started may still look stopped. It starts within a
// second, unless the workers are full or just being deployed. After that the command fails with
// what the API says of the session, as a person with a phone in hand waits for it.
const startWithin = 30 * time.Second

// A code is what links a phone, as GET …/qr answers it. Code is nil while there is none to
// scan. The API answers with a picture too, which a terminal cannot show.
type code struct {
	State flowhq.SessionState
	Code  *string
}

// qr shows the codes that link a tenant's phone, each as long as it can be scanned, until the
// phone is linked. That somebody asks keeps codes coming: a session that nobody asks for a code
// stops to make any, so this command asks every second.
func (l *line) qr(ctx context.Context, args []string) error {
	fs := l.flags("qr")
	start := fs.Bool("start", false, "start the session first")
	t, err := l.tenant(ctx, fs, args)
	if err != nil {
		return err
	}
	if *start {
		// The command is durable when this returns. The session may take a moment, see
		// startWithin.
		if err := l.send(ctx, t, http.MethodPost, "/session/start"); err != nil {
			return err
		}
	}
	deadline, stopped := time.Now(), "; -start starts it"
	if *start || t.Wanted { // a start that was given just now takes a moment
		deadline, stopped = deadline.Add(startWithin), " although it was told to start"
	}
	// Redrawing takes control characters, which have no place in a file or a pipe.
	f, ok := l.stdout.(*os.File)
	p := &picture{w: l.stdout, redraw: ok && term.IsTerminal(int(f.Fd()))}
	return l.follow(ctx, func() (linked bool, err error) {
		t, linked, err := l.showCode(ctx, t.ID, p)
		if err != nil {
			p.height = 0 // follow prints the error below the code, and it must not be wiped
			return false, err
		}
		// A session that does not run gives out no codes, so waiting for one is in vain. One
		// that was just started looks the same for a moment.
		ended := t.Host.Status == flowhq.HostStopped || t.Host.Status == flowhq.HostError
		if !linked && ended && time.Now().After(deadline) {
			return false, fmt.Errorf("there is no code to scan: its session does not run%s. %s",
				stopped, describe(t))
		}
		return linked, nil
	})
}

// showCode shows the code that there is now, or why there is none, and reports whether the
// phone is linked. It makes two requests. If the phone is linked between them, the printed
// number is the one that was known before, which may be none.
func (l *line) showCode(
	ctx context.Context, id flowhq.TenantID, p *picture,
) (t flowhq.Tenant, linked bool, err error) {
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
		caption := fmt.Sprintf("%s, %s: scan this with WhatsApp > Linked devices > Link a device.",
			oneLine(t.Name), t.PhoneNumber)
		return t, false, p.show(*c.Code, caption)
	}
	return t, false, p.note(oneLine(t.Name) + ": " + oneLine(describe(t)))
}

// describe says what state a session is in, why, and what comes next. The next step is the
// API's own sentence, so that an operator reads the same one everywhere.
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

// A picture is the code on the terminal, or why there is none. On a terminal a new one takes
// the place of the one before, as an old code that stays in view would be scanned in vain. In a
// pipe or a file each is printed below the one before.
type picture struct {
	w      io.Writer
	redraw bool   // w is a terminal
	shown  string // the last code
	noted  string // the last reason why there was none
	height int    // of what was printed last, in lines
}

// show draws a code with its caption, unless it is the one that is shown already: to draw it
// every second would make it flicker, and a camera that focuses lose it.
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

// note shows why there is no code, unless that was the last reason too. Between two codes
// there is none for a moment, every time for the same reason.
func (p *picture) note(why string) error {
	if why == p.noted {
		return nil
	}
	p.noted = why
	return p.put(why + "\n")
}

// put prints a text in place of the one before. It counts the lines of the text, not of the
// terminal: on one that is narrower than the code, lines wrap, and what is above them stays.
func (p *picture) put(text string) error {
	if p.redraw && p.height > 0 {
		fmt.Fprintf(p.w, "\x1b[%dA\x1b[J", p.height) // up, and clear below
	}
	p.height = strings.Count(text, "\n")
	_, err := io.WriteString(p.w, text)
	return err
}
