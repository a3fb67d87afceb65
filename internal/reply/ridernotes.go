package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// What stands beside an address or a yes: a word for the rider, the way to pay, a question. It was
// taken for the whole message, and the address or the yes was lost.

var (
	// callsUs has the verb of who wants to be called.
	callsUs = `(?:(?:please|pls|just|tafadhali)\s+)?(?:(?:call|ring|phone|flash|beep|buzz|` +
		`text)(?: me)?(?: up)?|` +
		`give me a (?:call|ring)|(?:u|m|a)?nipigie(?:ni)?(?: simu)?|(?:apige|wapige)(?: simu)?|` +
		`(?:u|a)?mpigie(?:ni)?(?: simu)?(?: \pL+){0,2}|call (?:him|her|them|my \pL+)|piga simu|` +
		`pigeni simu|(?:u|m|a)?nibip\w*|niite)\b`
	// onArrival says that somebody is at the door, or will be.
	onArrival = `(?:(?:when|once|as soon as|after|if|upon|on)\s+(?:you|u|he|she|they|the rider|` +
		`rider|the guy)?\s*` +
		`(?:arriv\w*|reach\w*|get|gets|come|comes|are (?:here|at|near|outside|around|close))|` +
		`(?:at|from|by) (?:the |my )?(?:gate|door|entrance|reception|lobby|barrier|` +
		`junction|stage)|` +
		`\b(?:u|m|a|wa)(?:ki|takapo)(?:fika|karibia|wasili|ja|kuja|leta)\w*|` +
		`(?:kwenye |hapo |ukiwa |akiwa )?(?:geti|getini|mlangoni)\b)`
	// riderNote is a call at the door, in either order.
	riderNote = regexp.MustCompile(`(?i)\b(?:` + callsUs + `\s[^.,;!?\n]{0,24}?` + onArrival +
		`[^.,;!?\n]*|` +
		onArrival + `[^.;!?\n]{0,24}?\b` + callsUs + `[^.,;!?\n]*)`)
	// wantsPerson are words of who wants to talk to somebody of the shop.
	wantsPerson = keywords(`
		human, agent, person, someone, somebody, manager, owner, mhudumu, meneja, mwenye, boss,
		mtu, customer care, colleague
	`)
)

// riderNoteIn is what the message says to the rider, "" if nothing. Only what is brought has a
// rider.
func (t *turn) riderNoteIn() string {
	p := &t.p
	if t.k.template() != flowhq.EcommerceTemplate || anyIn(p.reading.Words, wantsPerson) ||
		t.next.Order == nil && len(p.products) == 0 && t.next.Ask.For != askAddress ||
		t.next.Order != nil && t.next.Order.How == howPickup {
		return ""
	}
	note := riderNote.FindString(p.text)
	// Beside a place the rider is to call there: "white gate with two dogs so please call".
	if note == "" && anyIn(p.reading.Words, landmarkWords) {
		note = callsBeside.FindString(p.text)
	}
	return strings.Trim(note, " ,")
}

// callsBeside is a wish to be called, at the end of a clause.
var callsBeside = regexp.MustCompile(`(?i)\b` + callsUs + `[^.,;!?\n]*`)

// maxOrderNote bounds what is noted on an order, in characters.
const maxOrderNote = 120

// riderCalls speaks of a call by the rider: "will the rider call me?".
var riderCalls = regexp.MustCompile(`(?i)\b(?:rider|boda\w*|dereva|driver)\b[^.?!\n]{0,20}\b(?:call|calls|\w*pig\w*)\b`)

// reconcileRider calls nobody of the shop for who speaks of a call by the rider, and tells nothing
// of change to who needs none.
func (t *turn) reconcileRider(p *perception, all *acts) {
	if riderCalls.MatchString(p.text) && !anyIn(p.reading.Words, wantsPerson) {
		all.drop(actPerson, actAnswer)
		p.alike, p.sure, p.nearest = 0, false, nil // no answer about a rider's change
	}
	t.reconcileInside(p, all)
	t.reconcileBringing(p, all)
	if noChange.MatchString(p.text) {
		all.drop(actAnswer)
		p.alike, p.sure, p.nearest = 0, false, nil
	}
}

// noChange says that no change is needed.
var noChange = regexp.MustCompile(`(?i)\b(?:chenji|chench|change)\s+(?:si\w*hitaji|siitaji|haina haja|sio lazima|is not needed|not needed)\b|` +
	`\b(?:si\w*hitaji|no need (?:for|of)|don'?t need(?: any)?|no)\s+(?:chenji|chench|change)\b`)

// keepRiderNote notes on the order what is said to the rider, and leaves it out of the address.
func (t *turn) keepRiderNote() {
	o, note := t.next.Order, t.riderNoteIn()
	if o == nil || note == "" || o.How == howPickup {
		return
	}
	note = oneLine(note, maxWish)
	o.addNote(note)
	// The address is what an area is looked for in, and what the rider's map is given.
	if before, _, found := strings.Cut(o.Address, note); found {
		o.Address = strings.Trim(joinBefore.ReplaceAllString(before, ""), " ,.;-")
	}
}

// takeRiderNote takes a message that says nothing but a word to the rider.
func (t *turn) takeRiderNote() bool {
	o, note := t.next.Order, t.riderNoteIn()
	if o == nil || len(o.Lines) == 0 || note == "" || t.saysYesAndMore() ||
		len(split(strings.Replace(t.p.text, note, "", 1))) > 2 {
		return false
	}
	t.did(actOrder)
	o.At = t.in.Message.At
	t.keepRiderNote()
	t.continueOrder()
	return true
}

var (
	// yesHead are the words of a yes to an order. Another word makes it a message to be read whole.
	yesHead = keywords(`
		yes, yeah, yep, yap, ndio, ndiyo, ndyo, eeh, eh, naam, confirmed, confirm, correct, ok,
		okay, sawa, poa, fine, please, pls,
		place, it, the, my, order, weka, wekeni, oda, hiyo, ni, hapo, basi, tafadhali, thibitisha,
		go, ahead, do, thats, that, is,
		right, kabisa, hivyo, good, great, niwekee, iweke, agiza, sure, miadi, booking,
		appointment, book, nibook, nibookie, me, basi
	`)
	// ifWords make a yes depend on something.
	ifWords = keywords("kama, if, unless, provided, only if, ikiwa, iwapo")
	headEnd = regexp.MustCompile(`[.,!;\n]`)
	// saysAddress leads an address, and paysBehind follows one.
	saysAddress = regexp.MustCompile(`(?is)\b(?:address|anwani)(?:\s+(?:yangu|is|ni|yetu|to|iwe|should be)\b|` +
		`\s*:)+\s*(.+)`)
	paysBehind = regexp.MustCompile(`(?is)[.,;\n]?\s*\b(?:nalipa|nitalipa|ntalipa|(?:i(?:'?ll|` +
		` will|'m)? )?pay|paying|payment)\b.*$`)
)

// maxExtra is how many words a yes has at most with what stands beside it.
const maxExtra = 24

// namesOther reports whether the message names anything that is not on the order as it says: "yes,
// the jeans should be black" changes no line.
func (t *turn) namesOther() bool {
	return len(t.p.services) > 0 || slices.ContainsFunc(t.p.products, func(m entity.NameMatch) bool {
		return !t.ordered(m) || m.Quantity > 0 || m.Size != "" || t.p.editOf(m) != editNone
	})
}

// saysYesAndMore reports whether the message begins with a clear yes to the order that was read
// back, and what follows changes nothing of what was agreed to.
func (t *turn) saysYesAndMore() bool {
	p, o := &t.p, t.next.Order
	end := headEnd.FindStringIndex(p.text)
	if t.next.Ask.For != askOrder || o == nil || o.Told != t.told() || len(o.Unclear) > 0 ||
		end == nil || len(p.reading.Words) > maxExtra || t.namesOther() || t.countSaid() > 0 ||
		saysBut(p.reading.Words) ||
		anyIn(p.reading.Words, ifWords) || p.cued(cueRemove) ||
		p.cued(cueAdd) || len(p.entities.Money) > 0 && t.changeWished() == "" || p.cued(cuePickup) &&
		o.How == howDeliver ||
		p.cued(cueDeliver) && o.How == howPickup || len(t.sizesTold()) > 0 ||
		p.has(actCancel, actChange, actPaid, actReturn, actPerson, actAnger, actComplaint,
			actStatus, actDecision, actDrop) {
		return false
	}
	// Another area has another fee, so the order is read back with it before it is placed.
	if slices.ContainsFunc(idsOf(p.areas), func(id string) bool { return id != o.Area }) {
		return false
	}
	head := split(p.text[:end[0]])
	return len(head) > 0 && len(split(p.text[end[0]:])) > 0 &&
		!slices.ContainsFunc(head, func(w string) bool { return !hasWord(yesHead, w) }) &&
		(anyIn(head, plainYes) || anyIn(head, confirmWords))
}

// placeWithMore places the order with what the message says beside its yes, and answers what it
// asks.
func (t *turn) placeWithMore() {
	p, o := &t.p, t.next.Order
	if p.name != "" {
		t.next.Name = p.name
	}
	if !t.inform() && p.asks {
		t.passQuestion()
	}
	note, before := o.Note, o.Address
	t.fillDelivery()
	// "Yes. Kids are coming from school" names no other door.
	if before != "" && !saysAddress.MatchString(p.text) && !bringsTo.MatchString(p.text) {
		o.Address = before
	}
	if m := saysAddress.FindStringSubmatch(p.text); m != nil && o.How == howDeliver &&
		o.Address == "" {
		o.Address = oneLine(m[1], maxAddress)
		t.keepRiderNote()
	}
	if note != o.Note && !strings.Contains(o.Address, o.Note) {
		t.tellWish(o.Note)
	}
	// "House 12, nalipa cash" has the way to pay in the same line. payAndPlace takes it from the
	// message.
	o.Address = strings.Trim(paysBehind.ReplaceAllString(o.Address, ""), " ,.;-")
	t.payAndPlace()
}

// bringsTo says where an order goes.
var bringsTo = regexp.MustCompile(`(?i)\b(?:(?:deliver|bring|send|take)(?: it| them)? to|(?:i)?let(?:e|ee|een|eni|we)\w*|pelek\w+|house|hse|plot|nyumba|mtaa|street|road)\b`)

// changeFor finds the note that the rider is to bring change for: "ana chenji ya elfu 20?", "I have
// a 50k note".
var changeFor = regexp.MustCompile(`(?i)\b(?:(?:chenji|chench|change|salio)\s+(?:ya|za|for|` +
	`of|from)?\s*` +
	`(?:(?:a|an|the|noti|note|my)\s+(?:ya\s+)?)?(?:tsh|ksh|sh|tzs|kes)?\.?\s?` +
	noteSum + `(?:\s+note)?|(?:noti|note)\s+(?:ya|za|of)?\s*` + noteSum + `|` +
	`\d[\d,.]*k?\s+note)`)

// noteSum is the sum of a bank note.
const noteSum = `(?:(?:elfu|laki|alfu)` + spelledSum + `|\d(?:[\d,.]*\d)?\s?k?\b)`

// spelledSum is how many thousands a sum has.
const spelledSum = `(?:\s+(?:na\s+)?(?:\d[\d,.]*|moja|mbili|tatu|nne|tano|sita|saba|nane|tisa|kumi|ishirini|thelathini|arobaini|` +
	`hamsini|sitini|sabini|themanini|tisini|nusu)\b){0,4}`

// hasSum finds in group 1 the sum that the customer has, and changeWords are for change.
var (
	hasSum = regexp.MustCompile(`(?i)\b(?:(?:i|we)(?: only| just)? (?:have|got)(?: only| just)?(?: an?)?|i'?ve (?:only |just )?got|` +
		`nina|tuna|niko na|nipo na|nitakuwa na|natoa|ntatoa|nitatoa)\s+(?:noti ya |noti |pesa ya |pesa )?` +
		`((?:elfu|laki|alfu)\b` + spelledSum + `|\d{1,3}[,.]\d{3}\b|\d{4,6}\b|\d{1,3}\s?k\b)`)
	changeWords = keywords("change, chenji, chench, salio, balance")
)

// notesChange notes with the order what the rider is to bring change for. The owner's answer asks
// for that note, which was just said.
func (t *turn) notesChange() bool {
	if t.k.template() != flowhq.EcommerceTemplate {
		return false
	}
	wish := t.changeWished()
	if wish == "" || t.wished {
		return false
	}
	t.wished = true
	o := t.next.Order
	switch {
	case o != nil && len(o.Lines) > 0:
		o.addNote(wish)
	case !t.placedRecently():
		t.wished = false
		return false
	case !t.bringsChange():
		return t.noteOnPlaced(wish)
	default:
		said := len(t.said)
		t.noteOnPlaced(wish)
		t.said = t.said[:said] // the line below says as much
	}
	if t.bringsChange() {
		t.tell("order.change", "note", wish)
	} else {
		t.tellWish(wish)
	}
	return true
}

// changeWished is what the rider is to bring change for, "" if the message says none.
func (t *turn) changeWished() string {
	wish := strings.TrimSpace(changeFor.FindString(t.p.text))
	// "Tell the rider to come with change, I have 100,000 only".
	if m := hasSum.FindStringSubmatch(t.p.text); wish == "" && m != nil &&
		anyIn(t.p.reading.Words, changeWords) {
		wish = strings.TrimSpace(m[1])
	}
	// "Noti ya elfu 20" alone does not say what for.
	if wish != "" && !strings.HasPrefix(strings.ToLower(wish), "ch") {
		wish = t.say.first("order.change_for") + " " + wish
	}
	return wish
}

// bringsChange reports whether the owner has an answer for who asks whether the rider brings
// change. Only then may the bot say so.
func (t *turn) bringsChange() bool {
	return t.answerTo([]string{"does the rider have change", "bodaboda ana chenji"},
		minUsual) != nil
}
