package reply

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// A customer who has a connection and wants another package for it. It is a request of which a
// colleague needs the package and the account number. Both may come in any order, in one message or
// in several, and what was told is never asked for. A new customer asks for an installation
// (request.go).

var (
	// otherPackage are words of who wants another package than the one in use.
	otherPackage = listOf("another package")
	// insteadOf names the package in use by its number: "20mbps badala ya 10". So does inUse, which by
	// itself wants no other: "natumia 10".
	insteadOf = regexp.MustCompile(`(?i)\b(?:badala ya|instead of|kutoka|from)\s+` +
		`(?:(?:the|my|ya|hii|hiyo|cha|home|nyumbani|package|kifurushi|plan)\s+)*\d{1,4}`)
	inUse = regexp.MustCompile(`(?i)\b(?:i'?m on|am on|are on|using|natumia|ninatumia|tunatumia|niko kwenye|` +
		`nipo kwenye|nina|i have|currently|have now|sasa hivi)\s+(?:\pL+\s+){0,2}\d{1,4}`)
	// ifMoved asks what it would be with another one.
	ifMoved = regexp.MustCompile(`(?i)\b(?:niki(?:panda|shuka|hamia|badil\w+|upgrade)\w*|nikitaka|` +
		`tukitaka|if i|if we|suppose)\b`)
	// bareNumber is the number of a package as the whole answer: "20", "ya 20", "the 20 one".
	bareNumber = regexp.MustCompile(`(?i)^\W*(?:(?:the|ya|cha|hiyo|ile)\s+){0,2}(\d{1,4})(?:\s+one)?\W*$`)
	// accountNumber is a number behind the word for an account, and spacedNumber one that is typed in
	// groups and is the whole message.
	accountNumber = regexp.MustCompile(`(?i)\b(?:account|acc|acct|a/c|akaunti|akaunt)\b[^\d.?!\n]{0,24}` +
		`(\d{4,}|\d{2,4}(?:[ -]\d{2,4}){1,3})\b`)
	spacedNumber = regexp.MustCompile(`^\W*(\d[\d -]{3,14}\d)\W*$`)
	// beginsWhen asks from when on a package is another one.
	beginsWhen = listOf("begins when")
)

// maxAccount is how long an account number is at most, in bytes, that is remembered.
const maxAccount = 20

// takesPackage takes what a message says of another package for a connection that is there, and
// reports whether it says anything of that.
func (t *turn) takesPackage() bool {
	if t.putsOffRequest() {
		return true
	}
	p, v := &t.p, t.next.Ticket
	if t.k.template() != flowhq.SupportTemplate {
		return false
	}
	id, account := t.packageTold(), t.accountTold()
	if account != "" && len(account) <= maxAccount {
		t.next.Account = account
	}
	if len(t.packages()) == 0 || t.reportsBeside(p) || t.withdraws() ||
		p.has(actPerson, actCancel, actPaid, actSecret, actDecision) || p.isReceipt {
		return false
	}
	// A connection that is still to be made is changed with its request.
	if v != nil && v.Number != "" && v.Subject == string(actOrder) && v.Service == t.installation() {
		return false
	}
	// "Sawa, nipandishe basi" takes the one that was spoken of last.
	if id == "" && !p.asksSoftly() && t.movesPackage() && slices.Contains(t.packages(), t.next.Topic) {
		id = t.next.Topic
	}
	// Once noted it stays what the talk is about: the same said again is no second request.
	begun := v != nil && v.Subject == string(actOrder) && slices.Contains(append(t.packages(), ""), v.Service)
	switch {
	// Who tells a place or a day instead of an account has none yet.
	case begun && v.Number == "" && v.Service != "" && account == "" && t.installation() != "" &&
		!t.movesPackage() && !p.asksSoftly() && (len(p.areas) > 0 || p.hasTime && p.time.HasDay || anyIn(p.reading.Words, hasNoneYet)):
		t.greet()
		t.next.Topic = v.Service
		note := v.Note
		t.noteRequest(t.installation())
		t.keepEarlier(note)
		return true
	case begun && v.Number != "" && t.asksBegin() && (id == "" || id == v.Service):
		t.greet()
		t.did(actStatus)
		if account != "" && !strings.Contains(v.Note, account) {
			t.notePackage(v.Service, account)
			return true
		}
		t.tellBegin(v.Service)
		return true
	case begun && v.Number == "" && id+account == "", !begun && !t.movesPackage() && !t.tellsBoth(id, account):
		return false
	// "Nikishuka 10mbps nitalipa ngapi?" decides nothing yet, and the account is kept for who does.
	case !begun && id != "" && p.asksSoftly() && ifMoved.MatchString(p.text):
		return account != "" && t.tellSupposedPackage(id)
	// The visit that is wanted beside it is noted with the whole message.
	case account == "" && p.hasTime && t.requested() != "":
		return false
	case id == "" && (account == "" || begun && v.Number != ""):
		return false
	// A price that is asked for orders nothing.
	case account == "" && p.asksSoftly() && (p.has(actPrice) || begun):
		if begun && v.Number == "" {
			v.Service = id
		}
		return false
	}
	t.greet()
	t.choosePackage(id, account)
	return true
}

// tellSupposedPackage tells what another package would cost and when it would begin, and keeps what was
// told for who takes it then.
func (t *turn) tellSupposedPackage(id string) bool {
	t.greet()
	t.did(actPrice)
	t.next.Ticket = &Problem{Subject: string(actOrder), Service: id, Note: t.note(),
		At: t.in.Message.At, Wanted: true}
	t.speakOf(id, "")
	t.tellPriceOf(id)
	t.tellBegin(id)
	return true
}

// tellsBoth reports whether the message says no more than a package and an account, which is for another
// package: "20mbps please, account 770100".
func (t *turn) tellsBoth(id, account string) bool {
	return id != "" && account != "" && !t.p.asksSoftly() && !anyIn(t.p.reading.Words, payingWords)
}

// keepEarlier puts what was told before a request in front of its note.
func (t *turn) keepEarlier(note string) {
	v := t.next.Ticket
	v.Note = oneLine(note+" / "+v.Note, maxNote)
	for i, f := range t.facts {
		if f.Ticket != nil && f.Ticket.Number == v.Number {
			t.facts[i] = t.ticket()
		}
	}
}

// reportsBeside reports whether the message tells a fault: who has taken more speed and has none
// reports that.
func (t *turn) reportsBeside(p *perception) bool {
	return p.cued(actProblem) || p.reading.Concepts.Has("broken") || p.hasTried() || p.tellsSpeed()
}

// movesPackage reports whether the message wants another package than the one in use.
func (t *turn) movesPackage() bool {
	return anyIn(t.p.reading.Words, otherPackage) || upgradesTo.MatchString(t.p.text) ||
		insteadOf.MatchString(t.p.text)
}

// packageTold is the package that the message wants, "" if it names none or two that are wanted.
func (t *turn) packageTold() string {
	all := t.packages()
	var named []string
	for _, m := range t.p.services {
		// A name that is not there whole is one by its number: "the home 20 package".
		whole := m.Exact || m.Start < m.End && m.End <= len(t.p.text) && countDigits(t.p.text[m.Start:m.End]) > 0
		if slices.Contains(all, m.ID) && whole && !t.inUseAt(m) && !slices.Contains(named, m.ID) {
			named = append(named, m.ID)
		}
	}
	if len(named) == 1 {
		return named[0]
	}
	if v := t.next.Ticket; v != nil && v.Number == "" && v.Subject == string(actOrder) {
		if found := t.packagesAt(bareNumber, t.p.text); len(found) == 1 {
			return found[0].ID
		}
	}
	return ""
}

// inUseAt reports whether the message names a package as the one in use.
func (t *turn) inUseAt(m entity.NameMatch) bool {
	for _, used := range []*regexp.Regexp{insteadOf, inUse} {
		for _, at := range used.FindAllStringIndex(t.p.text, maxSum) {
			// The number is the last of it, and stands in the name.
			if m.Start < at[1] && at[1] <= m.End {
				return true
			}
		}
	}
	return false
}

// accountTold is the number of an account that the message tells, "" if it tells none.
func (t *turn) accountTold() string {
	if account := accountIn(t.p.text, t.p.entities.References); account != "" {
		return account
	}
	if v := t.next.Ticket; v != nil && v.Number == "" && v.Wanted {
		if m := spacedNumber.FindStringSubmatch(t.p.text); m != nil {
			return m[1]
		}
	}
	return ""
}

// accountIn is the number of an account in a text: of digits alone, unlike our own numbers and those
// of payments.
func accountIn(text string, references []entity.Reference) string {
	if m := accountNumber.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	for _, r := range references {
		if countDigits(r.Text) == len(r.Text) {
			return r.Text
		}
	}
	return ""
}

// packageRule is the owner's answer to who wants another package, without the sentences that ask for
// what was told already. asks says that it asks for the account number.
func (t *turn) packageRule() (rule string, asks bool) {
	a := t.answerTo(phrasesOf("package"), 0)
	if a == nil {
		return "", true
	}
	text := a.Answer.In(t.say.language)
	var kept []string
	for _, s := range ruleEnd.Split(text, -1) {
		if s = strings.Trim(s, " ."); s != "" && !anyIn(split(s), wantsMore) {
			kept = append(kept, s+".")
		}
	}
	return strings.Join(kept, " "), anyIn(split(text), accountWords)
}

// ruleEnd is where a sentence of an owner's answer ends.
var ruleEnd = regexp.MustCompile(`\.\s+|\n+`)

// choosePackage notes the package that is wanted, or asks for what is still missing.
func (t *turn) choosePackage(id, account string) {
	v := t.next.Ticket
	if v != nil && v.Subject == string(actOrder) && id == "" {
		id = v.Service
	}
	account = cmp.Or(account, t.next.Account)
	if id == "" && slices.Contains(t.packages(), t.next.Topic) {
		id = t.next.Topic
	}
	_, asks := t.packageRule()
	if id != "" && (account != "" || !asks) {
		t.notePackage(id, account)
		return
	}
	t.did(actAccount)
	moves := t.movesPackage() || v != nil && v.Number == "" && v.Wanted
	if v == nil || v.Number != "" || !v.Wanted {
		before := v
		v = &Problem{At: t.in.Message.At, Note: t.note()}
		if account != "" && before != nil && !strings.Contains(v.Note, account) {
			v.add(account)
		}
	} else {
		v.add(t.note())
	}
	v.Subject, v.Service, v.Wanted = string(actOrder), id, true
	t.next.Ticket, t.next.Ask = v, Ask{}
	if id == "" {
		t.tell("package.list")
		var lines []string
		for _, one := range t.packages() {
			lines = append(lines, t.serviceLine(t.k.service[one]))
		}
		t.show(lines...)
		t.tell("package.which")
		return
	}
	t.speakOf(id, "")
	t.tellPriceOnce(id)
	// Who did not speak of another one may be new, and is asked for either.
	if !moves {
		t.tell("package.who")
		return
	}
	t.tellBegin(id)
	t.tell("package.account")
}

// notePackage notes the request for a package, and says what was understood, what it costs and from
// when on it counts.
func (t *turn) notePackage(id, account string) {
	v := t.next.Ticket
	switch {
	// The number that came first, the talk about it, or the request itself.
	case v != nil && (v.Number == "" || v.Subject == string(actAccount) || v.Subject == string(actOrder)):
		if !strings.HasSuffix(v.Note, t.note()) {
			v.add(t.note())
		}
	default:
		v = &Problem{Note: t.note()}
	}
	if v.Number == "" {
		v.Number = t.in.Reference
	}
	// Another one than before takes its place.
	if was := t.k.service[v.Service]; was != nil && v.Service != id {
		v.Note = strings.ReplaceAll(v.Note, " / "+t.k.nameOf(was.ID, t.say), "")
	}
	v.Subject, v.Service, v.At, v.Wanted = string(actOrder), id, t.in.Message.At, false
	for _, told := range []string{t.k.nameOf(id, t.say), account} {
		if !strings.Contains(v.Note, told) {
			v.add(told)
		}
	}
	t.next.Ticket, t.next.Ask = v, Ask{}
	t.fact(t.ticket())
	t.did(actOrder)
	name := t.k.nameOf(id, t.say)
	if account != "" {
		name += ", " + account
	}
	t.tell("ticket.request", "service", name, "number", v.Number)
	t.speakOf(id, "")
	t.tellPriceOnce(id)
	t.tellBegin(id)
}

// tellPriceOnce tells a price that the last reply has not told.
func (t *turn) tellPriceOnce(id string) {
	if !slices.Contains(t.in.State.Spoken, id) || t.p.has(actPrice) {
		t.tellPriceOf(id)
	}
}

// asksBegin reports whether the message asks from when on a package counts.
func (t *turn) asksBegin() bool {
	return t.p.asksSoftly() && anyIn(t.p.reading.Words, beginsWhen)
}

// tellBegin says from when on another package counts, in the owner's words. Who asks and was told a
// moment ago gets it with the package's name; who asks and was never told is passed on.
func (t *turn) tellBegin(id string) {
	rule, _ := t.packageRule()
	switch {
	case rule == "" && t.asksBegin():
		t.noteUnanswered()
		t.tell("unanswered.noted")
	case rule != "" && !t.wasSaid(rule):
		t.show(rule)
	case rule != "" && t.asksBegin():
		t.tell("price.condition", "name", t.k.nameOf(id, t.say),
			"condition", lowerFirst(strings.TrimSuffix(rule, ".")))
	}
}

// toldBegin reports whether the part asks from when on a package counts, and the reply tells it.
func (t *turn) toldBegin() bool {
	if v := t.next.Ticket; v == nil || v.Subject != string(actOrder) || !t.asksBegin() {
		return false
	}
	rule, _ := t.packageRule()
	return rule != "" && strings.Contains(strings.ToLower(t.reply()), strings.ToLower(strings.TrimSuffix(rule, ".")))
}
