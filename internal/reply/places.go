package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// placeKinds are words of names of areas that many places share: "Sarit centre" is not the centre
// of the city. Such a word alone matched the area, and the order got its fee.
var placeKinds = keywords(`
	centre, center, central, city, town, road, rd, street, st, avenue, beach, boma, ferry, mall,
	plaza,
	estate, mashariki, magharibi, kaskazini, kusini, east, west, north, south, mjini, barabara,
	mtaa,
	stage, market, soko, junction, roundabout
`)

// nearWords stand before a landmark, which is not where the order goes. "Karibu na Kariakoo" moved
// an order from the area that was chosen to another one.
var nearWords = keywords(`
	karibu na, near, opposite, next to, behind, nyuma ya, mbele ya, jirani na, kando ya, beside,
	barabara ya, mtaa wa, along, pembeni ya, mkabala na
`)

// checkAreas drops what is no area: a word that many places share, and a landmark of the area that
// was chosen already. An exact name is an area also if it is made of such words: some areas are
// called "Mjini".
func (t *turn) checkAreas() {
	p := &t.p
	p.dropTakenBack()
	chosen := t.next.Order != nil && t.next.Order.Area != ""
	// shared says that no word of the match is the area's own.
	p.areas = slices.DeleteFunc(p.areas, func(m entity.NameMatch) bool {
		shared := !slices.ContainsFunc(split(p.text[m.Start:m.End]), func(w string) bool {
			return !hasWord(placeKinds, w)
		})
		return shared && !m.Exact || chosen && endsNear(split(p.text[:m.Start]))
	})
}

// takesBackArea stands in front of an area that is not meant, and correctsArea behind one.
var (
	takesBackArea = regexp.MustCompile(`(?i)\b(?:not|sio|siyo|si|instead of|badala ya|` +
		`rather than)\s+(?:(?:to|in|at|ya|kwa|huko)\s+)?$`)
	correctsArea = regexp.MustCompile(`(?i)\b(?:actually|no|sorry|wait|hapana|aah|ngoja|samahani|` +
		`make it|i mean|namaanisha|change)\b`)
)

// dropTakenBack drops areas that the message takes back: "to Embakasi. Actually no, to Westlands",
// "Sinza, not Ilala".
func (p *perception) dropTakenBack() {
	if len(idsOf(p.areas)) < 2 {
		return
	}
	kept := slices.DeleteFunc(slices.Clone(p.areas), func(m entity.NameMatch) bool {
		i := slices.IndexFunc(p.areas, func(o entity.NameMatch) bool { return o.Start > m.Start })
		return takesBackArea.MatchString(p.text[:m.Start]) || i >= 0 &&
			p.areas[i].ID != m.ID && m.End <= p.areas[i].Start &&
			correctsArea.MatchString(p.text[m.End:p.areas[i].Start]) &&
			!takesBackArea.MatchString(p.text[:p.areas[i].Start])
	})
	if len(kept) > 0 {
		p.areas = kept
	}
}

// endsNear reports whether words end with one that stands before a landmark. Two words are enough:
// the longest of nearWords that matters ends right before the landmark.
func endsNear(words []string) bool {
	return anyIn(words[max(0, len(words)-2):], nearWords)
}

// maxPlaceWords is how many words a message has at most that only says where. A longer one is a
// story in which a place occurs.
const maxPlaceWords = 8

// noPlace are words of messages that put off the question for a place. A message with one of these
// is a question or a delay, and was taken for an address.
var noPlace = keywords(`
	wapi, where, liko, iko, ngapi, lini, when, do, does, is, are, can, mna, je, nani, who, sijui,
	ngoja, subiri, wait, later, baadaye, idk, dont, hold, kwanza, nini, what, how, gani, why,
	kwanini, vipi, hmm, mm, mmh, eti, lovely, great, nice, cool, perfect, wow, good, fine, vizuri,
	safi, nzuri, take, want, will, ill, also,
	hello, hallo, asante, thanks, thank, please, nitakuambia,
	sielewi, mapema, upesi, haraka, chap, chapchap, fasta, fast, quickly, early, soon, zote, vyote, yote,
	everything, all, bure, free, njiani, on the way, location, lokesheni, pin
`)

// tellAreaUnknown says that an area is on no list, which ones are, and that the order can be
// fetched. Saying only that it is unknown left customers to guess at names.
func (t *turn) tellAreaUnknown() {
	t.tell("order.area_unknown")
	t.tellAreas()
}

// tellAreas names the areas, and pick-up instead. At most maxListed, which is what fits a reply
// beside the rest.
func (t *turn) tellAreas() {
	var names []string
	for _, a := range firstOf(t.k.profile.Delivery.Areas,
		min(maxListed, len(t.k.profile.Delivery.Areas))) {
		names = append(names, a.Name)
	}
	switch {
	case len(names) == 0:
	// A provider brings nothing that could be fetched instead.
	case t.k.template() == flowhq.SupportTemplate:
		t.tell("area.list", "areas", strings.Join(names, ", "))
	default:
		t.tell("order.area_list", "areas", strings.Join(names, ", "))
	}
}

// paidNote is in the note of an order whose customer says that it is paid. The note is read by
// people and by editOrder, which takes the order up again.
const paidNote = "says paid"

// notePaid notes that the customer says to have paid, while something of the order is missing that
// must be settled before a person looks at it. It is false without an order in the making:
// claimPaid then hands the chat over.
func (t *turn) notePaid() bool {
	// An empty basket cannot have been paid for.
	if o := t.next.Order; o != nil && len(o.Lines) > 0 {
		o.Paid, o.At = true, t.in.Message.At
		// "Nimelipa kwa M-Pesa" tells the way as well, which is not asked for again.
		if way := t.paymentNamed(); way != "" {
			o.Payment = way
		}
		t.tell("order.paid_noted")
		t.continueOrder()
		return true
	}
	return false
}

// deliverTo is where an order is to be brought.
var deliverTo = regexp.MustCompile(`(?i)\bdeliver(?:ed|y)? to\s+([^.,;?!\n]{6,})`)

// asksTotal reports whether the message asks what the order in the making comes to: "jumla ngapi"
// is then no question for the price of a sack. "Jumla" is both the total and wholesale:
// wholesaleWords tell the two apart.
func (t *turn) asksTotal() bool {
	p := &t.p
	return t.next.Order != nil && len(t.next.Order.Lines) > 0 && !p.names() && p.cued(cueTotal) &&
		!anyIn(p.reading.Words, wholesaleWords) && len(p.reading.Words) <= maxTotalWords &&
		(p.has(actPrice) || p.asksSoftly() || len(p.reading.Words) <= maxNaming) &&
		!p.has(actCancel, actChange, actPaid)
}

var wholesaleWords = keywords(`
	mnauza, wholesale, bei ya jumla, kwa jumla mnauza, sell, bulk, gunia, sack
`)

// maxTotalWords is how many words a question for the total has at most. A longer one asks for more
// than the total, which inform answers part by part.
const maxTotalWords = 10

// informOfOrder answers a question about the order that is being made or was placed: those come
// before the owner's answers to questions that are alike. done says that the question was one of
// these, informed that it was answered.
func (t *turn) informOfOrder() (informed, done bool) {
	switch {
	case t.asksTotal():
		t.did(actPrice)
		// "How much is that with delivery to Parklands?" says where it goes.
		// "If you deliver to Ngong road near Prestige" tells the address, whose area is asked for.
		if m := deliverTo.FindStringSubmatch(t.p.text); m != nil && len(t.p.areas) == 0 &&
			t.delivers() {
			t.next.Order.How, t.next.Order.Address = howDeliver, oneLine(m[1], maxAddress)
		}
		located := len(t.p.areas) == 1 && t.delivers() && t.next.Order.How != howPickup
		if located {
			t.setArea(t.p.areas[0].ID)
		}
		// While the order waits for its yes, it is read back whole, as the yes then follows that.
		switch {
		case located:
			t.continueOrder()
		case t.next.Ask.For == askOrder:
			t.readOrderBack()
		default:
			t.tellTotal()
		}
		// What the question scored for as well is dropped, or it would be answered twice.
		t.p.acts.drop(actOrder, actOffer, actAnswer, actPrice, actStatus, actDelivery)
		return true, true
	// "Ilipaswa kufika jana" complains of a late order, and is for its status and a person.
	case t.asksArrival() && t.hasOrder() && !t.p.cued(cuePast) && t.tellArrival():
		t.did(actDelivery)
		t.p.acts.drop(actOrder, actOffer, actAnswer, actHours, actStatus, actDelivery, actPlace)
		return true, true
	case t.asksArrival() && t.hasOrder() && t.toUnlisted():
		t.did(actDelivery)
		t.noteUnanswered()
		t.tell("unanswered.noted")
		t.p.acts.drop(actOrder, actOffer, actAnswer, actHours, actStatus, actDelivery, actPlace)
		return true, true
	}
	return false, false
}
