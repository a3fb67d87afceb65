package store_test

import (
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// logged returns the row with the id.
func (b *bench) logged(t *testing.T, tenant flowhq.TenantID, id int64) flowhq.Message {
	t.Helper()
	page, _, err := b.Messages(t.Context(), tenant, store.MessageFilter{Before: id + 1, Limit: 1})
	if err != nil || len(page) != 1 || page[0].ID != id {
		t.Fatalf("message %d: %+v, %v", id, page, err)
	}
	return page[0]
}

func deref(s *string) string {
	if s == nil {
		return "<null>"
	}
	return *s
}

func TestRevise(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	at := func(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }
	edit := func(text string, seconds int) store.Revision {
		return store.Revision{At: at(seconds),
			Text: &text}
	}
	tests := []struct {
		name      string
		answered  bool
		revisions []store.Revision
		status    flowhq.MessageStatus
		texts     [3]string // text, original, edited
		revoked   bool
	}{
		{"waiting", false, []store.Revision{edit("b", 1)}, flowhq.Received,
			[3]string{"b", "waiting", "b"}, false},
		{"waiting, twice", false, []store.Revision{edit("b", 1), edit("c", 2)}, flowhq.Received,
			[3]string{"c", "waiting, twice", "c"}, false},
		{"older comes late", false, []store.Revision{edit("c", 2), edit("b", 1)}, flowhq.Received,
			[3]string{"c", "older comes late", "c"}, false},
		{"answered", true, []store.Revision{edit("b", 1)}, flowhq.Answered,
			[3]string{"answered", "<null>", "b"}, false},
		{"being answered", false, []store.Revision{{At: at(1), Text: edit("b", 1).Text,
			Answered: true}}, flowhq.Received, [3]string{"being answered", "<null>", "b"}, false},
		{"unreadable", false, []store.Revision{{At: at(1)}}, flowhq.Received,
			[3]string{"unreadable", "<null>", "<null>"}, false},
		{"deleted", false, []store.Revision{{At: at(1), Revoked: true}}, flowhq.Ignored,
			[3]string{"deleted", "<null>", "<null>"}, true},
		{"deleted, then edited", false, []store.Revision{{At: at(1), Revoked: true}, edit("b", 2)},
			flowhq.Ignored, [3]string{"deleted, then edited", "<null>", "<null>"}, true},
		{"deleted when answered", true, []store.Revision{{At: at(1), Revoked: true}},
			flowhq.Answered, [3]string{"deleted when answered", "<null>", "<null>"}, true},
	}
	for _, tt := range tests {
		id := b.receive(t, tenant, epoch, tt.name)
		if tt.answered {
			ok(t, second(b.Answer(t.Context(), tenant, epoch, id, answer("reply to "+tt.name))))
		}
		b.exec(t, `update flowhq.message_logs set text = $3 where tenant_id = $1 and id = $2`,
			tenant, id, tt.name)
		for _, r := range tt.revisions {
			for range 2 { // delivered again
				ok(t, b.Revise(t.Context(), tenant, epoch, id, r))
			}
		}
		m := b.logged(t, tenant, id)
		if got := [3]string{m.Text, deref(m.OriginalText), deref(m.EditedText)}; got != tt.texts {
			t.Errorf("%s: text, original and edited are %q; want %q", tt.name, got, tt.texts)
		}
		if m.Status != tt.status || (m.RevokedAt != nil) != tt.revoked ||
			(m.EditedAt == nil) == (tt.revisions[0].Revoked == false) {
			t.Errorf("%s: status %s, edited %v, revoked %v; want %s, revoked: %v", tt.name,
				m.Status, m.EditedAt, m.RevokedAt, tt.status, tt.revoked)
		}
	}
}

// A message is found by its writer's addresses only, whichever of them is known.
func TestInboundID(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	receive := func(in store.Inbound) int64 {
		t.Helper()
		r, err := b.Receive(t.Context(), tenant, epoch, in)
		if err != nil || !r.New {
			t.Fatalf("Receive = %+v, %v", r, err)
		}
		return r.ID
	}
	const waID = "3EB0"
	both := store.Inbound{LID: "1@lid", Number: "+255700000001", WAID: waID, Kind: flowhq.KindText,
		Text: "a", SentAt: noon}
	numbered := store.Inbound{Number: "+255700000002", WAID: waID, Kind: flowhq.KindText, Text: "b",
		SentAt: noon}
	first, other := receive(both), receive(numbered)
	tests := []struct {
		lid, number string
		want        int64
	}{
		{"1@lid", "+255700000001", first},
		{"1@lid", "", first},
		{"", "+255700000001", first},
		{"2@lid", "+255700000002", other}, // the LID has been learnt since
		{"9@lid", "+255700000001", 0},     // the number is somebody else's now
		{"9@lid", "", 0},
		{"", "+255700000009", 0},
		{"", "", 0},
	}
	for _, tt := range tests {
		got, other, err := b.InboundID(t.Context(), tenant,
			store.Inbound{LID: tt.lid, Number: tt.number, WAID: waID})
		if got != tt.want || other != (tt.want == 0) || err != nil {
			t.Errorf("InboundID of %q, %q = %d, %v; want %d", tt.lid, tt.number, got, err, tt.want)
		}
	}
	// The bot's own messages are nobody's to change.
	reply := b.reply(t, tenant, epoch, "reply")
	if id, other, err := b.InboundID(t.Context(), tenant,
		store.Inbound{LID: "1@lid", WAID: reply}); id != 0 || other || err != nil {
		t.Errorf("InboundID of a reply = %d, %v, %v", id, other, err)
	}
}
