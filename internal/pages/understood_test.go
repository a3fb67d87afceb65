package pages

import "testing"

// TestReadingOf: how the bot read a message is said in words, and what is none of ours says
// nothing.
func TestReadingOf(t *testing.T) {
	for in, want := range map[string]reading{
		"":               {},
		"null":           {},
		"{}":             {},
		"[1]":            {},
		"<script>":       {},
		`{"intents": 3}`: {},
		`{"intents": [{"name": "BOOK_SLOT", "score": 0.934}, {"name": "price", "score": 7}], "band": "sure", "language": "SW"}`: {
			"book slot 93 %", "book slot 93 % · price 100 % · sure · in SW",
		},
		`{"band": "unknown"}`: {"not understood", "unknown"},
		`{"acts": ["GREETING"], "assistant": "refused: number"}`: {
			"greeting", "taken for greeting · assistant refused: number",
		},
	} {
		if got := readingOf([]byte(in)); got != want {
			t.Errorf("%s is said as %+v; want %+v", in, got, want)
		}
	}
}
