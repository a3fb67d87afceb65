package whatsapp

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/flowhq/flowhq"
)

func TestTimerOf(t *testing.T) {
	sent := time.Unix(1_700_000_000, 0)
	set := time.Unix(1_699_999_000, 0)
	tests := []struct {
		json string
		want *flowhq.DisappearingTimer
	}{
		{`{"conversation":"hi"}`, nil},
		{`{"extendedTextMessage":{"text":"hi","contextInfo":{"stanzaID":"1"}}}`, nil},
		{`{"extendedTextMessage":{"text":"hi","contextInfo":{"expiration":86400}}}`,
			&flowhq.DisappearingTimer{Seconds: 86400, SetAt: sent}},
		{`{"extendedTextMessage":{"text":"hi","contextInfo":{"expiration":86400,"ephemeralSettingTimestamp":"1699999000"}}}`, &flowhq.DisappearingTimer{Seconds: 86400, SetAt: set}},
		{`{"imageMessage":{"contextInfo":{"expiration":604800}}}`,
			&flowhq.DisappearingTimer{Seconds: 604800, SetAt: sent}},
		{`{"ephemeralMessage":{"message":{"audioMessage":{"contextInfo":{"expiration":604800}}}}}`,
			&flowhq.DisappearingTimer{Seconds: 604800, SetAt: sent}},
		{`{"extendedTextMessage":{"text":"hi","contextInfo":{"expiration":0}}}`,
			&flowhq.DisappearingTimer{SetAt: sent}},
		{`{"extendedTextMessage":{"text":"hi","contextInfo":{"ephemeralSettingTimestamp":"1699999000"}}}`, &flowhq.DisappearingTimer{SetAt: set}},
		{`{"protocolMessage":{"type":"EPHEMERAL_SETTING","ephemeralExpiration":86400,"ephemeralSettingTimestamp":"1699999000"}}`, &flowhq.DisappearingTimer{Seconds: 86400, SetAt: set}},
		{`{"protocolMessage":{"type":"EPHEMERAL_SETTING","ephemeralExpiration":0}}`,
			&flowhq.DisappearingTimer{SetAt: sent}},
		{`{"deviceSentMessage":{"message":{"protocolMessage":{"type":"EPHEMERAL_SETTING","ephemeralExpiration":86400}}}}`, &flowhq.DisappearingTimer{Seconds: 86400, SetAt: sent}},
		{`{"protocolMessage":{"type":"REVOKE"}}`, nil},
		// What cannot be.
		{`{"protocolMessage":{"type":"EPHEMERAL_SETTING","ephemeralExpiration":4294967295}}`, nil},
		{`{"protocolMessage":{"type":"EPHEMERAL_SETTING","ephemeralExpiration":86400,"ephemeralSettingTimestamp":"1699999000000"}}`, &flowhq.DisappearingTimer{Seconds: 86400, SetAt: sent}},
		{`{"protocolMessage":{"type":"EPHEMERAL_SETTING","ephemeralExpiration":86400,"ephemeralSettingTimestamp":"-1"}}`, &flowhq.DisappearingTimer{Seconds: 86400, SetAt: sent}},
	}
	for _, tt := range tests {
		got, ok := timerOf(decoded(t, tt.json), sent)
		if ok != (tt.want != nil) || ok &&
			(got.Seconds != tt.want.Seconds || !got.SetAt.Equal(tt.want.SetAt)) {
			t.Errorf("timerOf(%s) = %v, %v; want %v", tt.json, got, ok, tt.want)
		}
	}
}

// say has a customer send something to a number and returns the message's id.
func (w *world) say(customer, to string, what object) string {
	w.Helper()
	var sent struct{ ID string }
	what["to"] = to
	path := "/customers/" + url.PathEscape(customer) + "/messages"
	if status := w.call("POST", path, what, &sent); status != http.StatusAccepted {
		w.Fatalf("POST %s %v = %d", path, what, status)
	}
	return sent.ID
}

// The phone sees the timer that a message is sent with, which is what the customer's
// message or setting said.
func TestTimerBothWays(t *testing.T) {
	w := newWorld(t)
	phone, customer, h := w.phone(), w.customer(), newRecorder()
	c, _ := w.link(phone, h)
	w.say(customer, phone, object{"text": "do you open on Sunday?", "expiration": 604800})
	in := h.next(t)
	if in.Timer == nil || in.Timer.Seconds != 604800 {
		t.Fatalf("received %+v; want a timer of 604800 s", in)
	}
	if err := c.Send(t.Context(), writtenTo(in.LID, newMessageID(), "yes", *in.Timer)); err != nil {
		t.Fatal(err)
	}
	if l := w.awaitText(customer, "yes"); l.Expiration != 604800 ||
		l.ExpirationSetAt != in.Timer.SetAt.Unix() {
		t.Errorf("the phone has %+v; want the timer %+v", l, in.Timer)
	}
	w.say(customer, phone, object{"timer": 0})
	w.write(customer, phone, "thanks")
	if in := h.next(t); in.Text != "thanks" || in.Timer != nil {
		t.Errorf("received %+v; want thanks, and nothing of a timer", in)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.timers) != 1 || h.timers[0].timer.Seconds != 0 || h.timers[0].who.LID != in.LID {
		t.Errorf("heard of timers %+v; want one of 0 s in the chat with %s", h.timers, in.LID)
	}
}

// The owner sets a timer on the phone: the chat is then the customer's.
func TestTimerSetByTheOwner(t *testing.T) {
	w := newWorld(t)
	h := newRecorder()
	c, device := w.link(w.phone(), h)
	set := func(chat types.JID) {
		c.handle(&events.Message{
			Info: types.MessageInfo{ID: "3EB0", Timestamp: time.Now(), MessageSource: types.MessageSource{
				Chat: chat, Sender: types.NewJID(device.Number[1:], types.DefaultUserServer), IsFromMe: true,
			}},
			RawMessage: decoded(t, `{"deviceSentMessage":{"message":{"protocolMessage":{"type":"EPHEMERAL_SETTING","ephemeralExpiration":86400}}}}`),
		})
	}
	set(types.NewJID("41", types.HiddenUserServer))
	set(types.NewJID(device.Number[1:], types.DefaultUserServer)) // notes to oneself
	set(types.NewJID("12345", types.GroupServer))
	if len(h.timers) != 1 || h.timers[0].who.LID != "41@lid" || h.timers[0].timer.Seconds != 86400 {
		t.Errorf("heard of timers %+v; want one of 86400 s in the chat with 41@lid", h.timers)
	}
}
