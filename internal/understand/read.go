package understand

import (
	"cmp"
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
	if r.Band == Sure {
		r.addParts(m, text)
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

// Bounds on the parts of a message that are read by themselves.
const (
	maxParts    = 4
	minPart     = 2  // words
	sureOfAPart = .6 // few words say less than many, so a part has to be clearer than a message
)

// addParts raises the intents of a message's parts: of "mko wapi na mnafungua saa ngapi" the
// model sees the hours, and hardly the place. The best intent stays the best.
func (r *Reading) addParts(m *Model, text string) {
	parts := split(text)
	if len(parts) < 2 {
		return
	}
	best := r.Intents[0].Score
	for _, part := range parts[:min(len(parts), maxParts)] {
		concepts, strange := theLexicon.find(part)
		said := m.Rank(m.Probabilities(features(part, concepts, strange, false)))[0]
		for i, s := range r.Intents {
			if s.Intent == said.Intent && said.Score > sureOfAPart {
				r.Intents[i].Score = min(best, max(s.Score, said.Score))
			}
		}
	}
	slices.SortStableFunc(r.Intents, func(a, b Scored) int { return cmp.Compare(b.Score, a.Score) })
}

// joints are words between two parts of a message.
var joints = strings.Fields("na and pia also halafu then kisha alafu but lakini")

// split returns the words of the parts of a message that have enough of them.
func split(text string) (parts [][]string) {
	isMark := func(r rune) bool { return strings.ContainsRune(",.?!;\n", r) }
	for piece := range strings.FieldsFuncSeq(text, isMark) {
		all := words(piece)
		for len(all) > 0 && len(parts) < maxParts {
			end := slices.IndexFunc(all, func(w string) bool { return slices.Contains(joints, w) })
			part, rest := all, []string(nil)
			if end >= 0 {
				part, rest = all[:end], all[end+1:]
			}
			if len(part) >= minPart {
				parts = append(parts, part)
			}
			all = rest
		}
		if len(parts) == maxParts {
			break
		}
	}
	return parts
}
