package reply

import (
	"regexp"

	"github.com/flowhq/flowhq"
)

// A person is asked for in many words beside a report, and the report outweighs them: "nimelipa jana
// bado hakuna net, mniunganishe na mtu" was told to wait for 15 minutes. Whom the verb is for makes it
// certain.

// staffNoun is who is asked for, in both languages.
const staffNoun = `(?:someone|somebody|anyone|anybody|(?:(?:a|an|the|your|any|one of your|some)\s+)?(?:real |live |actual |human )?` +
	`(?:person|people|human|agent|agents|colleague|staff|representative|rep|operator|manager|supervisor|boss|owner|attendant|` +
	`customer (?:care|service)|reception\w*|support(?: team)?|team|technician|engineer)|` +
	`mtu|watu|mhudumu|wahudumu|binadamu|meneja|bosi|msimamizi|mwenyewe|mwenye|mfanyakazi|msaidizi|mtaalam\w*|mhusika|` +
	`msee|mkubwa|kiongozi|huduma kwa wateja|fundi|daktari|dokta|nesi|doctor|nurse)\b`

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

// personDenied stands in front of it where nobody is wanted.
var personDenied = regexp.MustCompile(`(?i)\b(?:sitaki|sihitaji|si lazima|sio lazima|hakuna haja|don'?t (?:want|need|have)|no need|without|bila|instead of|badala ya)\b[^.,;!?]*$`)

// wantsPersonNow reports whether the text asks for a person in such words.
func wantsPersonNow(text string) bool {
	at := asksForPerson.FindStringIndex(text)
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

// keepReport puts what is reported beside the wish for a person on a ticket: who answers reads it there,
// and the customer has its number. What was only being described until now is a ticket as well.
func (t *turn) keepReport() {
	p, v := &t.p, t.next.Ticket
	reports := p.has(actProblem, actPaid, actComplaint) || p.cued(actPaid) || p.reading.Concepts.Has("broken") ||
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
