package whatsapp

import (
	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/proto"

	"github.com/flowhq/flowhq"
)

// outgoing returns a message of the log as it is sent. The same row gives an equal message each
// time, so that what is sent again, or asked for again by a phone, is what was sent first. media
// are what it holds, nil if it holds none.
func outgoing(m flowhq.Message, media *Media) *waE2E.Message {
	context := timerContext(m.Timer())
	switch {
	case media != nil && m.Media == flowhq.MediaImage:
		return &waE2E.Message{ImageMessage: picture(m, media, context)}
	case media != nil && m.Media == flowhq.MediaVoice:
		return &waE2E.Message{AudioMessage: voiceNote(media, context)}
	case media != nil:
		return document(m, media, context)
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

// picture is a picture with its caption.
func picture(m flowhq.Message, of *Media, context *waE2E.ContextInfo) *waE2E.ImageMessage {
	u := of.Upload
	return &waE2E.ImageMessage{
		Mimetype: &of.ContentType, Caption: optional(m.Text), ContextInfo: context,
		Width: known(of.Width), Height: known(of.Height),
		URL: &u.URL, DirectPath: &u.DirectPath, MediaKey: u.Key, FileEncSHA256: u.EncSHA256,
		FileSHA256: u.SHA256, FileLength: proto.Uint64(uint64(u.Size)),
		MediaKeyTimestamp: proto.Int64(u.At.Unix()),
	}
}

// voiceNote is a sound that a phone shows with a microphone, and not as a file. PTT is push to
// talk.
func voiceNote(of *Media, context *waE2E.ContextInfo) *waE2E.AudioMessage {
	u := of.Upload
	return &waE2E.AudioMessage{
		Mimetype: proto.String("audio/ogg; codecs=opus"), PTT: proto.Bool(true),
		Seconds: known(of.Seconds), ContextInfo: context,
		URL: &u.URL, DirectPath: &u.DirectPath, MediaKey: u.Key, FileEncSHA256: u.EncSHA256,
		FileSHA256: u.SHA256, FileLength: proto.Uint64(uint64(u.Size)),
		MediaKeyTimestamp: proto.Int64(u.At.Unix()),
	}
}

// document is a file under its name. With a caption it is in a wrapper, as phones send it: without
// that some show no caption.
func document(m flowhq.Message, of *Media, context *waE2E.ContextInfo) *waE2E.Message {
	u, name := of.Upload, m.Attachment.FileName
	d := &waE2E.DocumentMessage{
		Mimetype: &of.ContentType, FileName: &name, Title: &name, Caption: optional(m.Text),
		ContextInfo: context,
		URL:         &u.URL, DirectPath: &u.DirectPath, MediaKey: u.Key, FileEncSHA256: u.EncSHA256,
		FileSHA256: u.SHA256, FileLength: proto.Uint64(uint64(u.Size)),
		MediaKeyTimestamp: proto.Int64(u.At.Unix()),
	}
	plain := &waE2E.Message{DocumentMessage: d}
	if m.Text == "" {
		return plain
	}
	return &waE2E.Message{DocumentWithCaptionMessage: &waE2E.FutureProofMessage{Message: plain}}
}

// known is a number that is left out if it is not known.
func known(n int) *uint32 {
	if n <= 0 {
		return nil
	}
	return proto.Uint32(uint32(n))
}

// sentPlace is a place as a phone shows it, on a map. What the log says of it in words is for
// readers of the log.
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
