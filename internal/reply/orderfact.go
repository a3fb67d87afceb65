package reply

import (
	"strings"

	"github.com/flowhq/flowhq"
)

// The row of an order, as its basket comes to it.

// What the bot notes with an order for the owner to read, beside paidNote.
const (
	feeNote       = "delivery fee to be told"
	smallNote     = "less than is brought"
	pictureInChat = "picture in the chat"
)

// order is the fact of a basket. The status is the caller's. Everything else follows from the
// state, so a turn that is decided again after a crash makes the same fact.
func (t *turn) order(status flowhq.OrderStatus) flowhq.Order {
	o := t.next.Order
	total, _ := t.lineTotal()
	fee, known := t.fee()
	f := flowhq.Order{
		Number: o.Number, Lines: t.orderLines(), Total: total + fee, Currency: t.k.profile.Currency,
		Status: status, Name: t.next.Name,
	}
	if o.How == howDeliver {
		f.Delivery = flowhq.Drop{
			Area: o.Area, Address: o.Address, Latitude: o.Latitude,
			Longitude: o.Longitude, Fee: fee,
		}
	}
	// The way to pay is first in the note: [Knowledge.wayToPay] takes it from there. The other
	// notes are for the owner to read.
	var notes []string
	if o.Payment != "" {
		notes = append(notes, o.Payment)
	}
	if o.Paid {
		notes = append(notes, paidNote)
	}
	if !known {
		notes = append(notes, feeNote)
	}
	if o.Small && o.How == howDeliver {
		notes = append(notes, smallNote)
	}
	if t.discount() != "" {
		notes = append(notes, discountNote)
	}
	if o.Note != "" {
		notes = append(notes, "note: "+o.Note)
	}
	if o.Picture {
		notes = append(notes, pictureInChat)
	}
	f.Note = strings.Join(notes, "; ")
	return f
}
