package reply

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
)

// A turn is a [Turn] in the making.
type turn struct {
	in   Input
	k    *Knowledge
	p    perception
	now  time.Time // by the clock of the business
	say  speaker
	next State // the State in the making

	said     []part // in the order of the reply
	question string // the turn's one question, which comes last
	facts    []flowhq.FactChange
	acts     []act // what was done
	// unsettled says that a line of the order must be asked about first.
	unsettled bool
	choices   []string // services of which one is to be chosen
	// timeTaken says that the time in the message is for the booking.
	timeTaken bool
	missed    bool   // the message was not understood
	assistant string // what became of the suggestion
}

// A part is a piece of a reply.
type part struct {
	text  string
	block bool // it stands on lines of its own
}

// newTurn begins a turn.
func newTurn(in Input) *turn {
	t := &turn{in: in, k: in.Knowledge, now: in.Message.At.In(in.Knowledge.zone)}
	t.next = in.State.current(in.Message.written())
	t.say = speakerOf(t.k, t.k.config.Language)
	if l := t.next.Language; l != "" {
		t.say = speakerOf(t.k, l)
	}
	return t
}

// tell adds a text to the reply.
func (t *turn) tell(key string, pairs ...string) {
	if text := t.render(key, pairs...); text != "" {
		t.said = append(t.said, part{text: text})
	}
}

// show adds lines of their own to the reply, such as a list.
func (t *turn) show(lines ...string) {
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.TrimSpace(l) == "" })
	if len(lines) > 0 {
		t.said = append(t.said, part{text: strings.Join(lines, "\n"), block: true})
	}
}

// ask makes a text the question of the turn, which is open from then on. A turn has one question:
// the last that is asked.
func (t *turn) ask(a Ask, key string, pairs ...string) {
	a.At, a.Prompted = t.in.Message.At, t.in.Message.written()
	if len(a.Options) > maxOptions {
		a.Options = a.Options[:maxOptions]
	}
	for i := range a.Options {
		a.Options[i].Label = oneLine(a.Options[i].Label, maxOptionText)
	}
	t.next.Ask = a
	t.question = t.render(key, pairs...)
}

// askOf asks with numbered options.
func (t *turn) askOf(a Ask, options []Option, key string, pairs ...string) {
	a.Options, a.Listed = options, true
	t.ask(a, key, pairs...)
	var lines []string
	for i, o := range t.next.Ask.Options {
		lines = append(lines, strconv.Itoa(i+1)+". "+o.Label)
	}
	list := strings.Join(lines, "\n")
	if t.tired(list) {
		a = t.next.Ask
		a.For, a.About = askPerson, ""
		t.ask(a, "unanswered.offer") // the options stay, and can be chosen
		return
	}
	t.question += "\n" + list
}

// maxLists is how often the same list is shown. Whoever has not chosen by then will not.
const maxLists = 2

// tired counts how often a list is shown, and reports whether that was often enough.
func (t *turn) tired(list string) bool {
	t.next.List, t.next.Lists = hash(list), 1
	if t.in.State.List == t.next.List && t.in.Message.written().Sub(t.in.State.At) <= AskedFor {
		t.next.Lists = t.in.State.Lists + 1
	}
	return t.next.Lists > maxLists
}

// render says a text in the variant that was not said in the last reply or in this one.
func (t *turn) render(key string, pairs ...string) string {
	variants := t.say.variants(key)
	if len(variants) == 0 {
		return ""
	}
	chosen := ""
	for i := range variants {
		text := variants[(t.next.Turn+i)%len(variants)]
		if t.next.Polite {
			text = plainly(text)
		}
		text = upperFirst(t.say.fill(text, pairs...))
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

// wasSaid reports whether a sentence of the text was in the last reply or is in this one.
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

// did notes what the turn has done, for [Understood].
func (t *turn) did(a act) {
	if !slices.Contains(t.acts, a) {
		t.acts = append(t.acts, a)
	}
}

// reply joins what is to be said.
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
	for _, p := range t.said {
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

// finish makes the [Turn] of what was decided.
func (t *turn) finish() Turn {
	text := cut(strings.ToValidUTF8(t.reply(), ""))
	if text != "" && slices.Contains(t.next.Last, hash(text)) {
		// The owner's own words have no variants, and facts stay the same.
		text = cut(t.render("repeat") + " " + text)
	}
	t.next.Version = stateVersion
	t.next.At = t.in.Message.At
	t.next.Turn = (t.next.Turn + 1) % 1000
	if text != "" {
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
