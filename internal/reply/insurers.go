package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// insurerWords say that an insurance is spoken of.
var insurerWords = keywords("insurance, insurances, insurer, insured, bima, medical cover, health cover, nhif, shif, sha, nssf")

// insurer is the name of one, said with the word for it or known by itself.
var insurer = regexp.MustCompile(`(?i)\bbima (?:ya |za |yangu ya |yetu ya |ni )(?:kampuni ya )?([\pL][\pL&]+)|\b(?-i:([A-Z][\pL&]+))(?:'s)? (?:insurance|cover|card)\b|` +
	`\b(?:insurance|insurer|cover|covered)(?: card)?(?: is| with| by| from| of| ya| wa)? (?-i:([A-Z][\pL&]+))|` + knownInsurers)

// knownInsurers are names that are known by themselves.
const knownInsurers = `\b(aar|britam|nssf|shif|sha|nhif|jubil\pL{1,4}|strateg\pL{1,4}|sanlam|madison|cic|uap|apa|metropolitan|resolution|heritage|icea|liberty|` +
	`assemble|alliance|phoenix|reliance|zhsf|ichf|chf|old mutual|gab|first assurance|pacis|kenindia|cigna|bupa|axa|allianz)\b`

// isInsurer is a name that is known by itself.
var isInsurer = regexp.MustCompile(`(?i)` + knownInsurers)

// insuranceQuestions ask for it in the words of owners.
var insuranceQuestions = []string{"do you accept insurance", "can I use NHIF", "mnapokea bima", "naweza kutumia bima"}

// askInsurer finds the owner's answer on insurance for who names no more than an insurer: "na
// Britam?".
func (t *turn) askInsurer(p *perception) bool {
	if len(p.reading.Words) > maxShort || !isInsurer.MatchString(p.text) || !p.asksSoftly() {
		return false
	}
	for _, question := range insuranceQuestions {
		if id, alike, sure, _ := t.bestAnswer(question); sure && alike >= minUsual {
			p.answer, p.alike, p.sure = id, 1, true
			return true
		}
	}
	return false
}

// notInsurers stand where the name of one may stand.
var notInsurers = keywords("mtoto, watoto, taifa, familia, mume, mke, baba, mama, serikali, jamii, kazini, ofisini, maisha, nyumba, moto, mwili, matibabu, ya, za, na, kwa, my, your, the, an, any, our, their, his, her, health, medical, afya, gani, ipi, yangu, yenu, yako, zenu, is, do, does, did, " +
	"take, accept, use, have, with, by, from, of, which, what, this, that, mnapokea, mnakubali, inakubalika, mnatumia, kazi, family, private, travel, car, gari, " +
	"id, identity, bank, visa, credit, debit, kadi, hapa, ninayo, ninao, tu, life, for, and, or, au, if, without, bila, no, some, company, kampuni, nyingine, zote, " +
	"all, other, another, kama, kwenu, pia, yoyote, tunapokea, wanayo, naweza, mna, mnazo, nina, ninayo, haina, ina, iko, ipo, inafanya, inatumika, are, you, me, pay, can, work, works")

// insurersNamed are the insurers that a text names.
func insurersNamed(text string) (all []string) {
	for _, m := range insurer.FindAllStringSubmatch(text, maxPartsRead) {
		for _, name := range m[1:] {
			if name != "" && !hasWord(notInsurers, strings.ToLower(name)) {
				all = append(all, name)
			}
		}
	}
	return all
}

// asksInsurer reports whether the message asks whether an insurance may pay.
func (t *turn) asksInsurer(p *perception) bool {
	return (anyIn(p.reading.Words, insurerWords) || len(insurersNamed(p.text)) > 0 && len(split(p.text)) > 0) &&
		(p.asksSoftly() || entity.BeginsAsQuestion(p.text))
}

// takesInsurance reports whether an owner's text is about insurance.
func takesInsurance(text string) bool { return anyIn(split(text), insurerWords) }

// tellInsurance answers who asks to pay by an insurance: with the owner's way to pay of that kind.
// Where there is none the list of the other ways is no answer. It reports whether the message asks
// so.
func (t *turn) tellInsurance() bool {
	if !t.asksInsurer(&t.p) {
		return false
	}
	for i, way := range t.k.profile.Payments {
		text := way.Name + " " + way.Note.EN + " " + way.Note.SW
		if takesInsurance(text) {
			t.tell("payment.yes", "payment", strings.TrimSuffix(t.payment(i), "."))
			t.tellNotAmong(text)
			return true
		}
	}
	t.unanswered("unanswered.any")
	return true
}

// tellAmong answers for an insurer by name where the owner's text was told already, and reports
// whether it did.
func (t *turn) tellAmong(text string) bool {
	all := insurersNamed(t.p.text)
	if len(all) == 0 || !isInsurer.MatchString(text) {
		return false
	}
	for _, name := range all {
		if t.takesInsurer(name) {
			t.tell("payment.insured", "name", upperFirst(name))
			break
		}
	}
	t.tellNotAmong(text)
	return true
}

// tellNotAmong says which insurer of the message is not among those that the owner's text names.
// What the owner takes was told alone, and left open whether the other one is taken as well.
func (t *turn) tellNotAmong(text string) {
	// A text that only says to bring the card of an insurance lists no insurers.
	if !isInsurer.MatchString(text) {
		return
	}
	for _, name := range insurersNamed(t.p.text) {
		if !t.takesInsurer(name) {
			t.tell("payment.insurer", "name", upperFirst(name))
			return
		}
	}
}

// takesInsurer reports whether the owner names an insurer anywhere: in a way to pay, or in an
// answer on insurance. To deny one that is taken sends a patient away.
func (t *turn) takesInsurer(name string) bool {
	names := func(texts ...string) bool {
		return slices.ContainsFunc(split(strings.Join(texts, " ")), func(w string) bool { return sameInsurer(w, name) })
	}
	for _, way := range t.k.profile.Payments {
		if names(way.Name, way.Note.EN, way.Note.SW) {
			return true
		}
	}
	return slices.ContainsFunc(t.k.profile.Answers, func(a flowhq.Answer) bool { return names(a.Answer.EN, a.Answer.SW) })
}

// sameInsurer reports whether two words are the name of one insurer: long names are often written
// with another end, as "Strategies".
func sameInsurer(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	return a == b || min(len(a), len(b)) > minInsurer && a[:minInsurer] == b[:minInsurer]
}

// minInsurer is how many letters two spellings of a long name share at least.
const minInsurer = 5
