package reply

import (
	"slices"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// acts are what a message does, each once.
type acts []act

// has reports whether one of these is among them.
func (a acts) has(any ...act) bool {
	return slices.ContainsFunc(any, func(b act) bool { return slices.Contains(a, b) })
}

func (a *acts) add(b act) {
	if !a.has(b) {
		*a = append(*a, b)
	}
}

func (a *acts) drop(these ...act) {
	*a = slices.DeleteFunc(*a, func(b act) bool { return slices.Contains(these, b) })
}

// replace puts an act in place of another.
func (a *acts) replace(from, to act) {
	if i := slices.Index(*a, from); i >= 0 {
		if a.has(to) {
			a.drop(from)
		} else {
			(*a)[i] = to
		}
	}
}

// reconcile drops what contradicts what is certain: first what leaves only one reading, then what
// the amounts and names say, then what the template has no use for.
func (t *turn) reconcile(p *perception, all acts) acts {
	if only, ok := t.onlyReading(p, all); ok {
		return only
	}
	all.drop(actYes, actNo) // a yes that comes with more is read by what comes with it
	t.reconcileDecision(p, &all)
	if t.next.Booking != nil && p.hasTime && !p.cued(actHours) {
		all.drop(actHours) // "11am then" is the answer
	}
	if (t.next.Order != nil || t.next.Ask.For == askQuantity) && p.cued(cuePickup) && !p.asks {
		all.drop(actDelivery)
		if !p.cued(actPerson) {
			all.drop(actPerson) // "I fetch it myself" wants nobody
		}
	}
	if all.has(actComplaint) && angry(p) {
		all.replace(actComplaint, actAnger)
	}
	t.reconcileTemplate(p, &all)
	if all.has(taskActs...) || all.has(infoActs...) {
		all.drop(actThanks, actBye, actMenu)
	}
	if p.asks && all.has(infoActs...) {
		all.drop(actComplaint)
	}
	t.meanByName(p, &all)
	if len(all) == 0 && t.sizeIn(t.next.Topic, "") != "" && t.next.Order == nil {
		all.add(actOffer) // "what about 42?"
	}
	if all.has(actCancel) {
		all.drop(actBook, actOrder, actStatus, actChange)
	}
	if all.has(actChange) {
		all.drop(actBook, actOrder)
	}
	return all
}

// onlyReading returns what a message does that can do nothing else.
func (t *turn) onlyReading(p *perception, all acts) (only acts, ok bool) {
	switch {
	case p.yesNo == entity.Yes:
		return acts{actYes}, true
	case p.yesNo == entity.No:
		return acts{actNo}, true
	case tellsSecret(p):
		return acts{actSecret}, true
	case t.next.Order != nil && len(p.products) > 0 && !p.asks && (p.cued(cueRemove) || p.cued(cueAdd)):
		return acts{actOrder}, true
	case len(p.entities.References) > 0 && len(p.reading.Words) <= maxNumberOnly &&
		!all.has(actCancel, actChange, actPerson):
		return acts{actStatus}, true // a number alone asks what is under it
	}
	return nil, false
}

// reconcileDecision finds what only the owner may agree to: a price that the customer names, or a
// lower one.
func (t *turn) reconcileDecision(p *perception, all *acts) {
	if !p.cued(actPrice) && bargains(p) && !t.namesPrice(p) {
		all.add(actDecision)
	}
	if !all.has(actDecision) {
		return
	}
	if len(p.entities.Money) > 0 || p.cued(actDecision) && len(p.products) > 0 {
		all.drop(actPayment, actBook, actOrder)
	}
	if !p.names() {
		all.drop(actPrice)
	}
}

// namesPrice reports whether the amount in a message is what the thing costs that is spoken of:
// "10k is fine" agrees to the owner's price.
func (t *turn) namesPrice(p *perception) bool {
	for _, id := range append(idsOf(slices.Concat(p.services, p.products)), t.next.Topic) {
		var price, to int64
		if s := t.k.service[id]; s != nil {
			price, to = s.Price, s.PriceTo
		}
		if s := t.k.product[id]; s != nil {
			price = s.Price
		}
		for _, m := range p.entities.Money {
			if price > 0 && m.Amount >= price && m.Amount <= max(price, to) {
				return true
			}
		}
	}
	return false
}

// angry reports whether the words are angry beyond doubt.
func angry(p *perception) bool {
	return anyIn(p.reading.Words, angerWords) || p.reading.Concepts.Has("anger")
}

// reconcileTemplate turns acts into those that the template has.
func (t *turn) reconcileTemplate(p *perception, all *acts) {
	switch t.k.template() {
	case flowhq.BookingTemplate:
		all.replace(actOrder, actBook)
		all.replace(actProblem, actPerson)
		all.replace(actReturn, actPerson)
	case flowhq.EcommerceTemplate:
		all.replace(actBook, actOrder)
		if len(p.products) > 0 && len(t.in.Calendar.Orders) == 0 && t.next.Order == nil && !p.cued(actChange) {
			all.replace(actChange, actOrder) // there is nothing to change
		}
		if !p.cued(cuePast) && !p.reading.Concepts.Has("late") {
			return
		}
		// "I ordered a dress and it has not come" orders nothing.
		all.drop(actOrder, actOffer, actDelivery)
		if !all.has(actCancel, actReturn, actChange, actPaid, actAnswer) {
			all.add(actStatus)
		}
	case flowhq.SupportTemplate:
		all.replace(actBook, actOrder)
		all.replace(actReturn, actProblem)
		all.replace(actComplaint, actProblem) // is what the desk is for
	}
}

// meanByName says what a message does that only names something: it asks for that. What is named
// while an order is being made goes on it.
func (t *turn) meanByName(p *perception, all *acts) {
	if slices.ContainsFunc(*all, func(a act) bool { return a != actGreet && a != actThanks }) {
		return
	}
	short := len(p.reading.Words) <= maxNaming
	switch {
	case len(p.products) > 0 && t.k.template() != flowhq.BookingTemplate:
		quantity := slices.ContainsFunc(p.products, func(m entity.NameMatch) bool { return m.Quantity > 0 })
		if p.asks || !quantity && t.next.Order == nil && short {
			all.add(actOffer)
		}
	case len(p.services) > 0 && p.asks && !p.hasTime && len(p.reading.Words) <= maxAssent:
		all.add(actOffer) // "do you guys do beards?"
	case len(p.services) > 0 && short && !p.hasTime && t.next.Booking == nil:
		all.add(actPrice)
	}
}

// maxNaming is how many words a message has at most that only names something.
const maxNaming = 4
