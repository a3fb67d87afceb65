package train

import (
	"cmp"
	"maps"
	"slices"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
)

// A Scored is a row as a model reads it.
// Want and Best are coarse names.
type Scored struct {
	Row   *Row
	Want  understand.Intent
	Best  understand.Intent
	Trust float64 // how likely Best is
}

// coarse returns the name under which an intent is compared. The sources do not tell thanks and
// goodbyes from greetings, nor opening hours from free times.
// Without it, right readings would count as wrong where the label is at fault.
func coarse(i understand.Intent) understand.Intent {
	switch i {
	case understand.Thanks, understand.Bye:
		return understand.Greeting
	case understand.Hours:
		return understand.Availability
	default:
		return i
	}
}

// score reads the rows that belong to the template.
// Rows of other templates are passed over.
func score(m *understand.Model, rows []*Row, t flowhq.Template) []Scored {
	var all []Scored
	for _, r := range rows {
		if want := r.label(t); want != "" {
			best := m.Rank(m.Probabilities(r.features))[0]
			all = append(all, Scored{r, coarse(want), coarse(best.Intent), best.Score})
		}
	}
	return all
}

// strangers reads the out-of-scope rows of each source with a model that has seen nothing of the
// source: what customers write that is none of the business's comes from no source that we know.
// One more training for each source is most of what training costs.
func strangers(rows []*Row, t flowhq.Template) []Scored {
	sources := map[string]bool{}
	for _, r := range rows {
		if r.label(t) == understand.Other && r.dataset() != seedSource {
			sources[r.dataset()] = true
		}
	}
	var all []Scored
	// In order, as a map has none.
	for _, source := range slices.Sorted(maps.Keys(sources)) {
		left := keep(rows, func(r *Row) bool {
			return r.dataset() == source && r.label(t) == understand.Other
		})
		if len(left) < enoughStrangers {
			continue
		}
		m := Fit(keep(rows, func(r *Row) bool { return r.dataset() != source }), t)
		all = append(all, score(m, left, t)...)
	}
	return all
}

// enoughStrangers is how many rows a source must have for a share of them to mean something.
// At 4.5 %, a hundred rows let four or five through.
const enoughStrangers = 100

// threshold returns the trust above which the given share of the rows are, each source counting
// the same however many rows it has.
// Large sources would otherwise set it alone.
func threshold(scored []Scored, accepted float64) float64 {
	rows := map[string]float64{}
	for _, s := range scored {
		rows[s.Row.dataset()]++
	}
	// The surest rows come first and are let through until the share is used up.
	slices.SortFunc(scored, func(a, b Scored) int { return cmp.Compare(b.Trust, a.Trust) })
	above := 0.0
	for _, s := range scored {
		above += 1 / rows[s.Row.dataset()] / float64(len(rows))
		if above > accepted {
			return s.Trust
		}
	}
	return 0
}

// Figures are what one set of rows measures.
// docs/answers.md says how to read them.
type Figures struct {
	// Rows are those in scope.
	Rows              int
	Accuracy, MacroF1 float64 // of the rows in scope
	OutOfScope        int
	Accepted          float64 // share of the rows out of scope
	Abstained         float64 // share of the rows in scope
	// F1 has only intents that the rows have.
	F1 map[understand.Intent]float64
}

// measure compares what was read with what was meant. A row below the threshold counts as read
// as out of scope.
// A wrong intent counts twice: against the intent that was meant, and against the one named.
func measure(scored []Scored, threshold float64) Figures {
	f := Figures{F1: map[understand.Intent]float64{}}
	type count struct{ right, wrong, missed int }
	counts := map[understand.Intent]*count{}
	at := func(i understand.Intent) *count {
		if counts[i] == nil {
			counts[i] = &count{}
		}
		return counts[i]
	}
	right, abstained, accepted := 0, 0, 0
	for _, s := range scored {
		got := s.Best
		if s.Trust <= threshold {
			got = understand.Other
		}
		// Rows out of scope take no part in the accuracy, only in F1.
		if s.Want == understand.Other {
			f.OutOfScope++
			if got != understand.Other {
				accepted++
				at(got).wrong++
			}
			continue
		}
		f.Rows++
		switch got {
		case s.Want:
			right++
			at(got).right++
		case understand.Other:
			abstained++
			at(s.Want).missed++
		default:
			at(got).wrong++
			at(s.Want).missed++
		}
	}
	f.Accuracy, f.Abstained = share(right, f.Rows), share(abstained, f.Rows)
	f.Accepted = share(accepted, f.OutOfScope)
	n := 0
	for i, c := range counts {
		if c.right+c.missed == 0 {
			continue // a class that these rows do not have
		}
		f.F1[i] = 2 * float64(c.right) / float64(2*c.right+c.wrong+c.missed)
		n++
	}
	intents := make([]understand.Intent, 0, n)
	for i := range f.F1 {
		intents = append(intents, i)
	}
	// Sums of floats depend on their order.
	slices.SortFunc(intents, cmp.Compare[understand.Intent])
	for _, i := range intents {
		f.MacroF1 += f.F1[i] / float64(n)
	}
	return f
}

// No rows give 0, not a NaN in the tables.
func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// keep returns the rows for which the function is true.
// The order of the rows stays.
func keep(rows []*Row, is func(*Row) bool) []*Row {
	var kept []*Row
	for _, r := range rows {
		if is(r) {
			kept = append(kept, r)
		}
	}
	return kept
}
