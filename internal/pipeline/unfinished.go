package pipeline

import (
	"slices"
	"strings"
	"unicode"

	"github.com/flowhq/flowhq"
)

// A text of this many words says something by itself, unless its end or its numbers say that more
// follows.
const wholeWords = 3

// Words, in both languages, that tell an unfinished text. They need not be complete: a text that
// is wrongly taken for unfinished is answered a moment later, and a wrong one at once.
var (
	// greetings say nothing of what somebody wants.
	greetings = words(`hello hi hey hallo helo good morning afternoon evening day habari mambo niaje
		sasa vipi hujambo jambo shikamoo salama salaam salam asalam aleikum poa za leo asubuhi mchana
		jioni usiku gani yako zenu wewe there sir madam boss bro dear please tafadhali samahani excuse
		me ndugu kaka dada mkuu`)
	// openers announce an order, a booking or a question that follows.
	openers = words(`order oda kuagiza naagiza agiza nataka naomba nahitaji ningependa natafuta want
		need like would book booking kubook miadi appointment buy kununua ninunue nunua question swali
		please i to a an the some my and na kwa ya wa la yangu make place`)
	// joints at the end of a text join what follows.
	joints = words(`na and plus pia also with or au kwa for to the a then halafu kisha`)
)

// words are the words of a list.
func words(list string) map[string]bool {
	set := make(map[string]bool)
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

// unfinished reports whether more is likely to follow a message within a moment: it is a greeting
// alone, an order without anything that is ordered, an item of a list, a fragment, a picture whose
// question is still being typed. A number, a yes and what ends like a sentence are whole.
func unfinished(m flowhq.Message) bool {
	// Voice notes and stickers stand for themselves. A picture or a place often has its question
	// after it.
	if m.Wordless {
		return m.Media != flowhq.MediaVoice && m.Media != flowhq.MediaSticker
	}
	if m.Kind != flowhq.KindText {
		return false
	}
	text := strings.TrimSpace(strings.ToLower(m.Text))
	if text == "" || strings.ContainsAny(text[len(text)-1:], ".?!") &&
		!strings.HasSuffix(text, "...") {
		return false
	}
	if strings.HasSuffix(text, ",") || strings.HasSuffix(text, ":") ||
		strings.HasSuffix(text, "-") || strings.HasSuffix(text, "...") {
		return true
	}
	fields := strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || r == ',' || r == ';'
	})
	// The order matters: a joint at the end outweighs what the text says before it.
	switch {
	case len(fields) == 0:
		return false
	case joints[fields[len(fields)-1]]:
		return true
	case allIn(fields, greetings), len(fields) > 1 && allIn(fields, openers):
		return true
	case len(fields) <= wholeWords+1 && len(fields) > 1 && slices.ContainsFunc(fields, isQuantity):
		return true
	}
	return len(fields) < wholeWords && openers[fields[0]]
}

// allIn reports whether all words are in the set, but for punctuation around them.
func allIn(fields []string, set map[string]bool) bool {
	for _, w := range fields {
		if !set[strings.TrimFunc(w, unicode.IsPunct)] {
			return false
		}
	}
	return true
}

// isQuantity reports whether a word is how many or how much of something: 2, 2kg, x3.
func isQuantity(w string) bool {
	const most = 6 // longer is a telephone number, or an order's
	digits := strings.IndexFunc(w, unicode.IsDigit)
	return digits >= 0 && digits <= 1 && len(w) <= most && !strings.ContainsAny(w, ":/")
}
