package reply

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/flowhq/flowhq"
)

// keepOrderWishes notes colours and times with the order.
func (t *turn) keepOrderWishes() {
	o := t.next.Order
	// A note is read by everybody who works for the owner.
	if o == nil || len(o.Lines) == 0 || anyIn(t.p.reading.Words, secretWords) {
		return
	}
	if wish := cmp.Or(t.in.colours, t.coloursWished()); wish != "" && !strings.Contains(o.Address, wish) {
		o.setColours(wish)
	}
	for _, wish := range []string{t.timeWished(), t.presenceTold(), t.phoneClause(),
		t.wishesCall(), t.pleaClause(), t.changeWished(), t.alterWished(), t.lengthWished(),
		t.emptyTold(), strings.TrimSpace(receives.FindString(t.p.text)),
		strings.TrimSpace(riderNote.FindString(t.p.text))} {
		if wish != "" && !strings.Contains(o.Address, wish) && !strings.Contains(o.Note, wish) {
			o.addNote(wish)
		}
	}
}

// keepBesideWishes notes what is wished beside a question that was answered: "do you deliver to
// Kasarani? I can only receive after 4 pm".
func (t *turn) keepBesideWishes() {
	o := t.next.Order
	if t.k.template() != flowhq.EcommerceTemplate {
		return
	}
	if o == nil {
		t.noteOnPlaced(cmp.Or(t.alterWished(), t.presenceTold()))
		return
	}
	note := o.Note
	if t.keepOrderWishes(); o.Note != note {
		t.tellWish(o.Note)
	}
}

// presenceTold is the clause that says when the customer leaves or until when somebody is there, ""
// if none does: "i leave office at 5".
func (t *turn) presenceTold() string {
	for _, clause := range wishClause.Split(t.p.text, maxPartsRead) {
		for _, said := range strings.Split(clause, "?") {
			at := leavesThen.FindStringIndex(said)
			if at == nil || asksInWords(split(said)) {
				continue
			}
			if r, ok := t.timeIn(said[at[0]:]); ok && r.HasTime {
				return strings.TrimSpace(said[at[0]:])
			}
		}
	}
	return ""
}

// leavesThen begins what a customer says of being there.
var leavesThen = regexp.MustCompile(`(?i)\b(?:i(?:'?ll| will| am going to| have to| must)?(?: be)? (?:leave|leaving|going out|go out|at|in|out)|` +
	`i(?:'m| am)(?: only)? (?:at|in|out|leaving)|natoka|naondoka|nitaondoka|nitatoka|ntaondoka|ntatoka|niko|nipo|nitakuwa|ntakuwa)\b.*$`)

// emptyTold is what the message says of an empty cylinder or crate, "" if nothing.
func (t *turn) emptyTold() string {
	// The words first: the pattern is slow, and few messages have them.
	if !anyIn(t.p.reading.Words, ofEmpties) {
		return ""
	}
	return strings.TrimSpace(hasEmpty.FindString(t.p.text))
}

var ofEmpties = keywords("mtupu, mitupu, tupu, empty")

// hasEmpty finds that the customer has the empty cylinder, which the rider takes back.
var hasEmpty = regexp.MustCompile(`(?i)[^.,;!?\n]*\b(?:mtungi (?:wangu )?mtupu|empty (?:gas )?cylinder|mitungi mitupu|kreti tupu|` +
	`empty crate)\b[^.,;!?\n]*`)

// receives finds who is to take the goods: "my sister Neema will receive".
var receives = regexp.MustCompile(`(?i)\b(?:my \pL+(?: \pL+)? (?:will|is going to|can) ` +
	`(?:receive|collect|pick|take)|(?:dada|kaka|mama|mke|mume|mdogo|rafiki|mwanangu|baba|` +
	`mlinzi)(?: \pL+){0,2} (?:ata|ana)(?:pokea|chukua)|give it to|leave it with|` +
	`(?:mpe|mpatie|mwachie)\s)[^.,;!?\n]*`)

// pleaOf finds what is pleaded for in an order: "and pls bring change for 100,000".
var pleaOf = regexp.MustCompile(`(?i)\b(?:pls|please|plz|tafadhali)[ \t]+((?:[^.,;!?\n]|` +
	`[.,]\d){8,70})`)

// pleaClause is such a plea that is about no goods, area or order, "" if there is none.
func (t *turn) pleaClause() string {
	m := pleaOf.FindStringSubmatch(t.p.text)
	if m == nil || anyIn(split(m[1]), orderVerbs) || len(t.named(t.k.products, m[1])) > 0 ||
		len(t.named(t.k.areas, m[1])) > 0 || saysAddress.MatchString(m[1]) ||
		// It is noted with the sum.
		anyIn(split(m[1]), changeWords) && t.changeWished() != "" {
		return ""
	}
	return strings.TrimSpace(m[1])
}

// orderVerbs are what an order is made and confirmed by, which is done and not noted.
var orderVerbs = keywords(`
	deliver, send, confirm, place, order, add, remove, want, need, have, get, give, help,
	tell, weka,
	niwekee, niletee, leta, nipe, naomba, nataka,
	ongeza, toa, thibitisha, reply, answer, nisaidie, let me, can, could, call, nipigie, mimi,
	me, i`)
