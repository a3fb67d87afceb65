package token

import "strconv"

// small are the numerals that are added to others, in both languages. Swahili's agree with the
// noun: "watu wawili", "vitu viwili", "masaa mawili".
// "Mbil" is a common slip. Other slips are left alone: a wrong number does more harm than none.
var small = map[string]int64{
	"sifuri": 0, "zero": 0,
	"moja": 1, "mmoja": 1, "kimoja": 1, "limoja": 1, "mosi": 1, "one": 1,
	"mbili": 2, "wawili": 2, "viwili": 2, "mawili": 2, "miwili": 2, "mbil": 2, "two": 2,
	"tatu": 3, "watatu": 3, "vitatu": 3, "matatu": 3, "mitatu": 3, "three": 3,
	"nne": 4, "wanne": 4, "vinne": 4, "manne": 4, "minne": 4, "four": 4,
	"tano": 5, "watano": 5, "vitano": 5, "matano": 5, "mitano": 5, "five": 5,
	"sita": 6, "six": 6, "saba": 7, "seven": 7,
	"nane": 8, "wanane": 8, "vinane": 8, "manane": 8, "minane": 8, "eight": 8,
	"tisa": 9, "tisia": 9, "nine": 9,
	"ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15,
	"sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}

// "Kumi" takes "na" before what is added ("kumi na mbili"). English takes nothing or a hyphen.
var tens = map[string]int64{
	"kumi": 10, "ishirini": 20, "thelathini": 30, "arobaini": 40, "arubaini": 40, "hamsini": 50,
	"sitini": 60, "sabini": 70, "themanini": 80, "tisini": 90,
	"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60,
	"seventy": 70, "eighty": 80, "ninety": 90,
}

// before are the magnitudes that Swahili puts before their factor ("elfu tano"), after those
// that English puts behind it ("five thousand"). "5 elfu" is written too.
var (
	// "Elf" and "alfu" are how "elfu" is typed in a hurry.
	before = map[string]int64{
		"mia": 100, "elfu": 1000, "elf": 1000, "alfu": 1000, "laki": 100_000, "milioni": 1_000_000,
		"million": 1_000_000,
	}
	// Swahili magnitudes are here too, as "5 elfu" is typed as often as "elfu 5".
	after = map[string]int64{
		"hundred": 100, "thousand": 1000, "million": 1_000_000, "elfu": 1000, "laki": 100_000,
		"mia": 100, "milioni": 1_000_000,
	}
)

// maxNumber is the largest number that is read. Larger ones are references, not amounts.
// The bound also keeps every product in an int64.
const maxNumber = 999_999_999_999

// Numeral reads the number that begins at tokens[i], in digits or words of either language, and
// how many tokens it takes. No tokens means that there is none.
// Numeral looks at a bounded number of tokens, so that callers may try every token of a
// text. The caller decides whether the number is an amount, an hour or a count.
func Numeral(tokens []Token, i int) (value int64, n int) {
	if i >= len(tokens) {
		return 0, 0
	}
	if tokens[i].Kind == Number {
		// More digits than an int64 holds are no number but a code.
		v, err := strconv.ParseInt(tokens[i].Text, 10, 64)
		if err != nil || v > maxNumber {
			return 0, 0
		}
		return multiplied(tokens, i, v, 1)
	}
	// A Swahili magnitude leads: "elfu tano", "laki moja".
	if _, ok := before[text(tokens, i)]; ok {
		return magnitudes(tokens, i)
	}
	v, n := under100(tokens, i)
	if n == 0 && (tokens[i].Text == "a" || tokens[i].Text == "an") && i+1 < len(tokens) {
		if m, ok := after[tokens[i+1].Text]; ok && m >= 100 && before[tokens[i+1].Text] == 0 {
			v, n = 1, 1 // "a hundred"
		}
	}
	if n == 0 {
		return 0, 0
	}
	return multiplied(tokens, i, v, n)
}

// Spelled reports whether a word is a numeral.
// Spelled words never count as typos of a name or a weekday: "tatu" is no slip of "Jumatatu".
func Spelled(word string) bool {
	_, a := small[word]
	_, b := tens[word]
	_, c := before[word]
	_, d := after[word]
	return a || b || c || d
}

// multiplied reads the magnitudes that English puts behind a number: "five thousand two hundred".
// Three rounds suffice for "two million five hundred thousand".
func multiplied(tokens []Token, i int, v int64, n int) (int64, int) {
	for range 3 {
		m, ok := magnitudeAfter(tokens, i+n)
		// v is at most 1e12 and m at most 1e6, so the product fits an int64.
		if !ok || v*m > maxNumber {
			return v, n
		}
		v, n = v*m, n+1
		at := i + n
		// "Two hundred and fifty" is one number.
		if text(tokens, at) == "and" {
			at++
		}
		rest, used := under100(tokens, at)
		// "Five thousand" followed by a word that is no numeral ends here.
		if used == 0 || rest >= m {
			return v, n
		}
		if hundred, ok := magnitudeAfter(tokens, at+used); ok && hundred < m {
			rest, used = rest*hundred, used+1
		}
		v, n = v+rest, at+used-i
	}
	return v, n
}

// magnitudeAfter is the magnitude at i. "2 elfu" is 2,000, but in "tatu elfu tano" the word
// belongs to what follows.
// Without the look ahead, "tatu elfu tano" (three at 5,000) would be 3,000 and a five.
func magnitudeAfter(tokens []Token, i int) (int64, bool) {
	m, ok := after[text(tokens, i)]
	if !ok {
		return 0, false
	}
	if _, swahili := before[tokens[i].Text]; swahili {
		if _, factor := under100(tokens, i+1); factor > 0 {
			return 0, false
		}
	}
	return m, true
}

// magnitudes reads Swahili's large numbers: "elfu mbili mia tano", "laki moja na nusu".
// Magnitudes must fall: "elfu mbili mia tano" is 2,500, but "mia elfu" begins anew.
func magnitudes(tokens []Token, i int) (value int64, n int) {
	// last is larger than every magnitude, so that the first always fits.
	last := int64(1 << 40)
	at := i
	// There are four magnitudes, each at most once.
	for range 4 {
		m, ok := before[text(tokens, at)]
		if !ok || m >= last {
			break
		}
		factor, used := factorOf(tokens, at+1)
		// A factor of 1,000 or more belongs to something else: "elfu 5000" is no five million.
		if used > 0 && (factor == 0 || factor > 999) {
			used = 0
		}
		if used == 0 {
			factor = 1 // "mia" and "elfu" alone
		}
		value, last, at = value+m*factor, m, at+1+used
		n = at - i
		if text(tokens, at) == "na" {
			// "Laki moja na nusu" is 150,000: half of the magnitude, not of one.
			if half := text(tokens, at+1); half == "nusu" {
				return value + m/2, at + 2 - i
			}
			at++
		}
	}
	// Behind a hundred "na" may be missing: "mia mbili hamsini" is 250.
	if rest, used := under100(tokens, at); n > 0 && used > 0 && rest < last && rest > 0 {
		if last > 100 && text(tokens, at-1) != "na" {
			return value, n // "elfu tano mbili" is two of 5,000
		}
		return value + rest, at + used - i
	}
	return value, n
}

// factorOf reads the factor behind a magnitude, which may have hundreds of its own:
// "elfu mia mbili".
func factorOf(tokens []Token, i int) (int64, int) {
	if i < len(tokens) && tokens[i].Kind == Number {
		v, err := strconv.ParseInt(tokens[i].Text, 10, 32)
		if err != nil {
			return 0, 0
		}
		return v, 1
	}
	return under100(tokens, i)
}

// under100 reads "kumi na mbili", "ishirini na tano", "twenty five", "seven".
// It is what both languages add to hundreds and thousands.
func under100(tokens []Token, i int) (int64, int) {
	w := text(tokens, i)
	if v, ok := small[w]; ok {
		return v, 1
	}
	v, ok := tens[w]
	if !ok {
		return 0, 0
	}
	at := i + 1
	// "Twenty-five" has a hyphen, which is a token.
	if next := text(tokens, at); next == "na" || next == "-" {
		at++
	} else if v == 10 {
		return v, 1 // "kumi mbili" is ten, and two of something
	}
	// "Kumi na sifuri" and "twenty twelve" are not added.
	if unit, ok := small[text(tokens, at)]; ok && unit > 0 && unit < 10 {
		return v + unit, at + 1 - i
	}
	return v, 1
}

// text is the word at i, without letters that were held down.
// "Mbiliii" is two. The empty text outside of the tokens is no numeral.
func text(tokens []Token, i int) string {
	switch {
	case i >= len(tokens):
		return ""
	case tokens[i].Kind == Word:
		return Squeeze(tokens[i].Text)
	}
	return tokens[i].Text
}
