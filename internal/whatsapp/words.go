package whatsapp

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.mau.fi/whatsmeow/proto/waE2E"
)

// The functions of this file find the words in one kind of message each, and put
// what else there is to read into a form for the log. The library's getters take
// nil, so a message that lacks a part yields "".

// lines joins what is not empty, one a line.
func lines(parts ...string) string { return join("\n", parts) }

// join joins what is not empty.
func join(separator string, parts []string) string {
	var full []string
	for _, part := range parts {
		if part = strings.TrimSpace(part); part != "" {
			full = append(full, part)
		}
	}
	return strings.Join(full, separator)
}

// list joins what each yields, one a line.
func list[T any](all []T, each func(T) string) string {
	texts := make([]string, 0, len(all))
	for _, one := range all {
		texts = append(texts, each(one))
	}
	return lines(texts...)
}

func typedText(m *waE2E.Message) string {
	return cmp.Or(m.GetExtendedTextMessage().GetText(), m.GetExtendedTextMessage().GetMatchedText())
}

func pressedButton(m *waE2E.Message) string {
	b := m.GetButtonsResponseMessage()
	return cmp.Or(b.GetSelectedDisplayText(), b.GetSelectedButtonID())
}

func pressedTemplate(m *waE2E.Message) string {
	b := m.GetTemplateButtonReplyMessage()
	return cmp.Or(b.GetSelectedDisplayText(), b.GetSelectedID())
}

func chosenRow(m *waE2E.Message) string {
	r := m.GetListResponseMessage()
	return cmp.Or(r.GetTitle(), r.GetDescription(), r.GetSingleSelectReply().GetSelectedRowID())
}

// flowResponse returns what the sender pressed, or what they filled in: of a form
// the body only says that it was sent.
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

// form returns what was filled into a form.
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

func templateText(m *waE2E.Message) string {
	t := m.GetTemplateMessage()
	return lines(hydrated(t.GetHydratedTemplate()), hydrated(t.GetHydratedFourRowTemplate()),
		structured(t.GetFourRowTemplate().GetContent()), interactive(t.GetInteractiveMessageTemplate()))
}

func hydrated(t *waE2E.TemplateMessage_HydratedFourRowTemplate) string {
	return lines(t.GetHydratedTitleText(), t.GetHydratedContentText(), t.GetHydratedFooterText())
}

func structuredText(m *waE2E.Message) string { return structured(m.GetHighlyStructuredMessage()) }

func structured(h *waE2E.HighlyStructuredMessage) string {
	return cmp.Or(hydrated(h.GetHydratedHsm().GetHydratedTemplate()), lines(h.GetParams()...))
}

func buttonsText(m *waE2E.Message) string {
	b := m.GetButtonsMessage()
	return lines(b.GetText(), b.GetContentText(), b.GetFooterText())
}

func listText(m *waE2E.Message) string {
	l := m.GetListMessage()
	return lines(l.GetTitle(), l.GetDescription(), l.GetFooterText())
}

func interactiveText(m *waE2E.Message) string {
	i := m.GetInteractiveMessage()
	return lines(interactive(i), list(i.GetCarouselMessage().GetCards(), interactive))
}

func interactive(i *waE2E.InteractiveMessage) string {
	return lines(i.GetHeader().GetTitle(), i.GetHeader().GetSubtitle(), i.GetBody().GetText(), i.GetFooter().GetText())
}

// assistantText is for what WhatsApp's assistant wrote and somebody passed on.
func assistantText(m *waE2E.Message) string {
	var texts []string
	for _, part := range m.GetRichResponseMessage().GetSubmessages() {
		texts = append(texts, part.GetMessageText())
	}
	return lines(texts...)
}

func statusAnswer(m *waE2E.Message) string   { return m.GetStatusQuestionAnswerMessage().GetText() }
func questionAnswer(m *waE2E.Message) string { return m.GetQuestionResponseMessage().GetText() }

func imageCaption(m *waE2E.Message) string      { return m.GetImageMessage().GetCaption() }
func videoCaption(m *waE2E.Message) string      { return m.GetVideoMessage().GetCaption() }
func roundVideoCaption(m *waE2E.Message) string { return m.GetPtvMessage().GetCaption() }
func packCaption(m *waE2E.Message) string       { return m.GetStickerPackMessage().GetCaption() }
func packName(m *waE2E.Message) string          { return m.GetStickerPackMessage().GetName() }
func songTitle(m *waE2E.Message) string         { return m.GetMusicMessage().GetEmbeddedMusic().GetTitle() }

// documentCaption leaves out the file's name, which clients also give as caption
// of a document that has none.
func documentCaption(m *waE2E.Message) string {
	d := m.GetDocumentMessage()
	if d.GetCaption() == d.GetFileName() {
		return ""
	}
	return d.GetCaption()
}

// documentName is for a document of which nothing else is to be read.
func documentName(m *waE2E.Message) string {
	d := m.GetDocumentMessage()
	if documentCaption(m) != "" {
		return ""
	}
	return cmp.Or(d.GetFileName(), d.GetTitle())
}

func placeComment(m *waE2E.Message) string { return m.GetLocationMessage().GetComment() }
func place(m *waE2E.Message) string        { return placeText(m.GetLocationMessage()) }
func liveCaption(m *waE2E.Message) string  { return m.GetLiveLocationMessage().GetCaption() }

func placeText(l *waE2E.LocationMessage) string {
	return lines(l.GetName(), l.GetAddress(), coordinates(l.GetDegreesLatitude(), l.GetDegreesLongitude()))
}

func livePlace(m *waE2E.Message) string {
	l := m.GetLiveLocationMessage()
	return coordinates(l.GetDegreesLatitude(), l.GetDegreesLongitude())
}

// coordinates are in degrees, as maps take them.
func coordinates(latitude, longitude float64) string {
	if latitude == 0 && longitude == 0 { // not given
		return ""
	}
	return strconv.FormatFloat(latitude, 'f', -1, 64) + ", " + strconv.FormatFloat(longitude, 'f', -1, 64)
}

func contactCard(m *waE2E.Message) string { return card(m.GetContactMessage()) }

func contactCards(m *waE2E.Message) string {
	a := m.GetContactsArrayMessage()
	return cmp.Or(list(a.GetContacts(), card), a.GetDisplayName())
}

func chatName(m *waE2E.Message) string { return m.GetChat().GetDisplayName() }

// card returns a contact's name and numbers.
func card(c *waE2E.ContactMessage) string {
	name, numbers := c.GetDisplayName(), []string{}
	for line := range strings.Lines(c.GetVcard()) {
		property, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		property, _, _ = strings.Cut(strings.ToUpper(property), ";")
		switch {
		case !ok:
		case property == "FN" && name == "":
			name = value
		case property == "TEL" || strings.HasSuffix(property, ".TEL"):
			numbers = append(numbers, value)
		}
	}
	return join(": ", []string{name, join(", ", numbers)})
}

// orderText returns what a customer wrote to an order from the catalogue, and
// what the order is. Its items stay with WhatsApp.
func orderText(m *waE2E.Message) string {
	o := m.GetOrderMessage()
	items := ""
	switch n := o.GetItemCount(); {
	case n == 1:
		items = "1 item"
	case n > 1:
		items = fmt.Sprintf("%d items", n)
	}
	about := join(", ", []string{o.GetOrderTitle(), items, money(o.GetTotalAmount1000(), 1000, o.GetTotalCurrencyCode())})
	return lines(o.GetMessage(), join(": ", []string{"Order from the catalogue", about}))
}

func productText(m *waE2E.Message) string {
	p := m.GetProductMessage()
	product := p.GetProduct()
	price := money(cmp.Or(product.GetSalePriceAmount1000(), product.GetPriceAmount1000()), 1000, product.GetCurrencyCode())
	return lines(p.GetBody(), join(", ", []string{product.GetTitle(), price}), p.GetCatalog().GetTitle())
}

// money writes an amount that is given in parts of a unit, or "" for nothing.
func money(amount int64, parts float64, currency string) string {
	if amount == 0 {
		return ""
	}
	return strings.TrimSpace(strconv.FormatFloat(float64(amount)/parts, 'f', -1, 64) + " " + currency)
}

// amount writes WhatsApp's own form of an amount.
func amount(a *waE2E.Money) string {
	return money(a.GetValue(), float64(max(1, a.GetOffset())), a.GetCurrencyCode())
}

func pollText(m *waE2E.Message) string {
	for _, p := range []*waE2E.PollCreationMessage{
		m.GetPollCreationMessage(), m.GetPollCreationMessageV2(), m.GetPollCreationMessageV3(),
		m.GetPollCreationMessageV5(), m.GetPollCreationMessageV6(),
	} {
		if p != nil {
			return lines(p.GetName(), list(p.GetOptions(), func(o *waE2E.PollCreationMessage_Option) string {
				return bullet(o.GetOptionName())
			}))
		}
	}
	return ""
}

func pollResult(m *waE2E.Message) string {
	for _, p := range []*waE2E.PollResultSnapshotMessage{m.GetPollResultSnapshotMessage(), m.GetPollResultSnapshotMessageV3()} {
		if p != nil {
			return lines(p.GetName(), list(p.GetPollVotes(), func(v *waE2E.PollResultSnapshotMessage_PollVote) string {
				return bullet(fmt.Sprintf("%s: %d", v.GetOptionName(), v.GetOptionVoteCount()))
			}))
		}
	}
	return ""
}

func bullet(text string) string {
	if text == "" {
		return ""
	}
	return "- " + text
}

func eventText(m *waE2E.Message) string {
	e := m.GetEventMessage()
	return lines(e.GetName(), e.GetDescription(), placeText(e.GetLocation()), moment(e.GetStartTime()))
}

func eventInviteCaption(m *waE2E.Message) string { return m.GetEventInviteMessage().GetCaption() }

func eventInviteTitle(m *waE2E.Message) string {
	e := m.GetEventInviteMessage()
	return lines(e.GetEventTitle(), moment(e.GetStartTime()))
}

func groupInviteCaption(m *waE2E.Message) string { return m.GetGroupInviteMessage().GetCaption() }
func groupInviteName(m *waE2E.Message) string    { return m.GetGroupInviteMessage().GetGroupName() }

func adminInviteCaption(m *waE2E.Message) string {
	return m.GetNewsletterAdminInviteMessage().GetCaption()
}

func adminInviteName(m *waE2E.Message) string {
	return m.GetNewsletterAdminInviteMessage().GetNewsletterName()
}

func followerInviteCaption(m *waE2E.Message) string {
	return m.GetNewsletterFollowerInviteMessageV2().GetCaption()
}

func followerInviteName(m *waE2E.Message) string {
	return m.GetNewsletterFollowerInviteMessageV2().GetNewsletterName()
}

func scheduledCallTitle(m *waE2E.Message) string {
	return m.GetScheduledCallCreationMessage().GetTitle()
}

func scheduledCallTime(m *waE2E.Message) string {
	const milliseconds = 1000
	return moment(m.GetScheduledCallCreationMessage().GetScheduledTimestampMS() / milliseconds)
}

// lastMoment is the last second of the year 9999, after which a time is none.
const lastMoment = 253402300799

// moment writes a time in seconds since 1970, or "" for none.
func moment(seconds int64) string {
	if seconds <= 0 || seconds > lastMoment {
		return ""
	}
	return time.Unix(seconds, 0).UTC().Format("2006-01-02 15:04 UTC")
}

// note returns the words that go with a payment.
func note(m *waE2E.Message) string { return cmp.Or(m.GetConversation(), typedText(m)) }

func paymentNote(m *waE2E.Message) string { return note(m.GetSendPaymentMessage().GetNoteMessage()) }
func requestNote(m *waE2E.Message) string { return note(m.GetRequestPaymentMessage().GetNoteMessage()) }
func invoiceNote(m *waE2E.Message) string { return m.GetInvoiceMessage().GetNote() }
func splitNote(m *waE2E.Message) string   { return m.GetSplitPaymentMessage().GetDescription() }
func splitAmount(m *waE2E.Message) string { return amount(m.GetSplitPaymentMessage().GetTotalAmount()) }

func requestAmount(m *waE2E.Message) string {
	r := m.GetRequestPaymentMessage()
	return cmp.Or(amount(r.GetAmount()), money(int64(r.GetAmount1000()), 1000, r.GetCurrencyCodeIso4217()))
}

func reminderNote(m *waE2E.Message) string { return m.GetPaymentReminderMessage().GetDescription() }

func reminderAmount(m *waE2E.Message) string {
	return amount(m.GetPaymentReminderMessage().GetAmount())
}

// callLog says what became of a call.
func callLog(m *waE2E.Message) string {
	c := m.GetCallLogMesssage()
	what := "Voice call"
	if c.GetIsVideo() {
		what = "Video call"
	}
	switch c.GetCallOutcome() {
	case waE2E.CallLogMessage_MISSED, waE2E.CallLogMessage_SILENCED_BY_DND, waE2E.CallLogMessage_SILENCED_UNKNOWN_CALLER:
		return what + ", missed"
	case waE2E.CallLogMessage_FAILED:
		return what + ", failed"
	case waE2E.CallLogMessage_REJECTED:
		return what + ", declined"
	case waE2E.CallLogMessage_CONNECTED, waE2E.CallLogMessage_ACCEPTED_ELSEWHERE, waE2E.CallLogMessage_ONGOING:
	}
	if n := c.GetDurationSecs(); n > 0 {
		return fmt.Sprintf("%s, %d s", what, n)
	}
	return what
}

func broadcastCall(m *waE2E.Message) string { return lines("Call", m.GetBcallMessage().GetCaption()) }
