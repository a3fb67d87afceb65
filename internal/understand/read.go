package understand

import (
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
)

// ReadWith is [Read] with an owner's examples, which may be nil.
func ReadWith(text string, t flowhq.Template, examples *Examples) Reading {
	w := theWeights()
	m := w.Models[t]
	if m == nil {
		m = w.Models[flowhq.BookingTemplate]
	}
	return w.read(m, text, examples)
}

// read reads a message with one template's model.
func (w *Weights) read(m *Model, text string, examples *Examples) Reading {
	r := Reading{Words: words(text)}
	r.Language, r.LanguageSure = languageOf(w.Language, r.Words)
	concepts, strange := theLexicon.find(r.Words)
	r.Concepts = theLexicon.names(concepts)
	asks := strings.Contains(text, "?")
	r.Intents = m.Rank(m.Probabilities(features(r.Words, concepts, strange, asks)))
	r.Band = m.band(r.Intents[0].Score)
	if !slices.ContainsFunc(r.Words, isSaid) {
		r.Band = Unknown // a number answers a question, and says nothing without one
		return r
	}
	if i, likeness := examples.nearest(r.Words); likeness > 0 {
		r.prefer(i, likeness)
	}
	r.demoteSmallTalk(m)
	return r
}

// isSaid reports whether a word is more than a number.
func isSaid(word string) bool { return shape(word) == word }

// band returns the band of a message whose best intent has the score.
func (m *Model) band(score float64) Band {
	switch {
	case score > m.Act:
		return Sure
	case score > m.Ask:
		return Unsure
	default:
		return Unknown
	}
}

// pleasantries open or close a message that is about something else.
var pleasantries = []Intent{Greeting, Thanks, Bye, Affirm}

// demoteSmallTalk puts what a message is about before the greeting it opens with: "Hi, how much
// is a shave" is a question for the price.
func (r *Reading) demoteSmallTalk(m *Model) {
	if !slices.Contains(pleasantries, r.Intents[0].Intent) {
		return
	}
	for i, s := range r.Intents[1:] {
		if s.Score < m.Act || s.Score < businessShare*r.Intents[0].Score {
			return
		}
		if !slices.Contains(pleasantries, s.Intent) {
			r.Intents = slices.Insert(slices.Delete(r.Intents, i+1, i+2), 0, s)
			return
		}
	}
}

// businessShare of a greeting's score is what makes a message be about something else.
const businessShare = .5
