package understand

import (
	"bytes"
	"cmp"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"

	"github.com/flowhq/flowhq"
)

//go:embed data/weights.gz
var weightsFile []byte

// theWeights are unpacked when the first message is read: most of the program's commands read
// none, and 8 MiB take 40 ms.
var theWeights = sync.OnceValue(func() *Weights { return must(Unpack(weightsFile)) })

// Weights are what was learned: a model for each template, and one that tells the languages.
type Weights struct {
	// There is one model for each of flowhq.Templates.
	Models   map[flowhq.Template]*Model
	Language *Model
}

// A Model is linear: each class has a weight for each bucket. A row of the table has a bucket's
// weights, which one message needs together.
type Model struct {
	Classes []Intent
	// Scale is what a step of each class's weights is worth.
	Scale []float32
	// Rounding to int8 keeps the process at 9 MB (docs/answers.md). The bytes follow the JSON
	// header in the file.
	Table []int8 `json:"-"`
	// A message is Sure if its best intent is likelier than Act, and Unsure if likelier than Ask.
	// Package train sets both where 4.5 % and 7 % of the out-of-scope rows of sources left out get
	// through.
	Act, Ask float64
}

// Pack writes weights as they are embedded.
// The header is one line of JSON, so that the file tells what it is.
func Pack(w *Weights) ([]byte, error) {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	if err := json.NewEncoder(z).Encode(w); err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	for _, m := range w.inOrder() {
		// One class after the other, since a class's neighbouring zeros compress well.
		column := make([]byte, len(m.Table)/len(m.Classes))
		for k := range m.Classes {
			for b := range column {
				column[b] = byte(m.Table[b*len(m.Classes)+k])
			}
			if _, err := z.Write(column); err != nil {
				return nil, fmt.Errorf("weights: %w", err)
			}
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return packed.Bytes(), nil
}

// Unpack reads what [Pack] wrote.
// The file comes from the build, so the size of what is unpacked needs no bound.
func Unpack(packed []byte) (*Weights, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	all, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	// The encoder ends the header with the file's first line break.
	header, tables, _ := bytes.Cut(all, []byte("\n"))
	w := &Weights{}
	if err := json.Unmarshal(header, w); err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	for _, m := range w.inOrder() {
		// A template without a model, or a table that is too short, is a fault of the build.
		if m == nil || len(m.Classes) == 0 || len(tables) < Buckets*len(m.Classes) {
			return nil, fmt.Errorf("weights: they are cut short")
		}
		m.Table = make([]int8, Buckets*len(m.Classes))
		for k := range m.Classes {
			for b, v := range tables[:Buckets] {
				m.Table[b*len(m.Classes)+k] = int8(v)
			}
			tables = tables[Buckets:]
		}
	}
	return w, nil
}

// inOrder returns the models in the order of the file.
// Pack and Unpack must agree on the order, and a map has none.
func (w *Weights) inOrder() []*Model {
	all := []*Model{w.Language}
	for _, t := range flowhq.Templates {
		all = append(all, w.Models[t])
	}
	return all
}

// Probabilities returns how likely each class is.
// The time is features times classes. Sums are taken in a fixed order, so the same message gets the
// same bits on one kind of processor.
func (m *Model) Probabilities(features []Feature) []float32 {
	n := len(m.Classes)
	sums := make([]float32, n)
	for _, f := range features {
		row := m.Table[int(f.Bucket)*n:][:n]
		for k, w := range row {
			sums[k] += float32(w) * f.Value
		}
	}
	for k := range sums {
		// Scaling once at the end saves a product for every weight.
		sums[k] *= m.Scale[k]
	}
	Softmax(sums)
	return sums
}

// Softmax turns sums into probabilities, which add up to 1.
// The largest sum is subtracted first, or the exponential would overflow.
func Softmax(sums []float32) {
	most, total := slices.Max(sums), float32(0)
	for k, s := range sums {
		sums[k] = float32(math.Exp(float64(s - most)))
		total += sums[k]
	}
	for k := range sums {
		sums[k] /= total
	}
}

// Rank returns the intents, best first.
// Other takes its share of the probability but is no intent: a message that it claims leaves low
// scores, and falls into Unknown. The sort is stable, so that ties keep the template's order.
func (m *Model) Rank(probabilities []float32) []Scored {
	ranked := make([]Scored, 0, len(m.Classes))
	for k, c := range m.Classes {
		if c != Other {
			ranked = append(ranked, Scored{c, float64(probabilities[k])})
		}
	}
	slices.SortStableFunc(ranked, func(a, b Scored) int { return cmp.Compare(b.Score, a.Score) })
	return ranked
}
