package reply

import (
	"slices"
	"strings"
)

// What the owner says of a thing in its description, for a question that nothing else answers: "do
// I need to give the empty one?" of a gas refill.

// tellDescribed tells the description of what is spoken of, if it has a word that the question is
// about. It reports whether it did.
func (t *turn) tellDescribed() bool {
	p := &t.p
	if !p.asksSoftly() || len(p.areas) > 0 || p.hasTime {
		return false
	}
	for _, id := range t.inTalk() {
		text := t.descriptionOf(id)
		if text == "" || t.wasSaid(text) || t.saidLast(text) {
			continue
		}
		described, named := split(text), split(strings.Join(slices.Concat(t.namesOf(id)...), " "))
		if slices.ContainsFunc(p.reading.Words, func(w string) bool {
			return len(w) >= minDescribed && slices.Contains(described, w) && !slices.Contains(named, w) &&
				!hasWord(countFillers, w) && !hasWord(aroundWish, w) && !hasWord(courtesyWords, w) &&
				!hasWord(softQuestion, w)
		}) {
			t.did(actAnswer)
			t.tell("price.condition", "name", t.k.nameOf(id, t.say), "condition", lowerFirst(strings.TrimSuffix(text, ".")))
			return true
		}
	}
	return false
}

// answersDescribed answers so what was not understood, and asks again what was open.
func (t *turn) answersDescribed(pending Ask) bool {
	if !t.tellDescribed() {
		return false
	}
	t.resume(pending)
	return true
}

// minDescribed is how many letters a word has at least by which a question is about a description.
// Shorter ones stand in every sentence.
const minDescribed = 5

// inTalk are the things that a question may be about: what it names, what is ordered or booked, and
// what was spoken of last.
func (t *turn) inTalk() []string {
	ids := append(idsOf(t.p.products), idsOf(t.p.services)...)
	if o := t.next.Order; o != nil {
		for _, l := range o.Lines {
			ids = append(ids, l.Product)
		}
	}
	if v := t.next.Booking; v != nil && v.Service != "" {
		ids = append(ids, v.services()...)
	}
	if id := t.packageTold(); id != "" {
		ids = append(ids, id)
	}
	if v := t.next.Ticket; v != nil && v.Service != "" {
		ids = append(ids, v.Service, t.packageOn(v))
	}
	if t.next.Topic != "" {
		ids = append(ids, t.next.Topic)
	}
	return ids
}

// descriptionOf is what the owner says of a service or product, "" if nothing.
func (t *turn) descriptionOf(id string) string {
	if s := t.k.service[id]; s != nil {
		return s.Description.In(t.say.language)
	}
	if p := t.k.product[id]; p != nil {
		return p.Description.In(t.say.language)
	}
	return ""
}
