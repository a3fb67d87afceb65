package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
)

// A message that says where an order goes and changes its goods: "niko tuskys rongai. na size 34
// moja badala ya zote 32". Read as one, the place took the goods along, or was lost behind them. So
// what is said of the place is taken first, and the rest is decided with the order that goes there.

// besideMark ends a part of such a message, and goodsFrom begins one in the middle of a line.
var (
	besideMark = regexp.MustCompile(`[.?!;…]+(?:\s+|$)|\.{2,}|…|\n+|,\s+`)
	goodsFrom  = regexp.MustCompile(`(?i)\s(?:na|and|also|pia|halafu|alafu|then|but|lakini|ila)\s+(?:pia\s+|also\s+|please\s+|pls\s+)?` +
		`(?:size|saizi|badilisha\w*|badili|nibadilishie|make|change|swap|switch|ongeza|ongezea|niongez\w+|add|weka|niwekee|toa|remove)\b`)
)

// A besidePart is a part of a message with the mark behind it.
type besidePart struct {
	text, mark string
	kind       besideKind
}

// A besideKind says what a part of a message is of.
type besideKind int

const (
	ofOther besideKind = iota
	ofPlace
	ofGoods
	ofQuestion
)

// besideParts are the parts of a text, at most a few.
func besideParts(text string) (all []besidePart) {
	add := func(s, mark string) {
		if at := goodsFrom.FindStringIndex(s); at != nil && at[0] > 0 {
			all = append(all, besidePart{text: s[:at[0]], mark: ". "})
			s = s[at[0]+1:]
		}
		if len(split(s)) > 0 {
			all = append(all, besidePart{text: s, mark: mark})
		}
	}
	from := 0
	for _, at := range besideMark.FindAllStringIndex(text, 2*maxPartsRead) {
		add(text[from:at[0]], text[at[0]:at[1]])
		from = at[1]
	}
	add(text[from:], "")
	return all
}

// kindBeside says what a part of the message is of. first says that nothing stands in front of it.
func (t *turn) kindBeside(part besidePart, first bool) besideKind {
	whole := t.p
	defer func() { t.p = whole }()
	t.p = t.readPart(part.text)
	p := &t.p
	words := p.reading.Words
	asks := strings.Contains(part.mark, "?") || asksAtBegin(part.text)
	marked := anyIn(words, landmarkWords) && !isHere(words)
	some := len(t.partsSized()) > 0
	sized := slices.ContainsFunc(t.basket().Lines, func(l Line) bool {
		return l.Size != "" && t.sizeIn(l.Product, "") != ""
	}) && (anyIn(words, sizeWords) || partChange.MatchString(part.text))
	switch {
	case some, sized && !marked, !marked && (anyIn(words, addWords) || p.cued(cueRemove)),
		len(p.products) > 0 && !marked && len(p.areas) == 0 && t.p.products[0].Exact:
		return ofGoods
	case asks:
		return ofQuestion
	case marked, len(p.areas) > 0 && len(p.products) == 0,
		first && slices.Contains([]string{askArea, askAddress}, t.next.Ask.For) && t.place(true) != "",
		t.next.Ask.For == askHow && len(words) <= maxHowWords && anyIn(words, howWords):
		return ofPlace
	}
	return ofOther
}

// withAreaAsked is an input in which the area was spoken of that a question beside a place names:
// "mnaleta kasarani? niko mwiki karibu na shell".
func (t *turn) withAreaAsked(in Input, text string, asks []string) Input {
	if t.k.template() != flowhq.EcommerceTemplate || t.next.Order == nil ||
		len(t.readPart(text).areas) > 0 ||
		!anyIn(split(text), landmarkWords) {
		return in
	}
	var areas []string
	for _, q := range asks {
		if p := t.readPart(q); p.cued(cueDeliver) || p.has(actDelivery) || anyIn(p.reading.Words, bringTo) {
			areas = append(areas, idsOf(p.areas)...)
		}
	}
	if areas = slices.Compact(areas); len(areas) == 1 {
		in.State.Area = areas[0]
	}
	return in
}

// howWords answer how the order is to come, and maxHowWords is how many words such an answer has at
// most.
var howWords = keywords("delivery, deliver, deliverd, delivered, niletee, nileteeni, iletwe, niletewe, leteni, pickup, pick up, nitakuja, kuchukua, nitachukua")

const maxHowWords = 4

// sizeWords say that a size follows.
var sizeWords = keywords("size, saizi, namba, number")

// sortBeside sorts the parts of the message by what they are of. There are no goods where no part
// is of goods.
func (t *turn) sortBeside(parts []besidePart) (place, goods, questions []string) {
	changes := false
	for i, part := range parts {
		part.kind = t.kindBeside(part, i == 0)
		// "Roysambu, lumumba drive" goes on behind the comma.
		if words := split(part.text); part.kind == ofOther && i > 0 && parts[i-1].kind == ofPlace &&
			strings.HasPrefix(parts[i-1].mark, ",") && len(words) <= minAddress+1 && !isNoName(words) {
			part.kind = ofPlace
		}
		switch part.kind {
		case ofPlace:
			place = append(place, part.text)
		case ofQuestion:
			questions = append(questions, part.text)
		case ofGoods, ofOther:
			goods, changes = append(goods, part.text+part.mark), changes || part.kind == ofGoods
		}
		parts[i] = part
	}
	if !changes {
		goods = nil
	}
	return place, goods, questions
}

// placeBeside decides the place of the message before its goods, if it has both and the turn of the
// whole has lost one of them. It is nil otherwise.
func placeBeside(in Input, whole *turn) *turn {
	before := newTurn(in)
	o := before.next.Order
	if before.k.template() != flowhq.EcommerceTemplate || o == nil || in.Message.Media != "" ||
		whole.handedOver() ||
		whole.settles() || len(in.Message.Text) > maxRead {
		return nil
	}
	parts := besideParts(in.Message.Text)
	if len(parts) < 2 || len(parts) > maxPartsRead {
		return nil
	}
	place, goods, questions := before.sortBeside(parts)
	if len(place) == 0 || len(goods) == 0 {
		return nil
	}
	said := before.withAreaAsked(in, strings.Join(place, ", "), questions)
	said.Suggestion, said.Message.Text = nil, strings.Join(place, ", ")
	there := decidedWhole(said)
	if there.missed || there.handedOver() || there.next.Order == nil || there.settles() {
		return nil
	}
	to := *o
	to.Lines, to.Unclear = slices.Clone(o.Lines), slices.Clone(o.Unclear)
	to.How, to.Area, to.Address, to.Unlisted, to.Note =
		there.next.Order.How, there.next.Order.Area, there.next.Order.Address, there.next.Order.Unlisted, there.next.Order.Note
	act := in
	act.Suggestion, act.Message.Text = nil, strings.TrimSpace(strings.Join(goods, ""))
	act.State.Order, act.State.Area = &to, there.next.Area
	if slices.Contains([]string{askHow, askArea, askAddress}, act.State.Ask.For) {
		act.State.Ask = Ask{}
	}
	t := decidedWhole(act)
	if beside := besideQuestions(act, t); beside != nil {
		t = beside
	}
	now, was := t.basket(), whole.basket()
	if t.missed || t.handedOver() || t.next.Order == nil || slices.Equal(now.Lines, o.Lines) &&
		len(now.Unclear) == len(o.Unclear) ||
		slices.Equal(now.Lines, was.Lines) && now.Area == was.Area && now.Address == was.Address {
		return nil
	}
	t.in.Message.Text = in.Message.Text
	if to.Unlisted && !o.Unlisted {
		told := len(t.said)
		t.tellAreaUnknown()
		t.said = append(slices.Clone(t.said[told:]), t.said[:told]...)
	}
	for _, q := range questions {
		t.answerBeside(q)
	}
	t.p = whole.p
	return t
}
