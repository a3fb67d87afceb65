package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// Questions that only look like another one: what may be brought, whether a medicine does harm, and
// what a thing costs that is to be done to somebody.

// bringsAlong asks whether a thing is to be brought, or what: "can i bring the old scan results"
// has the words of "when do I get my results".
var bringsAlong = regexp.MustCompile(`(?i)\b(?:bring|carry|come with|take along|come along with)\b|` +
	`\b(?:ni|tu|a|wa)(?:je|lete|bebe|chukue|kuje|enda|ende)\s*(?:na|ni)?\b|\b(?:kuja|nikija|tukija|akija|ataku?ja|kwenda|nitakuja|nakuja|naja) na\b|` +
	`\b(?:ku)?(?:leta|beba)\b|\b(?:nitaleta|naleta|nimlete|niliete|niletee)\b`)

// broughtThing is what a patient brings.
var broughtThing = regexp.MustCompile(`(?i)\b(?:results?|reports?|scans?|x-?rays?|xray|records?|files?|letters?|referral|documents?|papers?|cards?|id|passport|` +
	`prescriptions?|medicines?|tablets|samples?|anything|something|what|majibu|vipimo|ripoti|picha|barua|rufaa|faili|kadi|kitambulisho|nida|` +
	`karatasi|nyaraka|cheti|dawa|daftari|sampuli|mkojo|nini|chochote|kitu|vitu gani)\b`)

// broughtQuestions ask for that in the words of owners.
var broughtQuestions = []string{"what do I need to bring", "what should I bring", "nije na nini", "nahitaji kuja na nini"}

// askBringing finds the owner's answer to what is to be brought. Without one no other answer is one.
func (t *turn) askBringing(p *perception) {
	for _, question := range broughtQuestions {
		if id, alike, sure, _ := t.bestAnswer(question); sure && alike >= minUsual {
			p.answer, p.alike, p.sure = id, 1, true
			return
		}
	}
	p.sure, p.alike, p.nearest = false, 0, nil
}

// asksBringing reports whether a message asks what is to be brought.
func (t *turn) asksBringing(p *perception) bool {
	if t.k.template() != flowhq.BookingTemplate || !p.asksSoftly() && !entity.BeginsAsQuestion(p.text) {
		return false
	}
	return slices.ContainsFunc(piecesOf(p.text), func(one piece) bool {
		return bringsAlong.MatchString(one.text) && broughtThing.MatchString(one.text) &&
			(one.asks || entity.BeginsAsQuestion(one.text) || asksInWords(split(one.text)))
	})
}

var (
	// treatment is a medicine, a shot or a treatment, and what one does with it.
	treatment = regexp.MustCompile(`(?i)\b(?:medicines?|medications?|meds|drugs?|pills?|tablets?|dose|dosage|injections?|vaccines?|jab|antibiotics?|painkillers?|` +
		`panadol|paracetamol|ibuprofen|amoxicillin|diclofenac|x-?ray|scan|ultrasound|anesthesia|anaesthesia|` +
		`dawa|vidonge|kidonge|sindano|chanjo|ganzi|dozi|mseto|kipimo|vipimo|kung'?oa|tooth|jino|treatment|matibabu)\b`)
	// mayHarm asks whether that is safe, or may be taken.
	mayHarm = regexp.MustCompile(`(?i)\b(?:safe|unsafe|dangerous|harm\w*|side effects?|okay to|ok to|allowed to|(?:do|should|must) (?:i|he|she|we) (?:still )?(?:take|stop|use|skip|continue)|is it (?:ok|okay|fine|bad|safe)|(?:can|may|should|must) (?:i|he|she|we|they|my \w+)(?: still)? (?:take|use|drink|swallow|stop|mix|get|have|continue)|` +
		`salama|madhara|hatari|ina ?shida|zina ?shida|ita(?:ni|m|tu)?dhuru|(?:na|ni|a|tu)?(?:na)?endelee?a? (?:ku(?:nywa|meza|tumia)|nazo)|kuendelea kunywa|nisitishe|nipime tena|(?:na|a)?(?:ni|a|u|tu)?(?:ruhusiwa|weza) (?:ku)?(?:meza|nywa|kunywa|tumia|chanj\w+|chom\w+)|` +
		`(?:ni|a|tu|wa)(?:meze|nywe|tumie|endelee|ache)\b|naweza kumeza|naweza kunywa|naweza kutumia|anaweza kumeza|anaweza kunywa|anaweza kutumia)\b`)
	// mayOne asks whether something may be done, and comesToBook for a visit.
	mayOne      = regexp.MustCompile(`(?i)\b(?:naweza|anaweza|tunaweza|inawezekana|anaruhusiwa|naruhusiwa|inaruhusiwa|wanaruhusiwa|can (?:i|he|she|we)|may (?:i|he|she)|could (?:i|he|she))\b`)
	comesToBook = regexp.MustCompile(`(?i)\b(?:kuja|nije|aje|kuona|kumuona|kuonana|kupata daktari|book\w*|come|see|appointment|miadi|kupima|kucheki|check\w*|get tested)\b`)
	// givesMedicine asks what somebody may be given.
	givesMedicine = regexp.MustCompile(`(?i)\b(?:(?:can|should|may|could|do) (?:i|we) give (?:my|him|her|the|them|it|a)\b|nimpe|tumpe|nimnyweshe|nimpatie dawa)`)
	// condition is of the body, and changes what is safe.
	condition = regexp.MustCompile(`(?i)\b(?:pregnan\w+|expecting|breast ?feeding|nursing|diabet\w+|pressure|hypertensi\w+|asthma\w*|hiv|ulcers?|epilep\w+|heart|kidney|liver|newborn|infant|` +
		`mimba|mjamzito|ujauzito|wajawazito|nanyonyesha|ananyonyesha|kunyonyesha|kisukari|sukari|presha|pumu|vidonda vya tumbo|kifafa|moyo|figo|ini)\b`)
)

// asksDoctor reports whether the message asks what only a doctor may answer: whether a medicine or
// a treatment is safe, or may be taken, by whom it is to be given to. The owner's answer about just
// that stands.
func (t *turn) asksDoctor() bool {
	p := &t.p
	if t.k.template() != flowhq.BookingTemplate || p.has(actCancel, actChange, actPerson, actAnger) ||
		!p.asksSoftly() && !entity.BeginsAsQuestion(p.text) && !mayOne.MatchString(p.text) || !t.treats() {
		return false
	}
	text := p.text
	// "Nina ujauzito, naweza kung'olewa jino?" asks for no hour and no price.
	may := condition.MatchString(text) && mayOne.MatchString(text) && !p.hasTime &&
		!comesToBook.MatchString(text) &&
		!anyIn(p.reading.Words, priceAsked)
	// "Mtoto ana homa, nimpe panadol kwanza?"
	may = may || givesMedicine.MatchString(text) && (p.cued(cueSick) || treatment.MatchString(text))
	if !may && (!mayHarm.MatchString(text) || !treatment.MatchString(text) && !condition.MatchString(text)) {
		return false
	}
	// "Can I use insurance for the scan" is no question of health.
	if anyIn(p.reading.Words, insurerWords) {
		return false
	}
	a := t.k.answer[p.answer]
	return !p.has(actAnswer) || a == nil ||
		!mayHarm.MatchString(a.Answer.EN+" "+a.Answer.SW+" "+strings.Join(a.Questions, " "))
}

// treats reports whether the business treats people: it has a doctor among its services.
func (t *turn) treats() bool {
	return slices.ContainsFunc(doctors, func(name string) bool { return len(t.named(t.k.services, name)) > 0 })
}

// tellAskDoctor says that only a doctor may answer, and offers a person. It reports whether the
// message asks so.
func (t *turn) tellAskDoctor() bool {
	if !t.asksDoctor() {
		return false
	}
	t.did(actUnknown)
	// Nothing of it is answered by another part either.
	t.p.cues = append(t.p.cues, cueRisk)
	t.unanswered("unanswered.health")
	return true
}

// verbOfName is the verb in the name of a service: "Kung'oa jino", "kusafisha meno".
var verbOfName = regexp.MustCompile(`^ku(\S{2,})a$`)

// participles are English forms of what is done to something, by the word in the name of a service.
var participles = map[string]string{
	"extract": "extraction", "vaccinate": "vaccination", "pull": "pull", "remove": "remove", "pulled": "pull", "removed": "remove", "extracted": "extraction", "cleaned": "clean", "polished": "polish",
	"scaled": "scaling", "vaccinated": "vaccination", "injected": "injection", "scanned": "scan", "shaved": "shave",
	"cut": "cut", "dyed": "dye", "braided": "braid", "washed": "wash",
}

// meanDone takes the service that is meant by what is done: "kama litang'olewa ni sh ngapi", "if it
// is pulled out how much". Only where a price is asked. A name beside it, such as of the tooth, is
// part of its own.
func (t *turn) meanDone(p *perception) {
	exact := 0
	var nouns []string
	for _, m := range p.services {
		if m.Exact {
			exact++
		}
		nouns = append(nouns, split(strings.ToLower(p.text[max(m.Start, 0):max(m.End, m.Start, 0)]))...)
	}
	if t.k.template() != flowhq.BookingTemplate || exact > 1 || !anyIn(p.reading.Words, priceAsked) {
		return
	}
	var meant []string
	for _, s := range t.k.offered() {
		names := namesOf(s.Name, s.Aliases)
		if len(p.services) > 0 {
			names = slices.DeleteFunc(names, func(name string) bool {
				return !slices.ContainsFunc(split(strings.ToLower(name)), func(w string) bool { return slices.Contains(nouns, w) })
			})
		}
		if slices.ContainsFunc(names, func(name string) bool { return doneBy(name, p.text) }) {
			meant = append(meant, s.ID)
		}
	}
	if len(meant) == 1 {
		p.services, p.done = []entity.NameMatch{{ID: meant[0], Exact: true, Score: 1}}, true
	}
}

// dropSupposed drops the wish for a visit from a question for what is to be brought, or for what
// something costs that may have to be done.
func (t *turn) dropSupposed(p *perception, all *acts) {
	t.dropOfRule(p, all)
	if p.hasTime || p.cued(actBook) || anyIn(p.reading.Words, wishWords) {
		return
	}
	if p.done || len(p.services) == 0 && all.has(actAnswer) && t.asksBringing(p) {
		all.drop(actBook)
	}
}

// doneBy reports whether a text has a passive form of the verb in the name of a service.
func doneBy(name, text string) bool {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune(" ,.?!;\n", r) })
	for _, w := range strings.Fields(strings.ToLower(name)) {
		for said, base := range participles {
			if w == base && slices.Contains(words, said) {
				return true
			}
		}
		m := verbOfName.FindStringSubmatch(w)
		if m == nil {
			continue
		}
		stem := strings.ReplaceAll(m[1], "'", "")
		for _, one := range words {
			one = strings.NewReplacer("'", "", "’", "", "‘", "").Replace(one)
			at := strings.LastIndex(one, stem)
			if at >= 0 && (passiveEnd.MatchString(one[at+len(stem):]) || ifDone.MatchString(one[:at]) && one[at+len(stem):] == "a") {
				return true
			}
		}
	}
	return false
}

// ifDone stands before the stem of a verb that may be done: "mkilitoa", "wakisafisha".
var ifDone = regexp.MustCompile(`^(?:m|u|wa|a)ki(?:li|ni|m|tu|ya|wa|i|zi)?$`)

// passiveEnd is what stands behind the stem of a Swahili verb in the passive: litang'olewa,
// yatasafishwa.
var passiveEnd = regexp.MustCompile(`^(?:l?[ei])?w[ae]$`)
