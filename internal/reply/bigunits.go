package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq/internal/understand/entity"
)

// Goods in a unit that is on no list: a sack of the rice that is listed by the kilo. It is another
// thing with another price. "Gunia la mchele" was told the price of a kilo, and put one on the order.

// bigUnits are the units that count packs, and never pieces.
var bigUnits = []string{"sack", "debe", "carton", "crate", "sado", "box"}

var (
	bigUnit = `(gunia|magunia|sacks?|debe|madebe|katoni|cartons?|kreti|crates?|sado|boksi|maboksi|box|boxes)`
	// unitBefore is such a unit in front of a name, and unitBehind one behind it.
	unitBefore = regexp.MustCompile(`(?i)\b` + bigUnit + `(?:\s+(?:[\pL\d]+\s+){0,2}?(?:la|ya|za|wa|of)(?:\s+the)?|` +
		`(?:\s+\d+)?)\s+$`)
	unitBehind = regexp.MustCompile(`(?i)^\s+(?:(?:kwa|la|ya|za|in|by|by the|per|\d+|moja|zima|one|a|two|mbili)\s+){0,2}` +
		bigUnit + `\b`)
)

// meanUnits gives the products of the message the unit that they are named in.
func (p *perception) meanUnits() {
	for i := range p.products {
		m := &p.products[i]
		from, to := p.inUnit(*m)
		if from < 0 {
			continue
		}
		for _, w := range split(p.text[from:to]) {
			if unit := entity.UnitOf(w); slices.Contains(bigUnits, unit) && !isMeasure(m.Amount.Unit) {
				m.Amount.Unit = unit
				m.Amount.Value = max(m.Amount.Value, 1)
			}
		}
	}
}

// inUnit is the place of a product's name with the unit around it, -1 if none stands there.
func (p *perception) inUnit(m entity.NameMatch) (from, to int) {
	if m.Start < 0 || m.End > len(p.text) || m.Start >= m.End {
		return -1, -1
	}
	if at := unitBefore.FindStringIndex(p.text[:m.Start]); at != nil {
		from, to = at[0], m.End
	} else if at := unitBehind.FindStringIndex(p.text[m.End:]); at != nil {
		from, to = m.Start, m.End+at[1]
	} else {
		return -1, -1
	}
	// With its number: "one sack of rice", "mchele gunia 2".
	if m.Amount.Start < m.Amount.End && gapBetween(m.Amount.Place, entity.Place{Start: from, End: to}) <= 1 {
		from, to = min(from, m.Amount.Start), max(to, m.Amount.End)
	}
	return from, to
}

// foreignUnit is a product with the unit that the message names it in, if the owner lists it in none
// of that kind; "" otherwise.
func (t *turn) foreignUnit(m entity.NameMatch) string {
	if t.sellsBy(m.ID, m.Amount.Unit) || m.Start < 0 || m.End > len(t.p.text) {
		return ""
	}
	from, to := t.p.inUnit(m)
	if from < 0 {
		from, to = m.Start, m.End
		if m.Amount.Start < m.Amount.End && m.Amount.End <= len(t.p.text) {
			from, to = min(from, m.Amount.Start), max(to, m.Amount.End)
		}
	}
	return strings.TrimSpace(t.p.text[from:to])
}

// namesForeign reports whether the message names goods in such a unit.
func (t *turn) namesForeign() bool {
	return slices.ContainsFunc(t.p.products, func(m entity.NameMatch) bool { return t.foreignUnit(m) != "" })
}

// asksPricesOnly reports whether each part of the message asks, one of them for a price, and nothing is
// wanted in words.
func (t *turn) asksPricesOnly() bool {
	words := t.p.reading.Words
	return anyIn(words, priceAsked) && !anyIn(words, wishWords) &&
		!slices.ContainsFunc(piecesOf(t.p.text), func(one piece) bool { return !one.asks })
}

// priceOnly reports whether the message asks what things cost, and wants none of them.
func (t *turn) priceOnly() bool { return t.p.has(actPrice) && !anyIn(t.p.reading.Words, wishWords) }

// foreignPrice tells what the owner says of a product in a unit that is on no list, and reports
// whether the message asks for that. Nobody makes up its price.
func (t *turn) foreignPrice(id string) bool {
	i := slices.IndexFunc(t.p.products, func(m entity.NameMatch) bool { return m.ID == id })
	if i < 0 {
		return false
	}
	named := t.foreignUnit(t.p.products[i])
	if named == "" {
		return false
	}
	if !t.tellUnit(t.p.products[i]) && !strings.Contains(t.reply(), named) {
		t.unanswered("unanswered.price", "name", named)
	}
	return true
}

// tellUnit tells the owner's answer about many of a thing, if it speaks of the unit and the product
// of the message. It reports whether it does.
func (t *turn) tellUnit(m entity.NameMatch) bool {
	a, p := t.answerTo(bulkQuestions, minUsual), t.k.product[m.ID]
	if a == nil || p == nil {
		return false
	}
	answer := a.Answer.In(t.say.language)
	words := split(answer)
	if !slices.ContainsFunc(words, func(w string) bool { return entity.UnitOf(w) == m.Amount.Unit }) ||
		!slices.ContainsFunc(split(bareName(p.Name.In(t.say.language))), func(w string) bool { return slices.Contains(words, w) }) {
		return false
	}
	// It was no question of yes and no.
	if answer = upperFirst(ownersYes.ReplaceAllString(answer, "")); !strings.Contains(t.reply(), answer) && !t.wasSaid(answer) {
		t.did(actAnswer)
		t.show(answer)
	}
	return true
}

// noteForeign notes with the order what is wanted in a unit that is on no list, for who packs it.
func (t *turn) noteForeign(all []entity.NameMatch) {
	o := t.next.Order
	for _, m := range all {
		named := t.foreignUnit(m)
		told := t.tellUnit(m)
		if t.priceOnly() {
			if !told && !strings.Contains(t.reply(), named) {
				t.unanswered("unanswered.price", "name", named)
			}
			continue
		}
		if len(o.Lines) == 0 {
			t.unanswered("order.unlisted", "note", named)
			t.unsettled = true
			continue
		}
		if strings.Contains(o.Note, named) {
			t.tell("order.noted_already", "note", named)
			continue
		}
		o.addNote(named)
		t.noteUnanswered()
		t.tell("order.unlisted", "note", named)
	}
}
