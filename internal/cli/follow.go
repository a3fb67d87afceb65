package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/apiclient"
)

const (
	// defaultNewest is how many messages or events are shown unless -n says otherwise. As many
	// short ones fit on a terminal of 24 lines.
	defaultNewest = 20
	// messagePage is how many messages are asked for at a time. The longest of this many still
	// fit into apiclient.MaxAnswerBytes.
	messagePage = 50
	// maxBehind is how many messages "logs -f" catches up with after a time without the API, or
	// without power. It bounds the memory of this process, and 200 requests of messagePage
	// each.
	maxBehind = 10_000
)

// follow calls read again and again until there is no more to read or ctx ends, both with
// success. An API that is away, as while it is being restarted, is waited for: that it is away
// is printed once, and so is that it is back. Any other error ends it: a refusal, such as of a
// tenant that was deleted, stays one.
func (l *line) follow(ctx context.Context, read func() (ended bool, err error)) error {
	away := false
	for {
		ended, err := read()
		why, passing := isAway(err)
		switch {
		case err != nil && ctx.Err() != nil: // a Ctrl-C in the middle of a request
			return nil
		case err != nil && !passing, ended:
			return err
		case passing && !away:
			fmt.Fprintf(l.stderr, "%s; trying again\n", clean(why))
		case !passing && away:
			fmt.Fprintln(l.stderr, "the API answers again")
		}
		away = passing
		if !l.wait(ctx) {
			return nil
		}
	}
}

// isAway reports whether err means that the API, or what it needs, is away, and how to say so.
// A 500 is not among these: it is a fault of the API that a second request would meet again.
func isAway(err error) (why string, away bool) {
	if _, silent := errors.AsType[*apiclient.NoAnswer](err); silent {
		return "the API does not answer", true
	}
	r, refused := errors.AsType[*apiclient.Refusal](err)
	if !refused {
		return "", false
	}
	switch r.Status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		// 503 is the API's own, when its database is away. The others come from a proxy in
		// front of an API that does not answer.
		return fmt.Sprintf("the API does not answer (%d: %s)", r.Status, r.Detail), true
	}
	return "", false
}

// wait pauses until the next read, and reports whether there is to be one: not after ctx has
// ended.
func (l *line) wait(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(l.every):
		return true
	}
}

// logs shows a tenant's newest messages and, with -f, those that follow. What the first request
// returned is printed before the following begins, so that an API that is away at the start is
// an error and not waited for: its address may be wrong.
func (l *line) logs(ctx context.Context, args []string) error {
	fs := l.flags("logs")
	n := fs.Int("n", defaultNewest, "how many messages to begin with")
	follow := fs.Bool("f", false, "go on with messages as they come")
	t, err := l.tenant(ctx, fs, args)
	if err != nil {
		return err
	}
	messages, err := l.messages(ctx, t.ID, 0, max(*n, 1))
	if err != nil {
		return err
	}
	last := l.print(messages, 0)
	if !*follow {
		return nil
	}
	return l.follow(ctx, func() (ended bool, err error) {
		messages, err := l.messages(ctx, t.ID, last, maxBehind)
		if len(messages) == maxBehind {
			fmt.Fprintf(l.stderr, "these are the newest %d; there may be more before them\n",
				maxBehind)
		}
		// Also after an error, of which there are no messages: last stays what it was, so the
		// next request asks for the same messages again and none is left out.
		last = l.print(messages, last)
		return false, err
	})
}

// messages returns the newest messages after a message, at most limit, oldest first. The API
// lists from the newest back, so pages are read until one reaches what is known. A message that
// arrives between two pages is newer than the cursor, so it moves nothing; the next call finds
// it.
func (l *line) messages(
	ctx context.Context, id flowhq.TenantID, after int64, limit int,
) (all []flowhq.Message, err error) {
	for next := ""; ; {
		path := fmt.Sprintf("%s/logs?limit=%d&before=%s",
			tenantPath(id), min(limit-len(all), messagePage), next)
		var page struct {
			Logs []flowhq.Message
			Next string
		}
		if err := l.call(ctx, http.MethodGet, path, nil, &page); err != nil {
			return nil, err
		}
		// Ids grow, so what follows the first known message is known too.
		known := slices.IndexFunc(page.Logs, func(m flowhq.Message) bool { return m.ID <= after })
		if known >= 0 {
			page.Logs = page.Logs[:known]
		}
		all = append(all, page.Logs...)
		if next = page.Next; next == "" || known >= 0 || len(all) >= limit {
			// The API lists from the newest back, and a person reads downwards.
			slices.Reverse(all)
			return all, nil
		}
	}
}

// print writes each message on one line and returns the id of the last one, which is last if
// there are none. The status is that of the moment: a message that is answered later is not
// printed a second time.
func (l *line) print(messages []flowhq.Message, last int64) int64 {
	for _, m := range messages {
		arrow := "<" // from the customer
		if m.Direction == flowhq.Out {
			arrow = ">"
		}
		who := m.Contact // the number, which WhatsApp may not have told us
		if who == "" {
			who = m.Chat
		}
		reason := ""
		if m.Reason != "" {
			reason = " (" + oneLine(m.Reason) + ")"
		}
		fmt.Fprintf(l.stdout, "%s %s %s %s%s: %s\n",
			formatTime(m.CreatedAt), arrow, oneLine(who), m.Status, reason, messageText(m))
		last = m.ID
	}
	return last
}

// messageText returns what a message says, on one line, and whether its sender changed or
// deleted it later. Messages of other kinds than text, such as a picture, have their kind in
// front, as most of them have no text.
func messageText(m flowhq.Message) string {
	var words strings.Builder
	if m.Kind != flowhq.KindText && m.Direction == flowhq.In && m.Kind != "" {
		fmt.Fprintf(&words, "[%s] ", strings.ToLower(string(m.Kind)))
	}
	if of := m.AttachmentLine(); of != "" {
		fmt.Fprintf(&words, "[%s %s] ", strings.ToLower(string(m.Media)), oneLine(of))
	}
	words.WriteString(oneLine(m.Text))
	// What was answered is the text; an operator must see if the customer meant another one.
	switch {
	case m.OriginalText != nil:
		fmt.Fprintf(&words, " [changed before it was answered; was: %s]", oneLine(*m.OriginalText))
	case m.EditedAt != nil && m.EditedText != nil:
		fmt.Fprintf(&words, " [changed later to: %s]", oneLine(*m.EditedText))
	case m.EditedAt != nil:
		words.WriteString(" [changed later]")
	}
	if m.RevokedAt != nil {
		words.WriteString(" [deleted by the customer]")
	}
	return words.String()
}

// events shows a tenant's newest events: what happened to its session, and who asked for it.
// One request must do, so -n is at most maxPage, the most that the API lists at a time; older
// events are for the API's own cursor.
func (l *line) events(ctx context.Context, args []string) error {
	fs := l.flags("events")
	n := fs.Int("n", defaultNewest, "how many events")
	t, err := l.tenant(ctx, fs, args)
	if err != nil {
		return err
	}
	var list struct{ Events []flowhq.Event }
	path := fmt.Sprintf("%s/events?limit=%d", tenantPath(t.ID), min(max(*n, 1), maxPage))
	if err := l.call(ctx, http.MethodGet, path, nil, &list); err != nil {
		return err
	}
	// The oldest first, as in logs: the newest is what stands beside the prompt.
	slices.Reverse(list.Events)
	var rows [][]string
	for _, e := range list.Events {
		rows = append(rows, []string{formatTime(e.At), string(e.Type), e.Actor, e.Reason})
	}
	return table(l.stdout, rows)
}
