package whatsapp

import (
	"testing"
	"time"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/flowhq/flowhq"
)

// What the owner writes to a customer from the phone is handed on under the customer. Notes to
// oneself, groups, reactions and edits are not.
func TestOwnMessages(t *testing.T) {
	w := newWorld(t)
	h := newRecorder()
	c, device := w.link(w.phone(), h)
	me := types.NewJID(device.Number[1:], types.DefaultUserServer)
	write := func(chat types.JID, id, message string) {
		c.handle(&events.Message{
			Info: types.MessageInfo{ID: id, Timestamp: time.Now(), MessageSource: types.MessageSource{
				Chat: chat, Sender: me, IsFromMe: true,
				RecipientAlt: types.NewJID("255700000041", types.DefaultUserServer),
			}},
			RawMessage: decoded(t, `{"deviceSentMessage":{"message":`+message+`}}`),
		})
	}
	customer := types.NewJID("41", types.HiddenUserServer)
	write(me, "3EB001", `{"conversation":"buy soap"}`)
	write(types.NewJID("12345", types.GroupServer), "3EB002", `{"conversation":"hello all"}`)
	write(customer, "3EB003", `{"reactionMessage":{"text":"👍"}}`)
	write(customer, "3EB004", `{"protocolMessage":{"type":"REVOKE","key":{"ID":"3EB0"}}}`)
	write(customer, "3EB005", `{"conversation":"Karibu"}`)
	write(customer, "3EB006", `{"locationMessage":{"degreesLatitude":-6.8,"degreesLongitude":39.28}}`)
	for _, want := range []struct {
		id, text string
		media    flowhq.Media
	}{{"3EB005", "Karibu", ""}, {"3EB006", "-6.80000,39.28000", flowhq.MediaLocation}} {
		select {
		case in := <-h.own:
			if in.ID != want.id || in.LID != "41@lid" || in.Number != "+255700000041" ||
				in.Media != want.media {
				t.Errorf("received %+v; want %+v", in, want)
			}
			if want.media != "" && (in.Latitude == nil || *in.Latitude != -6.8 || !in.Wordless) {
				t.Errorf("the place is %+v", in)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s was not received", want.id)
		}
	}
	if n := len(h.own) + len(h.arrivals); n != 0 {
		t.Errorf("%d more messages; want none", n)
	}
}
