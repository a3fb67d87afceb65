package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// A message that changes an order often does two things: "no, the maxi dress should be L, I don't
// want any office dress", "toa sukari weka chumvi". A cue of the whole message did one of them to
// all that was named. So each product is read by the verb that governs it.

// verbOf finds the verbs that govern the products behind them. The group that matched says what is
// done: 1 takes off, 2 puts on, 3 changes.
var verbOf = regexp.MustCompile(`(?i)\b(?:(` +
	`do(?:n'?t| not) (?:really )?(?:want|need|add|include|bring|send)|(?:did|have|` +
	`had) ?n'?o?t (?:want|order|ask for|ask|say|said|mention|request|mean)|never (?:said|` +
	`asked for|ordered|wanted)|` +
	`si(?:ja|ku)(?:sema|taja|agiza|oda|taka|omba|hitaji|maanisha|andika)|hatuku(?:sema|taka|` +
	`agiza|omba)|` +
	`no need (?:of|for)|no longer (?:want|need)|remove|take off|take out|without|leave out|` +
	`leave the|skip|scrap|forget|minus|cancel|delete|` +
	`instead of|rather than|in place of|usiweke|msiweke|usiniwekee|msiniwekee|usilete|msilete|` +
	`sitaki|sihitaji|` +
	`sitahitaji|hatutaki|toa|toeni|utoe|mtoe|mtoeni|zitoe|itoe|uondoe|mwondoe|muondoe|nitolee|` +
	`ondoa|ondoeni|niondolee|futa|acha|acheni|ghairi|` +
	`badala ya|bila)|(` +
	`i'?ll (?:take|have)|i want|i need|i'?d like|give me|get me|add|put|include|bring|send|keep|` +
	`order|niwekee|weka|wekeni|` +
	`thibitisha|thibitisheni|confirm|just with|tu na|pamoja na|nimesema|nilisema|nimeandika|` +
	`nimeagiza|niliagiza|namaanisha|nilimaanisha|(?:[iuzy]|li|ya|vi)(?:we|baki)|i said|i meant|` +
	`i mean|i ordered|i asked for|rudisha|` +
	`ongeza|niongezee|nipe|nipeni|nataka|naomba|nahitaji|lete|leta|niletee|nileteeni|bakiza|baki|` +
	`ni\w{3,}e|tu\w{3,}e)|(` +
	`make|change|switch|swap|replace|badilisha|badili|nibadilishie|punguza|reduce|fanya)|(?:my|the|this|that|your|whole) order)\b`)

// clauseBreak ends what a verb in front of a name says where no verb follows.
var clauseBreak = regexp.MustCompile(`(?i)[.;!?\n]+|\b(?:but|lakini|ila|then|halafu|alafu|kisha)\b`)

// noBefore stands directly in front of a name that is not wanted: "no sugar", "hakuna mkate".
var noBefore = regexp.MustCompile(`(?i)\b(?:no|not|sio|siyo|si|hapana)\s+(?:(?:the|any|more|to|` +
	`that|this|ya|wa|za|la|hiyo|ile|hizo|zile|tena)\s+){0,2}$`)

// saysNo ends with a no to what was said before, and not to what follows.
var saysNo = regexp.MustCompile(`(?i)(?:^|[.,;!\n])\s*(?:no|hapana)\W+$`)

// amountBehind reports whether the amount of a product stands right behind its name, where a new
// one is told: "hapana, mchele kilo 5".
func (p *perception) amountBehind(m entity.NameMatch) bool {
	at := amountFirst.FindStringIndex(p.text[m.End:])
	return m.Quantity > 0 && (m.Amount.Start >= m.End || m.Amount.End == m.End) &&
		(at != nil && !p.namesWithin(m.End, m.End+at[1]+1) || m.Amount.End == m.End)
}

// amountFirst is an amount in front of what follows.
var amountFirst = regexp.MustCompile(`(?i)^\s*` + amountForm + `\b`)

// offBehind stands behind a name that is not wanted: "sukari toa", "sukari sitaki", "mkate hapana".
var offBehind = regexp.MustCompile(`(?i)^\s*(?:,\s*)?(?:(?:hiyo|ile|hizo|zile|that|it|` +
	`tena)\s+)?(?:toa|utoe|mtoe|itoe|zitoe|uitoe|vitoe|uziondoe|ondoa|iondoe|sitaki|` +
	`siitaki|sizitaki|usiweke|acha|iache|hapana|futa|remove|out|` + alternatives("not needed behind") + `)\b`)

// onBehind stands behind a name that is wanted: "mikanda yote miwili nataka", "sukari ibaki".
var onBehind = regexp.MustCompile(`(?i)^(?:\s+(?:[yzvw]ote|lote|kote|mo?ja|\w*wili|\w*tatu|\w*nne|\d{1,3}|` +
	`both|all|one|two|three|bado|still|tu|only|yenyewe|zenyewe)){0,3}\s+(?:nataka|nahitaji|` +
	`na\w{1,2}taka|nachukua|\w{1,2}baki\w*|bakiza|stays?|i still want)\b`)

// staysBehind stands behind a name that the message leaves as it is: "the dress stays".
var staysBehind = regexp.MustCompile(`(?i)^\s+(?:\pL+\s+)?(?:stays?|remains?|(?:[iuzy]|li|ya|vi)?baki\w*)\b`)

// staysSo reports whether the message only says that something on the order stays.
func (t *turn) staysSo(m entity.NameMatch) bool {
	return m.Quantity == 0 && m.Start >= 0 && m.End <= len(t.p.text) && t.ordered(m) &&
		staysBehind.MatchString(t.p.text[m.End:])
}

// becomes stands between what is replaced and what takes its place: "replace the bread with milk".
var becomes = regexp.MustCompile(`(?i)\b(?:with|for|to|into|iwe|ziwe|uwe|liwe|yawe|viwe|kwa|weka|` +
	`uweke|niwekee|nipe|give me)\b`)

// changeWord says that what stands in the clause is put in place of what was said before.
var changeWord = regexp.MustCompile(`(?i)\b(?:instead|should (?:all )?be|must be|make|change|` +
	`switch|iwe|ziwe|uwe|liwe|` +
	`yawe|viwe|badala|badilisha|badili|nibadilishie|actually|rather)\b`)

// An editKind says what a message does to a product that it names.
type editKind int

const (
	editNone   editKind = iota
	editOff             // takes it off
	editOn              // puts it on
	editChange          // changes size or count
)

// editOf says what the message does to one of its products.
func (p *perception) editOf(m entity.NameMatch) editKind {
	if p.keptAlone(m) {
		return editOn
	}
	if m.Start < 0 || m.End > len(p.text) || m.Start >= m.End {
		return editNone
	}
	before, behind := p.text[:m.Start], p.text[m.End:]
	// Before the "no" in front: "hapana, chumvi nataka" wants salt.
	if onBehind.MatchString(behind) && !p.staysInstead(m) {
		return editOn
	}
	if noBefore.MatchString(before) {
		// "Hapana, sukari iwe kilo 4 sio 6" wants sugar too.
		if setsTo.MatchString(behind) || saysNo.MatchString(before) && p.amountBehind(m) {
			return editChange
		}
		return editOff
	}
	from := 0
	if at := clauseBreak.FindAllStringIndex(before, maxEdits); len(at) > 0 {
		from = at[len(at)-1][1]
	}
	if offBehind.MatchString(behind) && !p.namesWithin(m.End,
		m.End+offBehind.FindStringIndex(behind)[1]) {
		return p.offUnlessFollowed(m, behind)
	}
	// "Cancel my order of rice" has one verb.
	all := slices.DeleteFunc(verbOf.FindAllStringSubmatchIndex(before[from:], maxEdits),
		func(at []int) bool { return at[2] < 0 && at[4] < 0 && at[6] < 0 })
	if len(all) == 0 {
		return editNone
	}
	last := all[len(all)-1]
	switch {
	// "Sitaki gauni la ofisi, la kitenge tu".
	case last[2] >= 0 && strings.Contains(before[from+last[1]:], ",") &&
		p.namesWithin(from+last[1], m.Start) &&
		onlyBehind.MatchString(behind):
		return editOn
	case last[2] >= 0:
		return editOff
	case last[4] >= 0:
		return editOn
	}
	// "Change the bread to milk" takes the bread off, "change the bread to 2" does not.
	if next, ok := p.nextProduct(m); ok && becomes.MatchString(p.text[m.End:next.Start]) &&
		!listBreak.MatchString(p.text[m.End:next.Start]) && next.ID != m.ID {
		return editOff
	}
	return editChange
}

// offUnlessFollowed tells "sukari toa" from "unga sitaki, sukari toa": the verb behind a name is of
// the next name if that stands behind the verb with no comma between: "mkate toa sukari" is unclear
// and is read as Swahili is, verb first.
func (p *perception) offUnlessFollowed(m entity.NameMatch, behind string) editKind {
	end := m.End + offBehind.FindStringIndex(behind)[1]
	if next, ok := p.nextProduct(m); ok && !strings.ContainsAny(p.text[end:next.Start], ",.;\n") &&
		verbOf.FindStringIndex(p.text[end:next.Start]) == nil &&
		!anyIn(split(p.text[end:next.Start]), keywords("na, and")) {
		return editNone
	}
	return editOff
}

// staysInstead reports whether what stays is named behind the verb for it, and not in front: "toa
// gauni la ofisi libaki la kitenge".
func (p *perception) staysInstead(m entity.NameMatch) bool {
	next, ok := p.nextProduct(m)
	return ok && removeLead.MatchString(p.text[:m.Start]) && len(split(p.text[m.End:next.Start])) <= 2 &&
		!strings.ContainsAny(p.text[m.End:next.Start], ",.;\n")
}

// removeLead is a verb that takes off, right in front of a name.
var removeLead = regexp.MustCompile(`(?i)\b(?:` + alternatives("clears") + `)\s+(?:(?:the|hiyo|hilo|ile|that)\s+)?$`)

// onlyBehind stands behind what alone is wanted.
var onlyBehind = regexp.MustCompile(`(?i)^\s+(?:tu|only|pekee|peke yake)\b`)

// maxEdits bounds how many verbs of a message are looked at.
const maxEdits = 40

// namesWithin reports whether another product begins in a span of the text.
func (p *perception) namesWithin(from, to int) bool {
	return slices.ContainsFunc(p.products, func(m entity.NameMatch) bool {
		return m.Start >= from && m.Start < to
	})
}

// nextProduct is the product that is named next behind one.
func (p *perception) nextProduct(m entity.NameMatch) (entity.NameMatch, bool) {
	found, ok := entity.NameMatch{}, false
	for _, other := range p.products {
		if other.Start >= m.End && (!ok || other.Start < found.Start) {
			found, ok = other, true
		}
	}
	return found, ok
}

// changesIn reports whether the clause that names a product puts its size or count in place of what
// was said before: "the jeans in 32 instead", "the maxi dress should be L".
func (p *perception) changesIn(m entity.NameMatch) bool {
	if m.Start < 0 || m.End > len(p.text) || m.Start >= m.End {
		return false
	}
	return changeWord.MatchString(p.clauseOf(m, editBreak))
}

// clauseOf is the part of the message with a name in it, from the break in front of the name to the
// one behind.
func (p *perception) clauseOf(m entity.NameMatch, breaks *regexp.Regexp) string {
	from, to := 0, len(p.text)
	for _, at := range breaks.FindAllStringIndex(p.text, maxEdits) {
		if at[1] <= m.Start {
			from = at[1]
		} else if at[0] >= m.End {
			to = min(to, at[0])
		}
	}
	return p.text[from:to]
}

// editBreak parts the clauses of a message that changes several things.
var editBreak = regexp.MustCompile(`(?i)[,.;!\n]+|\b(?:but|lakini|ila|and|na|then|halafu|alafu|` +
	`kisha)\b`)

// ordered reports whether a product, or another pack of it, is on the order that is being made.
func (t *turn) ordered(m entity.NameMatch) bool {
	if t.next.Order == nil {
		return false
	}
	ids := append([]string{m.ID}, m.Others...)
	if p := t.k.product[m.ID]; p != nil {
		for _, other := range t.packsOf(p) {
			ids = append(ids, other.ID)
		}
	}
	return slices.ContainsFunc(t.next.Order.Lines, func(l Line) bool {
		return slices.Contains(ids, l.Product)
	})
}

// editsLines reports whether the message takes something that it names off the order, or changes it
// there.
func (t *turn) editsLines() bool {
	p := &t.p
	if len(t.partsSized()) > 0 {
		return true // also as a question: "can you change one to 34?"
	}
	if p.asks || len(p.reading.Words) > maxEditWords {
		return false
	}
	return len(t.sizeEdits()) > 0 || len(t.packsOff()) > 0 ||
		slices.ContainsFunc(p.products, func(m entity.NameMatch) bool {
			if !t.ordered(m) {
				return false
			}
			return p.editOf(m) == editOff ||
				p.changesIn(m) && (m.Size != "" || m.Quantity > 0 || t.sizeNear(m) != "" ||
					t.mayMean(m))
		})
}

// mayMean reports whether a size of what the customer may mean by a name stands in the message.
func (t *turn) mayMean(m entity.NameMatch) bool {
	return slices.ContainsFunc(m.Others, func(id string) bool {
		m.ID = id
		return t.ordered(m) && t.sizeNear(m) != ""
	})
}

// maxEditWords is how many words a message has at most that changes an order. A longer one tells a
// story.
const maxEditWords = 30

// takeOffNamed takes off what the message does not want of its products, and leaves the others in
// it. What takes the place of one thing has its count, unless another was said. whole says that
// nothing else was named.
func (t *turn) takeOffNamed() (whole bool) {
	p, o := &t.p, t.next.Order
	var off, rest []entity.NameMatch
	for _, m := range p.products {
		switch kind := p.editOf(m); {
		case kind == editOff, kind == editNone && t.ordered(m) && p.removesIn(m) &&
			!p.changesIn(m) && !p.cued(cueAdd) && m.Size == "":
			off = append(off, m)
		default:
			rest = append(rest, m)
		}
	}
	if len(off) == 0 {
		return false
	}
	if len(off) == 1 && len(rest) == 1 && rest[0].Quantity == 0 && !t.ordered(rest[0]) &&
		anyIn(p.reading.Words, replaceWords) {
		if i := slices.IndexFunc(o.Lines,
			func(l Line) bool { return l.Product == off[0].ID }); i >= 0 {
			rest[0].Quantity = o.Lines[i].Quantity
		}
	}
	for i, m := range off {
		if slices.Contains(idsOf(off[:i]), m.ID) {
			continue // "I don't want bread! remove the bread"
		}
		// Silence about it would read as if it had been taken off.
		if !t.ordered(m) && len(rest) > 0 {
			continue // "a tray of eggs, no bread"
		}
		// Size 42 is taken off, and 41 is on the order.
		if size := t.sizeDenied(m.ID); size != "" && !t.hasLine(m.ID, size) {
			t.tell("order.not_on", "name", t.k.nameOf(m.ID, t.say)+" ("+size+")")
			continue
		}
		if !t.ordered(m) || t.namesPackNotOn(m) {
			t.tell("order.not_on", "name", t.k.nameOf(m.ID, t.say))
			continue
		}
		t.takeOff(m)
	}
	// "Your order is empty" is not so where something takes the place.
	if empty := t.say.variants("order.empty"); len(rest) > 0 {
		t.said = slices.DeleteFunc(t.said,
			func(p part) bool { return slices.Contains(empty, p.text) })
	}
	p.products = rest
	return len(rest) == 0
}

// removesIn reports whether the sentence that names a product takes something off: "no office
// dress! remove it / just 2 maxi and 1 handbag" took off the bag.
func (p *perception) removesIn(m entity.NameMatch) bool {
	if !p.cued(cueRemove) || m.Start < 0 || m.End > len(p.text) || m.Start >= m.End {
		return false
	}
	// Up to the marks of its sentence, or a "but" behind which other things are named. A comma goes
	// on: "rice, remove it".
	return anyIn(split(p.clauseOf(m, clauseBreak)), removeWords)
}

// removeWords take something off an order.
var removeWords = cueWords(cueRemove)

// replaceWords put one thing in the place of another, which then comes in the same number.
var replaceWords = keywords(`
	instead, instead of, replace, swap, change, switch, badala, badala ya, badilisha, badili,
	nibadilishie, sio, siyo, not
`)

// partLists reads again a name that was found across another one: "2 kg sugar, rice 5 kg" has all
// words of the alias "5 kg rice" around the sugar, and the five kilos were lost.
func (t *turn) partLists(all []entity.NameMatch) []entity.NameMatch {
	text := t.p.text
	for i, m := range all {
		j := slices.IndexFunc(all, func(in entity.NameMatch) bool {
			return in.ID != m.ID && in.Start > m.Start && in.End < m.End
		})
		if j < 0 || m.End > len(text) {
			continue
		}
		inner := all[j]
		from := inner.End
		for _, again := range t.named(t.k.products, text[from:]) {
			if at := again.Start + from; at < m.End && (again.ID == m.ID ||
				slices.Contains(m.Others, again.ID) || t.samePack(again.ID, m.ID)) {
				again.Start, again.End = again.Start+from, again.End+from
				again.Amount, again.Quantity, again.SizeAt = entity.Quantity{}, 0, entity.Place{}
				all[i] = again
				break
			}
		}
	}
	slices.SortStableFunc(all, func(a, b entity.NameMatch) int { return a.Start - b.Start })
	return all
}

// samePack reports whether two products are packs of one thing.
func (t *turn) samePack(a, b string) bool {
	p := t.k.product[b]
	return p != nil && slices.ContainsFunc(t.packsOf(p),
		func(q *flowhq.Product) bool { return q.ID == a })
}

// otherPack is the line of the order that has another pack of a product, or -1.
func (t *turn) otherPack(p *flowhq.Product) int {
	packs := t.packsOf(p)
	return slices.IndexFunc(t.next.Order.Lines, func(l Line) bool {
		return slices.ContainsFunc(packs, func(q *flowhq.Product) bool { return q.ID == l.Product })
	})
}
