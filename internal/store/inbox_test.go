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

var ignoreRowID = cmpopts.IgnoreFields(flowhq.Message{}, "ID", "CreatedAt")

func TestReceive(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	id := b.receive(t, tenant, epoch, "3EB0")
	want := flowhq.Message{
		ID: id, Direction: flowhq.In, Chat: "41@lid", Contact: "+255700000041",
		FromNumber: "+255700000041", ToNumber: "+255712345678",
		Kind: flowhq.KindText, Text: "book a cut", WAMessageID: "3EB0", Status: flowhq.Received, SentAt: &noon,
	}
	got := b.message(t, tenant)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(flowhq.Message{}, "CreatedAt")); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	if age := time.Since(got.CreatedAt); age.Abs() > time.Minute {
		t.Errorf("CreatedAt is %v ago", age)
	}
	ok(t, b.Link(t.Context(), tenant, epoch, store.Device{JID: "1:2@s.whatsapp.net", Number: "+255799"}))
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
		if gotID, isNew, err := b.Receive(t.Context(), tenant, epoch, other); err != nil || isNew || gotID != 0 {
			t.Errorf("%s: Receive again = %d, %v, %v; want 0, false", what, gotID, isNew, err)
		}
	}
	again("before the answer")
	ok(t, second(b.Answer(t.Context(), tenant, epoch, id, store.Outcome{Status: flowhq.Suppressed})))
	again("after the answer")
	if got := b.message(t, tenant); got.Text != "book a cut" || got.Status != flowhq.Suppressed {
		t.Errorf("message = %+v; want it untouched", got)
	}
	// The same id is another message in another chat, and from another sender.
	m := text("3EB0")
	m.Sender = "42@lid"
	if _, isNew, err := b.Receive(t.Context(), tenant, epoch, m); err != nil || !isNew {
		t.Errorf("Receive from another sender = %v, %v; want true", isNew, err)
	}
	m.Chat = "42@lid"
	if _, isNew, err := b.Receive(t.Context(), tenant, epoch, m); err != nil || !isNew {
		t.Errorf("Receive in another chat = %v, %v; want true", isNew, err)
	}
}

// second drops the results that a test does not look at.
func second[A, B any](_ A, _ B, err error) error { return err }

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
				_, isNew, err := b.Receive(t.Context(), tenant, epoch, m)
				if err != nil {
					t.Error(err)
				}
				if isNew {
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
	closed.Undecryptable, closed.Text, closed.Contact = true, "", ""
	id, isNew, err := b.Receive(t.Context(), tenant, epoch, closed)
	if err != nil || !isNew {
		t.Fatalf("Receive undecryptable = %v, %v; want true", isNew, err)
	}
	if got := b.message(t, tenant).Status; got != flowhq.Undecryptable {
		t.Errorf("status = %s", got)
	}
	if ms := must(b.Unanswered(t.Context(), tenant, 0, 10))(t); len(ms) != 0 {
		t.Errorf("Unanswered = %v; want none", ms)
	}
	if _, done, err := b.Answer(t.Context(), tenant, epoch, id, answer("reply")); done || err != nil {
		t.Errorf("Answer = %v, %v; want false", done, err)
	}
	if got, isNew, err := b.Receive(t.Context(), tenant, epoch, text("3EB0")); err != nil || !isNew || got != id {
		t.Errorf("Receive of the readable copy = %d, %v, %v; want %d, true", got, isNew, err, id)
	}
	got := b.message(t, tenant)
	if got.Status != flowhq.Received || got.Text != "book a cut" || got.Contact != "+255700000041" || got.FromNumber != got.Contact {
		t.Errorf("message = %+v; want the readable copy", got)
	}
	for _, m := range []store.Inbound{closed, text("3EB0")} {
		if _, isNew, err := b.Receive(t.Context(), tenant, epoch, m); err != nil || isNew {
			t.Errorf("Receive(undecryptable %v) afterwards = %v, %v; want false", m.Undecryptable, isNew, err)
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
		"nul":       {"a\x00b\x00", "ab"},
		"not UTF-8": {"a\xff\xfeb", "a\uFFFDb"},
		"emoji":     {"👩‍👩‍👧", "👩‍👩‍👧"},
		"sql":       {"'); drop table x; --", "'); drop table x; --"},
		"longest":   {strings.Repeat("x", flowhq.MaxTextBytes), strings.Repeat("x", flowhq.MaxTextBytes)},
		"too long":  {"x" + strings.Repeat("é", flowhq.MaxTextBytes), "x" + strings.Repeat("é", flowhq.MaxTextBytes/2-1)},
	}
	for name, tt := range tests {
		m := text(name + "\x00\xff")
		m.Text, m.Chat, m.Contact, m.SentAt = tt.text, name+"\x00\xff", "\x00", time.Time{}
		id, isNew, err := b.Receive(t.Context(), tenant, epoch, m)
		if err != nil || !isNew {
			t.Errorf("%s: Receive = %v, %v", name, isNew, err)
			continue
		}
		got := b.message(t, tenant)
		if got.ID != id || got.Text != tt.want || !utf8.ValidString(got.Text) || got.SentAt != nil {
			t.Errorf("%s: text of %d bytes, sent %v; want %d bytes", name, len(got.Text), got.SentAt, len(tt.want))
		}
		if _, isNew, err := b.Receive(t.Context(), tenant, epoch, m); err != nil || isNew {
			t.Errorf("%s: Receive again = %v, %v; want false", name, isNew, err)
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
