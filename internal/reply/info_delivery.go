package reply

import (
	"regexp"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// tellDelivery says whether and where orders are brought, and for how much.
func (t *turn) tellDelivery() bool {
	d := t.k.profile.Delivery
	told := d.Offered != nil || len(d.Areas) > 0
	switch {
	// Not told is neither yes nor no: a bot that says no loses an order that the owner would bring.
	case !told && !t.p.sure:
		t.unanswered("unanswered.delivery")
	case d.Offered != nil && !*d.Offered:
		t.tell("delivery.no")
		// Whoever cannot have it brought needs to know where to fetch it.
		if !t.k.profile.Place.Address.Empty() {
			t.tellPlace()
		}
	// Areas that are named are answered alone. The list beside them buried the fee that was asked
	// for.
	case len(t.p.areas) > 0:
		for _, id := range idsOf(t.p.areas) {
			t.tellArea(t.k.area[id])
		}
		// "Can you bring it to Mikocheni today?" asks for two things.
		if t.asksSometime() && t.k.template() == flowhq.EcommerceTemplate {
			t.tellArrival()
		}
		// The area that is asked about while an order is made is where the order goes.
		if o := t.next.Order; o != nil && len(idsOf(t.p.areas)) == 1 && t.delivers() &&
			(o.How == "" || o.How == howDeliver && anyIn(t.p.reading.Words, movesTo)) {
			t.setArea(t.p.areas[0].ID)
		}
	// Nothing is asked of another place: it is the order's.
	case t.areaOfTalk() != nil && !t.p.same && !t.namesOtherPlace():
		// "Does the rider take the empty cylinder?" asks for neither fee nor place.
		if !anyIn(t.p.reading.Words, deliveryWords) && !t.p.cued(actDelivery) {
			return false
		}
		if (t.timeRequested() != "" || t.asksSometime()) && !anyIn(t.p.reading.Words, asksFee) &&
			t.tellArrival() {
			return true
		}
		t.tellArea(t.areaOfTalk())
	// All of them were just named to who asks for a place on no list.
	case len(d.Areas) > 1 && strings.Contains(t.reply(), d.Areas[0].Name+", "+d.Areas[1].Name):
		return false
	case len(d.Areas) == 0:
		t.tell("delivery.yes")
		if note := d.Note.In(t.say.language); note != "" {
			t.show(note)
		}
	// A place on no list: the owner may still deliver there, so that the bot does not say no.
	case t.p.same, t.namesOtherPlace(), t.placeAsked() != "":
		t.unanswered("unanswered.area")
		t.tellAreas()
	default:
		// A provider brings nothing, and works there.
		if t.k.template() == flowhq.SupportTemplate {
			t.tell("area.areas")
		} else {
			t.tell("delivery.areas")
		}
		t.show(t.areaLines()...)
		t.tellFreeFrom()
		// The question for the area is left out while an order is made: the order asks for it in
		// its turn.
		if t.next.Order == nil {
			t.ask(Ask{For: askDelivery}, "delivery.which")
		}
	}
	return true
}

// offerArea tells who writes no more than an area what it costs to have an order brought there, or
// how a provider reaches it: better than the menu.
func (t *turn) offerArea() bool {
	p := &t.p
	if t.k.template() == flowhq.BookingTemplate || len(idsOf(p.areas)) != 1 || p.names() ||
		len(p.reading.Words) > maxUnspecific || t.next.Order != nil || !t.delivers() ||
		t.next.Ticket != nil {
		return false
	}
	t.did(actDelivery)
	t.tellArea(t.k.area[p.areas[0].ID])
	return true
}

// movesTo say that an order is to go to another place than was said.
var movesTo = keywords(`
	i will be, ill be, im in, i am in, niko, nipo, nitakuwa, ntakuwa, deliver to, change, hold on,
	instead, badala, nipelekee, niletee, actually
`)

// deliveryWords ask whether, where and for how much something is brought.
var deliveryWords = keywords(`
	deliver*, bring*, send, fee, charge*, cost, how much, transport, shipping, *leta, *letea,
	*letwa,
	bei, gharama, usafiri, nauli, ngapi, tuma, mnatuma, area*, eneo, maeneo, free, bure
`)

// asksFee ask what it costs to have something brought.
var asksFee = keywords("fee, charge*, cost*, how much, bei, gharama, nauli, sh, shs, shilingi, tsh, ksh, free, bure, hela")

// tellArea says what delivery to an area costs.
func (t *turn) tellArea(a *flowhq.Area) {
	if a == nil {
		return
	}
	// An order that is begun next takes this area, and does not ask for it again.
	t.next.Area = a.Name
	switch {
	// Several steps of a help desk tell the place that is named.
	case t.k.template() == flowhq.SupportTemplate && strings.Contains(t.reply(), a.Name) &&
		(a.Fee == nil || *a.Fee == 0 || strings.Contains(t.reply(), t.k.money(*a.Fee))):
	// The area is served, the fee is not told: zero would be a promise.
	case a.Fee == nil:
		t.unanswered("unanswered.fee", "area", a.Name)
	// A provider delivers nothing: its areas are where it works.
	case t.k.template() == flowhq.SupportTemplate && *a.Fee == 0:
		t.tell("area.near", "area", a.Name)
	case t.k.template() == flowhq.SupportTemplate:
		t.tell("area.reached", "area", a.Name, "fee", t.k.money(*a.Fee))
	case *a.Fee == 0:
		t.tell("delivery.free", "area", a.Name)
	default:
		t.tell("delivery.area", "area", a.Name, "fee", t.k.money(*a.Fee))
		t.tellFreeFrom()
	}
	switch note := a.Note.In(t.say.language); {
	case note == "":
	// Said of another area a moment ago: with the name in front it is another sentence.
	case t.saidLast(note):
		t.tell("price.condition", "name", a.Name, "condition", lowerFirst(strings.TrimSuffix(note, ".")))
	default:
		t.show(note)
	}
}

// A free delivery from some amount on belongs to each answer with a fee: it changes what the
// customer pays.
func (t *turn) tellFreeFrom() {
	if from := t.k.profile.Delivery.FreeFrom; from > 0 {
		t.tell("delivery.free_from", "amount", t.k.money(from))
	}
}

// areaLines lists areas with their fees.
func (t *turn) areaLines() []string {
	var lines []string
	for i, a := range t.k.profile.Delivery.Areas {
		// The mark says that there are more areas than are listed.
		if i == maxListed {
			lines = append(lines, "…")
			break
		}
		line := "• " + a.Name
		switch {
		// No fee is told: the name alone says only that the area is served.
		case a.Fee == nil:
		case *a.Fee == 0:
			line += ": " + t.say.first("delivery.free_word")
		default:
			line += ": " + t.k.money(*a.Fee)
		}
		lines = append(lines, line)
	}
	return lines
}

// otherPlace finds what stands behind "to" as a place that is on no list. Swahili and English put
// the place behind such a word: "mpaka Mbagala", "delivery to Thika".
var otherPlace = keywords("to, mpaka, hadi, huku, kule, mpk")

// namesOtherPlace reports whether a question for delivery names a place that is not on the list. A
// word of a product's name or of notPlaces is none: "niletee kesho" names a day. A place that goes
// unnoticed is answered with the list of areas, which is right as well.
func (t *turn) namesOtherPlace() bool {
	words := t.p.reading.Words
	for i, w := range words {
		if i+1 == len(words) || !hasWord(otherPlace, w) && !hasWord(bringTo, w) {
			continue
		}
		if next := words[i+1]; t.mayBePlace(next) {
			return true
		}
	}
	return false
}

// mayBePlace reports whether a word behind "to" or such a verb may be a place.
func (t *turn) mayBePlace(w string) bool {
	return countDigits(w) == 0 && !hasWord(notPlaces, w) && !t.k.words[w] && !hasWord(sentBy, w)
}

var (
	// sentTo leads to a place, and sentBy says how a parcel travels.
	sentTo = regexp.MustCompile(`(?i)\b(?:(?:send|deliver|ship|post|courier)(?: it| them| me)?(?: by (?:bus|post|courier))? to|` +
		`(?:ni|m|mni|u)?tum(?:a|e|ie|ieni|iwe))\s+(?:(?:kwa|na|by|ya|za)?\s*(?:posta|post|basi|bus|courier|kuria|parcel|parseli)\s+)*(?:(?:to|mpaka|hadi|huku|kule|mkoa wa)\s+)*`)
	sentBy = keywords("posta, post, basi, bus, courier, kuria, parcel, parseli, kwa, by, na, picha, photo*, pic*, namba, number, location, pesa, hela, mpesa, risiti, receipt")
)

// sentElsewhere is a place on no list to which an order is to be sent: "nitumie posta Mwanza",
// "send it to Mwanza by bus"; "" if the message names none.
func (t *turn) sentElsewhere() string {
	if t.p.asks || len(t.p.areas) > 0 {
		return ""
	}
	at := sentTo.FindStringIndex(t.p.text)
	if at == nil {
		return ""
	}
	place, _, _ := strings.Cut(t.p.text[at[1]:], "\n")
	if i := strings.IndexAny(place, ".,;!"); i >= 0 {
		place = place[:i]
	}
	words := split(place)
	if len(words) == 0 || len(words) > maxNaming || !t.mayBePlace(words[0]) ||
		entity.IsCommon(words[0]) || hasWord(dayWords, words[0]) {
		return ""
	}
	return strings.TrimSpace(place)
}

// bringTo are verbs behind which the place may stand by itself.
var bringTo = keywords(`
	mnatuma, mnaleta, mnafika, mnapeleka, mnasafirisha, niletee, mniletee, nileteeni, nifikishie,
	mnifikishie, mlete, nitumie, mnitumie, nitumieni, tuma, mtume, niletewe, nifikishiwe, nipelekee, nipelekeeni, mnipelekee, leteni
`)

// notPlaces are words that stand behind "to" or such a verb and name no place on a map: times,
// people, and "home", which is an address only the customer knows.
var notPlaces = keywords(`
	leo, kesho, sasa, saa, hapa, tafadhali, please, today, tomorrow, now, na, nataka, order, oda,
	me, us, my, our, home, house, the, your, what, which, where, how, you, customers, all, any,
	nyumbani, kwangu, mlangoni, wapi, gani, maeneo, sehemu, kwa, area, areas
`)
