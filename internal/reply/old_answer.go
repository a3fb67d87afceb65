package reply

import (
	"time"

	"github.com/flowhq/flowhq"
)

// Bounds on what makes a message small, in words. They were chosen by the conversations in
// testdata: a longer message nearly always has something to answer.
const (
	// maxAside is for a greeting in the middle of something else, such as "habari za leo".
	maxAside = 3
	// maxPleasantry is for thanks, with nothing else worth noting.
	maxPleasantry = 6
	// maxConsent is for "ok", "sawa sawa", "yes please".
	maxConsent = 3
)

// minDetails is the least that can be details, in letters and digits: the "26"
// of a date is not, an order number is.
const minDetails = 3

// Answer returns what to say to m, what to remember of it, and the intent it was
// understood as, which is for statistics. The text is never empty, is valid
// UTF-8, is in the tenant's language and has at most [MaxBytes].
//
// A state of another template, or one that is too old, counts as none. An
// unknown template is answered as BOOKING and an unknown language as Swahili,
// the original's defaults.
func Answer(m Message, c flowhq.Config, s State) (text string, next State, intent string) {
	t, say := templateOf(c.Template), phrasesOf(c)
	words := split(m.Text)
	asked := t.asked(s, m.written())

	meant := t.understand(m, words, asked, s.Noted)
	switch {
	case meant.details:
		next = State{Asked: meant.intent, Noted: true, At: s.At, Prompted: s.Prompted}
		return say.noted(meant.intent, m.Text), next, meant.intent + "_details"
	case t.topic(meant.intent) != nil:
		next = State{Asked: meant.intent, At: m.At, Prompted: m.written()}
		return say.topic(meant.intent), next, meant.intent
	case meant.intent == intentMedia && asked != nil:
		next = s // a photo of what was asked for; the words may follow
	}
	return say.smallTalk(meant.intent, words, t.menu), next, meant.intent
}

// A meaning is how a message was understood.
type meaning struct {
	intent string
	// details says that the message is the details of what was asked about intent.
	details bool
}

// understand applies the rules of the package comment in their order. asked is
// the topic whose details are awaited or, if noted, were given; nil = none.
func (t *template) understand(m Message, words []string, asked *topic, noted bool) meaning {
	open := asked != nil && !noted // a question waits for its answer
	n, isNumber := number(words)
	switch {
	case len(words) == 0 && m.Kind == flowhq.KindMedia:
		return meaning{intent: intentMedia}
	case isNumber && n == 0:
		return meaning{intent: intentMenu}
	case isNumber && n <= len(t.menu) && !(open && asked.countable):
		return meaning{intent: t.menu[n-1]}
	case isMenuWord(words):
		return meaning{intent: intentMenu}
	case open:
		return t.understandReply(m, words, asked)
	}
	if hit := t.match(words); hit != nil {
		return meaning{intent: hit.intent}
	}
	if talk := smallTalk(words); talk != "" {
		return meaning{intent: talk}
	}
	if asked != nil && size(words) >= minDetails {
		return meaning{asked.intent, true}
	}
	return meaning{intent: intentMenu}
}

// understandReply understands a message that came after the question of asked.
// Words that are no more than a request, such as "bei gani", are no details: they
// change the subject, or ask for the same again.
func (t *template) understandReply(m Message, words []string, asked *topic) meaning {
	hit, talk := t.match(words), smallTalk(words)
	bare := t.isBareRequest(words)
	switch {
	case hit != nil && (bare || hit != asked && isQuestion(m.Text)):
		return meaning{intent: hit.intent}
	case talk != "" && talk != intentOK && len(words) <= maxAside:
		return meaning{intent: talk}
	case bare, talk == intentOK, size(words) < minDetails:
		return meaning{intent: asked.intent} // ask once more
	default:
		return meaning{asked.intent, true}
	}
}

// asked returns the topic whose question was still open in s when a message was
// written, or nil. What was written long before the message that led to the question,
// and came late, does not answer it.
func (t *template) asked(s State, written time.Time) *topic {
	if s.Asked == "" || written.Sub(s.At) > AskedFor || s.Prompted.Sub(written) > AskedFor {
		return nil
	}
	return t.topic(s.Asked)
}
