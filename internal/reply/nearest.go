package reply

import (
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
)

// Which of the owner's answers is offered to a question that has none. Likeness alone offered "a
// general doctor sees children" to "should I bring my old x-ray?".

const (
	// minWordsAlike is which part of the words of an owner's question must be in a message that is
	// taken to ask nearly the same.
	minWordsAlike = .7
	// minStem is how many letters two forms of a word share at least: "hurt" and "hurts".
	minStem = 4
)

// nearestAnswer is the owner's answer that is offered with a "perhaps", nil if none is about what the
// message asks.
func (t *turn) nearestAnswer() *flowhq.Answer {
	words := t.p.reading.Words
	var best *flowhq.Answer
	most := minWordsAlike
	for _, a := range t.k.answer {
		for _, q := range a.Questions {
			asked := split(q)
			shared, content := 0, false
			for _, w := range asked {
				if slices.ContainsFunc(words, func(o string) bool { return sameForm(o, w) }) {
					shared++
					content = content || isContent(w)
				}
			}
			part := float64(shared) / float64(max(len(asked), 1))
			// The map has no order, so that the ID decides between two that are alike.
			if content && len(asked) >= minMeaning && (part > most ||
				part == most && (best == nil || a.ID < best.ID)) {
				best, most = a, part
			}
		}
	}
	if best != nil {
		return best
	}
	a := t.k.answer[t.p.nearest[0]]
	if a == nil || !t.aboutSame(a) || !t.sharesWord(a) {
		return nil
	}
	return a
}

// sameForm reports whether two words are one, for whomever they are said: "tuje" and "nije".
func sameForm(a, b string) bool {
	bare := func(w string) string {
		for _, person := range []string{"ni", "tu"} {
			if rest, ok := strings.CutPrefix(w, person); ok && len(rest) > 1 {
				return rest
			}
		}
		return w
	}
	return a == b || bare(a) == bare(b)
}

// answerInWords tells the owner's answer to a question whose words are all in the message, but for
// who asks, and reports whether there is one.
func (t *turn) answerInWords() bool {
	words := t.p.reading.Words
	for _, a := range t.k.profile.Answers {
		for _, q := range a.Questions {
			asked := split(q)
			if len(asked) >= minMeaning && len(words) <= len(asked)+maxKin &&
				!slices.ContainsFunc(asked, func(w string) bool {
					return !slices.ContainsFunc(words, func(o string) bool { return sameForm(o, w) })
				}) && t.giveAnswer(a.ID) {
				t.did(actAnswer)
				return true
			}
		}
	}
	return false
}

// sharesWord reports whether the message has a word of one of an answer's questions that says what
// it is about, or means the same.
func (t *turn) sharesWord(a *flowhq.Answer) bool {
	about := understand.Meanings(t.p.text)
	return slices.ContainsFunc(a.Questions, func(q string) bool {
		return slices.ContainsFunc(split(q), func(w string) bool {
			return isContent(w) && slices.ContainsFunc(t.p.reading.Words, func(o string) bool {
				return o == w || len(o) > minStem && len(w) > minStem && o[:minStem] == w[:minStem]
			})
		}) || slices.ContainsFunc(understand.Meanings(q), func(m string) bool {
			return !strings.HasPrefix(m, ":") && slices.Contains(about, m)
		})
	})
}

// isContent reports whether a word says what a question is about.
func isContent(w string) bool {
	return len(w) >= minStem && !hasWord(softQuestion, w) && !hasWord(countFillers, w) &&
		!hasWord(aroundWish, w) && !hasWord(courtesyWords, w) && !hasWord(anyQuestion, w)
}

// anyQuestion are words of any question.
var anyQuestion = listOf("of any question")

// standsIn reports whether what the message asks stands in an answer, which was told already: all
// that it is about the answer or its questions are about as well. Who is only pointed at an answer
// that has not said it asks in vain.
func (t *turn) standsIn(a *flowhq.Answer) bool {
	about := understand.Meanings(t.p.text)
	told := understand.Meanings(strings.Join(append([]string{a.Answer.EN, a.Answer.SW}, a.Questions...), " "))
	known := 0
	for _, m := range about {
		if strings.HasPrefix(m, ":") {
			continue
		}
		if known++; !slices.Contains(told, m) {
			return false
		}
	}
	_, alike, _, _ := t.bestAnswer(t.p.text)
	return known > 0 || t.p.same || alike >= surelyAlike
}

// noteQuestion notes a question that nothing else has answered, and tells the nearest of the owner's
// answers.
func (t *turn) noteQuestion() {
	if t.tellDescribed() {
		return
	}
	t.noteUnanswered()
	t.tellNearest()
	t.tell("unanswered.noted")
}

// passQuestion passes a question on that nothing else has answered, behind the nearest of the
// owner's answers if there is one.
func (t *turn) passQuestion() {
	if t.tellDescribed() {
		return
	}
	if t.tellNearest() {
		t.unanswered("")
		return
	}
	t.unanswered("unanswered.any")
}
