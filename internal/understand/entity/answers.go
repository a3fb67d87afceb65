package entity

import (
	"cmp"
	"math"
	"slices"

	"github.com/flowhq/flowhq/internal/understand/token"
)

// A Question is what the owner has written an answer to, in several wordings and either language.
// Several wordings, as customers ask: "mko wapi", "where r u located", "ofisi ziko wapi".
type Question struct {
	// ID is the owner's answer. It comes back from Best as it was given.
	ID        string
	Questions []string
	// Texts are the answer itself, in each language. A word that stands in one answer alone, such
	// as the name of an insurer, points to it.
	Texts []string
}

// Limits on one tenant's questions and on what is compared with them.
const (
	// Every wording is compared, so the number bounds the time of one message.
	maxWordings = 5000
	// A question is asked within a few lines. The rest of a long text only adds noise.
	maxQueryTokens = 200
	// Pieces of letters find street spelling, such as "deliva" for "deliver".
	minGram = 3
	maxGram = 5
)

// How alike a text and a question must be. The thresholds and the shares below were set on the
// intents of testdata/answers/dev.tsv. Of what is out of scope there .44 accepts .027 beside 19
// questions and .048 or more beside 57; .48 accepts .022 beside 57. TestAnswersBar measures on other
// intents.
const (
	// Below, the bot offers the nearest instead of answering, as a wrong answer in the owner's name
	// is worse than a question back.
	sureScore     = 0.44
	sureScoreMany = 0.48
	sureMargin    = 0.08 // ahead of the next question
	// So far ahead the next question is not worth offering.
	clearMargin = 0.15
)

// many is from how many questions on one of these is like anything that a customer may write.
const many = 25

// Common words say little of what is asked, but "how much" and "when" still tell questions apart.
// So the weight is small, but not zero.
const commonWeight = 0.3

// The parts of a vector. Letters mend typos. Meanings find what is asked in other words or the other
// language: without them .53 of the rows of held.tsv were answered, with them .68. A text whose
// meaning is not known is compared by the other two parts.
const (
	wordShare    = 0.30
	letterShare  = 0.25
	meaningShare = 0.45
)

// tellingShare sets what an answer gains by words that stand in it alone, such as the name of an
// insurer that no question has: half of it for a message of that one word, less for a longer one.
const tellingShare = 0.3

// Answers finds the owner's question that a customer asks. It is immutable and safe for
// concurrent use.
type Answers struct {
	// ids are the questions, by their number.
	ids []string
	// wordings is how many there are over all questions.
	wordings int
	// spread and postings are by the key of a feature.
	spread map[uint64]int // in how many wordings a feature is
	// A message touches only the wordings that share a feature with it.
	postings map[uint64][]posting
	of       []int // the question of each wording
	// meanings tells what a text is about. Nil tells nothing.
	meanings func(text string) []string
	// told is by a word of the answers' texts: the question whose answer alone has it.
	told map[string]int
}

// A posting is the weight of a feature in a wording.
type posting struct {
	wording int
	weight  float64
}

// NewAnswers prepares the owner's questions. meanings returns what a text is about, by any names.
// It may be nil: then texts are compared by their words and letters alone.
// Preparing costs time in proportion to the letters of all wordings. It is done once for each
// change of the owner's list, not for each message.
func NewAnswers(questions []Question, meanings func(text string) []string) *Answers {
	a := &Answers{
		spread: map[uint64]int{}, postings: map[uint64][]posting{}, meanings: meanings,
		told: toldWords(questions),
	}
	var texts []string
	for q, question := range questions {
		a.ids = append(a.ids, question.ID)
		for _, text := range question.Questions {
			if len(texts) < maxWordings {
				texts = append(texts, text)
				a.of = append(a.of, q)
			}
		}
	}
	a.wordings = len(texts)
	// Two passes: a feature's rarity is known only when all wordings were counted.
	counts := make([]features, len(texts))
	for i, text := range texts {
		counts[i] = a.featuresOf(text)
		for _, block := range counts[i] {
			for _, f := range block.all {
				a.spread[f.key]++
			}
		}
	}
	for i := range texts {
		for _, f := range a.vector(counts[i]) {
			a.postings[f.key] = append(a.postings[f.key], posting{i, f.value})
		}
	}
	return a
}

// A feature of a text is a word, a pair of words, a piece of a word or a meaning, under the hash of
// it. Of the some thousand features of a tenant's questions no two have the same 64 bits.
type feature struct {
	key   uint64
	value float64
}

// A block counts features. They stay in the order in which the text has them, so that sums of their
// floats are the same each time a text is read.
type block struct {
	all []feature
	at  map[uint64]int // places in all
}

// add counts a feature that is made of parts.
func (b *block) add(value float64, parts ...string) {
	key := uint64(hashBasis)
	for _, part := range parts {
		for i := range len(part) {
			key = (key ^ uint64(part[i])) * hashPrime
		}
	}
	i, known := b.at[key]
	if !known {
		i = len(b.all)
		b.at[key] = i
		b.all = append(b.all, feature{key: key})
	}
	b.all[i].value += value
}

// Of the hash FNV-1a.
const (
	hashBasis = 14695981039346656037
	hashPrime = 1099511628211
)

// features are how often words, pieces of words and meanings are in a text, each block by itself.
type features [3]block

// featuresOf counts words, pairs of neighbours, pieces of three to five letters, and meanings.
// Punctuation is skipped, since customers type little of it.
func (a *Answers) featuresOf(text string) features {
	f := features{}
	for i := range f {
		f[i].at = map[uint64]int{}
	}
	if a.meanings != nil {
		for _, m := range a.meanings(text) {
			f[2].add(1, "m", m)
		}
	}
	tokens := token.Split(text)
	prev, seen := "", 0
	for _, t := range tokens {
		if t.Kind == token.Symbol {
			continue
		}
		if seen++; seen > maxQueryTokens {
			break
		}
		w := token.Squeeze(t.Text)
		weight := 1.0
		if isCommon(w) {
			weight = commonWeight
		}
		root := stem(w)
		f[0].add(weight, "w", root)
		if prev != "" {
			// A pair tells "how long" from "how much". Pairs weigh half, as word order varies.
			f[0].add(0.5, "p", prev, " ", root)
		}
		prev = root
		// Spaces mark the ends of a word. 40 letters bound the pieces of a word of nonsense.
		padded := " " + w[:min(len(w), 40)] + " "
		for n := minGram; n <= maxGram; n++ {
			for i := 0; i+n <= len(padded); i++ {
				f[1].add(weight, "c", padded[i:i+n])
			}
		}
	}
	return f
}

// stem is the form of a word that its plural and verb share, if there is one.
// Common words stay whole: what "is" or "was" would become by cutting is no use.
func stem(w string) string {
	if forms := englishKeys(w); len(forms) > 0 && !isCommon(w) {
		return forms[len(forms)-1]
	}
	return w
}

// vector weighs features by how rare they are and makes the length of the whole one. What no
// wording has counts as the rarest, so that a text about something else is not alike.
func (a *Answers) vector(f features) []feature {
	out := make([]feature, 0, len(f[0].all)+len(f[1].all)+len(f[2].all))
	share := [3]float64{wordShare, letterShare, meaningShare}
	if len(f[2].all) == 0 {
		// The length of a vector is one.
		share = [3]float64{wordShare / (1 - meaningShare), letterShare / (1 - meaningShare), 0}
	}
	for b, block := range f {
		from, length := len(out), 0.0
		for _, c := range block.all {
			// The logarithm keeps a word that is typed five times from drowning the rest.
			w := a.rarity(c.key)
			switch {
			case c.value < 1:
				w *= c.value
			case c.value > 1:
				w *= 1 + math.Log(1+c.value)
			default:
				w *= once
			}
			out = append(out, feature{c.key, w})
			length += w * w
		}
		for i := range out[from:] {
			out[from+i].value *= math.Sqrt(share[b] / length)
		}
	}
	return out
}

// once is what a feature counts that is in a text once, as most are.
var once = 1 + math.Log(2)

// rarity is the inverse document frequency, smoothed so that no feature weighs nothing.
func (a *Answers) rarity(key uint64) float64 {
	return 1 + math.Log(float64(1+a.wordings)/float64(1+a.spread[key]))
}

// Best returns the question that a text asks, how alike the two are (0 to 1), and whether that
// is enough to answer. Nearest are the ids of the two that are likest, or of the one
// that is far ahead, to be offered if not.
// The margin keeps two questions that differ by a word ("open on Sunday", "open on holidays") from
// being mistaken for one another.
func (a *Answers) Best(text string) (id string, score float64, sure bool, nearest []string) {
	// Both vectors have length 1, so the sum of products is their cosine.
	like := make([]float64, a.wordings)
	for _, f := range a.vector(a.featuresOf(text)) {
		for _, p := range a.postings[f.key] {
			like[p.wording] += f.value * p.weight
		}
	}
	// A question's score is that of its best wording, and a little of its next.
	type rank struct {
		question    int
		first, next float64
	}
	ranks := make([]rank, len(a.ids))
	for q := range ranks {
		ranks[q].question = q
	}
	for w, v := range like {
		switch r := &ranks[a.of[w]]; {
		case v > r.first:
			r.first, r.next = v, r.first
		case v > r.next:
			r.next = v
		}
	}
	// A second wording that is alike too is evidence, hence a quarter. A question with one wording
	// is not punished: its missing second counts as .6 of the first.
	bonus := a.pointedAt(text)
	total := func(r rank) float64 {
		return min(1, 0.75*r.first+0.25*max(r.next, 0.6*r.first)+bonus[r.question])
	}
	slices.SortStableFunc(ranks, func(x, y rank) int { return cmp.Compare(total(y), total(x)) })
	for _, r := range ranks[:min(2, len(ranks))] {
		if total(r) > 0 {
			nearest = append(nearest, a.ids[r.question])
		}
	}
	if len(nearest) == 0 {
		return "", 0, false, nil
	}
	score = total(ranks[0])
	ahead := score
	if len(ranks) > 1 {
		ahead = score - total(ranks[1])
	}
	if ahead >= clearMargin {
		nearest = nearest[:1]
	}
	return nearest[0], score, score >= a.sureScore() && ahead >= sureMargin, nearest
}

// sureScore is how alike a text must be to be answered.
func (a *Answers) sureScore() float64 {
	if len(a.ids) > many {
		return sureScoreMany
	}
	return sureScore
}

// toldWords finds the words that stand in one answer, or in its questions, and in no other. The
// value is the number of the question; a word of several answers has nobody's, and points nowhere.
func toldWords(questions []Question) map[string]int {
	told := map[string]int{}
	for q, question := range questions {
		for _, text := range slices.Concat(question.Texts, question.Questions) {
			for _, w := range tellingWords(text) {
				if of, ok := told[w]; ok && of != q {
					told[w] = nobodys
				} else if !ok {
					told[w] = q
				}
			}
		}
	}
	return told
}

// nobodys is no number of a question.
const nobodys = -1

// tellingWords are the stems of a text's words that say what it is about.
func tellingWords(text string) (all []string) {
	for _, t := range token.Split(text) {
		if w := token.Squeeze(t.Text); t.Kind == token.Word && len(w) > 3 && !isCommon(w) {
			all = append(all, stem(w))
		}
		if len(all) == maxQueryTokens {
			break
		}
	}
	return all
}

// pointedAt returns how much each question gains from the words of a text that its answer alone
// has.
func (a *Answers) pointedAt(text string) map[int]float64 {
	words := tellingWords(text)
	bonus := map[int]float64{}
	for _, w := range words {
		if q, ok := a.told[w]; ok && q != nobodys {
			bonus[q] += tellingShare / float64(len(words)+1)
		}
	}
	return bonus
}
