package whatsapp

import (
	"context"
	"strings"
	"unicode/utf8"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/flowhq/flowhq"
)

// maxIDBytes bounds a message id. WhatsApp's own are at most 32 characters, but
// the sender's client chooses it.
const maxIDBytes = 128

// inbound returns what a customer said, or false if the event is nothing that a
// customer said to us. An error means that the database failed, and the message must
// not be acknowledged.
func (c *Conn) inbound(e *events.Message) (Inbound, bool, error) {
	if e.IsEdit || e.Info.Edit != types.EditAttributeEmpty {
		return Inbound{}, false, nil
	}
	kind, text, ok := content(e.Message)
	if !ok {
		return Inbound{}, false, nil
	}
	in, ok, err := c.envelope(&e.Info)
	in.Kind, in.Text = kind, cleanText(text)
	return in, ok, err
}

// envelope returns who wrote what when, or false for all that is not a message
// of a customer to us: our own, groups, broadcasts, status, newsletters, bots.
func (c *Conn) envelope(info *types.MessageInfo) (Inbound, bool, error) {
	if info.IsFromMe || info.IsGroup || !isPerson(info.Chat) || !isPerson(info.Sender) {
		return Inbound{}, false, nil
	}
	if !isID(info.ID) {
		c.logger().Warn("message with a malformed id was ignored")
		return Inbound{}, false, nil
	}
	lid, number, err := c.identities(info.Sender.ToNonAD(), info.SenderAlt.ToNonAD())
	if err != nil {
		return Inbound{}, false, err
	}
	in := Inbound{Number: numberOf(number), Name: cleanText(info.PushName), ID: info.ID, SentAt: info.Timestamp}
	if !lid.IsEmpty() {
		in.LID = lid.String()
	}
	return in, true, nil
}

// isPerson reports whether jid is one person's, who can be answered.
func isPerson(jid types.JID) bool {
	switch jid.Server {
	case types.DefaultUserServer, types.HiddenUserServer:
		return jid.User != "" && jid.User != types.PSAJID.User && !jid.IsBot()
	}
	return false
}

// isID reports whether id is one that can be stored and sent back.
func isID(id string) bool {
	printable := func(r rune) bool { return r > ' ' && r < utf8.RuneSelf-1 }
	return id != "" && len(id) <= maxIDBytes && !strings.ContainsFunc(id, func(r rune) bool { return !printable(r) })
}

// identities returns a contact's LID and number JID, given the one it wrote with
// and the other, which may be empty. Either result may be empty. The database is asked,
// for the other may have been learnt since, by another process too.
func (c *Conn) identities(jid, alt types.JID) (lid, number types.JID, err error) {
	for _, j := range []types.JID{jid, alt} {
		switch j.Server {
		case types.HiddenUserServer:
			lid = j
		case types.DefaultUserServer:
			number = j
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), handlerTimeout)
	defer cancel()
	known := lids{c.network.keys}
	switch {
	case lid.IsEmpty():
		lid, err = known.GetLIDForPN(ctx, number)
	case number.IsEmpty():
		number, err = known.GetPNForLID(ctx, lid)
	}
	if err != nil {
		return lid, number, unread(err)
	}
	return lid, number, nil
}

// content returns what a message says, or false if it says nothing: it changes
// another message, reacts to one, or is meant for the client and not the reader.
func content(m *waE2E.Message) (flowhq.Kind, string, bool) {
	switch {
	case m == nil,
		m.ProtocolMessage != nil, // revocations, edits, settings
		m.ReactionMessage != nil, m.EncReactionMessage != nil,
		m.PollUpdateMessage != nil,
		m.KeepInChatMessage != nil, m.PinInChatMessage != nil,
		m.EncCommentMessage != nil, m.CommentMessage != nil,
		m.SecretEncryptedMessage != nil: // encrypted edits
		return "", "", false
	}
	if text := written(m); text != "" {
		return flowhq.KindText, text, true
	}
	if !hasContent(m) {
		return "", "", false
	}
	return flowhq.KindMedia, caption(m), true
}

// written returns the text that a person typed or the option they chose.
func written(m *waE2E.Message) string {
	for _, text := range []string{
		m.GetConversation(),
		m.GetExtendedTextMessage().GetText(),
		m.GetButtonsResponseMessage().GetSelectedDisplayText(),
		m.GetTemplateButtonReplyMessage().GetSelectedDisplayText(),
		m.GetListResponseMessage().GetTitle(),
		m.GetInteractiveResponseMessage().GetBody().GetText(),
	} {
		if text != "" {
			return text
		}
	}
	return ""
}

// caption returns the text that goes with a picture and the like.
func caption(m *waE2E.Message) string {
	for _, text := range []string{
		m.GetImageMessage().GetCaption(),
		m.GetVideoMessage().GetCaption(),
		m.GetPtvMessage().GetCaption(),
		m.GetDocumentMessage().GetCaption(),
		m.GetLiveLocationMessage().GetCaption(),
		m.GetLocationMessage().GetComment(),
	} {
		if text != "" {
			return text
		}
	}
	return ""
}

// hasContent reports whether a message has any part beside those that accompany
// all messages. Kinds of content that do not exist yet count: a person sent it,
// and wants an answer.
func hasContent(m *waE2E.Message) bool {
	found := false
	m.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		switch field.Name() {
		case "messageContextInfo", "senderKeyDistributionMessage", "fastRatchetKeySenderKeyDistributionMessage",
			"conversation", "extendedTextMessage": // empty, or written would have found it
		default:
			found = true
		}
		return !found
	})
	return found
}

// cleanText returns text as it can be stored: PostgreSQL takes neither broken
// UTF-8 nor NUL, and a message that can never be stored would be delivered for
// ever.
func cleanText(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "")
	if len(text) <= flowhq.MaxTextBytes {
		return text
	}
	end := flowhq.MaxTextBytes
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
