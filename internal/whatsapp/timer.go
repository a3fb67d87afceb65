package whatsapp

import (
	"context"
	"time"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"github.com/flowhq/flowhq"
)

const (
	// maxTimer is the longest time after which messages disappear. WhatsApp offers up
	// to 90 days; what is longer is a mistake of the sender's client.
	maxTimer = 366 * 24 * time.Hour
	// maxAhead is how far the sender's clock may be ahead of WhatsApp's. A time that is
	// further would outdo every later setting.
	maxAhead = 24 * time.Hour
)

// timerOf returns the timer of the chat that a message from sentAt tells of: it sets
// it, or was sent under it. ok is false if it tells of none.
func timerOf(m *waE2E.Message, sentAt time.Time) (t flowhq.Timer, ok bool) {
	if p := protocolOf(m); p.GetType() == waE2E.ProtocolMessage_EPHEMERAL_SETTING {
		return timer(p.GetEphemeralExpiration(), p.GetEphemeralSettingTimestamp(), sentAt)
	}
	context := contextOf(m, maxWrappers)
	// Without either the sender's client does not know of timers, or has no place for
	// one in such a message: it does not say that there is none.
	if context == nil || context.Expiration == nil && context.EphemeralSettingTimestamp == nil {
		return t, false
	}
	return timer(context.GetExpiration(), context.GetEphemeralSettingTimestamp(), sentAt)
}

// receiveTimer records that somebody in a chat has set its timer: the customer, or the
// owner on the phone. A message of this kind says nothing else.
func (c *Conn) receiveTimer(info *types.MessageInfo, m *waE2E.Message) bool {
	jid, alt := info.Sender, info.SenderAlt
	if info.IsFromMe {
		jid, alt = info.Chat, info.RecipientAlt
	}
	own := c.linkedDevice()
	toOneself := jid.ToNonAD().String() == own.LID || own.Number != "" && numberOf(jid) == own.Number
	t, ok := timerOf(m, info.Timestamp)
	if !ok || toOneself || info.IsGroup || !isPerson(info.Chat) || !isPerson(jid) {
		return true
	}
	who, err := c.person(jid, alt)
	if err == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), handlerTimeout)
		defer cancel()
		err = c.handler.SetTimer(ctx, who, t)
	}
	if err != nil {
		return c.notRecorded(info.ID, err)
	}
	return true
}

// timer returns a timer of so many seconds that was set so many seconds after 1970,
// or, if that is unknown or cannot be, when the message was sent.
func timer(seconds uint32, setAt int64, sentAt time.Time) (t flowhq.Timer, ok bool) {
	if time.Duration(seconds)*time.Second > maxTimer {
		return t, false
	}
	t = flowhq.Timer{Seconds: int(seconds), SetAt: sentAt}
	if setAt > 0 && setAt <= sentAt.Add(maxAhead).Unix() {
		t.SetAt = time.Unix(setAt, 0)
	}
	return t, true
}

// protocolOf returns the protocol message in m, inside of whatever wraps it, or nil.
func protocolOf(m *waE2E.Message) *waE2E.ProtocolMessage {
	var found *waE2E.ProtocolMessage
	unwrap(m, maxWrappers, func(m *waE2E.Message) bool {
		found = m.GetProtocolMessage()
		return found == nil
	})
	return found
}

// contextOf returns the context of m, inside of whatever wraps it, or nil. Each kind
// of content that has one has it in a field of the same name.
func contextOf(m *waE2E.Message, wrappers int) *waE2E.ContextInfo {
	var found *waE2E.ContextInfo
	unwrap(m, wrappers, func(m *waE2E.Message) bool {
		set := m.ProtoReflect()
		all := set.Descriptor().Fields()
		for i := range all.Len() {
			fd := all.Get(i)
			if fd.Message() == nil || !set.Has(fd) {
				continue
			}
			content := set.Get(fd).Message()
			in := content.Descriptor().Fields().ByName("contextInfo")
			if in == nil || !content.Has(in) {
				continue
			}
			if context, ok := content.Get(in).Message().Interface().(*waE2E.ContextInfo); ok {
				found = context
				return false
			}
		}
		return true
	})
	return found
}

// unwrap calls each with m and with the messages that are wrapped in it, the outermost
// first, until it returns false, which unwrap then does too.
func unwrap(m *waE2E.Message, wrappers int, each func(*waE2E.Message) bool) bool {
	if m == nil || wrappers == 0 {
		return true
	}
	if !each(m) {
		return false
	}
	set := m.ProtoReflect()
	all := set.Descriptor().Fields()
	for i := range all.Len() {
		fd := all.Get(i)
		if fields[fd.Name()].class == wrapper && set.Has(fd) && !unwrap(wrapped(m, fd), wrappers-1, each) {
			return false
		}
	}
	return true
}

// textMessage is a text as it is sent to a chat with this timer.
func textMessage(text string, t flowhq.Timer) *waE2E.Message {
	if t.Seconds <= 0 {
		return &waE2E.Message{Conversation: proto.String(text)}
	}
	context := &waE2E.ContextInfo{Expiration: proto.Uint32(uint32(t.Seconds))}
	if !t.SetAt.IsZero() {
		context.EphemeralSettingTimestamp = proto.Int64(t.SetAt.Unix())
	}
	return &waE2E.Message{ExtendedTextMessage: &waE2E.ExtendedTextMessage{Text: proto.String(text), ContextInfo: context}}
}
