package reply

import (
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// A person is asked for in many words beside a report, and the report outweighs them: "nimelipa
// jana bado hakuna net, mniunganishe na mtu" was told to wait for 15 minutes. Whom the verb is for
// makes it certain.

// staffNoun is who is asked for, in both languages.
const staffNoun = `(?:someone|somebody|anyone|anybody|(?:(?:a|an|the|your|any|one of your|some)\s+)?(?:real |live |actual |human )?` +
	`(?:person|people|human|agent|agents|colleague|staff|representative|rep|operator|manager|supervisor|boss|owner|attendant|` +
	`customer (?:care|service)|reception\w*|support(?: team)?|team|technician|engineer)|` +
	`mtu|watu|mhudumu|wahudumu|binadamu|meneja|bosi|msimamizi|mwenyewe|mwenye|mfanyakazi|msaidizi|mtaalam\w*|mhusika|` +
	`msee|mkubwa|kiongozi|huduma kwa wateja|fundi|daktari|dokta|nesi|doctor|nurse)\b`

// staffWords are those words, one by one.
var staffWords = keywords("someone, somebody, anyone, anybody, person, people, human, agent*, colleague, staff, representative, rep, operator, " +
	"manager, supervisor, boss, owner, attendant, customer, reception*, support, team, technician, engineer, mtu, watu, mhudumu, wahudumu, " +
	"binadamu, meneja, bosi, msimamizi, mwenyewe, mwenye, mfanyakazi, msaidizi, mtaalam*, mhusika, msee, mkubwa, kiongozi, huduma, fundi, " +
	"daktari, dokta, nesi, doctor, nurse")

// asksForPerson asks to be connected with somebody, or to talk to somebody.
var asksForPerson = regexp.MustCompile(`(?i)\b(?:` +
	`(?:talk|speak|chat|spk) (?:to|with) |` +
	`(?:connect|link|patch|transfer|forward|refer|escalate) (?:me |us |this |it )?(?:to |with |through to )?|` +
	`(?:put me|get me|pass me) (?:through |on |over )*(?:to |with )?|` +
	`\w*(?:ongea|ongee|ongeleshe?|zungumza|zungumze|sema|seme|unganish\w{1,4}|ungish\w{1,4}|wasiliana|wasiliane|chati|chat|connect\w{0,4}|speak|talk)\s+(?:na|kwa)\s+|` +
	`m?(?:ni|tu)(?:pe|peni|pee|peeni|itie|itieni|letee|leteeni|patie|patieni|tafutie|tafutieni|unganish\w{1,5}|ungish\w{1,5})\s+(?:na\s+)?` +
	`)` + staffNoun + `|` +
	`\bmtu (?:\w+ )?(?:wa )?(?:ku|ni|tu|tuwe)?(?:ongea|ongee|zungumza|zungumze|chati)\w*|` +
	`\b\w*m?(?:pate|pata|pateje) mtu\b|\b(?:someone|somebody|person|human|anyone|anybody) (?:i can|i could|we can|to|who can|that can) (?:talk|speak|chat)\b`)

// repliesToMe asks somebody of the business to check, to reply or to help, and nothing that a
// technician does.
var repliesToMe = regexp.MustCompile(`(?i)\b(?:can|could|let|have|ask|get|need|want|is there|may)\s+(?:some(?:one|body)|any(?:one|body)|a (?:person|colleague))` +
	`(?:\s+(?:from|at|in|of|the|your|shop|office|team|there|else|to|who|can|please|pls|kindly|just|check|confirm|look|and|it|this|that|for me)){0,8}?\s+` +
	`(?:reply|answer|respond|get back|call back|help|assist|write|text)(?: to)? (?:me|us)(?: (?:back|out|please|pls|plz|now|here|today|asap))*\s*(?:$|[.,;!?\n])|` +
	`\bmtu\b(?:\s+(?:wa|kutoka|hapo|huko|dukani|ofisini|hapa|yeyote|mwingine|wenu|wa kwenu|anaweza|awezaye|aangalie|acheki|aje|na|kisha|halafu)){0,6}?\s+` +
	`(?:a|ku|u)(?:ni|tu)(?:jib(?:u|ie|ia)|saidi[ea]|andiki[ea]|jibuni)\b`)

// personDenied stands in front of it where nobody is wanted.
var personDenied = regexp.MustCompile(`(?i)\b(?:sitaki|sihitaji|si lazima|sio lazima|hakuna haja|don'?t (?:want|need|have)|no need|without|bila|instead of|badala ya)\b[^.,;!?]*$`)

// wantsPersonNow reports whether the text asks for a person in such words.
func wantsPersonNow(text string) bool {
	// Few messages have such a word, and the pattern is a slow one.
	if !anyIn(split(text), staffWords) {
		return false
	}
	at := asksForPerson.FindStringIndex(text)
	if at == nil {
		at = repliesToMe.FindStringIndex(text)
	}
	return at != nil && !personDenied.MatchString(text[:at[0]])
}

// noNet tells a fault by what is not there.
var noNet = regexp.MustCompile(`(?i)\b(?:without|no|sina|hakuna|hamna|hatuna) (?:any |the )?(?:net|internet|wifi|wi-fi|network|connection|intaneti|mtandao|huduma|service)\b|` +
	`\b(?:net|mtandao|wifi|internet|intaneti)\b.{0,20}\b(?:\w*katik\w*|\w*kata|off|down|dead|haipo|haiwaki|haifanyi|imekufa|inasumbua)\b`)

// callPerson calls a person who is asked for, with what is reported besides.
func (t *turn) callPerson() {
	t.keepReport()
	t.handOver(flowhq.HandOverAsked)
}

// keepReport puts what is reported beside the wish for a person on a ticket: who answers reads it
// there, and the customer has its number. What was only being described until now is a ticket as
// well.
func (t *turn) keepReport() {
	p, v := &t.p, t.next.Ticket
	reports := p.has(actProblem, actPaid, actComplaint) || p.cued(actPaid) ||
		p.reading.Concepts.Has("broken") ||
		noNet.MatchString(p.text)
	if t.k.template() != flowhq.SupportTemplate {
		return
	}
	subject := actProblem
	if p.has(actPaid) || p.cued(actPaid) {
		subject = actPaid
	}
	switch {
	case v != nil && v.Number != "":
		if reports && !t.addedToTicket() {
			t.noteOnTicket()
		}
		return
	case v != nil && v.Note != "" && v.Subject != string(actOrder):
		if reports {
			v.add(t.note())
		}
	case reports && t.describes():
		v = &Problem{Subject: string(subject), Note: t.note()}
		t.next.Ticket = v
	default:
		return
	}
	v.Number, v.At = t.in.Reference, t.in.Message.At
	t.fact(t.ticket())
	t.tell("ticket.done", "number", v.Number)
}

var (
	// firstClause ends the first clause of a message.
	firstClause = regexp.MustCompile(`[.,;!\n]+\s*|\s+(?:na|and)\s+`)
	// callsHim are words of who takes the offer of a person, beside the yes.
	callsHim = keywords("mwite, muite, mwiteni, muiteni, niitie, niitieni, nitafutie, mpe, mwambie, mwambieni, muulize, aje, anijibu, ajibu, anipigie, call, ask, connect, " +
		"get, them, him, her, someone, somebody, a, the, colleague, person, mhudumu, mtu, please, pls, plz, tafadhali, naomba, basi, tu, now, sasa, do, go, ahead, kaka, dada, bro")
)

// callsWithWords calls the person whom the first clause of a message agrees to, with what stands
// behind it as a note: "ndio mwite. dada anaitwa Anna, saa kumi jioni ingekua poa". It reports
// whether the message is one.
func (t *turn) callsWithWords() bool {
	at := firstClause.FindStringIndex(t.p.text)
	if t.next.Ask.For != askPerson || len(t.next.Ask.Options) > 0 || at == nil {
		return false
	}
	words, rest := split(t.p.text[:at[0]]), strings.TrimSpace(t.p.text[at[1]:])
	if !anyIn(words, plainYes) ||
		slices.ContainsFunc(words, func(w string) bool { return !hasWord(yesHead, w) && !hasWord(callsHim, w) }) ||
		len(split(rest)) < minPartWords || saysBut(split(rest)) || t.p.asks ||
		entity.BeginsAsQuestion(rest) || asksInWords(split(rest)) ||
		!slices.ContainsFunc(split(rest), func(w string) bool { return !hasWord(courtesyWords, w) && !hasWord(callsHim, w) }) {
		return false
	}
	t.question, t.whole = "", true
	t.handOverSaying(flowhq.HandOverAsked, "handover.asked")
	note := oneLine(strings.TrimSpace(strings.TrimPrefix(withoutSecrets(&t.p), t.p.text[:at[1]])), maxWish)
	t.noteHandOver(note)
	t.noteUnanswered()
	if v := t.next.Ticket; v != nil && v.Number != "" {
		v.add(note)
		t.fact(t.ticket())
	}
	t.tellWish(note)
	return true
}

// noteHandOver puts a note on what is handed over in this turn.
func (t *turn) noteHandOver(note string) {
	for i, f := range t.facts {
		if f.HandOver != nil && !strings.Contains(f.HandOver.Note, note) {
			h := *f.HandOver
			h.Note = oneLine(strings.TrimPrefix(h.Note+"; "+note, "; "), maxNote)
			t.facts[i].HandOver = &h
		}
	}
}
