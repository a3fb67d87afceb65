package whatsapp

import (
	"cmp"
	"encoding/json"
	"slices"

	"go.mau.fi/whatsmeow/proto/waE2E"
)

// Each function of this file finds what a person wrote or chose in one kind of message.
// The library's getters take nil, so a message that lacks a part yields "".

// typedText returns a text that comes with more than its words, such as the preview of a
// link. Some clients send the link alone, as the matched text.
func typedText(m *waE2E.Message) string {
	t := m.GetExtendedTextMessage()
	return cmp.Or(t.GetText(), t.GetMatchedText())
}

// pressedButton returns the words on the button. Its id, which the business chose, is
// better than nothing.
func pressedButton(m *waE2E.Message) string {
	b := m.GetButtonsResponseMessage()
	return cmp.Or(b.GetSelectedDisplayText(), b.GetSelectedButtonID())
}

// pressedTemplate is pressedButton for a button of a template.
func pressedTemplate(m *waE2E.Message) string {
	b := m.GetTemplateButtonReplyMessage()
	return cmp.Or(b.GetSelectedDisplayText(), b.GetSelectedID())
}

// chosenRow returns the words of the row that was chosen from a list, or its id.
func chosenRow(m *waE2E.Message) string {
	r := m.GetListResponseMessage()
	return cmp.Or(r.GetTitle(), r.GetDescription(), r.GetSingleSelectReply().GetSelectedRowID())
}

// flowResponse returns what the sender pressed, or what they filled in. The body of a form
// says only that the form was sent; what was filled in is JSON beside it.
func flowResponse(m *waE2E.Message) string {
	r := m.GetInteractiveResponseMessage()
	body, params := r.GetBody().GetText(), r.GetNativeFlowResponseMessage().GetParamsJSON()
	var values map[string]any
	if params == "" || json.Unmarshal([]byte(params), &values) != nil {
		return cmp.Or(body, params)
	}
	for _, key := range []string{"display_text", "title", "text"} {
		if text, ok := values[key].(string); ok && text != "" {
			return cmp.Or(body, text)
		}
	}
	id, _ := values["id"].(string)
	return cmp.Or(lines(body, form(values)), id)
}

// form returns what was filled into a form, one field a line, in the order of the fields'
// names: the JSON has none. The id and the token are not the sender's words.
func form(values map[string]any) string {
	var filled []string
	for key, value := range values {
		switch value := value.(type) {
		case nil:
		case string:
			if value != "" && key != "id" && key != "flow_token" {
				filled = append(filled, key+": "+value)
			}
		default:
			if text, err := json.Marshal(value); err == nil {
				filled = append(filled, key+": "+string(text))
			}
		}
	}
	slices.Sort(filled)
	return lines(filled...)
}

// templateText returns what a template says. There are four kinds, of which a message has
// one.
func templateText(m *waE2E.Message) string {
	t := m.GetTemplateMessage()
	return lines(
		hydrated(t.GetHydratedTemplate()),
		hydrated(t.GetHydratedFourRowTemplate()),
		structured(t.GetFourRowTemplate().GetContent()),
		interactive(t.GetInteractiveMessageTemplate()),
	)
}

// hydrated returns the text of a template whose placeholders are filled in.
func hydrated(t *waE2E.TemplateMessage_HydratedFourRowTemplate) string {
	return lines(t.GetHydratedTitleText(), t.GetHydratedContentText(), t.GetHydratedFooterText())
}

func structuredText(m *waE2E.Message) string { return structured(m.GetHighlyStructuredMessage()) }

// structured returns the text of a template, or if that did not come along, the words for
// its placeholders.
func structured(h *waE2E.HighlyStructuredMessage) string {
	return cmp.Or(hydrated(h.GetHydratedHsm().GetHydratedTemplate()), lines(h.GetParams()...))
}

// buttonsText returns the text above buttons. The buttons themselves are the sender's
// offers, not words.
func buttonsText(m *waE2E.Message) string {
	b := m.GetButtonsMessage()
	return lines(b.GetText(), b.GetContentText(), b.GetFooterText())
}

// listText returns the text above a list to choose from.
func listText(m *waE2E.Message) string {
	l := m.GetListMessage()
	return lines(l.GetTitle(), l.GetDescription(), l.GetFooterText())
}

// interactiveText returns the text of a message that shows something to press, or several
// such cards beside each other.
func interactiveText(m *waE2E.Message) string {
	i := m.GetInteractiveMessage()
	return lines(interactive(i), list(i.GetCarouselMessage().GetCards(), interactive))
}

// interactive returns the text around whatever can be pressed.
func interactive(i *waE2E.InteractiveMessage) string {
	header, body, footer := i.GetHeader(), i.GetBody(), i.GetFooter()
	return lines(header.GetTitle(), header.GetSubtitle(), body.GetText(), footer.GetText())
}

// assistantText is for what WhatsApp's assistant wrote and somebody passed on.
func assistantText(m *waE2E.Message) string {
	var texts []string
	for _, part := range m.GetRichResponseMessage().GetSubmessages() {
		texts = append(texts, part.GetMessageText())
	}
	return lines(texts...)
}

// Answers to what the business asked in its status, and in its channel.

func statusAnswer(m *waE2E.Message) string   { return m.GetStatusQuestionAnswerMessage().GetText() }
func questionAnswer(m *waE2E.Message) string { return m.GetQuestionResponseMessage().GetText() }

// What a customer wrote under a picture, a video or a pack of stickers.

func imageCaption(m *waE2E.Message) string      { return m.GetImageMessage().GetCaption() }
func videoCaption(m *waE2E.Message) string      { return m.GetVideoMessage().GetCaption() }
func roundVideoCaption(m *waE2E.Message) string { return m.GetPtvMessage().GetCaption() }
func packCaption(m *waE2E.Message) string       { return m.GetStickerPackMessage().GetCaption() }

// documentCaption leaves out the file's name. Clients give it as the caption of a document
// that has none, and it would be answered as the customer's words.
func documentCaption(m *waE2E.Message) string {
	d := m.GetDocumentMessage()
	if d.GetCaption() == d.GetFileName() {
		return ""
	}
	return d.GetCaption()
}

// What a customer wrote to a place, an invitation or a payment.

func placeComment(m *waE2E.Message) string       { return m.GetLocationMessage().GetComment() }
func liveCaption(m *waE2E.Message) string        { return m.GetLiveLocationMessage().GetCaption() }
func eventInviteCaption(m *waE2E.Message) string { return m.GetEventInviteMessage().GetCaption() }
func groupInviteCaption(m *waE2E.Message) string { return m.GetGroupInviteMessage().GetCaption() }

// adminInviteCaption and the next are what was written to the invitation to a channel.
func adminInviteCaption(m *waE2E.Message) string {
	return m.GetNewsletterAdminInviteMessage().GetCaption()
}

func followerInviteCaption(m *waE2E.Message) string {
	return m.GetNewsletterFollowerInviteMessageV2().GetCaption()
}

func invoiceNote(m *waE2E.Message) string  { return m.GetInvoiceMessage().GetNote() }
func splitNote(m *waE2E.Message) string    { return m.GetSplitPaymentMessage().GetDescription() }
func reminderNote(m *waE2E.Message) string { return m.GetPaymentReminderMessage().GetDescription() }

// paymentNote is what was written to money that was sent.
func paymentNote(m *waE2E.Message) string {
	return note(m.GetSendPaymentMessage().GetNoteMessage())
}

// requestNote is what was written to a request for money.
func requestNote(m *waE2E.Message) string {
	return note(m.GetRequestPaymentMessage().GetNoteMessage())
}

// note returns the words that go with a payment, which are a message of their own.
func note(m *waE2E.Message) string { return cmp.Or(m.GetConversation(), typedText(m)) }
