package understand

import (
	"cmp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
)

// ReadWith is [Read] with an owner's examples, which may be nil.
// The call is pure: the pipeline may repeat it after a crash and gets the same reading.
func ReadWith(text string, t flowhq.Template, examples *Examples) Reading {
	w := theWeights()
	m := w.Models[t]
	// An unknown template is read as BOOKING, as [Intents] does.
	if m == nil {
		m = w.Models[flowhq.BookingTemplate]
	}
	return w.read(m, text, examples)
}

// read reads a message with one template's model.
// The order of the steps matters. Examples may change the band, parts are read only of what is
// sure, and small talk is demoted last, when all scores are known.
func (w *Weights) read(m *Model, text string, examples *Examples) Reading {
	r := Reading{Words: words(text)}
	r.Language, r.LanguageSure = languageOf(w.Language, r.Words)
	concepts, strange := theLexicon.find(r.Words)
	r.Concepts = theLexicon.names(concepts)
	// The question mark is lost in words, so it is taken from the text.
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
	// Parts of a message that is not understood as a whole would be guesses.
	if r.Band == Sure {
		r.addParts(m, text)
	}
	r.demoteSmallTalk(m)
	return r
}

// isSaid reports whether a word is more than a number.
// Emoji count as said: "👍" affirms.
func isSaid(word string) bool { return shape(word) == word }

// band returns the band of a message whose best intent has the score.
// Both limits are without: at the threshold itself the band is the lower one.
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
// "Sawa" and "ok" open messages as greetings do, hence Affirm.
var pleasantries = []Intent{Greeting, Thanks, Bye, Affirm}

// demoteSmallTalk puts what a message is about before the greeting it opens with: "Hi, how much
// is a shave" is a question for the price.
func (r *Reading) demoteSmallTalk(m *Model) {
	if !slices.Contains(pleasantries, r.Intents[0].Intent) {
		return
	}
	for i, s := range r.Intents[1:] {
		// The list is sorted, so no later intent can pass either.
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
// A smaller share would let the words around a greeting outvote it.
const businessShare = .5

// Bounds on the parts of a message that are read by themselves.
const (
	// Each part costs a reading of its own.
	maxParts    = 4
	minPart     = 2  // words
	sureOfAPart = .6 // few words say less than many, so a part has to be clearer than a message
)

// addParts raises the intents of a message's parts: of "mko wapi na mnafungua saa ngapi" the
// model sees the hours, and hardly the place. The best intent stays the best.
// The second intent must not hide behind the first: a customer who asks for place and hours wants
// both told.
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
				// A part may equal the best, but not overtake it.
				r.Intents[i].Score = min(best, max(s.Score, said.Score))
			}
		}
	}
	slices.SortStableFunc(r.Intents, func(a, b Scored) int { return cmp.Compare(b.Score, a.Score) })
}

// joints are words between two parts of a message.
// "Na" also means "with", so a part is often cut wrongly. It then is short or unclear, and raises
// nothing.
var joints = strings.Fields("na and pia also halafu then kisha alafu but lakini")

// split returns the words of the parts of a message that have enough of them.
// Punctuation cuts first, joints second. The loop ends when four parts are found.
func split(text string) (parts [][]string) {
	// A point within a number cuts too, but leaves parts without words.
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
