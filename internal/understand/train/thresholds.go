package train

import (
	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
)

// Shares of the out-of-scope rows of a source never seen that may be taken for something. Of the
// sources that were trained on, less than half as many are.
const (
	// A wrong action annoys more than a wrong question, so fewer may pass to Act.
	acceptedWhenActing = .045
	// One in 14 strange messages gets a question that fits nothing.
	acceptedWhenAsking = .07
)

// setThresholds sets Act and Ask on the training rows, each read by a model that was trained
// without its source.
// Out-of-scope rows that were trained on are easily known as such, and would set the thresholds too
// low.
func setThresholds(m *understand.Model, rows []*Row, t flowhq.Template) {
	scored := strangers(rows, t)
	m.Act = threshold(scored, acceptedWhenActing)
	m.Ask = threshold(scored, acceptedWhenAsking)
}

// Train makes the weights of all templates. Held-out rows are left out, so that the tests of the
// weights are of rows they have not seen.
// The caller says where progress goes. Training takes minutes.
func Train(rows []*Row, say func(format string, args ...any)) *understand.Weights {
	rows = keep(rows, func(r *Row) bool { return !r.HeldOut() })
	w := &understand.Weights{Models: map[flowhq.Template]*understand.Model{}}
	for _, t := range flowhq.Templates {
		m := Fit(rows, t)
		setThresholds(m, rows, t)
		w.Models[t] = m
		say("%s: act above %.3f, ask above %.3f", t, m.Act, m.Ask)
	}
	w.Language = FitLanguage(rows)
	return w
}
