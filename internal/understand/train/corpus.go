// Package train makes the weights of package understand, and measures them.
//
// The same data give the same bytes: rows are sorted, random numbers come from a fixed seed, and
// nothing runs in parallel.
package train

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
)

// A Row is something that somebody typed or said, labelled.
type Row struct {
	Text string `json:"text"`
	// Language is "en" or "sw", and in seeds also "mix".
	Language string `json:"language"`
	// Source is a data set and a place in it: "massive/sw-KE/play_music".
	Source string `json:"source"`
	// License is that of the source. It stays with each row.
	License string `json:"license"`
	// Split is "dev" for a balanced row, which may be held out.
	Split string `json:"split,omitempty"`
	// Labels are intents by template, its name in lower case. A row may be of one template only.
	Labels map[string]string `json:"labels"`

	// Features are computed once by Load, as each row is read by many models.
	features, languageFeatures []understand.Feature
}

// seedSource is the source of what the templates' authors wrote.
// Seeds are told from public rows by it: they count more, and no threshold is set on them.
const seedSource = "seed"

// label returns the row's intent in a template, or "" if it is none of the template's rows.
// A row of booking says nothing about a shop, so it takes no part in the other templates.
func (r *Row) label(t flowhq.Template) understand.Intent {
	return understand.Intent(r.Labels[strings.ToLower(string(t))])
}

// dataset returns the first part of the source: "massive" of "massive/sw-KE/play_music".
// Rows of one data set resemble one another, so they are held out and weighed together.
func (r *Row) dataset() string {
	name, _, _ := strings.Cut(r.Source, "/")
	return name
}

// part returns a number from 0 to n-1 that depends on the text alone, so that a row stays in its
// split when others are added.
// The salt makes independent splits of the same rows. Case does not matter, so that two spellings
// of a sentence never fall on both sides.
func (r *Row) part(salt string, n int) int {
	h := fnv.New64a()
	h.Write([]byte(salt + strings.ToLower(r.Text)))
	return int(h.Sum64() >> 20 % uint64(n))
}

// HeldOut reports whether the row is kept back from training: every fifth of the balanced rows.
// The embedded weights have not seen these rows, which the package's tests read.
func (r *Row) HeldOut() bool { return r.Split == "dev" && r.part("held out", 5) == 0 }

// Load returns the rows of the public sources and the seeds under the directory, which is that
// of package understand.
// Corpus first, seeds behind: training depends on the order of rows.
func Load(dir string) ([]*Row, error) {
	rows, err := loadCorpus(filepath.Join(dir, "train", "data", "corpus.jsonl.gz"))
	if err != nil {
		return nil, err
	}
	seeds, err := loadSeeds(filepath.Join(dir, "data", "seeds"))
	if err != nil {
		return nil, err
	}
	rows = append(rows, seeds...)
	for _, r := range rows {
		r.features = understand.Features(r.Text)
		r.languageFeatures = understand.LanguageFeatures(r.Text)
	}
	return rows, nil
}

// loadCorpus reads JSON lines.
// The file is compressed, as it is kept with the code.
func loadCorpus(path string) ([]*Row, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("corpus: %w", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("corpus %s: %w", path, err)
	}
	var rows []*Row
	for d := json.NewDecoder(z); d.More(); {
		r := &Row{}
		if err := d.Decode(r); err != nil {
			return nil, fmt.Errorf("corpus %s: row %d: %w", path, len(rows)+1, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// loadSeeds reads the seed phrases. Those of common.tsv belong to each template that has the
// intent.
// The order of the files is fixed for the same reason.
func loadSeeds(dir string) ([]*Row, error) {
	var rows []*Row
	for _, name := range []string{"common", "booking", "ecommerce", "support"} {
		more, err := loadSeedFile(filepath.Join(dir, name+".tsv"), name)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// loadSeedFile reads lines of an intent, a language and a phrase with tabs between.
// An error names the file and line, as its editors are no programmers.
func loadSeedFile(path, name string) ([]*Row, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("seeds: %w", err)
	}
	defer f.Close()
	var rows []*Row
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		r, err := parseSeed(line, name)
		if err != nil {
			return nil, fmt.Errorf("seeds %s: line %d: %w", path, n, err)
		}
		rows = append(rows, r)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("seeds %s: %w", path, err)
	}
	return rows, nil
}

// An intent that no template has is a typo, and would otherwise be lost in silence.
func parseSeed(line, name string) (*Row, error) {
	fields := strings.Split(line, "\t")
	if len(fields) != 3 {
		return nil, fmt.Errorf("%q: want an intent, a language and a phrase with tabs between",
			line)
	}
	intent := understand.Intent(fields[0])
	if !slices.Contains([]string{"en", "sw", "mix"}, fields[1]) {
		return nil, fmt.Errorf("language %q: want en, sw or mix", fields[1])
	}
	r := &Row{
		Text: fields[2], Language: fields[1], Source: seedSource + "/" + name,
		License: "this program's", Labels: map[string]string{},
	}
	for _, t := range flowhq.Templates {
		lower := strings.ToLower(string(t))
		// Other is in no template's list, but every model has it.
		has := intent == understand.Other || slices.Contains(understand.Intents(t), intent)
		if has && (name == "common" || name == lower) {
			r.Labels[lower] = string(intent)
		}
	}
	if len(r.Labels) == 0 {
		return nil, fmt.Errorf("%q is no intent of %s", intent, name)
	}
	return r, nil
}
