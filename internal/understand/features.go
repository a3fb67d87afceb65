package understand

import (
	"math"
	"slices"
	"strings"
)

// Buckets is how many features a model tells apart. Features are hashed; of some 300,000 that
// the training data have, the few that share a bucket cost less than a larger table would.
const Buckets = 1 << 17

// A Feature is one bucket and how much of it a message has.
// Values are shares of a block. None is negative.
type Feature struct {
	Bucket uint32
	Value  float32
}

// Weights of the blocks against one another. Each block's values have a length of 1 before,
// so that a long message's many letters do not drown its two concepts.
const (
	// Concepts weigh more, as they hold in sentences that no source has.
	wordsWeight    = 1.0
	lettersWeight  = 1.0
	conceptsWeight = 1.5
)

// Kinds of features, hashed with them so that a word and equal letters differ.
const (
	// The numbers are part of the weights: a new kind goes to the end.
	kindWord = iota + 1
	kindPair
	kindLetters
	kindConcept
	kindConceptPair
	// kindBare is a message of one concept only: "bei?" asks the price, though "bei" beside other
	// concepts may be about anything.
	kindBare
	// kindStrange counts the words that the lexicon does not know.
	kindStrange
)

// maxStrange is how many words without a concept are counted. Many are a sign that the message
// is about something else.
const maxStrange = 6

// Features returns what the models see of a message.
// Training calls it too. Whatever changes here needs new weights.
func Features(text string) []Feature {
	w := words(text)
	found, strange := theLexicon.find(w)
	return features(w, found, strange, strings.Contains(text, "?"))
}

// features returns three blocks: words and pairs, runs of letters, concepts and their pairs.
// "Bei ya kunyoa?" gives words, neighbours, runs such as "<bei" and the concepts price and shave.
func features(words []string, concepts []int, strange int, asks bool) []Feature {
	// Digits are replaced by their length, so that no order number is learned.
	shapes := make([]string, len(words))
	for i, w := range words {
		shapes[i] = shape(w)
	}
	// 512 hold most messages without another allocation.
	block := make([]uint32, 0, 512)
	all := make([]Feature, 0, 512)
	end := func(weight float64) {
		all = appendBlock(all, block, weight)
		block = block[:0]
	}
	// "^" and "$" mark both ends: a greeting at the beginning is another feature than one at the
	// end.
	before := "^"
	for _, w := range shapes {
		block = append(block, bucket(kindWord, w), bucket2(kindPair, before, w))
		before = w
	}
	block = append(block, bucket2(kindPair, before, "$"))
	// "Mna unga?" asks, "nataka unga" orders.
	if asks {
		block = append(block, bucket(kindWord, "?"))
	}
	end(wordsWeight)
	for _, w := range shapes {
		block = appendLetters(block, w)
	}
	end(lettersWeight)
	for i, c := range concepts {
		name := theLexicon.concepts[c]
		block = append(block, bucket(kindConcept, name))
		for _, d := range concepts[i+1:] {
			block = append(block, bucket2(kindConceptPair, name, theLexicon.concepts[d]))
		}
	}
	if len(concepts) == 1 {
		block = append(block, bucket(kindBare, theLexicon.concepts[concepts[0]]))
	}
	// One feature for each step, so that four strange words count as one to four.
	for n := range min(strange, maxStrange) {
		block = append(block, bucket(kindStrange, string(rune('a'+n))))
	}
	end(conceptsWeight)
	return all
}

// appendBlock appends the buckets, each once, as a block of the given length.
// A word typed ten times counts once. Sorted buckets make the sums independent of the order.
func appendBlock(all []Feature, block []uint32, weight float64) []Feature {
	slices.Sort(block)
	block = slices.Compact(block)
	value := float32(weight / math.Sqrt(float64(len(block))))
	for _, b := range block {
		all = append(all, Feature{b, value})
	}
	return all
}

// appendLetters appends the runs of three to five letters of a word, its ends marked.
// Runs find the stem in "tunauza" and "mnauza", and what a typo leaves of a word.
func appendLetters(block []uint32, word string) []uint32 {
	letters := append(append([]rune{'<'}, []rune(word)...), '>')
	for i := range letters {
		h := seed(kindLetters)
		for n := 0; n < 5 && i+n < len(letters); n++ {
			h = mix(h, uint32(letters[i+n]))
			if n >= 2 {
				block = append(block, finish(h))
			}
		}
	}
	return block
}

// shape returns the word, or only the length of what has digits: order numbers are all alike.
// Three classes of length keep choices (1-2), prices (3-6) and phones or accounts apart.
func shape(word string) string {
	if !strings.ContainsAny(word, "0123456789") {
		return word
	}
	switch n := len(word); {
	case n <= 2:
		return "#"
	case n <= 6:
		return "##"
	default:
		return "###"
	}
}

// Hashing is FNV-1a, of which nothing changes with a version of Go.
func seed(kind int) uint32 { return mix(2166136261, uint32(kind)) }

// mix takes 24 bits of v.
func mix(h, v uint32) uint32 {
	for range 3 { // a letter has up to 21 bits
		h = (h ^ v&0xff) * 16777619
		v >>= 8
	}
	return h
}

func mixString(h uint32, s string) uint32 {
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}

// finish spreads a hash over the buckets: the low bits of FNV alone are poor.
// Its constants are those of a common finaliser; another would need new weights.
func finish(h uint32) uint32 { return ((h ^ h>>15) * 2246822519 >> 9) % Buckets }

func bucket(kind int, s string) uint32 { return finish(mixString(seed(kind), s)) }

// The space keeps "a bc" and "ab c" apart.
func bucket2(kind int, a, b string) uint32 {
	return finish(mixString(mix(mixString(seed(kind), a), ' '), b))
}

// PlainFeatures returns the words and letters without the concepts, for comparison.
func PlainFeatures(text string) []Feature { return features(words(text), nil, 0, false) }
