package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// enoughWords end the list of what is wanted: "hizo tu".
var enoughWords = listOf("enough")

// maxEnough is how many words such a message has at most. With more it says something else too.
const maxEnough = 6

// endsList reports whether the message says that nothing more is wanted. Behind an order that was
// read back the same words are its yes. "Sawa hizo tu" below the
// offer of a person called one, and the order of five things was lost.
func (t *turn) endsList() bool {
	o, p := t.next.Order, &t.p
	return o != nil && len(o.Lines) > 0 && t.next.Ask.For != askOrder && !p.asks &&
		len(p.reading.Words) <= maxEnough && len(p.products) == 0 &&
		anyIn(p.reading.Words, enoughWords)
}

// takesBack finds the words behind which the name of a thing is taken back: "sio sembe, wa
// chapati".
var takesBack = regexp.MustCompile(`(?i)\b(?:sio|siyo|si|wala|nor|not (?:coming|here) for|not|no|sitaki|badala ya|instead of|` +
	`rather than|don'?t want|did ?n[o']?t want)\s+(?:(?:the|an?|ya|wa|za|la|hiyo|ile|that|any)\s+)?$`)

// takesBack reports whether the message says that this is not wanted.
func (p *perception) takesBack(m entity.NameMatch) bool {
	return m.Start >= 0 && m.Start <= len(p.text) && takesBack.MatchString(p.text[:m.Start])
}

// notJust stands in front of what is less than what is wanted: "for removal, not just checkup" put a
// doctor's visit beside the tooth.
var notJust = regexp.MustCompile(`(?i)\b(?:not|sio|siyo|si)\s+(?:just|only|tu)\s+(?:(?:a|the)\s+)?$`)

// dropDenied drops services that the message says are not meant, beside one that is: "kung'oa ni
// bei gani, sio kucheki" was told the price of both.
func (p *perception) dropDenied() {
	left := slices.DeleteFunc(slices.Clone(p.services), func(m entity.NameMatch) bool {
		return p.takesBack(m) || m.Start >= 0 && m.Start <= len(p.text) &&
			notJust.MatchString(p.text[:m.Start])
	})
	if len(left) > 0 {
		p.denied = len(left) < len(p.services)
		p.services = left
	}
}

// meanOwn takes what is on the visit for a name that may mean several services: "kucheki tu" is of
// the teeth where these are to be checked.
func (t *turn) meanOwn(p *perception) {
	v := t.next.Booking
	if v == nil || v.Service == "" {
		return
	}
	for i := range p.services {
		m := &p.services[i]
		for _, id := range m.Others {
			if !m.Exact && slices.Contains(v.services(), id) {
				m.ID = id
			}
		}
		if !m.Exact && slices.Contains(v.services(), m.ID) {
			m.Others = nil
		}
	}
}

// meanSpoken takes a word that several services share for the one whose price was told: "ndevu"
// behind the price of a trim is that trim, and no shave. The whole name of another service means
// that one.
func (t *turn) meanSpoken(p *perception) {
	if t.k.template() != flowhq.BookingTemplate {
		return
	}
	for i := range p.services {
		m := &p.services[i]
		if m.Start < 0 || m.Start >= m.End || m.End > len(p.text) || slices.Contains(t.next.Spoken, m.ID) ||
			t.k.service[m.ID] == nil {
			continue
		}
		words := split(p.text[m.Start:m.End])
		name := t.k.service[m.ID].Name
		if len(words) != 1 || slices.Equal(words, split(name.SW)) || slices.Equal(words, split(name.EN)) {
			continue
		}
		var meant []string
		for _, id := range t.next.Spoken {
			if s := t.k.service[id]; s != nil &&
				slices.Contains(slices.Concat(split(s.Name.SW), split(s.Name.EN)), words[0]) {
				meant = append(meant, id)
			}
		}
		if len(meant) == 1 {
			m.ID, m.Others, m.Exact = meant[0], nil, true
		}
	}
}

// meanVisit takes the technician who is to come for the service that was spoken of and that somebody
// drives out for: "kuhamisha intaneti ni 30,000", and then "fundi aje Jumatatu".
func (t *turn) meanVisit(p *perception) {
	if t.k.template() != flowhq.SupportTemplate || p.cued(actProblem) {
		return
	}
	i := slices.IndexFunc(p.services, func(m entity.NameMatch) bool { return m.ID == t.siteVisit() })
	if i < 0 {
		return
	}
	v := t.next.Ticket
	if v != nil && v.Subject != string(actOrder) {
		return // he comes for the fault
	}
	id := t.visitSpoken()
	if v != nil && t.k.service[v.Service] != nil {
		id = v.Service
	}
	if id != "" {
		p.services[i].ID, p.services[i].Others = id, nil
	}
}

// dropRefused drops services of which all are not meant, where something else is being booked: "not
// the children's doctor, the usual one" keeps the usual one.
func (t *turn) dropRefused(p *perception) {
	v := t.next.Booking
	if v == nil || v.Service == "" || slices.ContainsFunc(p.services,
		func(m entity.NameMatch) bool {
			return !p.takesBack(m) || slices.Contains(v.services(), m.ID)
		}) {
		return
	}
	p.services = nil
}

// kindsSwapped are the places among the products of the message of one that is on the order and
// taken back, and of the one that is wanted in its place. Without both nothing is replaced.
func (t *turn) kindsSwapped() (back, wanted int, ok bool) {
	p := &t.p
	if t.next.Order == nil || p.asks {
		return 0, 0, false
	}
	back, wanted = -1, -1
	for i, m := range p.products {
		isBack := p.takesBack(m)
		ordered := slices.ContainsFunc(t.next.Order.Lines,
			func(l Line) bool { return l.Product == m.ID })
		switch {
		case isBack && ordered && back < 0:
			back = i
		case !isBack && !ordered && wanted < 0:
			wanted = i
		}
	}
	return back, wanted, back >= 0 && wanted >= 0
}

// swapKinds takes off what is taken back, and keeps its count for what is wanted instead. Added to
// the order, "sio sembe, wa chapati" sold three bags that nobody wanted.
func (t *turn) swapKinds() bool {
	back, wanted, ok := t.kindsSwapped()
	if !ok {
		return false
	}
	p, o := &t.p, t.next.Order
	i := slices.IndexFunc(o.Lines, func(l Line) bool { return l.Product == p.products[back].ID })
	if m := &p.products[wanted]; m.Quantity == 0 {
		m.Quantity = o.Lines[i].Quantity
	}
	t.removeLine(p.products[back].ID)
	p.products = slices.Delete(p.products, back, back+1)
	return true
}

// swaps reports whether the message puts one thing in place of another.
func (t *turn) swaps() bool {
	_, _, ok := t.kindsSwapped()
	return ok
}

// besidesIt finds the words of a wish that comes beside what was spoken of: "nahitaji na maji", "ok
// and two loaves".
var besidesIt = regexp.MustCompile(`(?i)(?:\b(?:nahitaji|naomba|nataka|nipe|nipee|nipeni|nipatie|` +
	`niletee|nileteeni|weka|niwekee|niwekeeni|nichukulie)\s+na|^\W*(?:ok|okay|yes|sawa|poa|ndio|` +
	`ndiyo|haya|fine|good|great)\W+(?:and|plus|with|na)(?:\s+also)?)\s+$`)

// takesTopicToo reports whether the message orders what it was asked the number of along with
// something else: "poa nahitaji na maji makubwa mawili" wants the gas as well.
func (t *turn) takesTopicToo() bool {
	a, p := t.next.Ask, &t.p
	if a.For != askQuantity || t.k.product[a.About] == nil || p.asks || len(p.products) == 0 ||
		slices.Contains(idsOf(p.products), a.About) {
		return false
	}
	first := slices.MinFunc(p.products,
		func(a, b entity.NameMatch) int { return a.Start - b.Start })
	before := p.text[:first.Start]
	for _, q := range p.entities.Numbers { // "and 2 loaves"
		if q.Start < first.Start {
			before = p.text[:min(len(before), q.Start)]
		}
	}
	return besidesIt.MatchString(before)
}

// premises are words of names of goods that are words of addresses too: "immigration office" put an
// office dress on the order.
var premises = keywords(`
	office, offices, ofisi, ofc, shop, duka, house, home, school, shule, work, kazi, kazini,
	building,
	church, kanisa, sokoni, market, bag, gate, water, gas, gesi, maji
`)

// workplaces are words of names of goods that are places of the day too. atPlace stands in front of
// such a place, and theirPlace behind it.
var (
	workplaces = listOf("workplace")
	atPlace    = regexp.MustCompile(`(?i)\b(?:(?:leave|leaving|left|reach|at|in|from|near|outside|inside|within|after|before|until|till|to (?:the|my|our)|` +
		`going to|go to|come to|niko|nipo|tupo|tuko|natoka|naondoka|ninatoka|nikitoka|nitakuwa|ntakuwa|hadi|mpaka|kwenye|toka|kutoka|katika|` +
		`ninafika|nafika)(?:\s+(?:the|my|our|an?|his|her|this))?|my|our|his|her)\s+$`)
	theirPlace = regexp.MustCompile(`(?i)^\s+(?:yangu|yetu|yake|yao|hours?|closes?|ends?)\b`)
)

// housePlace finds that a message tells of a house: only there a word of premises names no goods.
var housePlace = regexp.MustCompile(`(?i)\b(?:house|floor|ghorofa|gorofa|building|jengo|jengo la|` +
	`road|rd|street|st|` +
	`avenue|stage|plaza|towers?|mall|room|block|near|opposite|opp|behind|next to|karibu na|` +
	`mkabala na|nyuma ya)\b`)

// stationBefore stands in front of what a place is called by.
var stationBefore = regexp.MustCompile(`(?i)\b(?:kituo cha|vituo vya|sheli ya|stendi ya|` +
	`kiwanda cha|ghala la|soko la)\s+$`)

// insideOf stands in front of what goods are packed in, and containers are words for that.
var (
	insideOf = regexp.MustCompile(`(?i)\b(?:in|into|inside)\s+(?:(?:the|a|that|one)\s+)?$|` +
		`\b(?:kwenye|katika|ndani ya)\s+$`)
	containers = listOf("container")
)

// dropPremises drops goods that are named by no more than a word of an address.
func (t *turn) dropPremises(p *perception) {
	// "Near the kituo cha mafuta" put oil on the order.
	p.products = slices.DeleteFunc(p.products, func(m entity.NameMatch) bool {
		return m.Start >= 0 && stationBefore.MatchString(p.text[:m.Start])
	})
	// "No receipt in the bag" put a handbag on the order.
	p.products = slices.DeleteFunc(p.products, func(m entity.NameMatch) bool {
		return m.Start >= 0 && m.End <= len(p.text) && m.Start < m.End &&
			insideOf.MatchString(p.text[:m.Start]) &&
			!slices.ContainsFunc(split(p.text[m.Start:m.End]), func(w string) bool {
				return !hasWord(containers, w)
			})
	})
	// "I leave office at 5" asked for no office dress.
	p.products = slices.DeleteFunc(p.products, func(m entity.NameMatch) bool {
		return !m.Exact && m.Start >= 0 && m.End <= len(p.text) && m.Start < m.End &&
			hasWord(workplaces, strings.ToLower(p.text[m.Start:m.End])) &&
			(atPlace.MatchString(p.text[:m.Start]) || theirPlace.MatchString(p.text[m.End:]))
	})
	if !housePlace.MatchString(p.text) {
		return
	}
	p.products = slices.DeleteFunc(p.products, func(m entity.NameMatch) bool {
		return !m.Exact && m.Start >= 0 && m.End <= len(p.text) && m.Start < m.End &&
			!slices.ContainsFunc(split(p.text[m.Start:m.End]), func(w string) bool {
				return !hasWord(premises, w)
			})
	})
}

// foundFine finds that what stands before it is found fine: "ok 10 is fine" after a question for an
// hour made ten loaves of one.
var foundFine = regexp.MustCompile(`(?i)^\s*(?:am|pm|o'?clock)?\s*(?:is|will be|ni|iko|itakuwa|` +
	`would be)\s+(?:also\s+)?(?:fine|ok|okay|good|great|alright|all right|perfect|sawa|poa|` +
	`vizuri)\b`)

// isTimeFound reports whether a number is found fine where no number was asked for.
func (t *turn) isTimeFound(n entity.Number) bool {
	return t.next.Ask.For != askQuantity && foundFine.MatchString(t.p.text[n.End:])
}

// agreesToTime reports whether the message finds an hour fine, and orders nothing.
func (t *turn) agreesToTime() bool {
	p := &t.p
	if p.asks || len(p.products) > 0 || len(p.reading.Words) > maxYesNo {
		return false
	}
	return slices.ContainsFunc(p.entities.Numbers, t.isTimeFound) ||
		p.hasTime && anyIn(p.reading.Words,
			keywords("is fine, is ok, is okay, ni sawa, ni poa, itafaa"))
}

// arrivedWords say that goods have come.
var arrivedWords = keywords(`
	umefika, imefika, zimefika, yamefika, vimefika, limefika, nimepokea, tumepokea, nimepata,
	arrived,
	received, has come, came, got it, got them, got my, delivered
`)

// tellsArrived reports whether the message thanks for goods that came: "asante, mzigo umefika
// mchele mzuri sana" was offered rice.
func (p *perception) tellsArrived(all acts) bool {
	return all.has(actThanks) && !p.asks && !p.counts() && anyIn(p.reading.Words, arrivedWords)
}

// bringWords ask to be brought something, and comesOver whether one can come.
var (
	bringWords = keywords("bring*, deliver*, send, *leta, *letea, mnafika, mnafikisha, " +
		"*tuma, *tumia, " +
		"can i get, reach, come to")
	comesOver = keywords("can i come, could i come, may i come, naweza kuja, nikija, " +
		"nije leo, nije saa, " +
		"can i pass by, naweza kupita, ninaweza kuja, should i come, nije sasa, nije kesho")
)

// reconcileShop drops what the models took a message for that is about the order being made, or
// about money.
func (t *turn) reconcileShop(p *perception, all *acts) {
	// "Nitumie picha" wants no goods brought.
	if sendsOther.MatchString(p.text) && len(p.areas) == 0 {
		p.cues = slices.DeleteFunc(p.cues, func(a act) bool { return a == cueDeliver })
		if all.drop(actOrder); numberToPay.MatchString(p.text) {
			all.add(actPayment)
		}
	}
	// An address that is corrected asks for none.
	if t.in.placeAnew && !p.asks {
		all.drop(actPlace)
	}
	// "Bank transfer to NMB?" asks for a way to pay; the word for the transfer scored for a person.
	if all.has(actPerson) && !p.cued(actPerson) && t.unlistedWay() != "" {
		all.replace(actPerson, actPayment)
	}
	// "I would like to ask whether you have it, and what it costs" orders nothing.
	if anyIn(p.reading.Words, inquiring) && !p.counts() {
		all.drop(actOrder)
		if len(p.products) > 0 && !all.has(infoActs...) {
			all.add(actOffer)
		}
	}
	// A list of things with their amounts is an order, however much is said around it.
	if n := len(idsOf(p.products)); n > 1 && !p.asks && !p.cued(cuePast) && len(p.counted) == n &&
		anyIn(p.reading.Words, wishWords) && !all.has(actCancel, actReturn, actPaid, actStatus) {
		all.drop(actPlace, actDelivery, actPayment, actOffer, actPrice, actAnswer)
		all.add(actOrder)
	}
	// "Can you bring to Mikocheni today" asks for it.
	if len(p.areas) > 0 && p.asksSoftly() && anyIn(p.reading.Words, bringWords) {
		all.add(actDelivery)
	}
	// "Can I come today?" asks whether the shop is open.
	if p.asksSoftly() && anyIn(p.reading.Words, comesOver) && len(p.areas) == 0 {
		all.drop(actOrder, actReturn)
		all.add(actHours)
	}
	// "Tomorrow evening then" says when the order is to come, and asks for no hours.
	if all.has(actHours) && !p.cued(actHours) && !p.asks && t.next.Order != nil &&
		t.timeWished() != "" {
		all.drop(actHours)
	}
	// "Sorry, not maize flour, wheat flour" asks whether there is either of them as little.
	if t.swaps() {
		all.drop(actOffer, actPrice, actChange, actCancel)
		all.add(actOrder)
	}
	// "Can I try it on while the rider waits" asks nothing of an order that is not placed.
	if all.has(actStatus) && !p.cued(actStatus) && !p.cued(cuePast) && t.next.Order != nil &&
		len(t.in.Calendar.Orders) == 0 && entity.BeginsAsQuestion(strings.ToLower(p.text)) {
		all.drop(actStatus, actDelivery)
	}
}

var (
	// sendsOther asks for what comes into the chat, and numberToPay is what is paid to.
	sendsOther = regexp.MustCompile(`(?i)\b(?:(?:ni|mni|ni|u)tumie(?:ni)?|tuma|nitumieni|send(?: me)?)\s+(?:hiyo\s+|the\s+|some\s+|a\s+|your\s+)?(?:picha|pics?|pictures?|photos?|` +
		`namba|number|location|risiti|receipt|till|lipa|account|akaunti|bei|orodha|list|catalog\w*|link|pin|video)\b`)
	numberToPay = regexp.MustCompile(`(?i)\b(?:namba|number|till|lipa|account|akaunti)\b`)
)
