package whatsapp

import (
	"time"

	"go.mau.fi/whatsmeow/proto/waE2E"

	"github.com/flowhq/flowhq"
)

const (
	// maxTimer is the longest time after which messages disappear. WhatsApp offers up to
	// 90 days. What is longer than a year is a mistake of the sender's client.
	maxTimer = 366 * 24 * time.Hour
	// maxAhead is how far the sender's clock may be ahead of WhatsApp's. The latest setting
	// counts, so one from the far future would outdo every later one.
	maxAhead = 24 * time.Hour
)

// timerOf returns the timer of the chat that a message from sentAt tells of: the message
// sets it, or was sent under it. ok is false if it tells of none.
func timerOf(m *waE2E.Message, sentAt time.Time) (t flowhq.DisappearingTimer, ok bool) {
	if p := protocolOf(m); p.GetType() == waE2E.ProtocolMessage_EPHEMERAL_SETTING {
		return timer(p.GetEphemeralExpiration(), p.GetEphemeralSettingTimestamp(), sentAt)
	}
	context := contextOf(m, maxWrappers)
	// With neither field set, the sender's client does not know of timers, or has no place
	// for one in such a message. That does not mean that there is no timer.
	if context == nil || context.Expiration == nil && context.EphemeralSettingTimestamp == nil {
		return t, false
	}
	return timer(context.GetExpiration(), context.GetEphemeralSettingTimestamp(), sentAt)
}

// timer returns a timer of the given length, which is 0 if messages do not disappear. setAt
// is when it was set, in seconds since 1970. If that is unknown or cannot be true, it was
// set when the message was sent.
func timer(seconds uint32, setAt int64, sentAt time.Time) (t flowhq.DisappearingTimer, ok bool) {
	if time.Duration(seconds)*time.Second > maxTimer {
		return t, false
	}
	t = flowhq.DisappearingTimer{Seconds: int(seconds), SetAt: sentAt}
	if setAt > 0 && setAt <= sentAt.Add(maxAhead).Unix() {
		t.SetAt = time.Unix(setAt, 0)
	}
	return t, true
}
