package whatsapp

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
)

func TestRevisionOf(t *testing.T) {
	sent := time.Unix(1_700_000_000, 0)
	edit := func(more string) string {
		return `{"protocolMessage":{"type":"MESSAGE_EDIT","key":{"ID":"3EB0","fromMe":true}` + more + `}}`
	}
	text := func(s string) *string { return &s }
	tests := []struct {
		json string
		want Revision // ID "" = none
	}{
		{`{"protocolMessage":{"type":"REVOKE","key":{"ID":"3EB0","fromMe":true}}}`,
			Revision{ID: "3EB0", At: sent, Revoked: true}},
		{edit(`,"editedMessage":{"conversation":"27 Feb"}`),
			Revision{ID: "3EB0", At: sent, Text: text("27 Feb")}},
		{edit(`,"editedMessage":{"conversation":"27 Feb"},"timestampMS":"1700000000500"`),
			Revision{ID: "3EB0", At: sent.Add(time.Second / 2), Text: text("27 Feb")}},
		{edit(`,"editedMessage":{"conversation":"27 Feb"},"timestampMS":"99999999999999"`),
			Revision{ID: "3EB0", At: sent, Text: text("27 Feb")}},
		{edit(`,"editedMessage":{"imageMessage":{"caption":"this"}}`),
			Revision{ID: "3EB0", At: sent, Text: text("this")}},
		{edit(`,"editedMessage":{"imageMessage":{}}`),
			Revision{ID: "3EB0", At: sent, Text: text(""), Wordless: true}},
		{edit(``), Revision{ID: "3EB0", At: sent}},
		{`{"editedMessage":{"message":` + edit(`,"editedMessage":{"conversation":"27 Feb"}`) + `}}`,
			Revision{ID: "3EB0", At: sent, Text: text("27 Feb")}},
		{`{"secretEncryptedMessage":{"secretEncType":"MESSAGE_EDIT","targetMessageKey":{"ID":"3EB0"}}}`, Revision{ID: "3EB0", At: sent}},
		{`{"secretEncryptedMessage":{"secretEncType":"POLL_ADD_OPTION","targetMessageKey":{"ID":"3EB0"}}}`, Revision{}},
		{`{"protocolMessage":{}}`, Revision{}},
		{`{"protocolMessage":{"type":"REVOKE","key":{"ID":"a b"}}}`, Revision{}},
		{`{"protocolMessage":{"type":"EPHEMERAL_SETTING","key":{"ID":"3EB0"}}}`, Revision{}},
		{`{"reactionMessage":{"key":{"ID":"3EB0"}}}`, Revision{}},
		{`{"conversation":"hi"}`, Revision{}},
	}
	for _, tt := range tests {
		got, ok := revisionOf(decoded(t, tt.json), sent)
		switch same := got.ID == tt.want.ID && got.At.Equal(tt.want.At) &&
			got.Revoked == tt.want.Revoked && got.Wordless == tt.want.Wordless; {
		case !ok && tt.want.ID == "":
		case ok != (tt.want.ID != "") || !same || (got.Text == nil) != (tt.want.Text == nil):
			t.Errorf("revisionOf(%s) = %+v, %v; want %+v", tt.json, got, ok, tt.want)
		case got.Text != nil && *got.Text != *tt.want.Text:
			t.Errorf("revisionOf(%s) says %q; want %q", tt.json, *got.Text, *tt.want.Text)
		}
	}
}

// What the simulated phone does to a message is reported as its writer's, and as nothing
// more to answer.
func TestRevisions(t *testing.T) {
	w := newWorld(t)
	phone, customer, h := w.phone(), w.customer(), newRecorder()
	w.link(phone, h)
	id := w.write(customer, phone, "26 Feb")
	first := h.next(t)
	w.say(customer, phone, object{"edit": id, "text": "27 Feb"})
	w.say(customer, phone, object{"revoke": id})
	w.write(customer, phone, "last")
	if in := h.next(t); in.Text != "last" {
		t.Errorf("received %+v; want only the last message", in)
	}
	edited, revoked := <-h.revisions, <-h.revisions
	if edited.ID != id || edited.LID != first.LID || edited.Text == nil ||
		*edited.Text != "27 Feb" || edited.Revoked {
		t.Errorf("reported: %+v; want the edit of %s by %s", edited, id, first.LID)
	}
	if revoked.ID != id || revoked.LID != first.LID || !revoked.Revoked {
		t.Errorf("reported: %+v; want the deletion of %s by %s", revoked, id, first.LID)
	}
}

// Every kind of message that the simulated phones know is acknowledged, and reported
// as what it is.
func TestKindsOfTheSimulator(t *testing.T) {
	w := newWorld(t)
	phone, customer, h := w.phone(), w.customer(), newRecorder()
	w.link(phone, h)
	for _, kind := range []string{"album", "reaction", "sticker_sync", "payment_declined"} {
		w.say(customer, phone, object{"kind": kind})
	}
	want := []Inbound{
		{Kind: "MEDIA", Wordless: true, Album: "ALBUM0001"},
		{Kind: "LOCATION", Wordless: true, Text: "Kariakoo Market\n-6.8161, 39.2804"},
		{Kind: "CONTACT", Wordless: true, Text: "Asha: +255700000009"},
		{Kind: "ORDER", Text: "today please\nOrder from the catalogue: 3 items, 45000 TZS"},
		{Kind: "CALL", Wordless: true, Silent: true, Text: "Voice call, missed"},
	}
	for _, what := range []object{
		{"kind": "image", "album": "ALBUM0001"}, {"kind": "location"}, {"kind": "contact"},
		{"kind": "order", "text": "today please"}, {"kind": "call"},
	} {
		w.say(customer, phone, what)
	}
	for _, want := range want {
		got := h.next(t)
		if got.Kind != want.Kind || got.Text != want.Text || got.Wordless != want.Wordless ||
			got.Silent != want.Silent || got.Album != want.Album {
			t.Errorf("received %+v; want %+v", got, want)
		}
	}
	w.await("the acknowledgements", func() bool { return w.queued(phone) == 0 })
}

// FuzzRevision: whatever a customer's client sends can be looked at.
func FuzzRevision(f *testing.F) {
	for _, json := range []string{
		`{"protocolMessage":{"type":"MESSAGE_EDIT","key":{"ID":"3EB0"},"editedMessage":{"conversation":"hi"},"timestampMS":"-9223372036854775808"}}`,
		`{"protocolMessage":{"type":"EPHEMERAL_SETTING","ephemeralSettingTimestamp":"9223372036854775807"}}`,
	} {
		raw, err := proto.Marshal(decoded(f, json))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := decodedRaw(raw)
		now := time.Unix(1_700_000_000, 0)
		if r, ok := revisionOf(m, now); ok && (!isID(r.ID) || r.At.Sub(now).Abs() > maxSkew) {
			t.Errorf("revision %+v", r)
		}
		if timer, ok := timerOf(m, now); ok &&
			(timer.Seconds < 0 || timer.SetAt.After(now.Add(maxAhead)) || timer.SetAt.Unix() < 0) {
			t.Errorf("timer %+v", timer)
		}
	})
}
