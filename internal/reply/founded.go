package reply

import (
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
	"github.com/flowhq/flowhq/internal/understand/token"
)

// unfounded are the values that the turn has added and that nobody has said: neither the message,
// nor what was held, offered or spoken of before, nor the owner's profile. before is the turn as it
// began.
func (t *turn) unfounded(before *turn) (all []value) {
	known := append(stateValues(&before.next, t.k.zone), t.calendarValues()...)
	// A hold that ran out is held no more, and a late yes takes it up again.
	known = append(known, stateValues(&t.in.State, t.k.zone)...)
	// Who comes for two services in turn is read back when the second begins.
	if v := before.next.Booking; v != nil && !v.Start.IsZero() {
		for _, b := range before.visits(v, flowhq.BookingHeld) {
			known = append(known, bookingValues(b, t.k.zone)...)
		}
	}
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
	case valDay:
		_, timed := t.timeIn(text)
		return timed || t.p.hasTime || anyIn(words, dayWords) || hasDigits(text) ||
			anyIn(words, timeWords) || t.timeOffered(before) || t.isBesideBooked()
	case valHour:
		return t.foundsHour(v.text, words) || t.timeOffered(before) || t.isBesideBooked()
	case valQuantity:
		return v.text == "1" || t.foundsCount(v, words, before) || t.heldCount(v, before)
	case valSize:
		return t.foundsSize(v, before)
	case valArea:
		return before.Area == v.text || slices.ContainsFunc(t.named(t.k.areas, text),
			func(m entity.NameMatch) bool { return m.ID == v.text || slices.Contains(m.Others, v.text) })
	case valPayment:
		return len(t.named(t.k.payments, text)) > 0 || t.wayNamed() >= 0
	case valAddress:
		// A part of it may have been said before, see addressNow.
		if o := before.Order; o != nil {
			words = append(words, split(o.Address)...)
		}
		for _, f := range t.in.Calendar.Orders {
			words = append(words, split(f.Delivery.Address)...)
		}
		return t.ownName(v.text) || t.foundsWords(v.text, words)
	default:
		// A length that is wished was taken out of what is read for sizes, and a word to the rider
		// of all.
		words = append(words, split(t.in.Message.Text+" "+t.in.riderNote+" "+t.in.colours)...)
		return t.ownName(v.text) || t.foundsWords(v.text, words) ||
			v.kind == valNote &&
				(v.text == before.Staff && anyIn(words, thatPerson) || v.text == before.Account ||
					before.Whereabouts != "" && v.text == before.Whereabouts)
	}
}

// timeOffered reports whether a day and hour may be one that the customer was offered or asked about,
// or the first that is free.
func (t *turn) timeOffered(before *State) bool {
	return offersTime(before.Ask) || !before.Ask.Time.IsZero() || t.p.cued(cueFirst)
}

// foundsHour reports whether the message says an hour, such as 15:30, by a number of one of the two
// clocks, or by a word such as "noon". Another number, of a house or a telephone, says no hour.
func (t *turn) foundsHour(hour string, words []string) bool {
	if anyIn(words, timeWords) {
		return true
	}
	h, _ := strconv.Atoi(hour[:2])
	return slices.ContainsFunc(numbersSaid(t.p.text), func(n int64) bool {
		if n >= 100 { // 1530
			n /= 100
		}
		// "Saa tatu" is nine, and "quarter to four" and "saa nne kasoro" are the hour before.
		return n <= 24 && slices.Contains([]int64{0, 1, 6, 7}, (n-int64(h)+24)%12)
	})
}

// foundsCount reports whether the message says how many of a product are wanted: so many, or so much
// that many packs come to it.
func (t *turn) foundsCount(v value, words []string, before *State) bool {
	if anyIn(words, countsLoosely) {
		return true
	}
	n, _ := strconv.Atoi(v.text)
	said := numbersSaid(t.p.text)
	// Some more are said, or some less.
	held := 0
	if before.Order != nil {
		held = before.Order.pieces(v.of)
	}
	if slices.ContainsFunc(said, func(s int64) bool {
		return int64(n) == s || int64(n) == int64(held)+s || int64(n) == int64(held)-s
	}) || t.p.cued(cueAdd) && n == held+1 {
		return true
	}
	p := t.k.product[v.of]
	if p == nil {
		return false
	}
	pack, ok := packOf(p)
	return ok && slices.ContainsFunc(said, func(s int64) bool { return float64(n)*pack.Value >= float64(s) })
}

// pieces is how many of a product an order has, in all its lines.
func (o *Basket) pieces(product string) (n int) {
	for _, l := range o.Lines {
		if l.Product == product {
			n += l.Quantity
		}
	}
	return n
}

// numbersSaid are the numbers of a text, in digits and words.
func numbersSaid(text string) (all []int64) {
	tokens := token.Split(text)
	for i := range tokens {
		if v, n := token.Numeral(tokens, i); n > 0 {
			all = append(all, v)
		}
	}
	return all
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
	// The pieces of a line may be parted in two.
	if o != nil && t.next.Order != nil && o.pieces(v.of) == t.next.Order.pieces(v.of) {
		return true
	}
	return o != nil && (slices.ContainsFunc(o.Lines,
		func(l Line) bool { return strconv.Itoa(l.Quantity) == v.text }) ||
		slices.ContainsFunc(o.Unclear,
			func(u Unclear) bool { return strconv.Itoa(u.Quantity) == v.text }))
}

// foundsService reports whether a service was named, spoken of or offered, or follows from what
// was: the owner's own service of two, or that of a child who comes along.
func (t *turn) foundsService(id string, before *State) bool {
	named := namedIDs(t.named(t.k.services, t.p.text))
	spoken := slices.Concat([]string{before.Topic, t.ordinaryService()}, before.Pair, before.Spoken)
	for _, o := range before.Ask.Options {
		spoken = append(spoken, o.Value)
	}
	if before.Booking != nil {
		spoken = append(spoken, before.Booking.services()...)
	}
	words := split(t.p.text)
	if t.suggests(id) || t.p.cued(cueSick) || t.wantsDoctor() || t.toldOf(id, words) ||
		t.partOf(id, spoken) {
		return true
	}
	if anyIn(words, cheapestWords) {
		return true
	}
	// The customer who comes along with a child is cut as well.
	if s := t.k.service[id]; s != nil && t.p.done &&
		slices.ContainsFunc(namesOf(s.Name, s.Aliases), func(name string) bool { return doneBy(name, t.p.text) }) {
		return true
	}
	if alsoOneself.MatchString(t.p.text) && t.childKind(id, t.childService()) {
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

// suggests reports whether a service or product is what the language model takes the customer's own
// words for, and the turn follows it. It is read back as any other.
func (t *turn) suggests(id string) bool {
	s := t.in.Suggestion
	return s != nil && t.assistant == suggestionAccepted &&
		(slices.Contains(s.Services, id) || slices.Contains(s.Products, id))
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
	if t.suggests(id) {
		return true
	}
	ids := append(namedIDs(t.named(t.k.products, t.p.text)), before.Topic, before.Ask.About)
	for _, o := range before.Ask.Options {
		ids = append(ids, o.Value)
	}
	for _, g := range before.Goods {
		ids = append(ids, g.Product)
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
	held := before.Size == v.text || slices.Contains(before.Sizes, v.text) ||
		slices.ContainsFunc(before.Goods, func(g Line) bool { return g.Size == v.text })
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
	matches := slices.Concat(t.named(t.k.services, text), t.named(t.k.products, text),
		t.named(t.k.areas, text))
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
	// A long note is cut in the middle of a word.
	if strings.HasSuffix(text, "…") {
		found++
	}
	// The bot's own words lead some wishes: "change for 20,000".
	return 2*found >= len(all)
}

// offersTime reports whether a question offers times.
func offersTime(a Ask) bool {
	return slices.ContainsFunc(a.Options, func(o Option) bool { return o.Do == doTime })
}

func hasDigits(text string) bool { return strings.ContainsAny(text, "0123456789") }

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
	// countsLoosely say how many, and are no number.
	countsLoosely = listOf("counts loosely")
	// timeWords say when.
	timeWords = listOf("time said")
)
