package reply

import (
	"slices"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// A memo holds what one decision has read of its texts. A message is decided several times, whole,
// in pieces and without each of its clauses, and most of that time went into reading the same
// texts again. What is held here depends on nothing but the text, the knowledge, and when the
// message was written, which are the same for all of a decision.
//
// A memo is of one call of [Decide] and of one goroutine, so it needs neither lock nor bound: the
// texts are parts of one message, of which there are some tens at most.
type memo struct {
	readings map[string]understand.Reading
	entities map[string]entity.Entities
	names    map[namesIn][]entity.NameMatch
	answers  map[string]alikeAnswer
	times    map[string]saidTime
}

// namesIn are a text and the list that it is searched for.
type namesIn struct {
	list *entity.Names
	text string
}

// An alikeAnswer is the owner's question that is most alike a text, as [entity.Answers.Best] has it.
type alikeAnswer struct {
	id      string
	alike   float64
	sure    bool
	nearest []string
}

func newMemo() *memo {
	return &memo{
		readings: map[string]understand.Reading{},
		entities: map[string]entity.Entities{},
		names:    map[namesIn][]entity.NameMatch{},
		answers:  map[string]alikeAnswer{},
		times:    map[string]saidTime{},
	}
}

// remember returns what a map holds for a key, and reads it first if it holds nothing.
func remember[K comparable, V any](held map[K]V, key K, read func() V) V {
	v, known := held[key]
	if !known {
		v = read()
		held[key] = v
	}
	return v
}

// reading is what the models find in a text. Nothing writes into the lists of a reading, so they
// are shared.
func (m *memo) reading(text string, template flowhq.Template) understand.Reading {
	return remember(m.readings, text, func() understand.Reading {
		return understand.Read(text, template)
	})
}

// entitiesIn are the amounts, numbers and codes of a text.
func (m *memo) entitiesIn(text string) entity.Entities {
	e := remember(m.entities, text, func() entity.Entities { return entity.Find(text) })
	// The only list that a turn appends to.
	e.References = slices.Clip(e.References)
	return e
}

// named are the entries of a list that a text names. The matches are the caller's own: turns
// change them in place.
func (m *memo) named(list *entity.Names, text string) []entity.NameMatch {
	return slices.Clone(remember(m.names, namesIn{list, text}, func() []entity.NameMatch {
		return list.Match(text)
	}))
}

// named are the entries of a list that a text of the message names.
func (t *turn) named(list *entity.Names, text string) []entity.NameMatch {
	return t.in.memo.named(list, text)
}

// bestAnswer is the owner's question that is most alike a text, as [entity.Answers.Best] has it.
func (t *turn) bestAnswer(text string) (id string, alike float64, sure bool, nearest []string) {
	return t.in.memo.answer(t.k.answers, text)
}

// answerTo is the owner's answer to one of some questions, in the words in which owners write it; nil
// if there is none. Only a sure match counts, and one that is at least so alike: an answer to another
// question would promise in the owner's name.
func (t *turn) answerTo(questions []string, least float64) *flowhq.Answer {
	for _, question := range questions {
		if id, alike, sure, _ := t.bestAnswer(question); sure && alike >= least &&
			t.k.answer[id] != nil {
			return t.k.answer[id]
		}
	}
	return nil
}

// answer is the owner's question that is most alike a text.
func (m *memo) answer(all *entity.Answers, text string) (string, float64, bool, []string) {
	a := remember(m.answers, text, func() (a alikeAnswer) {
		a.id, a.alike, a.sure, a.nearest = all.Best(text)
		return a
	})
	return a.id, a.alike, a.sure, a.nearest
}
