package reply

import (
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// unfounded are the values that the turn has added and that nobody has said: neither the message,
// nor what was held, offered or spoken of before, nor the owner's profile. before is the turn as it
// began.
func (t *turn) unfounded(before *turn) (all []value) {
	known := append(stateValues(&before.next, t.k.zone), t.calendarValues()...)
	// A hold that ran out is held no more, and a late yes takes it up again.
	known = append(known, stateValues(&t.in.State, t.k.zone)...)
	for _, v := range t.drafts {
		known = append(known, t.orderValues(v)...)
	}
	for _, v := range less(t.holds(), known) {
		// The same value may stand in a fact and in the State.
		if !slices.ContainsFunc(known, v.sameAs) && !t.founds(v, &before.next) {
			all = append(all, v)
		}
	}
	return all
}

// founds reports whether a value has its evidence in the message or in the state before it.
func (t *turn) founds(v value, before *State) bool {
	text := t.p.text
	words := split(text)
	switch v.kind {
	case valService:
		return t.foundsService(v.text, before)
	case valProduct:
		return t.foundsProduct(v.text, before)
	case valDay, valHour:
		_, timed := t.timeIn(text)
		return timed || t.p.hasTime || anyIn(words, dayWords) || hasDigits(text) ||
			slices.ContainsFunc(words, func(w string) bool { return hasWord(timeWords, w) }) ||
			offersTime(before.Ask) || t.p.cued(cueFirst) || !before.Ask.Time.IsZero()
	case valQuantity:
		return v.text == "1" || hasDigits(text) || hasNumberWord(words) || t.heldCount(v, before)
	case valSize:
		return t.foundsSize(v, before)
	case valArea:
		return before.Area == v.text || slices.ContainsFunc(t.k.areas.Match(text),
			func(m entity.NameMatch) bool { return m.ID == v.text || slices.Contains(m.Others, v.text) })
	case valPayment:
		return len(t.k.payments.Match(text)) > 0 || t.wayNamed() >= 0
	default:
		return t.ownName(v.text) || t.foundsWords(v.text, words)
	}
}

// heldCount reports whether a quantity is one that was said before: with a wish of which the product
// was open, of what the product takes the place of, or as all that there is of it.
func (t *turn) heldCount(v value, before *State) bool {
	if p := t.k.product[v.of]; p != nil && p.Stock != nil && strconv.Itoa(*p.Stock) == v.text {
		return true
	}
	if before.Ask.About == v.text {
		return true
	}
	o := before.Order
	return o != nil && (slices.ContainsFunc(o.Lines,
		func(l Line) bool { return strconv.Itoa(l.Quantity) == v.text }) ||
		slices.ContainsFunc(o.Unclear,
			func(u Unclear) bool { return strconv.Itoa(u.Quantity) == v.text }))
}

// foundsService reports whether a service was named, spoken of or offered, or follows from what
// was: the owner's own service of two, or that of a child who comes along.
func (t *turn) foundsService(id string, before *State) bool {
	named := namedIDs(t.k.services.Match(t.p.text))
	spoken := slices.Concat([]string{before.Topic, t.ordinaryService()}, before.Pair, before.Spoken)
	for _, o := range before.Ask.Options {
		spoken = append(spoken, o.Value)
	}
	if before.Booking != nil {
		spoken = append(spoken, before.Booking.services()...)
	}
	words := split(t.p.text)
	if t.p.cued(cueSick) || t.toldOf(id, words) || t.partOf(id, spoken) {
		return true
	}
	return slices.Contains(named, id) || slices.Contains(spoken, id) ||
		len(t.k.offered()) == 1 || before.Ask.About == id ||
		id == t.childService() && (anyIn(words, companions) || anyIn(words, childWords) ||
			before.Ask.For == askChildren) ||
		t.pairOf(slices.Concat(named, spoken), slices.Concat(named, spoken)) == id ||
		t.combined() == id || slices.ContainsFunc(t.namesOf(id), func(name []string) bool {
		return slices.ContainsFunc(name, func(w string) bool {
			return slices.ContainsFunc(words, func(said string) bool { return strings.HasPrefix(said, w) })
		})
	})
}

// toldOf reports whether the owner's words on a service have one that the message has: "the womens
// doctor".
func (t *turn) toldOf(id string, words []string) bool {
	s := t.k.service[id]
	return s != nil && slices.ContainsFunc(split(s.Description.EN+" "+s.Description.SW),
		func(w string) bool { return len(w) >= minSubject && slices.Contains(words, w) })
}

// partOf reports whether a service is one half of the owner's own service of two that was spoken of.
func (t *turn) partOf(id string, spoken []string) bool {
	both := t.pairOf([]string{id}, t.otherServices(id))
	return both != "" && slices.Contains(spoken, both)
}

// foundsProduct reports whether a product was named, spoken of or offered.
func (t *turn) foundsProduct(id string, before *State) bool {
	ids := append(namedIDs(t.k.products.Match(t.p.text)), before.Topic, before.Ask.About)
	for _, o := range before.Ask.Options {
		ids = append(ids, o.Value)
	}
	if before.Order != nil {
		for _, u := range before.Order.Unclear {
			ids = append(ids, u.Products...)
		}
		for _, l := range before.Order.Lines {
			ids = append(ids, l.Product)
		}
	}
	return slices.ContainsFunc(ids, func(other string) bool {
		return other == id || t.k.product[other] != nil && t.samePack(id, other)
	})
}

// foundsSize reports whether a size was said or spoken of, or is the only one that there is.
func (t *turn) foundsSize(v value, before *State) bool {
	p := t.k.product[v.of]
	text := strings.ToLower(t.p.text)
	held := before.Size == v.text || slices.Contains(before.Sizes, v.text)
	if before.Order != nil {
		held = held || slices.ContainsFunc(before.Order.Lines,
			func(l Line) bool { return l.Size == v.text }) ||
			slices.ContainsFunc(before.Order.Unclear, func(u Unclear) bool { return u.Size == v.text })
	}
	return held || p != nil && len(p.Sizes) == 1 || strings.Contains(text, strings.ToLower(v.text))
}

// ownName reports whether a note is a name of the owner's: of the package or the area that was spoken
// of, which the ticket has in the owner's words.
func (t *turn) ownName(text string) bool {
	matches := slices.Concat(t.k.services.Match(text), t.k.products.Match(text), t.k.areas.Match(text))
	return slices.ContainsFunc(matches, func(m entity.NameMatch) bool {
		return m.ID == text || t.k.nameOf(m.ID, t.say) == text
	})
}

// foundsWords reports whether words of a note, an address or a name stand in the message, but for
// words of the bot's own.
func (t *turn) foundsWords(text string, words []string) bool {
	all := split(text)
	if len(all) == 0 {
		return true
	}
	found := 0
	for _, w := range all {
		if slices.Contains(words, w) {
			found++
		}
	}
	// The bot's own words lead some wishes: "change for 20,000".
	return 2*found >= len(all)
}

// offersTime reports whether a question offers times.
func offersTime(a Ask) bool {
	return slices.ContainsFunc(a.Options, func(o Option) bool { return o.Do == doTime })
}

func hasDigits(text string) bool { return strings.ContainsAny(text, "0123456789") }

// hasNumberWord reports whether a number is said in words.
func hasNumberWord(words []string) bool { return anyIn(words, numberWords) }

// calendarValues are the values of what the customer has booked, bought and reported before.
func (t *turn) calendarValues() (all []value) {
	for _, b := range t.in.Calendar.Bookings {
		all = append(all, bookingValues(b, t.k.zone)...)
	}
	for _, o := range t.in.Calendar.Orders {
		all = append(all, t.orderValues(o)...)
	}
	for _, k := range t.in.Calendar.Tickets {
		all = append(all, ticketValues(k.Note)...)
	}
	return all
}

var (
	// numberWords say how many or how much.
	numberWords = keywords(`
		one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, dozen, half,
		quarter, both, couple, pair, few, twenty, thirty, forty, fifty, hundred, another, each,
		miwili, mitatu, minne, mitano, minane, moja, mmoja, mbili, mbil, wawili, viwili, mawili,
		tatu, matatu, vitatu, watatu, nne, manne, vinne, wanne, tano, matano, vitano, watano, sita,
		saba, nane, tisa, kumi, ishirini, thelathini, arobaini, hamsini, mia, elfu, laki, dazeni,
		darzeni, nusu, robo, jozi, nyingine, zingine, tena, zaidi, more, zote, yote, vyote, kila
	`)
	// timeWords say when.
	timeWords = keywords(`
		now, today, tonight, tomorrow, soon, earliest, first, any, anytime, next, same, before,
		after, noon, morning, evening, afternoon, leo, kesho, sasa, sahii, sahivi, saa, saizi,
		mapema, asubuhi, mchana, jioni, usiku, baada, kabla, wiki, siku, lunch, work, kazi
	`)
)
