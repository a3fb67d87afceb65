package reply

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// What is asked of a provider's packages: which one is right, what some of them cost together, and
// whether a sum is right.

// monthly are words of the description of what is paid for each month, as a package is.
var monthly = keywords("month, monthly, mwezi")

// packages are the services that are paid by the month.
func (t *turn) packages() (ids []string) {
	// Nobody drives out for a package, so that it has no minutes. Routers have none either, and no
	// month in their description.
	for _, s := range t.k.offered() {
		if s.Minutes == 0 && s.Price > 0 && anyIn(split(s.Description.EN+" "+s.Description.SW),
			monthly) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// enoughFor are words of who asks whether a package will do.
var enoughFor = listOf("enough for")

// advise answers who asks which package to take: with what there is and costs. Which one is right
// only somebody who knows the house can say, so that the question is noted.
func (t *turn) advise() bool {
	p, words := &t.p, t.p.reading.Words
	// Once a turn: the parts of a message would each be told the same list.
	if t.k.template() != flowhq.SupportTemplate || t.advised || anyIn(words, cheapestWords) ||
		p.has(actProblem, actPaid, actCancel,
			actComplaint) {
		return false
	}
	// Only names that are there whole: "we both work from home" names no "Home 10 Mbps".
	all := t.packages()
	var ids []string
	for _, m := range p.services {
		if m.Exact && slices.Contains(all, m.ID) && !slices.Contains(ids, m.ID) {
			ids = append(ids, m.ID)
		}
	}
	// Three questions have one answer: which is right, whether one will do, and what there are.
	compares := anyIn(words, comparing)
	lists := anyIn(words, packageWords) && (p.asksSoftly() || p.has(actOffer, actPrice)) &&
		len(ids) == 0 && !compares
	// "Ijumaa saa nne inafaa?" asks whether the day will do.
	fits := anyIn(words, enoughFor) && !(p.hasTime && p.time.HasDay) &&
		(len(ids) > 0 || slices.Contains(all, t.next.Topic))
	if len(all) == 0 || !compares && !fits && !lists {
		return false
	}
	// What is named or was spoken of is told alone. Nobody compares one thing.
	switch {
	// "Itatosha?" after one package was told of asks about that one.
	case len(ids) == 0 && fits && !compares:
		ids = []string{t.next.Topic}
	case len(ids) == 0:
		ids = all
	}
	var lines []string
	for _, id := range ids {
		line := t.serviceLine(t.k.service[id])
		if d := t.k.service[id].Description.In(t.say.language); d != "" {
			line += " – " + strings.TrimSuffix(d, ".")
		}
		lines = append(lines, line)
	}
	// The parts of the message that ask the same are answered with it.
	t.advised = true
	t.did(actOffer)
	for _, id := range idsOf(p.areas) {
		t.tellArea(t.k.area[id])
	}
	t.tell("package.list")
	t.show(lines...)
	if !lists {
		t.tell("package.advice")
		t.noteUnanswered()
	}
	// The first that is named stands first among those spoken of.
	for _, id := range slices.Backward(ids) {
		t.remember(id)
	}
	if len(ids) == 1 {
		t.speakOf(ids[0], "")
	}
	// What the message scored for as well is answered with it.
	p.acts.drop(actStatus, actAccount, actOrder, actOffer, actPrice, actAnswer, actChange)
	return true
}

// packageWords ask for all packages.
var packageWords = keywords("vifurushi, packages, plans, bundles, kifurushi cha bei, cheap package, " +
	"cheapest package, kifurushi rahisi, kifurushi nafuu")

// maxSum is how many things a sum is looked for of.
const maxSum = 3

// spokenIDs are the services that the talk is about: of the message, of the request, and of late.
func (t *turn) spokenIDs() (ids []string) {
	// A price that goes from one sum to another makes no sum.
	add := func(id string) {
		if s := t.k.service[id]; s != nil && s.Price > 0 && s.PriceTo <= s.Price &&
			!slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, m := range t.p.services {
		add(m.ID)
	}
	if v := t.next.Ticket; v != nil {
		add(v.Service)
	}
	add(t.next.Topic)
	for _, id := range t.next.Spoken {
		add(id)
	}
	return ids[:min(len(ids), 2*maxSum)]
}

// sumOf are the services among those spoken of that come to an amount together, nil if none do.
func (t *turn) sumOf(amount int64) []string {
	// Each set of a few services is tried. Six of them are 63 sums, which cost nothing.
	ids := t.spokenIDs()
	_, fee := t.way()
	for set := 1; set < 1<<len(ids); set++ {
		var chosen []string
		sum := int64(0)
		for i, id := range ids {
			if set&(1<<i) != 0 {
				chosen, sum = append(chosen, id), sum+t.k.service[id].Price
			}
		}
		installs := slices.Contains(chosen, t.installation())
		if (sum == amount || installs && sum+fee == amount) && len(chosen) > 1 &&
			len(chosen) <= maxSum {
			return chosen
		}
	}
	return nil
}

// remember keeps what a price was told of, for sums that are asked next.
func (t *turn) remember(id string) {
	// Products are summed by their order.
	if t.k.service[id] == nil {
		return
	}
	spoken := slices.DeleteFunc(slices.Clone(t.next.Spoken), func(s string) bool { return s == id })
	t.next.Spoken = firstOf(append([]string{id}, spoken...), min(len(spoken)+1, 2*maxSum))
}

// items writes what makes a sum: "Home 20 Mbps TSh 70,000 + Installation TSh 60,000".
func (t *turn) items(ids []string) (text string, sum int64) {
	// With each price, so that the customer can add it up.
	var items []string
	for _, id := range ids {
		items = append(items, t.k.nameOf(id, t.say)+" "+t.k.money(t.k.service[id].Price))
		sum += t.k.service[id].Price
	}
	return strings.Join(items, " + "), sum
}

// tellVisitSum says what a visit of several services comes to, each with its number.
func (t *turn) tellVisitSum(ids []string) {
	// Several of one service are one item with its number.
	var items []string
	sum := int64(0)
	for i, id := range ids {
		s := t.k.service[id]
		if t.spans(id) {
			// A sum without one of them would be too little.
			for _, id := range slices.Compact(ids) {
				t.tellPriceOf(id)
			}
			return
		}
		sum += s.Price
		if slices.Contains(ids[:i], id) {
			continue
		}
		n := 0
		for _, other := range ids {
			if other == id {
				n++
			}
		}
		name := t.k.nameOf(id, t.say)
		if n > 1 {
			name = strconv.Itoa(n) + " × " + name
		}
		items = append(items, name+" "+t.k.money(s.Price*int64(n)))
		t.remember(id)
	}
	t.tell("price.sum", "items", strings.Join(items, " + "), "total", t.k.money(sum))
}

// supposes are words of who asks what it would be if something else were the case.
var supposes = regexp.MustCompile(`(?i)\b(?:if|suppose|what if|kama|ikiwa|iwapo|with|pamoja na|niki\w{4,}|aki(?:ongez|p|k|ny)\w+|tuki\w{4,})\b`)

// supposesMore reports whether the message asks what one service more would cost, of who has a visit
// for another that is not confirmed: "if I add a shave how much will it be". A price that is asked
// changes no visit.
func (t *turn) supposesMore() bool {
	v, p := t.next.Booking, &t.p
	return v != nil && v.Moves == "" && v.Service != "" && p.cued(actPrice) && !p.hasTime &&
		supposes.MatchString(p.text) && len(p.services) == 1 &&
		!slices.Contains(v.services(), p.services[0].ID)
}

// spans reports whether a service costs from one price to another, or the owner has told no price.
func (t *turn) spans(id string) bool {
	s := t.k.service[id]
	return s == nil || s.Price == 0 || s.PriceTo > s.Price
}

// tellSupposed tells what a service costs, and what the visit would come to with it.
func (t *turn) tellSupposed() {
	v, id := t.next.Booking, t.p.services[0].ID
	t.tellPriceOf(id)
	if both := t.pairOf([]string{v.Service}, []string{id}); both != "" && len(v.More) == 0 && v.People < 2 {
		t.tellPriceOf(both)
		return
	}
	all := append(v.services(), id)
	if v.People < 2 && !slices.ContainsFunc(all, func(id string) bool { return t.spans(id) }) {
		t.tellVisitSum(all)
	}
}

// tellsSum says whether a sum that the customer names is right: "so 130k?". It was passed to the
// owner as a bargain.
func (t *turn) tellsSum() bool {
	p := &t.p
	// A shop's orders have a total of their own, and a sum there is a price that the customer
	// offers.
	if t.k.template() == flowhq.EcommerceTemplate || len(p.entities.Money) != 1 ||
		!p.asksSoftly() || p.has(actPaid) {
		return false
	}
	ids := t.sumOf(p.entities.Money[0].Amount)
	if ids == nil {
		return false
	}
	text, sum := t.items(ids)
	if name, fee := t.way(); fee > 0 && sum+fee == p.entities.Money[0].Amount {
		text, sum = text+" + "+name+" "+t.k.money(fee), sum+fee
	}
	t.did(actPrice)
	t.tell("price.sum_yes", "items", text, "total", t.k.money(sum))
	for _, id := range ids {
		if slices.Contains(t.packages(), id) {
			t.speakOf(id, "")
		}
	}
	p.acts.drop(actDecision, actPrice, actOffer, actAccount, actProblem, actStatus, actOrder,
		actComplaint)
	return true
}

// tellTogether says what several services cost together, to who asks for all of it. What a new
// customer begins with is a package and its installation.
func (t *turn) tellTogether() bool {
	p := &t.p
	if t.k.template() != flowhq.SupportTemplate || p.has(actProblem, actPaid, actCancel) ||
		!anyIn(p.reading.Words, inAll) || !p.has(actPrice, actPayment, actAccount) &&
		!p.asksSoftly() {
		return false
	}
	// What is paid at the beginning is one package and what connects it.
	all, installation := t.packages(), t.installation()
	var ids []string
	for _, id := range t.spokenIDs() {
		isPackage := slices.Contains(all, id)
		// One package, the newest: others were only compared.
		if isPackage && slices.ContainsFunc(ids,
			func(s string) bool { return slices.Contains(all, s) }) {
			continue
		}
		named := slices.ContainsFunc(p.services,
			func(m entity.NameMatch) bool { return m.ID == id && m.Exact })
		wanted := t.next.Ticket != nil && t.next.Ticket.Subject == string(actOrder) &&
			t.next.Ticket.Service == id
		if isPackage || id == installation || named || wanted {
			ids = append(ids, id)
		}
	}
	ids = t.withoutIncluded(ids)
	if len(ids) == 0 || len(ids) > maxSum {
		return false
	}
	if len(ids) == 1 && slices.Contains(all, ids[0]) && installation != "" &&
		anyIn(p.reading.Words, toBegin) {
		ids = append(ids, installation)
	}
	t.did(actPrice)
	// The technician's way is paid with what somebody drives out for.
	name, fee := t.way()
	if !slices.ContainsFunc(ids, func(id string) bool { return t.k.service[id].Minutes > 0 }) {
		fee = 0
	}
	// One price alone needs no sum.
	if len(ids) < 2 && fee == 0 {
		t.tellPriceOf(ids[0])
		p.acts.drop(actPrice, actPayment, actAccount, actOffer, actAnswer, actStatus)
		return true
	}
	text, sum := t.items(ids)
	if fee > 0 {
		text, sum = text+" + "+name+" "+t.k.money(fee), sum+fee
	}
	// Another part of the message has had it told already.
	if !strings.Contains(t.reply(), t.k.money(sum)) {
		t.tell("price.sum", "items", text, "total", t.k.money(sum))
	}
	for _, id := range slices.Backward(ids) {
		t.remember(id)
		if slices.Contains(all, id) {
			t.speakOf(id, "")
		}
	}
	p.acts.drop(actPrice, actPayment, actAccount, actOffer, actAnswer, actStatus)
	return true
}

// way is the area that was spoken of last, and what the way to it costs.
func (t *turn) way() (name string, fee int64) {
	// The area that was asked about is where the customer lives.
	name = t.next.Area
	if len(t.p.areas) > 0 {
		name = t.p.areas[len(t.p.areas)-1].ID // "from Chumbageni to Muheza"
	}
	if a := t.k.area[name]; a != nil && a.Fee != nil {
		return name, *a.Fee
	}
	return name, 0
}

// inAll ask for a sum, and toBegin for what is paid at first.
var (
	inAll   = listOf("in all")
	toBegin = keywords("start, begin, beginning, kuanza, kuanzia, first, mwanzo, altogether, " +
		"jumla, total, in all, friday, monday, pay on")
)

// installation is the owner's service of connecting a new customer, "" if there is none.
func (t *turn) installation() string {
	// Owners write "installation" or "new connection": the first name that fits whole is taken.
	for _, name := range installNames {
		if m := t.named(t.k.services, name); len(m) == 1 && m[0].Exact {
			return m[0].ID
		}
	}
	return ""
}

// meanMove takes a word of who moves house for the owner's service of moving a connection.
func (t *turn) meanMove(p *perception) {
	if t.k.template() != flowhq.SupportTemplate || len(p.services) > 0 ||
		!anyIn(p.reading.Words, movesHouse) {
		return
	}
	for _, name := range phrasesOf("moving a connection") {
		if m := t.named(t.k.services, name); len(m) == 1 && m[0].Exact {
			m[0].Place = entity.Place{}
			p.services = m
			return
		}
	}
}

// movesHouse are words of who moves to another house with the connection.
var movesHouse = listOf("moves house")

// priceOf is the price of a service, 0 if the owner has told none.
func (t *turn) priceOf(id string) int64 {
	if s := t.k.service[id]; s != nil {
		return s.Price
	}
	if p := t.k.product[id]; p != nil {
		return p.Price
	}
	return 0
}

// packageChosen is the package that a request for an installation is for: the one that the message
// names, else the one that was spoken of last; "" if that is open.
func (t *turn) packageChosen() string {
	all := t.packages()
	// Two packages in one message are compared, and none of them is chosen.
	var named []string
	for _, m := range t.p.services {
		if slices.Contains(all, m.ID) && m.Exact {
			named = append(named, m.ID)
		}
	}
	switch {
	case len(named) == 1:
		return named[0]
	case len(named) == 0 && slices.Contains(all, t.next.Topic):
		return t.next.Topic
	}
	return ""
}

// packageOn is the package that stands on a request, "" if none or several do.
func (t *turn) packageOn(v *Problem) (on string) {
	for _, id := range t.packages() {
		if !strings.Contains(v.Note, t.k.nameOf(id, t.say)) {
			continue
		}
		if on != "" {
			return ""
		}
		on = id
	}
	return on
}
