package token_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/flowhq/flowhq/internal/understand/token"
)

func TestSplit(t *testing.T) {
	for text, want := range map[string]string{
		"Kesho saa 4pm, sawa?":  "kesho|saa|4|pm|,|sawa|?",
		"TSh 5,000/=":           "tsh|5000|/|=",
		"1,2,3":                 "1|,|2|,|3",
		"1234,567":              "1234|,|567",
		"j'tatu J3 ng'ombe":     "jtatu|j|3|ngombe",
		"José’s café":           "joses|cafe",
		"a\u200bb\nc":           "a|b|\n|c",
		"":                      "",
		"1,000,000 12,345,6789": "1000000|12345|,|6789",
	} {
		var got []string
		for _, tok := range token.Split(text) {
			got = append(got, tok.Text)
		}
		if g := strings.Join(got, "|"); g != want {
			t.Errorf("Split(%q) = %q; want %q", text, g, want)
		}
	}
}

func TestSqueeze(t *testing.T) {
	for word, want := range map[string]string{
		"keshoooo": "kesho", "saa": "saa", "saaaa": "sa", "poa": "poa", "": "", "jummmma": "juma",
	} {
		if got := token.Squeeze(word); got != want {
			t.Errorf("Squeeze(%q) = %q; want %q", word, got, want)
		}
	}
}

func TestNumeral(t *testing.T) {
	for text, want := range map[string]int64{
		"mbili": 2, "kumi na mbili": 12, "ishirini na tano": 25, "elfu tano": 5000, "laki moja": 100_000,
		"laki moja na nusu": 150_000, "elfu mbili mia tano": 2500, "elfu mbili na mia tano": 2500,
		"elfu kumi na tano": 15_000, "mia tano": 500, "mia": 100, "milioni mbili": 2_000_000,
		"mia mbili hamsini": 250, "mia mbili na hamsini": 250, "elfu ishirini na tano": 25_000,
		"elfu moja na nusu": 1500, "elfu 5": 5000, "5 elfu": 5000, "laki 2": 200_000,
		"five thousand": 5000, "two hundred and fifty": 250, "a hundred": 100, "twenty five": 25,
		"five thousand two hundred": 5200, "one million": 1_000_000, "fifteen hundred": 1500,
		"5,000": 5000, "42": 42, "wawili": 2, "elfu tano mbili": 5000, "kumi tatu": 10,
		"laki mbili elfu hamsini": 250_000,
	} {
		if got, n := token.Numeral(token.Split(text), 0); got != want || n == 0 {
			t.Errorf("Numeral(%q) = %d, %d tokens; want %d", text, got, n, want)
		}
	}
	for _, text := range []string{"", "kesho", "a pair", "na", "99999999999999999999"} {
		if got, n := token.Numeral(token.Split(text), 0); n != 0 {
			t.Errorf("Numeral(%q) = %d; want none", text, got)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("Kesho saa 4pm, TSh 5,000/= elfu mbili na mia tano")
	f.Add("1,000,")
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		tokens := token.Split(text)
		for i, tok := range tokens {
			if tok.Start < end || tok.End <= tok.Start || tok.End > len(text) {
				t.Fatalf("token %d is at %d:%d after %d", i, tok.Start, tok.End, end)
			}
			if utf8.ValidString(text) && !utf8.ValidString(tok.Text) {
				t.Fatalf("token %d is no valid text", i)
			}
			end = tok.End
			token.Squeeze(tok.Text)
			if v, n := token.Numeral(tokens, i); n < 0 || i+n > len(tokens) || v < 0 {
				t.Fatalf("numeral %d of %d tokens at %d of %d", v, n, i, len(tokens))
			}
		}
	})
}
