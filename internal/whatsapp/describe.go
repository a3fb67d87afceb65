package whatsapp

import (
	"cmp"
	"fmt"
	"strings"

	"go.mau.fi/whatsmeow/proto/waE2E"
)

// Each function of this file describes what there is to see in one kind of message,
// besides a person's words, for whoever reads the log.

// packName names a pack of stickers that somebody shares.
func packName(m *waE2E.Message) string { return m.GetStickerPackMessage().GetName() }

// songTitle names a song that somebody shares.
func songTitle(m *waE2E.Message) string {
	return m.GetMusicMessage().GetEmbeddedMusic().GetTitle()
}

// documentName names a document that has no caption. Where there is a caption, it is the text.
func documentName(m *waE2E.Message) string {
	d := m.GetDocumentMessage()
	if documentCaption(m) != "" {
		return ""
	}
	return cmp.Or(d.GetFileName(), d.GetTitle())
}

// place describes a place that somebody sends once, as the address of a delivery.
func place(m *waE2E.Message) string { return placeText(m.GetLocationMessage()) }

// placeText returns the name and address of a place that was chosen from WhatsApp's list,
// and where it is. A place that was pinned on the map has neither.
func placeText(l *waE2E.LocationMessage) string {
	at := coordinates(l.GetDegreesLatitude(), l.GetDegreesLongitude())
	return lines(l.GetName(), l.GetAddress(), at)
}

// livePlace is where somebody was at first who shares a position for some time.
func livePlace(m *waE2E.Message) string {
	l := m.GetLiveLocationMessage()
	return coordinates(l.GetDegreesLatitude(), l.GetDegreesLongitude())
}

// contactCard describes one person whose number is sent.
func contactCard(m *waE2E.Message) string { return card(m.GetContactMessage()) }

// contactCards describes several, or says how WhatsApp names them together if the cards are empty.
func contactCards(m *waE2E.Message) string {
	a := m.GetContactsArrayMessage()
	return cmp.Or(list(a.GetContacts(), card), a.GetDisplayName())
}

// chatName names a chat that is shared, such as a channel.
func chatName(m *waE2E.Message) string { return m.GetChat().GetDisplayName() }

// card returns a contact's name and numbers, read from its vCard. The property may have a
// group before it and parameters after it: "item1.TEL;waid=255700000001:+255 700 000 001".
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

// orderText returns what a customer wrote to an order from the catalogue, and what the
// order is. Its items are not in the message: they stay with WhatsApp.
func orderText(m *waE2E.Message) string {
	o := m.GetOrderMessage()
	items := ""
	switch n := o.GetItemCount(); {
	case n == 1:
		items = "1 item"
	case n > 1:
		items = fmt.Sprintf("%d items", n)
	}
	total := money(o.GetTotalAmount1000(), thousandths, o.GetTotalCurrencyCode())
	about := join(", ", []string{o.GetOrderTitle(), items, total})
	return lines(o.GetMessage(), join(": ", []string{"Order from the catalogue", about}))
}

// productText returns a product of the catalogue with the price that a customer would pay.
func productText(m *waE2E.Message) string {
	p := m.GetProductMessage()
	product := p.GetProduct()
	amount := cmp.Or(product.GetSalePriceAmount1000(), product.GetPriceAmount1000())
	price := money(amount, thousandths, product.GetCurrencyCode())
	title := join(", ", []string{product.GetTitle(), price})
	return lines(p.GetBody(), title, p.GetCatalog().GetTitle())
}

// thousandths are what most of WhatsApp's amounts are given in.
const thousandths = 1000

// amount writes an amount that says itself in which parts of a unit it is given.
func amount(a *waE2E.Money) string {
	return money(a.GetValue(), float64(max(1, a.GetOffset())), a.GetCurrencyCode())
}

// pollText returns the question of a poll and the options. WhatsApp has given polls five
// fields over the years, all of one type; pollCreationMessageV4 wraps one of them.
func pollText(m *waE2E.Message) string {
	for _, p := range []*waE2E.PollCreationMessage{
		m.GetPollCreationMessage(), m.GetPollCreationMessageV2(), m.GetPollCreationMessageV3(),
		m.GetPollCreationMessageV5(), m.GetPollCreationMessageV6(),
	} {
		if p != nil {
			option := func(o *waE2E.PollCreationMessage_Option) string {
				return bullet(o.GetOptionName())
			}
			return lines(p.GetName(), list(p.GetOptions(), option))
		}
	}
	return ""
}

// pollResult returns the question of a poll and how many voted for each option.
func pollResult(m *waE2E.Message) string {
	for _, p := range []*waE2E.PollResultSnapshotMessage{
		m.GetPollResultSnapshotMessage(), m.GetPollResultSnapshotMessageV3(),
	} {
		if p != nil {
			votes := func(v *waE2E.PollResultSnapshotMessage_PollVote) string {
				return bullet(fmt.Sprintf("%s: %d", v.GetOptionName(), v.GetOptionVoteCount()))
			}
			return lines(p.GetName(), list(p.GetPollVotes(), votes))
		}
	}
	return ""
}

// eventText describes an event that is planned in a chat: what, where and when.
func eventText(m *waE2E.Message) string {
	e := m.GetEventMessage()
	at, from := placeText(e.GetLocation()), moment(e.GetStartTime())
	return lines(e.GetName(), e.GetDescription(), at, from)
}

// eventInviteTitle describes the invitation to an event, which has no place.
func eventInviteTitle(m *waE2E.Message) string {
	e := m.GetEventInviteMessage()
	return lines(e.GetEventTitle(), moment(e.GetStartTime()))
}

// groupInviteName names the group that an invitation is for. Nobody accepts it here: groups are
// not answered.
func groupInviteName(m *waE2E.Message) string { return m.GetGroupInviteMessage().GetGroupName() }

// adminInviteName names the channel that somebody is asked to help to run.
func adminInviteName(m *waE2E.Message) string {
	return m.GetNewsletterAdminInviteMessage().GetNewsletterName()
}

// followerInviteName names the channel that somebody is asked to follow.
func followerInviteName(m *waE2E.Message) string {
	return m.GetNewsletterFollowerInviteMessageV2().GetNewsletterName()
}

// scheduledCallTitle names a call that is planned.
func scheduledCallTitle(m *waE2E.Message) string {
	return m.GetScheduledCallCreationMessage().GetTitle()
}

// scheduledCallTime is when it is. Other times of the protocol are in seconds.
func scheduledCallTime(m *waE2E.Message) string {
	const milliseconds = 1000
	return moment(m.GetScheduledCallCreationMessage().GetScheduledTimestampMS() / milliseconds)
}

// splitAmount is the whole of a bill that several share.
func splitAmount(m *waE2E.Message) string {
	return amount(m.GetSplitPaymentMessage().GetTotalAmount())
}

// requestAmount returns what somebody asks to be paid. Older clients give it in
// thousandths alone.
func requestAmount(m *waE2E.Message) string {
	r := m.GetRequestPaymentMessage()
	older := money(int64(r.GetAmount1000()), thousandths, r.GetCurrencyCodeIso4217())
	return cmp.Or(amount(r.GetAmount()), older)
}

// reminderAmount is what somebody is reminded to pay.
func reminderAmount(m *waE2E.Message) string {
	return amount(m.GetPaymentReminderMessage().GetAmount())
}

// callLog says what became of a call. The library spells the field with three s.
func callLog(m *waE2E.Message) string {
	c := m.GetCallLogMesssage()
	what := "Voice call"
	if c.GetIsVideo() {
		what = "Video call"
	}
	switch c.GetCallOutcome() {
	case waE2E.CallLogMessage_MISSED, waE2E.CallLogMessage_SILENCED_BY_DND,
		waE2E.CallLogMessage_SILENCED_UNKNOWN_CALLER:
		return what + ", missed"
	case waE2E.CallLogMessage_FAILED:
		return what + ", failed"
	case waE2E.CallLogMessage_REJECTED:
		return what + ", declined"
	case waE2E.CallLogMessage_CONNECTED, waE2E.CallLogMessage_ACCEPTED_ELSEWHERE,
		waE2E.CallLogMessage_ONGOING:
	}
	if n := c.GetDurationSecs(); n > 0 {
		return fmt.Sprintf("%s, %d s", what, n)
	}
	return what
}

// broadcastCall says that there was a call to many.
func broadcastCall(m *waE2E.Message) string {
	return lines("Call", m.GetBcallMessage().GetCaption())
}
