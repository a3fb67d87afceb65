package reply

import (
	"time"

	"github.com/flowhq/flowhq"
)

// AskedFor is how long a question of the bot stays open. A later message is read
// afresh: by then the customer has something else in mind.
const AskedFor = 30 * time.Minute

// Bounds on what makes a message small, in words.
const (
	maxAside      = 3 // "habari za leo", in the middle of something else
	maxPleasantry = 6 // thanks, and nothing else worth noting
	maxConsent    = 3 // "ok", "sawa sawa", "yes please"
)

// minDetails is the least that can be details, in letters and digits: the "26"
// of a date is not, an order number is.
const minDetails = 3

// A Message is what a customer wrote.
type Message struct {
	Text string      // of a picture or document: its caption; may be anything at all
	Kind flowhq.Kind // [flowhq.KindText] or [flowhq.KindMedia]
	At   time.Time   // when it is answered
	// Written is when the customer wrote it, which may be long before; zero is At.
	Written time.Time
}

// written is when the customer wrote the message.
func (m Message) written() time.Time {
	if m.Written.IsZero() {
		return m.At
	}
	return m.Written
}

// State is what the bot remembers of one conversation: the question it asked
// last. The zero State is a conversation that has not begun.
type State struct {
	// Asked is the intent whose details the bot asked for, or "".
	Asked string `json:"asked,omitempty"`
	// Noted says that details came already, so what follows may add to them.
	Noted bool `json:"noted,omitempty"`
	// At is when the question was asked, Prompted when the message was written that
	// it was asked about.
	At       time.Time `json:"at,omitzero"`
	Prompted time.Time `json:"prompted,omitzero"`
}

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

	heard := t.understand(m, words, asked, s.Noted)
	switch {
	case heard.details:
		return say.noted(heard.intent, m.Text), State{Asked: heard.intent, Noted: true, At: s.At, Prompted: s.Prompted}, heard.intent + "_details"
	case t.topic(heard.intent) != nil:
		return say.topic(heard.intent), State{Asked: heard.intent, At: m.At, Prompted: m.written()}, heard.intent
	case heard.intent == intentMedia && asked != nil:
		next = s // a photo of what was asked for; the words may follow
	}
	return say.smallTalk(heard.intent, words, t.menu), next, heard.intent
}

// Busy returns the warning for customers whose turn to be answered did not come, because
// too many others write.
func Busy(c flowhq.Config) string { return phrasesOf(c).fill(phrasesOf(c).busy, "") }

// SlowDown returns the warning for customers who write faster than the tenant's
// reply limits allow.
func SlowDown(c flowhq.Config) string { return phrasesOf(c).fill(phrasesOf(c).slowDown, "") }

// Muted returns the last that somebody is told who is not answered any more for a while,
// because they write like a program.
func Muted(c flowhq.Config) string { return phrasesOf(c).fill(phrasesOf(c).muted, "") }

// PleaseWait returns what is said when a chat has more unanswered messages than
// its queue holds; the message that overflowed it is not answered.
func PleaseWait(c flowhq.Config) string { return phrasesOf(c).fill(phrasesOf(c).pleaseWait, "") }

// heard is how a message was understood.
type heard struct {
	intent  string
	details bool // the message is details for intent
}

// understand applies the rules of the package comment in their order. asked is
// the topic whose details are awaited or, if noted, were given; nil = none.
func (t *template) understand(m Message, words []string, asked *topic, noted bool) heard {
	open := asked != nil && !noted // a question waits for its answer
	n, isNumber := number(words)
	switch {
	case len(words) == 0 && m.Kind == flowhq.KindMedia:
		return heard{intent: intentMedia}
	case isNumber && n == 0:
		return heard{intent: intentMenu}
	case isNumber && n <= len(t.menu) && !(open && asked.countable):
		return heard{intent: t.menu[n-1]}
	case isMenuWord(words):
		return heard{intent: intentMenu}
	case open:
		return t.understandReply(m, words, asked)
	}
	if hit := t.match(words); hit != nil {
		return heard{intent: hit.intent}
	}
	if talk := smallTalk(words); talk != "" {
		return heard{intent: talk}
	}
	if asked != nil && size(words) >= minDetails {
		return heard{asked.intent, true}
	}
	return heard{intent: intentMenu}
}

// understandReply understands a message that came after the question of asked.
// Words that are no more than a request, such as "bei gani", are no details: they
// change the subject, or ask for the same again.
func (t *template) understandReply(m Message, words []string, asked *topic) heard {
	hit, talk := t.match(words), smallTalk(words)
	bare := t.isBareRequest(words)
	switch {
	case hit != nil && (bare || hit != asked && isQuestion(m.Text)):
		return heard{intent: hit.intent}
	case talk != "" && talk != intentOK && len(words) <= maxAside:
		return heard{intent: talk}
	case bare, talk == intentOK, size(words) < minDetails:
		return heard{intent: asked.intent} // ask once more
	default:
		return heard{asked.intent, true}
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
