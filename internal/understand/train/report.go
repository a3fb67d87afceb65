package train

import (
	"fmt"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
)

// reportFolds is how often the balanced rows are split, so that each is read once by models that
// have not seen it.
// Five leave four fifths for training, and cost five trainings of each template.
const reportFolds = 5

// A reading is one set of rows as read by models that were trained without them, at thresholds
// that were set without them.
type reading struct {
	// what is "" or "without " and the source.
	template, language, what string
	// figures are those of one language.
	figures Figures
}

// Report measures everything that docs/answers.md says, and returns its tables.
// It takes some minutes, nearly all of them for the sources left out.
func Report(rows []*Row, say func(format string, args ...any)) string {
	var b strings.Builder
	b.WriteString("\n### Held-out rows of sources that are known\n\n" + tableHead)
	for _, r := range crossValidate(rows, fitBoth, say) {
		b.WriteString(r.line())
	}
	// The plain model shows what lexicon and seeds are worth.
	b.WriteString("\n### The same with a plain linear model\n\n" + tableHead)
	for _, r := range crossValidate(plain(rows), fitBoth, say) {
		b.WriteString(r.line())
	}
	b.WriteString("\n### A source left out\n\n" + tableHead)
	// Only these say what to expect of a business that nobody has seen.
	for _, source := range strings.Fields("injongo massive clinc150 multidogo bitext " +
		"nlu++ banking77 afrisenti") {
		for _, r := range leaveOut(rows, source, say) {
			b.WriteString(r.line())
		}
	}
	b.WriteString(languageReport(rows))
	return b.String()
}

const tableHead = "| template | language | rows | accuracy | macro-F1 | abstained |" +
	" out of scope | accepted |\n" +
	"|---|---|---|---|---|---|---|---|\n"

// line returns the reading as a line of the table.
// A source without rows in scope has no accuracy, hence the dashes.
func (r reading) line() string {
	f := r.figures
	name := r.template
	if r.what != "" {
		name += ", " + r.what
	}
	if f.Rows == 0 {
		return fmt.Sprintf("| %s | %s | 0 | – | – | – | %d | %.3f |\n",
			name, r.language, f.OutOfScope, f.Accepted)
	}
	return fmt.Sprintf("| %s | %s | %d | %.3f | %.3f | %.3f | %d | %.3f |\n", name, r.language,
		f.Rows, f.Accuracy, f.MacroF1, f.Abstained, f.OutOfScope, f.Accepted)
}

// A fitter trains a model with its thresholds.
// The two tables differ in rows and features, not in how thresholds are set.
type fitter func(rows []*Row, t flowhq.Template) *understand.Model

// It sets the thresholds on the same rows, never on those that are read afterwards.
func fitBoth(rows []*Row, t flowhq.Template) *understand.Model {
	m := Fit(rows, t)
	setThresholds(m, rows, t)
	return m
}

// crossValidate reads each balanced row with a model trained without its fold.
// Templates, folds and languages are gone through in a fixed order, so the report is the same each
// time.
func crossValidate(rows []*Row, fit fitter, say func(format string, args ...any)) []reading {
	var all []reading
	for _, t := range flowhq.Templates {
		read := map[string][]Scored{}
		for fold := range reportFolds {
			say("%s: fold %d of %d", t, fold+1, reportFolds)
			held := func(r *Row) bool {
				return r.Split == "dev" && r.part("held out", reportFolds) == fold
			}
			m := fit(keep(rows, func(r *Row) bool { return !held(r) }), t)
			for _, s := range score(m, keep(rows, held), t) {
				// At a trust relative to its own threshold, all folds share the threshold 0.
				s.Trust -= m.Ask // thresholds differ between folds
				read[s.Row.Language] = append(read[s.Row.Language], s)
			}
		}
		for _, language := range []string{"en", "sw"} {
			all = append(all, reading{string(t), language, "", measure(read[language], 0)})
		}
	}
	return all
}

// leaveOut reads a source's balanced rows with models that have seen none of the source, in
// either language.
// Only balanced rows are read, since a source's frequent intents would drown the rest.
func leaveOut(rows []*Row, source string, say func(format string, args ...any)) []reading {
	var all []reading
	known := keep(rows, func(r *Row) bool { return r.dataset() != source })
	left := keep(rows, func(r *Row) bool { return r.dataset() == source && r.Split == "dev" })
	for _, t := range flowhq.Templates {
		// Some sources have no rows of a template.
		if len(keep(left, func(r *Row) bool { return r.label(t) != "" })) == 0 {
			continue
		}
		say("%s: without %s", t, source)
		m := fitBoth(known, t)
		for _, language := range []string{"en", "sw"} {
			scored := score(m, keep(left, func(r *Row) bool { return r.Language == language }), t)
			if len(scored) > 0 {
				all = append(all, reading{string(t), language, "without " + source,
					measure(scored, m.Ask)})
			}
		}
	}
	return all
}

// plain returns the rows without the seeds and with words and letters only, for comparison.
// Rows are copied: their own features must stay for the other tables.
func plain(rows []*Row) []*Row {
	var all []*Row
	for _, r := range rows {
		if r.dataset() != seedSource {
			p := *r
			p.features = understand.PlainFeatures(r.Text)
			all = append(all, &p)
		}
	}
	return all
}

// languageReport measures the language model on every fifth row.
// Rows of mixed language have no right answer and are left out.
func languageReport(rows []*Row) string {
	m := FitLanguage(keep(rows, func(r *Row) bool { return r.part("language", 5) != 0 }))
	n, right, sure, sureRight := 0, 0, 0, 0
	held := keep(rows, func(r *Row) bool {
		return r.part("language", 5) == 0 && r.Language != "mix"
	})
	for _, r := range held {
		swahili, isSure := understand.LanguageOf(m, r.Text)
		n++
		if swahili == (r.Language == "sw") {
			right++
		}
		if isSure {
			sure++
			if swahili == (r.Language == "sw") {
				sureRight++
			}
		}
	}
	return fmt.Sprintf("\n### Language\n\nOf %d rows kept back, seeds among them, %.4f are read "+
		"in the right language. %.3f are long and clear enough to change a chat's language; "+
		"of these %.4f are right.\n", n, share(right, n), share(sure, n), share(sureRight, sure))
}
