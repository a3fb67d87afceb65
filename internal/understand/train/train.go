package train

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
)

// What training depends on. Found by what sources left out of the training rows lost or gained,
// never on held-out rows.
const (
	epochs = 8
	rate   = .25 // of AdaGrad
	// With so many dropped, no single word carries an intent, which is what makes a new source
	// readable.
	dropped     = .7  // share of a row's features that are dropped each time it is seen
	seedRepeats = 5   // an author's phrase counts as five of a public source
	enough      = .02 // a smaller error is not worth a step
	// A source may have so many rows of an intent and language before each counts less, and by
	// which power: one data set has 2,000 rows of bookings at restaurants.
	perSource, perSourcePower = 80, .8
)

// An example is one row's features and the classes that are right, of a training.
// Two classes are right for a message of two intents.
type example struct {
	features []understand.Feature
	right    []int
	weight   float32
}

// trainer has the weights while they are learned. Classes have no bias: a message of which the
// model knows nothing is then equally unlike all of them, and not like the commonest.
type trainer struct {
	// classes are in the order of the model's.
	classes []understand.Intent
	// squares are the sums of squared gradients, by which AdaGrad takes smaller steps for frequent
	// features.
	w, squares []float32 // a row of the table is one bucket's
	// random has a fixed seed: the same data must give the same bytes.
	random *rand.Rand
	// sums is kept between steps to save an allocation for each.
	sums []float32
	busy []int // classes whose error is worth a step
}

// Weights begin at zero, so that a feature never seen says nothing.
func newTrainer(classes []understand.Intent) *trainer {
	n := understand.Buckets * len(classes)
	return &trainer{
		classes: classes, w: make([]float32, n), squares: make([]float32, n),
		sums: make([]float32, len(classes)), random: rand.New(rand.NewPCG(1, 2)),
	}
}

// fit goes over the examples in an order that changes with each epoch.
// The step shrinks with the epochs, so that the last rows seen do not weigh most.
func (t *trainer) fit(examples []example) {
	kept := make([]understand.Feature, 0, 1024)
	for epoch := range epochs {
		step := float32(rate / math.Sqrt(1+float64(epoch)/2))
		for _, i := range t.random.Perm(len(examples)) {
			e := examples[i]
			kept = kept[:0]
			for _, f := range e.features {
				if t.random.Float32() >= dropped {
					// The rest is scaled up, so that the sums keep their size on average.
					f.Value /= 1 - dropped
					kept = append(kept, f)
				}
			}
			t.step(kept, e, step)
		}
	}
}

// step moves the weights towards what is right for one example.
// The time is features times classes that are wrong by enough.
func (t *trainer) step(features []understand.Feature, e example, rate float32) {
	n := len(t.classes)
	clear(t.sums)
	for _, f := range features {
		row := t.w[int(f.Bucket)*n:][:n]
		for k, w := range row {
			t.sums[k] += w * f.Value
		}
	}
	errors := t.sums
	understand.Softmax(errors)
	for _, k := range e.right {
		// The share of each right class: with two, both are drawn to one half.
		errors[k] -= 1 / float32(len(e.right))
	}
	t.busy = t.busy[:0]
	for k, err := range errors {
		if err > enough || err < -enough {
			t.busy = append(t.busy, k)
		}
	}
	for _, f := range features {
		at := int(f.Bucket) * n
		for _, k := range t.busy {
			g := errors[k] * e.weight * f.Value
			t.squares[at+k] += g * g
			// The small constant bounds the first step of a feature.
			t.w[at+k] -= rate * g / float32(math.Sqrt(float64(t.squares[at+k]+1e-4)))
		}
	}
}

// model rounds the weights to whole steps.
// A weight of one step or less is dropped: zeros compress, and the figures stay.
func (t *trainer) model() *understand.Model {
	n := len(t.classes)
	m := &understand.Model{
		Classes: t.classes, Scale: make([]float32, n), Table: make([]int8, len(t.w)),
	}
	for k := range t.classes {
		m.Scale[k] = quantum(t.w, k, n)
	}
	for i, w := range t.w {
		v := math.Round(float64(w / m.Scale[i%n]))
		if math.Abs(v) > noise {
			m.Table[i] = int8(max(-steps, min(steps, v)))
		}
	}
	return m
}

// Weights are rounded to so many steps either side of zero; noise is how many of them say
// nothing. 127 steps take a megabyte more and measure the same.
const (
	steps = 24
	noise = 1
)

// quantum returns what a step of a class's weights is worth: the largest weights, one in 10,000,
// are cut so that the many small ones are told apart.
// The bound keeps a class without weights from a division by zero.
func quantum(w []float32, k, n int) float32 {
	sizes := make([]float32, 0, len(w)/n)
	for i := k; i < len(w); i += n {
		sizes = append(sizes, max(w[i], -w[i]))
	}
	slices.Sort(sizes)
	return max(sizes[len(sizes)-1-len(sizes)/10000], 1e-6) / steps
}

// classesOf returns the classes of a template's model.
// Other comes last, so that the numbers of the intents do not change with it.
func classesOf(t flowhq.Template) []understand.Intent {
	return append(understand.Intents(t), understand.Other)
}

// examplesOf returns a template's examples of the rows.
// A seed is repeated in place of a larger weight, as each copy then drops other features.
func examplesOf(rows []*Row, t flowhq.Template) []example {
	classes := classesOf(t)
	// Rows are counted by cell, so that a source may be large in one intent and small in another.
	type cell struct {
		intent            understand.Intent
		dataset, language string
	}
	count := map[cell]int{}
	for _, r := range rows {
		count[cell{r.label(t), r.dataset(), r.Language}]++
	}
	var all []example
	for _, r := range rows {
		intent := r.label(t)
		if intent == "" {
			continue
		}
		e := example{features: r.features, right: []int{slices.Index(classes, intent)}, weight: 1}
		repeats := 1
		switch {
		case r.dataset() == seedSource:
			repeats = seedRepeats
		// Out-of-scope rows keep their weight: what customers write besides business has no end.
		case intent != understand.Other:
			n := float64(count[cell{intent, r.dataset(), r.Language}])
			e.weight = float32(min(1, math.Pow(perSource/n, perSourcePower)))
		}
		for range repeats {
			all = append(all, e)
		}
	}
	return all
}

// Fit trains a template's model. Its Act and Ask are not set.
// The same rows always give the same model.
func Fit(rows []*Row, t flowhq.Template) *understand.Model {
	tr := newTrainer(classesOf(t))
	tr.fit(withoutRare(append(examplesOf(rows, t), pairs(rows, t)...)))
	return tr.model()
}

// rare is in how many examples a feature has to be. Half of the runs of letters are in fewer, and
// would fill the table with what one row happens to hold.
// A name or a typo of one row would be learned by heart.
const rare = 3

// withoutRare drops the features that few examples have.
// It counts buckets, not features: those that share one count together.
func withoutRare(examples []example) []example {
	seen := make([]int, understand.Buckets)
	for _, e := range examples {
		for _, f := range e.features {
			seen[f.Bucket]++
		}
	}
	for i, e := range examples {
		kept := make([]understand.Feature, 0, len(e.features))
		for _, f := range e.features {
			if seen[f.Bucket] >= rare {
				kept = append(kept, f)
			}
		}
		examples[i].features = kept
	}
	return examples
}

// pairs returns examples of messages that carry two intents, joined of two seeds.
// Public rows carry one intent each, while customers write "bei gani na mko wapi".
func pairs(rows []*Row, t flowhq.Template) []example {
	seeds := keep(rows, func(r *Row) bool {
		return r.dataset() == seedSource && r.label(t) != "" && r.label(t) != understand.Other
	})
	// An order by hash mixes intents and languages, and stays when seeds are added.
	slices.SortStableFunc(seeds, func(a, b *Row) int {
		return cmp.Compare(a.part("pair", 1<<30), b.part("pair", 1<<30))
	})
	classes := classesOf(t)
	var all []example
	for i, a := range seeds {
		// Each seed is joined with its next three, once with each joint.
		for n, joint := range []string{", ", " na ", " and "} {
			b := seeds[(i+1+n)%len(seeds)]
			// Two of one intent would teach nothing.
			if a.label(t) == b.label(t) {
				continue
			}
			all = append(all, example{
				features: understand.Features(a.Text + joint + b.Text), weight: 1,
				right: []int{slices.Index(classes, a.label(t)), slices.Index(classes, b.label(t))},
			})
		}
	}
	return all
}

// FitLanguage trains the model that tells Swahili from English.
// Source and split do not matter: the language of every row is known.
func FitLanguage(rows []*Row) *understand.Model {
	tr := newTrainer(understand.LanguageClasses)
	var all []example
	for _, r := range rows {
		class := slices.Index(understand.LanguageClasses, understand.Intent(r.Language))
		if class >= 0 { // neither, where both are mixed
			all = append(all, example{r.languageFeatures, []int{class}, 1})
		}
	}
	tr.fit(withoutRare(all))
	return tr.model()
}
