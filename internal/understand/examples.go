package understand

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// Bounds on an owner's examples.
const (
	// Each message is compared with every example.
	maxExamples = 500
	alike       = .55 // an example that is at least so like a message says what it may be about
	almostEqual = .72 // and so like it, what it is about
)

// Examples are an owner's own wordings of intents. They are immutable.
// An owner's example works at once, without training. One that is nearly the message outweighs the
// model, as the owner knows the business.
type Examples struct {
	// intents and vectors go together by index.
	intents []Intent
	vectors [][]Feature // sorted by bucket, of length 1
}

// NewExamples indexes an owner's wordings by intent, 500 at most.
// Intents are taken in order, so that the same 500 stay where there are more.
func NewExamples(wordings map[Intent][]string) *Examples {
	e := &Examples{}
	for _, intent := range slices.Sorted(maps.Keys(wordings)) {
		for _, text := range wordings[intent] {
			v := likenessVector(words(text))
			// A wording of marks alone says nothing.
			if len(v) == 0 || len(e.vectors) == maxExamples {
				continue
			}
			e.intents = append(e.intents, intent)
			e.vectors = append(e.vectors, v)
		}
	}
	return e
}

// nearest returns the intent of the example that is most like the words, and how like from 0 to 1.
// A nil receiver is a business without examples. Of two equally like, the first wins.
func (e *Examples) nearest(words []string) (best Intent, likeness float64) {
	if e == nil || len(e.vectors) == 0 {
		return Other, 0
	}
	v := likenessVector(words)
	for i, example := range e.vectors {
		if l := cosine(v, example); l > likeness {
			best, likeness = e.intents[i], l
		}
	}
	return best, likeness
}

// likenessVector returns the words, their letters and their concepts. Words that many messages
// have count little, rare ones are what an example is about.
// The model's features are not used: they weigh "nataka" as much as "braids", and every example
// with "nataka" would be near.
func likenessVector(words []string) []Feature {
	weights := map[uint32]float32{}
	for _, w := range words {
		weight := float32(1)
		found, _ := theLexicon.find([]string{w})
		// A fifth still lets short words decide between two examples.
		if runeCount(w) <= 2 || isCommon(found) {
			weight = .2
		}
		weights[bucket(kindWord, shape(w))] += weight
		letters := appendLetters(nil, shape(w))
		// The letters of a word together weigh what the root of their number gives, so that long
		// words lead only a little.
		for _, b := range letters {
			weights[b] += weight / float32(math.Sqrt(float64(len(letters))))
		}
	}
	found, _ := theLexicon.find(words)
	for _, c := range found {
		if !isCommon([]int{c}) {
			weights[bucket(kindConcept, theLexicon.concepts[c])] += .5
		}
	}
	return unit(weights)
}

// commonConcepts are touched by messages about anything.
// "Nataka kesho" shares two of them with most bookings and orders.
var commonConcepts = []string{"day", "greeting", "my", "question", "want", "yes"}

// isCommon reports whether concepts were found, and all of them are common.
// A word without any concept is not common: it may be a product's name.
func isCommon(found []int) bool {
	for _, c := range found {
		if !slices.Contains(commonConcepts, theLexicon.concepts[c]) {
			return false
		}
	}
	return len(found) > 0
}

// unit returns the weights as a vector of length 1, sorted by bucket.
// Sorting also makes the sums of floats independent of the map's order.
func unit(weights map[uint32]float32) []Feature {
	v := make([]Feature, 0, len(weights))
	for b, w := range weights {
		v = append(v, Feature{b, w})
	}
	slices.SortFunc(v, func(a, b Feature) int { return cmp.Compare(a.Bucket, b.Bucket) })
	// The caller's words are never all weightless, so the length is not zero.
	squares := 0.0
	for _, f := range v {
		squares += float64(f.Value) * float64(f.Value)
	}
	for i := range v {
		v[i].Value /= float32(math.Sqrt(squares))
	}
	return v
}

// cosine returns the product of two sorted vectors of length 1.
// The time is the sum of both lengths.
func cosine(a, b []Feature) float64 {
	sum := 0.0
	for len(a) > 0 && len(b) > 0 {
		switch cmp.Compare(a[0].Bucket, b[0].Bucket) {
		case -1:
			a = a[1:]
		case 1:
			b = b[1:]
		default:
			sum += float64(a[0].Value) * float64(b[0].Value)
			a, b = a[1:], b[1:]
		}
	}
	return sum
}

// prefer puts the intent of an owner's example first if it is like the message. An example of
// [Other] says that such a message is none of the bot's business.
// What the model is sure of is overruled only by an example that is almost the message.
func (r *Reading) prefer(intent Intent, likeness float64) {
	if likeness < alike || r.Band == Sure && likeness < almostEqual {
		return
	}
	band := Unsure
	if likeness >= almostEqual {
		band = Sure
	}
	// "Mnanunua nywele?" as an example of Other keeps the bot from offering its services.
	if intent == Other {
		r.Band = Unknown
		return
	}
	i := slices.IndexFunc(r.Intents, func(s Scored) bool { return s.Intent == intent })
	if i < 0 {
		return // an intent that the template does not have
	}
	s := Scored{intent, max(r.Intents[i].Score, likeness)}
	r.Intents = slices.Insert(slices.Delete(r.Intents, i, i+1), 0, s)
	r.Band = max(r.Band, band)
}
