package reply

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
)

// A turn is a [Turn] in the making. It lives for one message and is used by one goroutine. Its
// parts only add to it, so that each can be read by itself; finish alone makes the result.
type turn struct {
	// in stays as it came, but for the orders that are drafts. What changes is in next.
	in Input
	k  *Knowledge
	// p is filled by perceive before anything is decided.
	p perception
	// It is the time of the answer. Days that a message names count from when it was written.
	now time.Time // by the clock of the business
	// say changes with the language of the message, before the first text.
	say  speaker
	next State // the State in the making

	said []part // in the order of the reply
	// One only: with two, a "yes" answers nobody knows which.
	question string // the turn's one question, which comes last
	// facts are written with the reply, or neither is.
	facts []flowhq.FactChange
	// For [Understood], and for parts that must not repeat what another has done.
	acts []act // what was done
	// whole says that the message was taken whole, and its parts are not looked at.
	whole bool
	// unsettled says that a line of the order must be asked about first. The order's own next
	// question would hide that one.
	unsettled bool
	choices   []string // services of which one is to be chosen
	// offered is where in said a person was offered, and one more; 0 = none was.
	offered int
	// hasAsked says that this turn has asked its question. A question of an earlier turn may be
	// open without it.
	hasAsked bool
	// See openorder.go. Each is what the rows say when the turn begins.
	drafts  []flowhq.Order // that nobody has confirmed, the newest first
	open    string         // number of the OPEN order that the basket is
	settled *flowhq.Order  // what somebody else has confirmed of the basket
	lapsed  *flowhq.Order  // what was given up after a follow-up that the message may answer
	// timeTaken says that the time in the message is for the booking. Otherwise it may be asked
	// about: "mko wazi saa nne?".
	timeTaken bool
	// Only then is a language model asked.
	missed    bool     // the message was not understood
	wished    bool     // a wish of it was noted
	advised   bool     // it asked which package to take, and was told which there are
	assistant string   // what became of the suggestion
	heard     string   // the reply before clauses that nobody heard were accounted for
	unsaid    []value  // what was taken out, as nobody has said it
	packsLeft []string // what was taken off, as another pack of it was to stay
	strikes   int      // how often the message was decided once more without a part of it
}

// A part is a piece of a reply.
type part struct {
	text string
	// A block in a sentence would break its lines.
	block bool // it stands on lines of its own
	// A question of an earlier turn takes its place.
	welcome bool // it asks what the customer wants
	// A lead stands last, in front of the question that it leads to. "These times are free" says
	// nothing where the list is not shown any more.
	lead bool // it leads to the question
}

// newTurn begins a turn. The language is the chat's, else the tenant's, until the message is read.
func newTurn(in Input) *turn {
	t := &turn{in: in, k: in.Knowledge, now: in.Message.At.In(in.Knowledge.zone)}
	t.in.Calendar, t.drafts = drafts(in.Calendar)
	t.next = in.State.current(in.Message.written())
	t.say = speakerOf(t.k, t.k.config.Language)
	if l := t.next.Language; l != "" {
		t.say = speakerOf(t.k, l)
	}
	t.resumeOrder()
	return t
}

// tell adds a text to the reply. A text that an owner has emptied is not said.
func (t *turn) tell(key string, pairs ...string) {
	if text := t.render(key, pairs...); text != "" {
		t.said = append(t.said, part{text: text})
	}
}

// tellLead adds a text that leads to the question of the turn.
func (t *turn) tellLead(key string, pairs ...string) {
	if text := t.render(key, pairs...); text != "" {
		t.said = append(t.said, part{text: text, lead: true})
	}
}

// show adds lines of their own to the reply, such as a list. Lines that are empty come from texts
// that are not there in the language.
func (t *turn) show(lines ...string) {
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.TrimSpace(l) == "" })
	text := strings.Join(lines, "\n")
	// The same list twice in one reply is a fault of the eyes to who reads it.
	if text != "" && !slices.ContainsFunc(t.said, func(p part) bool {
		return strings.Contains(p.text, text)
	}) {
		t.said = append(t.said, part{text: text, block: true})
	}
}

// ask makes a text the question of the turn, which is open from then on. A turn has one question:
// the last that is asked. The last wins, as later parts know what earlier ones have said.
func (t *turn) ask(a Ask, key string, pairs ...string) {
	// Both times, as Ask.open compares both.
	a.At, a.Prompted = t.in.Message.At, t.in.Message.written()
	if len(a.Options) > maxOptions {
		a.Options = a.Options[:maxOptions]
	}
	for i := range a.Options {
		a.Options[i].Label = oneLine(a.Options[i].Label, maxOptionText)
	}
	t.next.Ask, t.hasAsked = a, true
	t.question = t.render(key, pairs...)
}

// askOf asks with numbered options. The list is part of the question, so that it stands at the end
// of the reply, where the number is typed.
func (t *turn) askOf(a Ask, options []Option, key string, pairs ...string) {
	a.Options, a.Listed = options, true
	t.ask(a, key, pairs...)
	var lines []string
	for i, o := range t.next.Ask.Options {
		lines = append(lines, strconv.Itoa(i+1)+". "+o.Label)
	}
	list := strings.Join(lines, "\n")
	// In the middle of an order the few are named once more in one line: a person offered instead
	// would lose the order.
	if t.tired(list) && t.inTheMiddle() && len(options) <= maxShort {
		var labels []string
		for _, o := range t.next.Ask.Options {
			labels = append(labels, o.Label)
		}
		t.question += " " + or(t.say.language, labels) + "?"
		return
	}
	if t.tired(list) {
		t.said = slices.DeleteFunc(t.said, func(p part) bool { return p.lead })
		a = t.next.Ask
		// It becomes a yes or no, and a number still chooses.
		a.For, a.About = askPerson, ""
		t.ask(a, "unanswered.offer") // the options stay, and can be chosen
		return
	}
	t.question += "\n" + list
}

// maxLists is how often the same list is shown. Whoever has not chosen by then will not. The same
// list came four times to a customer who did not choose from it.
const maxLists = 2

// tired counts how often a list is shown, and reports whether that was often enough.
func (t *turn) tired(list string) bool {
	t.next.List, t.next.Lists = hash(list), 1
	// A list of an earlier talk does not count.
	if t.in.State.List == t.next.List && t.in.Message.written().Sub(t.in.State.At) <= AskedFor {
		t.next.Lists = t.in.State.Lists + 1
	}
	return t.next.Lists > maxLists
}

// render says a text in the variant that was not said in the last reply or in this one. The turn's
// number chooses where to begin, so that variants take turns without chance.
func (t *turn) render(key string, pairs ...string) string {
	variants := t.say.variants(key)
	if len(variants) == 0 {
		return ""
	}
	chosen := ""
	for i := range variants {
		text := variants[(t.next.Turn+i)%len(variants)]
		// "Please" is taken out before it is compared: that is the text that was said.
		if t.next.Polite {
			text = plainly(text)
		}
		text = upperFirst(t.say.fill(text, pairs...))
		// If all were said, the first stays: repeating is better than silence.
		if chosen == "" {
			chosen = text
		}
		if !t.wasSaid(text) {
			chosen = text
			break
		}
	}
	if polite.MatchString(chosen) {
		t.next.Polite = true
	}
	return chosen
}

// wasSaid reports whether a sentence of the text was in the last reply or is in this one. A single
// sentence that repeats is noticed, so that all of it counts.
func (t *turn) wasSaid(text string) bool {
	for _, s := range sentences(text) {
		if slices.Contains(t.next.Last, hash(s)) {
			return true
		}
		for _, p := range t.said {
			if strings.Contains(p.text, s) {
				return true
			}
		}
	}
	return false
}

// saidLast reports whether all of a text was in the last reply.
func (t *turn) saidLast(text string) bool {
	all := sentences(text)
	return len(all) > 0 && !slices.ContainsFunc(all, func(s string) bool {
		return !slices.Contains(t.in.State.Last, hash(s))
	})
}

// did notes what the turn has done, for [Understood]. Each once, in the order in which it was done.
func (t *turn) did(a act) {
	if !slices.Contains(t.acts, a) {
		t.acts = append(t.acts, a)
	}
}

// reply joins what is to be said. Sentences are joined by a space, and blocks by a line, so that a
// list stays a list.
func (t *turn) reply() string {
	var b strings.Builder
	end := func(block bool) {
		switch {
		case b.Len() == 0:
		case block:
			b.WriteByte('\n')
		default:
			b.WriteByte(' ')
		}
	}
	block := false
	// Facts that were told after a lead stand before it, or they part it from its question.
	said := slices.Clone(t.said)
	slices.SortStableFunc(said, func(a, b part) int {
		switch {
		case a.lead == b.lead || t.question == "":
			return 0
		case a.lead:
			return 1
		}
		return -1
	})
	for _, p := range said {
		end(block || p.block)
		b.WriteString(p.text)
		block = p.block
	}
	if t.question != "" {
		end(block)
		b.WriteString(t.question)
	}
	return b.String()
}

// finish makes the [Turn] of what was decided. It is the only place where a State gets its version
// and time.
func (t *turn) finish() Turn {
	t.tellNoted()
	t.keepOpen()
	text := cut(strings.ToValidUTF8(t.reply(), ""))
	// A reply that is equal to the last one looks like a machine that hangs.
	if text != "" && slices.Contains(t.next.Last, hash(text)) {
		// The owner's own words have no variants, and facts stay the same.
		text = cut(t.render("repeat") + " " + text)
	}
	// Numbers belong to the list that was said last. "1" after "hello" and "welcome" chose from a
	// menu of two replies before. The names of the options can still be written.
	if text != "" && !t.hasAsked {
		t.next.Ask.Listed = false
	}
	t.next.Version = stateVersion
	t.next.At = t.in.Message.At
	// The bound keeps the number short in the row. Only its remainder matters.
	t.next.Turn = (t.next.Turn + 1) % 1000
	// After silence the last reply stays the last.
	if text != "" {
		for _, a := range t.acts {
			switch {
			case slices.Contains(sameable, a):
				t.next.Asked = a
			case a == actAnswer:
				t.next.Asked = actOffer // "mna kuku?" was answered in the owner's words
			}
		}
		t.next.Last = []uint32{hash(text)}
		for _, s := range sentences(text) {
			if len(t.next.Last) < maxSentences {
				t.next.Last = append(t.next.Last, hash(s))
			}
		}
	}
	return Turn{Reply: text, Facts: t.facts, State: t.next, Understood: t.understood()}
}

// fact adds a change to what is written with the reply.
func (t *turn) fact(f flowhq.FactChange) { t.facts = append(t.facts, f) }
