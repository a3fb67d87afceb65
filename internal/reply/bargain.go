package reply

import (
	"regexp"
	"slices"

	"github.com/flowhq/flowhq"
)

// Prices that only the owner may agree to.

// reconcileDecision finds what only the owner may agree to: a price that the customer names, or a
// lower one. The bot agrees to no price but the owner's. It also never says no to one: that is a
// sale lost for the owner without a word.
func (t *turn) reconcileDecision(p *perception, all *acts) {
	if p.wantsAltered(all) {
		return
	}
	// "The delivery is too much, I'll pick it up instead" bargains for nothing.
	if o := t.next.Order; o != nil && o.How == howDeliver && p.cued(cuePickup) && !p.asksSoftly() {
		all.drop(actDecision, actDelivery, actPrice)
		all.add(actOrder)
		return
	}
	// "Sukari punguza iwe kilo moja tu" wants less of it.
	if t.k.template() == flowhq.EcommerceTemplate && lessOfIt.MatchString(p.text) &&
		len(p.products) > 0 && len(p.entities.Money) == 0 {
		all.drop(actDecision, actPrice)
		all.add(actChange)
		return
	}
	if t.k.template() == flowhq.EcommerceTemplate && bargainsFee(p) {
		all.drop(actAnswer, actDelivery, actPayment, actPrice)
		all.add(actDecision)
		p.answer, p.alike, p.sure = "", 0, false // no answer of the owner's is about this sum
	}
	if !p.cued(actPrice) && bargains(p) && !changeFor.MatchString(p.text) && !paysSum.MatchString(p.text) &&
		!t.namesPrice(p) && !t.budgets(p, *all) {
		all.add(actDecision)
	}
	if !all.has(actDecision) {
		return
	}
	// "Nipe kwa 5000" orders nothing as long as nobody has agreed to the 5000.
	if len(p.entities.Money) > 0 || p.cued(actDecision) && len(p.products) > 0 {
		all.drop(actPayment, actBook, actOrder)
	}
	// Nothing is named, so that the list of all prices would be the answer to "punguza bei".
	if !p.names() {
		all.drop(actPrice)
	}
}

// lessOfIt wants a smaller number of goods.
var lessOfIt = regexp.MustCompile(`(?i)\b(?:ni|u|mni)?punguz(?:a|ie|ieni)\s+(?:\pL+\s+){0,2}(?:iwe|ziwe|yawe|uwe|hadi|mpaka)\b|\breduce\b[^.;!?\n]*\bto\b`)

// paysSum speaks of a sum that is paid, and of no other price: "how do I pay the 60k", "nalipia 45k
// saa hii".
var paysSum = regexp.MustCompile(`(?i)\b(?:how|where)\s+(?:do|can|should|will|shall)\s+(?:i|we)\s+(?:pay|send)\b|` +
	`\b(?:na|ni|nita|nta|tuna)(?:lip|tum)\w+\s+(?:\S+\s+){0,3}(?:wapi|vipi|vp|je)\b|` +
	`\b(?:nalipia|nalipa|ninalipa|ninalipia)\s+\S+\s+(?:saa hii|sasa|sahivi|kwa mwezi|kila mwezi)\b|\bi\s+(?:now |currently )?pay\s+\S+\s+(?:now|a month|per month|every month)\b`)

// budgets reports whether the amount is what the customer has to spend: "nina elfu ishirini tu,
// nataka mchele, mafuta na sukari". Nobody has to agree to that.
func (t *turn) budgets(p *perception, all acts) bool {
	return !p.asks && len(p.products) > 1 && !p.cued(actDecision) &&
		anyIn(p.reading.Words, budgetWords) &&
		(all.has(actOrder) || anyIn(p.reading.Words, wishWords))
}

var budgetWords = keywords("nina, niko na, nko na, i have, ive got, budget, bajeti, nimebaki na")

// namesPrice reports whether the amount in a message is what the thing costs that is spoken of:
// "10k is fine" agrees to the owner's price. Taken for bargaining it was passed to the owner, and
// the customer waited for a yes to the owner's own price.
func (t *turn) namesPrice(p *perception) bool {
	if len(p.entities.Money) == 1 && (t.sumOf(p.entities.Money[0].Amount) != nil ||
		t.partySum(p.entities.Money[0].Amount)) {
		return true
	}
	for _, id := range append(idsOf(slices.Concat(p.services, p.products)), t.next.Topic) {
		var price, to int64
		if s := t.k.service[id]; s != nil {
			price, to = s.Price, s.PriceTo
		}
		if s := t.k.product[id]; s != nil {
			price = s.Price
		}
		// In a range each amount is the owner's.
		for _, m := range p.entities.Money {
			if price > 0 && m.Amount >= price && m.Amount <= max(price, to) {
				return true
			}
			// "So 12k total?" is the price of two.
			if price > 0 && to <= price && m.Amount%price == 0 && m.Amount/price <= maxPeople {
				return true
			}
		}
	}
	return false
}
