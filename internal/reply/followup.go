package reply

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/when"
)

// A FollowUpInput is what the text of a follow-up depends on. It has no message and no calendar:
// nothing was asked, and the row in the database says what the text is about.
type FollowUpInput struct {
	Profile flowhq.Profile
	Config  flowhq.Config
	State   []byte // of the conversation, for its language; nil = none
	Now     time.Time
	Booking *flowhq.Booking // what it is about, or Order
	Order   *flowhq.Order
}

// FollowUp is what a customer is told of a booking that is ahead, or of an order that waits, with
// how to be told no more. It is in the language of the chat, or else the tenant's.
//
// Days are named by their date: between writing the text and its arrival it may be midnight. An
// empty text means that there is nothing to say, and the caller sends nothing.
func FollowUp(in FollowUpInput) string {
	// Not compiled: the matchers of a full Knowledge are for reading messages, and this text only
	// names things.
	k := &Knowledge{profile: in.Profile, config: in.Config, zone: in.Profile.Zone()}
	say := speakerOf(k, cmp.Or(chatLanguage(in.State), in.Config.Language))
	text := ""
	switch b, o := in.Booking, in.Order; {
	case b != nil:
		text = say.first("followup.booking", "number", b.Number,
			"service", k.serviceName(say.language, b.Service),
			"time", when.FormatTime(say.language, b.StartsAt.In(k.zone), in.Now.In(k.zone)))
	// Not placed yet, so there is no number that the customer could know.
	case o != nil && o.Status == flowhq.OrderOpen:
		text = say.first("followup.open", "items", k.itemsOf(say.language, *o))
	case o != nil:
		text = say.first("followup.unpaid", "number", o.Number, "total", k.money(o.Total),
			"payment", k.wayToPay(say.language, *o))
	default:
		return ""
	}
	return cut(upperFirst(text) + " " + say.first("followup.end"))
}

// chatLanguage is the language of a conversation, "" if it has none of its own. Only the one field
// is read. A state of another version still has it, and a reminder must not wait for the next
// message to be in the right language.
func chatLanguage(state []byte) flowhq.Language {
	var s struct {
		Language flowhq.Language `json:"language"`
	}
	if state == nil || json.Unmarshal(state, &s) != nil {
		return ""
	}
	return s.Language
}

// serviceName is the name of a booking's service, which may be the owner's no more. The owner may
// delete a service while bookings for it stand. The ID was made from the name, and says more than
// an empty place.
func (k *Knowledge) serviceName(l flowhq.Language, id string) string {
	for _, s := range k.profile.Services {
		if s.ID == id {
			return s.Name.In(l)
		}
	}
	return oneLine(id, maxOptionText)
}

// itemsOf names what is on an order, and what it comes to if each price is known. A sum of some
// would be held against the owner.
func (k *Knowledge) itemsOf(l flowhq.Language, o flowhq.Order) string {
	var items []string
	priced := o.Total > 0
	for _, line := range o.Lines {
		// In the language of the chat, if the owner has the product still.
		name := line.Name
		for _, p := range k.profile.Products {
			if p.ID == line.Product {
				name = p.Name.In(l)
			}
		}
		if line.Size != "" {
			name += " (" + line.Size + ")"
		}
		items = append(items, thousands(int64(line.Quantity))+" × "+name)
		priced = priced && line.Price > 0
	}
	text := strings.Join(items, ", ")
	if priced {
		text += " (" + k.money(o.Total) + ")"
	}
	return text
}

// wayToPay says where the money for an order goes: the way that the customer has chosen, or the
// first one. A way that was chosen stands first in the note, before the first semicolon, see
// [turn.order].
func (k *Knowledge) wayToPay(l flowhq.Language, o flowhq.Order) string {
	chosen, _, _ := strings.Cut(o.Note, ";")
	ways := k.profile.Payments
	for _, p := range ways {
		if p.Name == chosen {
			ways = []flowhq.Payment{p}
		}
	}
	if len(ways) == 0 {
		return chosen
	}
	t := turn{k: k, say: speakerOf(k, l)}
	// Only this Knowledge, which is made for one text, has the shorter list.
	k.profile.Payments = ways
	return strings.TrimSuffix(t.payment(0), ".")
}
