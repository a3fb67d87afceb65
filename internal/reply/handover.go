package reply

import (
	"github.com/flowhq/flowhq"
)

// handOver calls a person, and says when somebody is there. It is said once: from then on the
// pipeline keeps the bot silent in the chat until it is given back.
func (t *turn) handOver(reason flowhq.HandOverReason) {
	keys := map[flowhq.HandOverReason]string{
		flowhq.HandOverAsked: "handover.asked", flowhq.HandOverAnger: "handover.anger",
		flowhq.HandOverMissed: "handover.missed", flowhq.HandOverDecision: "handover.decision",
	}
	t.handOverSaying(reason, keys[reason])
}

// handOverSaying is handOver with another opening.
func (t *turn) handOverSaying(reason flowhq.HandOverReason, key string) {
	t.did(actHandOver)
	t.tell(key)
	at := t.in.Message.At
	from := at // since when somebody is expected to look at the chat
	switch open, _, next := t.k.openAt(at); {
	case open:
		t.tell("handover.now")
	case t.k.profile.HoursTold() && !next.IsZero():
		t.tell("handover.later", "when", t.soon(next))
		from = next
	default:
		t.tell("handover.soon")
	}
	until := from.Add(t.k.profile.HandOver())
	t.fact(flowhq.FactChange{HandOver: &flowhq.HandOver{
		Reason: reason, At: at, Until: &until, Note: t.about(),
	}})
	t.next.Ask, t.next.Misses, t.question = Ask{}, 0, ""
}

// about says for the owner what a chat was about, in words of the owner's own lists.
func (t *turn) about() string {
	name := t.next.Topic
	switch {
	case len(t.p.services) > 0:
		name = t.p.services[0].ID
	case len(t.p.products) > 0:
		name = t.p.products[0].ID
	}
	if name == "" {
		return ""
	}
	return t.k.nameOf(name, t.say)
}

// refuseBargain answers who wants another price than the owner's: with that price. Only the owner
// may change it, who is told.
func (t *turn) refuseBargain() {
	ids := t.subjects()
	if len(ids) == 0 && t.next.Topic != "" {
		ids = []string{t.next.Topic}
	}
	if len(ids) != 1 {
		t.passOn(actDecision)
		return
	}
	t.did(actDecision)
	if !t.p.has(actPrice) {
		t.tellPriceOf(ids[0])
	}
	t.next.Topic = ids[0]
	t.unanswered("bargain")
}

// passOn passes a question to a person that only a person decides.
func (t *turn) passOn(a act) {
	t.did(a)
	t.noteUnanswered()
	t.handOver(flowhq.HandOverDecision)
}

// claimPaid answers a customer who says that money was sent. The bot cannot see that, and must
// not say that it came.
func (t *turn) claimPaid() {
	t.did(actPaid)
	if t.notePaid() {
		return
	}
	for _, o := range t.in.Calendar.Orders {
		if o.Unpaid { // a person finds out; the customer must not be asked for it again
			o.Unpaid = false
			t.fact(flowhq.FactChange{Order: &o})
		}
	}
	t.handOverSaying(flowhq.HandOverDecision, "handover.payment")
}

// unanswered says that the owner has not told something, passes the question on, and offers a
// person.
func (t *turn) unanswered(key string, pairs ...string) {
	t.tell(key, pairs...)
	t.noteUnanswered()
	t.ask(Ask{For: askPerson}, "unanswered.offer")
}

// noteUnanswered notes the question for the owner, once a turn.
func (t *turn) noteUnanswered() {
	for _, f := range t.facts {
		if f.Unanswered != nil {
			return
		}
	}
	u := &flowhq.Unanswered{
		Text: oneLine(withoutSecrets(&t.p), maxNote), Language: t.say.language,
		Status: flowhq.UnansweredOpen,
	}
	for _, s := range t.p.reading.Intents {
		if len(u.Intents) < maxCandidates && s.Score >= minStoredScore {
			u.Intents = append(u.Intents, string(s.Intent))
		}
	}
	t.fact(flowhq.FactChange{Unanswered: u})
}

// maxCandidates is how many intents a question is noted with that it may be about.
const maxCandidates = 3
