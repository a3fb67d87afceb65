package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// Who starts over wants another order in the place of the one there is: "futa yote, naanza upya: mchele
// kilo 5, sukari kilo 2". Read as a cancellation it dropped the order, and the new list was noted in
// pieces. So the lines are taken off first, and the list is read as if nothing had been ordered yet. Where
// it is brought to, and how it is paid, stays.

var (
	// startsOver says that an order begins anew, and clearsAll that nothing of it is wanted.
	startsOver = regexp.MustCompile(`(?i)\b(?:` + alternatives("starts over") + `)\b[\s,.;:!\-]*`)
	clearsAll  = regexp.MustCompile(`(?i)\b(?:` + alternatives("clears") + `)\s+(?:` + alternatives("all of it") +
		`)\b[\s,.;:!\-]*`)
)

// startedOver is an input whose order has no lines any more, if the message starts it over, and whose
// text is the new list.
func (t *turn) startedOver(in Input) Input {
	text := in.Message.Text
	if t.k.template() != flowhq.EcommerceTemplate || len(text) > maxRead || strings.Contains(text, "?") &&
		!startsOver.MatchString(text) {
		return in
	}
	clear, start := clearsAll.FindStringIndex(text), startsOver.FindStringIndex(text)
	if clear == nil && start == nil {
		return in
	}
	o := t.orderToClear()
	if o == nil {
		return in
	}
	from, to := len(text), 0
	for _, at := range [][]int{clear, start} {
		if at != nil {
			from, to = min(from, at[0]), max(to, at[1])
		}
	}
	list, before := strings.Trim(text[to:], " ,.;:\n"), strings.Trim(text[:from], " ,.;:\n")
	named := len(t.named(t.k.products, list)) > 0
	if clear == nil && !named && list != "" || anyIn(split(list), isToStay) ||
		// "Futa yote" alone cancels, and so does "cancel my order of rice".
		start == nil && !(named && saysList(text[clear[0]:clear[1]], list)) ||
		len(split(text[from:to])) > maxStartOver {
		return in
	}
	in.State.Order, in.State.Ask = o, Ask{}
	in.State.Topic, in.State.Size, in.State.Sizes = "", "", nil
	in.Message.Text = list
	if list == "" {
		in.State.Ask = Ask{For: askProduct}
		in.Message.Text = map[flowhq.Language]string{
			flowhq.Swahili: "nataka kuagiza vitu", flowhq.English: "I want to order some things",
		}[t.say.language]
	}
	// What stands in front is more of the order, or says how the customer feels about it.
	if len(t.named(t.k.areas, before)) > 0 || len(t.named(t.k.products, before)) == 0 && anyIn(split(before), landmarkWords) {
		in.Message.Text += ". " + before
	}
	return in
}

// isToStay say that a part of the order is to stay.
var isToStay = listOf("is to stay")

// listLead begins a list of what is wanted.
var listLead = regexp.MustCompile(`(?i)^(?:` + alternatives("new list") + `)\b`)

// saysList reports whether a new list follows what takes an order away: by a verb for it, or by a mark
// and a number.
func saysList(clear, list string) bool {
	return listLead.MatchString(list) || strings.ContainsAny(clear, ".,;:!") && len(entity.Find(list).Numbers)+
		len(entity.Find(list).Quantities) > 0
}

// maxStartOver is how many words lie at most from where a message clears an order to where it starts anew.
const maxStartOver = 14

// orderToClear is the order in the making, else the one that was placed a moment ago, without its lines.
// It is nil if there is none.
func (t *turn) orderToClear() *Basket {
	o := clone(t.next.Order)
	if o == nil {
		f, ok := t.placedOrder()
		if !ok || f.Status != flowhq.OrderConfirmed {
			return nil
		}
		o = t.basketOf(f)
	}
	if o != nil {
		o.Lines, o.Unclear, o.Told = nil, nil, 0
		// A colour was wished of the goods that are gone.
		o.Note = withoutColours(o.Note)
		o.At = t.in.Message.At
	}
	return o
}

// withoutColours is a note without the wishes that name a colour.
func withoutColours(note string) string {
	var kept []string
	for _, v := range noteValues(note) {
		if !anyIn(split(v.text), colourWords) {
			kept = append(kept, v.text)
		}
	}
	return strings.Join(kept, "; ")
}

// allBut finds that all is taken off but for what stands behind it or in front.
var allBut = regexp.MustCompile(`(?i)\b(?:` + alternatives("clears") + `)\s+(?:` + alternatives("all of it") + `|` +
	alternatives("all others") + `)\b`)

// allOthers say that all is meant but for what is named.
var allOthers = listOf("all others")

// withoutOthers is a text that takes all off the order but for what it names, written as one that names
// what it takes off: "futa vyote isipokuwa sukari" took off the sugar.
func (t *turn) withoutOthers(text string) string {
	at := allBut.FindStringIndex(text)
	on := t.orderedIDs()
	if t.k.template() != flowhq.EcommerceTemplate || at == nil || len(on) < 2 || len(text) > maxRead ||
		strings.Contains(text, "?") || !anyIn(split(text), isToStay) && !anyIn(split(text[at[0]:at[1]]), allOthers) {
		return text
	}
	var others []string
	named := t.named(t.k.products, text)
	for _, id := range on {
		if !slices.ContainsFunc(named, func(m entity.NameMatch) bool {
			return m.ID == id || slices.Contains(m.Others, id)
		}) {
			others = append(others, bareName(t.k.nameOf(id, t.say)))
		}
	}
	if len(others) == 0 || len(others) == len(on) {
		return text
	}
	off := "toa "
	if t.say.language == flowhq.English {
		off = "remove "
	}
	off += and(t.say.language, others)
	// What is said in other sentences is read as ever.
	for _, s := range correctionEnd.Split(text, maxPartsRead) {
		if s = strings.TrimSpace(s); s != "" && !anyIn(split(s), isToStay) && !allBut.MatchString(s) {
			off += ". " + s
		}
	}
	return off
}
