package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// What the rider is to be told: "also tell him to call at the gate, guard is strict", "mwambie
// asipige kengele". It was saved as the address, or lost beside a payment. So it is taken out of
// the message before that is read, and noted with the order.

// riderTold begins what is said to the rider and goes up to the end of the sentence. Group 1 is all
// but what leads to it.
var riderTold = regexp.MustCompile(`(?i)(?:\b(?:` + alternatives("before a rider's note") + `)[\s,]+)*\b(` +
	`(?:tell|ask|remind|inform|advise|let)\s+(?:the |your |that |my )?(?:rider|driver|boda\w*|delivery \pL+|guy|him|her|them)\s+` +
	`(?:to|not to|that|he|she|they|know|should|must)\s|` +
	`(?:the |your )?(?:rider|driver|boda\w*|delivery (?:guy|man|boy))\s+(?:should|must|has to|have to|needs to|to)\s+(?:not |just |please )?` +
	`(?:call|ring|phone|text|come|wait|knock|use|park|hoot|honk|leave|pass|enter|go)\b|` +
	`(?:u|m)?(?:mwambie|muambie|waambie|mjulishe|wajulishe|mkumbushe)(?:ni)?\s+(?:\pL+\s+){0,2}?(?:a|wa)(?:si)?\pL{2,}e\b|` +
	`(?:rider|dereva|boda\w*|mletaji)\s+(?:a|wa)(?:si)?\pL{2,}e\b)[^.;!?\n]*`)

// didTell stands in front of it where it is asked whether that was told.
var didTell = regexp.MustCompile(`(?i)\b(?:did|have|has)\s+(?:you|u|ya|he|she|they)\s+(?:\pL+\s+)?$`)

// withoutRiderNote is an input whose message has no word for the rider any more, with that as its
// note. Where nothing else is said the text stays as it is.
func (t *turn) withoutRiderNote(in Input) Input {
	text, o := in.Message.Text, t.next.Order
	_, placed := t.placedOrder()
	making := o != nil && len(o.Lines) > 0 && o.How != howPickup
	if t.k.template() != flowhq.EcommerceTemplate || len(text) > maxRead || !making && !placed {
		return in
	}
	at := riderTold.FindStringSubmatchIndex(text)
	if at == nil || didTell.MatchString(text[:at[0]]) {
		return in
	}
	end := t.riderNoteEnd(text, at[2], at[1])
	note := strings.Trim(text[at[2]:end], " ,.")
	words := split(note)
	// Change and ways to pay have notes of their own, and who is to call of the shop is no rider.
	if anyIn(words, wantsPerson) || anyIn(words, changeWords) || anyIn(words, payingWords) ||
		len(words) < minAddress {
		return in
	}
	in.riderNote = oneLine(note, maxWish)
	rest := strings.Trim(strings.Trim(text[:at[0]], " ,")+", "+strings.Trim(text[end:], " ,"), " ,.;\n")
	if in.riderAlone = len(split(rest)) == 0; in.riderAlone {
		return in
	}
	in.Message.Text = rest
	return in
}

// riderNoteEnd is where a note to the rider ends: at the first comma behind which another thing
// begins.
func (t *turn) riderNoteEnd(text string, from, to int) int {
	end := to
	for i := from; i < to; i++ {
		if text[i] != ',' {
			continue
		}
		part := text[i+1 : to]
		part, _, _ = strings.Cut(part, ",")
		words := split(part)
		if len(t.named(t.k.products, part)) > 0 || len(t.named(t.k.areas, part)) > 0 ||
			anyIn(words, confirmWords) ||
			anyIn(words, plainYes) || anyIn(words, payingWords) || knownWay(words) >= 0 ||
			saysAddress.MatchString(part) ||
			entity.ReadYesNo(part) != entity.Neither || asksInWords(words) {
			return i
		}
	}
	return end
}

// takeRiderTold takes a message that says nothing but a word to the rider.
func (t *turn) takeRiderTold() bool {
	note, o := t.in.riderNote, t.next.Order
	if !t.in.riderAlone || note == "" {
		return false
	}
	if o == nil {
		if !t.noteOnPlaced(note) {
			return false
		}
		t.whole = true
		t.askAddressAgain()
		return true
	}
	t.did(actOrder)
	t.whole = true
	o.At = t.in.Message.At
	o.addNote(note)
	t.tellWish(note)
	t.continueOrder()
	return true
}

// noteRider notes with the order what a message says to the rider beside other matter.
func (t *turn) noteRider() {
	note := t.in.riderNote
	if note == "" || t.in.riderAlone {
		return
	}
	if o := t.next.Order; o != nil {
		o.addNote(note)
		if !strings.Contains(t.reply(), note) {
			t.tellWish(note)
		}
		return
	}
	// What this turn has placed is no order of the calendar yet.
	for i, f := range t.facts {
		if f.Order != nil && f.Order.Status == flowhq.OrderConfirmed {
			changed := *f.Order
			changed.Note = withNote(changed.Note, "note: "+note, maxNote)
			t.facts = slices.Clone(t.facts)
			t.facts[i].Order = &changed
			t.tellWish(note)
			return
		}
	}
	// The number of a payment beside it is none of an order.
	t.p.entities.References = nil
	t.noteOnPlaced(note)
}
