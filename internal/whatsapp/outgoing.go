package whatsapp

import (
	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/proto"

	"github.com/flowhq/flowhq"
)

// outgoing returns a message of the log as it is sent. The same row gives an equal message each
// time, so that what is sent again, or asked for again by a phone, is what was sent first.
func outgoing(m flowhq.Message) *waE2E.Message {
	context := timerContext(m.Timer())
	switch {
	case m.Media == flowhq.MediaLocation && m.Latitude != nil && m.Longitude != nil:
		return &waE2E.Message{LocationMessage: sentPlace(m, context)}
	case context == nil:
		return &waE2E.Message{Conversation: proto.String(m.Text)}
	default:
		// Only an extended text has a place for the timer.
		extended := &waE2E.ExtendedTextMessage{Text: proto.String(m.Text), ContextInfo: context}
		return &waE2E.Message{ExtendedTextMessage: extended}
	}
}

// sentPlace is a place as a phone shows it, on a map. What the log says of it in words is for readers
// of the log.
func sentPlace(m flowhq.Message, context *waE2E.ContextInfo) *waE2E.LocationMessage {
	l := &waE2E.LocationMessage{
		DegreesLatitude: m.Latitude, DegreesLongitude: m.Longitude, ContextInfo: context,
	}
	if a := m.Attachment; a != nil {
		l.Name, l.Address = optional(a.Name), optional(a.Address)
	}
	return l
}

// timerContext is what tells a phone when the message disappears, nil for never. A message without
// it would stay in the customer's chat when all others disappear.
func timerContext(t flowhq.DisappearingTimer) *waE2E.ContextInfo {
	if t.Seconds <= 0 {
		return nil
	}
	context := &waE2E.ContextInfo{Expiration: proto.Uint32(uint32(t.Seconds))}
	if !t.SetAt.IsZero() {
		context.EphemeralSettingTimestamp = proto.Int64(t.SetAt.Unix())
	}
	return context
}

// optional is a field that is left out when there is nothing in it, as phones do.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
