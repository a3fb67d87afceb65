package store_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var ignoreRowID = cmpopts.IgnoreFields(flowhq.Message{}, "ID", "ContactID", "CreatedAt")

func TestReceive(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	id := b.receive(t, tenant, epoch, "3EB0")
	want := flowhq.Message{
		ID: id, Direction: flowhq.In, Chat: "41@lid", Contact: "+255700000041",
		FromNumber: "+255700000041", ToNumber: b.number(t, tenant),
		Kind: flowhq.KindText, Text: "book a cut", WAMessageID: "3EB0", Status: flowhq.Received,
		SentAt: &noon,
	}
	got := b.message(t, tenant)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(flowhq.Message{}, "ContactID",
		"CreatedAt")); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	if age := time.Since(got.CreatedAt); age.Abs() > time.Minute {
		t.Errorf("CreatedAt is %v ago", age)
	}
	ok(t, last(b.Link(t.Context(), tenant, epoch,
		store.Device{JID: "1:2@s.whatsapp.net", Number: "+255799"})))
	b.receive(t, tenant, epoch, "3EB1")
	if got := b.message(t, tenant).ToNumber; got != "+255799" {
		t.Errorf("ToNumber = %q; want the linked number", got)
	}
}

func TestReceiveAgain(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	id := b.receive(t, tenant, epoch, "3EB0")
	again := func(what string) {
		t.Helper()
		other := text("3EB0")
		other.Text = "changed"
		if r, err := b.Receive(t.Context(), tenant, epoch, other); err != nil || r.New || r.ID != 0 {
			t.Errorf("%s: Receive again = %+v, %v; want nothing new", what, r, err)
		}
	}
	again("before the answer")
	ok(t, second(b.Answer(t.Context(), tenant, epoch, id, store.Outcome{Status: flowhq.Suppressed})))
	again("after the answer")
	if got := b.message(t, tenant); got.Text != "book a cut" || got.Status != flowhq.Suppressed {
		t.Errorf("message = %+v; want it untouched", got)
	}
	// The same id is another message from another contact.
	m := text("3EB0")
	m.LID = "42@lid"
	if r, err := b.Receive(t.Context(), tenant, epoch, m); err != nil || !r.New {
		t.Errorf("Receive from another contact = %+v, %v; want a new message", r, err)
	}
}

// second drops the results that a test does not look at.
func second[A, B any](_ A, _ B, err error) error { return err }

func last[A any](_ A, err error) error { return err }

func TestReceiveAtOnce(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	for _, undecryptable := range []bool{false, true} {
		m := text("at once")
		m.Undecryptable = undecryptable
		if undecryptable {
			m.WAID = "undecryptable at once"
		}
		var news atomic.Int64
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				r, err := b.Receive(t.Context(), tenant, epoch, m)
				if err != nil {
					t.Error(err)
				}
				if r.New {
					news.Add(1)
				}
			})
		}
		group.Wait()
		if news.Load() != 1 {
			t.Errorf("undecryptable %v: %d of 16 were new; want 1", undecryptable, news.Load())
		}
	}
}

func TestReceiveUndecryptable(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	closed := text("3EB0")
	closed.Undecryptable, closed.Text, closed.Number = true, "", ""
	r, err := b.Receive(t.Context(), tenant, epoch, closed)
	if err != nil || !r.New {
		t.Fatalf("Receive undecryptable = %+v, %v; want a new message", r, err)
	}
	id := r.ID
	if got := b.message(t, tenant).Status; got != flowhq.Undecryptable {
		t.Errorf("status = %s", got)
	}
	if ms := must(b.Unanswered(t.Context(), tenant, 0, 10))(t); len(ms) != 0 {
		t.Errorf("Unanswered = %v; want none", ms)
	}
	if _, done, err := b.Answer(t.Context(), tenant, epoch, id, answer("reply")); done || err != nil {
		t.Errorf("Answer = %v, %v; want false", done, err)
	}
	if r, err := b.Receive(t.Context(), tenant, epoch, text("3EB0")); err != nil || !r.New || r.ID != id {
		t.Errorf("Receive of the readable copy = %+v, %v; want it new as %d", r, err, id)
	}
	got := b.message(t, tenant)
	if got.Status != flowhq.Received || got.Text != "book a cut" ||
		got.Contact != "+255700000041" || got.FromNumber != got.Contact {
		t.Errorf("message = %+v; want the readable copy", got)
	}
	for _, m := range []store.Inbound{closed, text("3EB0")} {
		if r, err := b.Receive(t.Context(), tenant, epoch, m); err != nil || r.New {
			t.Errorf("Receive(undecryptable %v) afterwards = %+v, %v; want nothing new",
				m.Undecryptable, r, err)
		}
	}
	if got := b.message(t, tenant).Status; got != flowhq.Received {
		t.Errorf("status went back to %s", got)
	}
}

// TestReceiveAnyBytes: a message that is refused would be delivered for ever.
func TestReceiveAnyBytes(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	tests := map[string]struct{ text, want string }{
		"nul":       {"a\x00b\x01", "a\uFFFDb\uFFFD"},
		"not UTF-8": {"a\xff\xfeb", "a\uFFFDb"},
		"emoji":     {"👩‍👩‍👧", "👩‍👩‍👧"},
		"sql":       {"'); drop table x; --", "'); drop table x; --"},
		"longest":   {strings.Repeat("x", flowhq.MaxTextBytes), strings.Repeat("x", flowhq.MaxTextBytes)},
		"too long": {"x" + strings.Repeat("é", flowhq.MaxTextBytes),
			"x" + strings.Repeat("é", flowhq.MaxTextBytes/2-1)},
	}
	for name, tt := range tests {
		m := text(name + "\x00\xff")
		m.Text, m.LID, m.Number, m.Name, m.SentAt = tt.text, name+"\x00\xff", "\x00", "\x00\xff", time.Time{}
		r, err := b.Receive(t.Context(), tenant, epoch, m)
		if err != nil || !r.New {
			t.Errorf("%s: Receive = %+v, %v", name, r, err)
			continue
		}
		got := b.message(t, tenant)
		if got.ID != r.ID || got.Text != tt.want || !utf8.ValidString(got.Text) || got.SentAt != nil {
			t.Errorf("%s: text of %d bytes, sent %v; want %d bytes", name, len(got.Text),
				got.SentAt, len(tt.want))
		}
		if r, err := b.Receive(t.Context(), tenant, epoch, m); err != nil || r.New {
			t.Errorf("%s: Receive again = %+v, %v; want nothing new", name, r, err)
		}
	}
}

func TestUnanswered(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	var ids []int64
	for _, waID := range []string{"a", "b", "c", "d"} {
		ids = append(ids, b.receive(t, tenant, epoch, waID))
	}
	ok(t, second(b.Answer(t.Context(), tenant, epoch, ids[1], answer("reply"))))
	tests := []struct {
		after int64
		limit int
		want  []string
	}{
		{0, 10, []string{"a", "c", "d"}},
		{0, 2, []string{"a", "c"}},
		{ids[0], 2, []string{"c", "d"}},
		{ids[3], 2, nil},
	}
	for _, tt := range tests {
		var got []string
		for _, m := range must(b.Unanswered(t.Context(), tenant, tt.after, tt.limit))(t) {
			got = append(got, m.WAMessageID)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Unanswered(after %d, limit %d) (-want +got):\n%s", tt.after, tt.limit, diff)
		}
	}
}
