package reply

import (
	"slices"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// A yes to an order with a question beside it: "yes confirm. what if it doesn't fit, can i change it". The
// yes is taken first, and each question is answered as if it had come alone.

// placesBeside places the order that was read back where the message says yes and only asks besides, and
// reports whether it did.
func (t *turn) placesBeside() bool {
	o, p := t.next.Order, &t.p
	if t.next.Ask.For != askOrder || o == nil || len(o.Lines) == 0 || o.Told != t.told() || len(o.Unclear) > 0 ||
		!p.asksSoftly() || p.yesNo != entity.Neither || p.cued(cueThink) || p.cued(cueRemove) ||
		p.has(actCancel, actDrop, actDecision, actPaid) || t.place(false) != "" && o.Address == "" {
		return false
	}
	questions, name, ok := t.questionsBesideYes()
	if !ok || slices.ContainsFunc(questions, t.wantsMore) {
		return false
	}
	if name != "" && p.name == "" {
		p.name, t.next.Name = name, name
	}
	whole := t.p
	// What the questions name is not ordered, and their areas and hours are not of this order.
	t.p = whole
	t.p.products, t.p.areas, t.p.hasTime = nil, nil, false
	t.did(actYes)
	t.placeOrder()
	for _, q := range questions {
		asked := t.next.Ask
		t.answerBeside(q)
		// The price of another thing asks for no number of it behind an order that is placed.
		if t.next.Order == nil && asked.For == "" {
			t.next.Ask, t.question, t.hasAsked = asked, "", false
		}
	}
	t.p, t.whole = whole, true
	return true
}

// wantsMore reports whether a question beside a yes asks for something that would change the order: one
// more thing, another size or place.
func (t *turn) wantsMore(question string) bool {
	whole := t.p
	defer func() { t.p = whole }()
	t.p = t.readPart(question)
	// As it was before the message: the yes may have placed it.
	p, o := &t.p, t.in.State.Order
	if o == nil {
		return false
	}
	if p.cued(cueAdd) && !sells.MatchString(p.text) || p.cued(cuePickup) && o.How == howDeliver || p.counts() ||
		slices.ContainsFunc(idsOf(p.areas), func(id string) bool { return id != o.Area }) {
		return true
	}
	sized := slices.ContainsFunc(o.Lines, func(l Line) bool { return t.sizeIn(l.Product, "") != "" })
	return sized || mayI.MatchString(p.text) && len(p.products) > 0 || t.coloursWished() != ""
}
