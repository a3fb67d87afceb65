package entity

import (
	"strconv"

	"github.com/flowhq/flowhq/internal/understand/token"
)

// units are the words of units, and what each is called here.
// The keys are what people type, "kilo", "kgs" and "gm" among them. Swahili plurals stand beside
// their singular. People count as a unit, so that "watu 4" is no four pieces.
var units = map[string]string{
	"kilo": "kg", "kg": "kg", "kgs": "kg", "kilos": "kg",
	"kilogram": "kg", "kilograms": "kg", "kilogramu": "kg",
	"gram": "g", "grams": "g", "gramu": "g", "gm": "g", "gms": "g", "g": "g",
	"lita": "l", "litre": "l", "litres": "l", "liter": "l",
	"liters": "l", "ltr": "l", "ltrs": "l", "l": "l", "lta": "l", "lts": "l", "lt": "l",
	"ml": "ml", "mls": "ml", "mililita": "ml", "millilitre": "ml", "millilitres": "ml",
	"mita": "m", "meter": "m", "meters": "m", "metre": "m", "metres": "m",
	"pisi": "pcs", "pcs": "pcs", "pc": "pcs", "piece": "pcs",
	"pieces": "pcs", "vipande": "pcs", "kipande": "pcs",
	"jozi": "pair", "pair": "pair", "pairs": "pair", "pea": "pair", "peya": "pair",
	"dazeni": "dozen", "dozen": "dozen", "dozens": "dozen", "dazan": "dozen",
	"pakiti": "pack", "packet": "pack", "packets": "pack",
	"pack": "pack", "packs": "pack", "pkt": "pack",
	"paketi": "pack", "pkts": "pack",
	"mfuko": "bag", "mifuko": "bag", "bag": "bag",
	"bags": "bag", "gunia": "sack", "magunia": "sack",
	"sack": "sack", "sacks": "sack", "debe": "debe",
	"madebe": "debe", "kreti": "crate", "crate": "crate",
	"crates": "crate", "trei": "tray", "tray": "tray",
	"trays": "tray", "chupa": "bottle", "bottle": "bottle",
	"bottles": "bottle", "boksi": "box", "maboksi": "box",
	"box": "box", "boxes": "box", "katoni": "carton",
	"carton": "carton", "cartons": "carton", "fungu": "bunch", "mafungu": "bunch", "bunch": "bunch",
	"sahani": "plate", "plate": "plate", "plates": "plate", "sado": "sado",
	"watu": "people", "people": "people", "ppl": "people", "persons": "people", "person": "people",
	"wageni": "people", "guests": "people", "pax": "people",
	"wenzangu": "people", "watoto": "people",
	"kids": "people", "children": "people",
	"friends": "people", "marafiki": "people", "mtu": "people",
	"adults": "people",
}

// UnitOf is the unit that a word names, "" if none: "sack" for "magunia".
func UnitOf(word string) string { return units[word] }

// standAlone are the units that mean one where no number is said.
// "Nataka pair" orders one pair. "Nataka kilo" leaves open how many.
var standAlone = map[string]bool{"dozen": true, "pair": true}

// "Nusu kilo" and "robo" are ordered every day at a grocer's.
var fractions = map[string]float64{
	"nusu": 0.5, "half": 0.5, "robo": 0.25, "quarter": 0.25, "½": 0.5, "¼": 0.25, "¾": 0.75,
}

// counting are numerals in the form that counts people.
// Swahili numerals agree with the noun. "Tuko watatu" says three people without the word.
var counting = map[string]bool{
	"wawili": true, "watatu": true, "wanne": true, "watano": true, "wanane": true,
}

// quantity reads a number with its unit, in either order, and the words that are both: "kilo 2",
// "2kg", "nusu kilo", "kilo moja na nusu", "a couple", "pair", "x2".
// Swahili puts the unit first ("mchele kilo 5"), English puts the unit last ("5 kg rice").
// Customers mix both in one list.
func (f *finder) quantity(i int) (end int) {
	// A single letter, "l" or "g", is no unit by itself: "L" is a size.
	if unit := units[f.word(i)]; unit != "" && len(f.word(i)) > 1 {
		v, next := f.value(i + 1)
		switch {
		case next > i+1 && f.nextHasUnit(next):
			// "mchele kilo, 5 pcs": the number belongs to the next unit
		case next > i+1:
			v, next = f.andHalf(v, next)
			return f.add(i, next, v, unit)
		}
		if standAlone[unit] && !perUnit[f.word(i-1)] {
			return f.add(i, i+1, 1, unit)
		}
		return i
	}
	w := f.word(i)
	switch {
	// "A couple" is read as two, as most customers mean.
	case w == "couple" || w == "a" && f.word(i+1) == "couple":
		end = i + 1
		if w == "a" {
			end++
		}
		return f.add(i, end, 2, "")
	case w == "x" && f.isNumber(i+1):
		v, next := f.value(i + 1)
		return f.add(i, next, v, "")
	// "A kilo" and "a dozen" say one.
	case (w == "a" || w == "an") && units[f.word(i+1)] != "":
		return f.add(i, i+2, 1, units[f.word(i+1)])
	case counting[w]:
		v, n := token.Numeral(f.tokens, i)
		return f.add(i, i+n, float64(v), "people")
	}
	return f.numberFirst(i)
}

// perUnit are the words before a unit that is only the measure of a price.
// "Bei kwa dazeni" asks for a price. Without the words, the message would order a dozen.
var perUnit = map[string]bool{
	"ya": true, "kwa": true, "per": true, "each": true,
	"kila": true, "for": true, "za": true, "wa": true,
}

// numberFirst reads "2 kg", "half a dozen", "2x".
// A number without any unit is left to the reader of numbers, which is why only a fraction is taken
// without one.
func (f *finder) numberFirst(i int) (end int) {
	v, next := f.value(i)
	if next == i {
		return i
	}
	if f.word(next) == "x" && f.glued(next) && !f.isNumber(next+1) {
		return f.add(i, next+1, v, "")
	}
	v, next = f.andHalf(v, next)
	at := next
	if f.word(at) == "a" || f.word(at) == "of" {
		at++
	}
	// Apart, "3 M" is three of the size M. Glued, "3m" is a length.
	if f.word(at) == "m" && f.glued(at) {
		return f.add(i, at+1, v, "m")
	}
	if unit := units[f.word(at)]; unit != "" && !f.numberFollows(at+1) {
		return f.add(i, at+1, v, unit)
	}
	if v != float64(int64(v)) && next > i+1 { // "1/2", "2.5"
		return f.add(i, next, v, "")
	}
	return i
}

// numberFollows tells "sabuni 2 kilo 3" from "2 kilo". The unit goes with what follows it.
func (f *finder) numberFollows(i int) bool {
	_, next := f.value(i)
	return next > i && !f.nextHasUnit(next)
}

// nextHasUnit reports whether the unit at i has no number behind it, so that the number before the
// unit is the unit's own.
func (f *finder) nextHasUnit(i int) bool {
	_, next := f.value(i + 1)
	return f.unitAt(i) && next == i+1
}

// value reads a number that may be a fraction: "2", "mbili", "2.5", "1/2", "nusu".
// A slash makes a fraction of halves, thirds and quarters only. "5/3" is a date.
func (f *finder) value(i int) (v float64, end int) {
	if x, ok := fractions[f.word(i)]; ok {
		return x, i + 1
	}
	// More than a million kilos are a phone number or a code, not an order.
	whole, n := token.Numeral(f.tokens, i)
	if n == 0 || whole > 1_000_000 {
		return 0, i
	}
	if n == 1 && f.isNumber(i) && f.glued(i+1) && f.isNumber(i+2) && f.glued(i+2) {
		switch f.word(i + 1) {
		case ".":
			if x, err := strconv.ParseFloat(f.word(i)+"."+f.word(i+2), 64); err == nil &&
				len(f.word(i+2)) <= 3 {
				return x, i + 3
			}
		case "/":
			if d, err := strconv.Atoi(f.word(i + 2)); err == nil && d > int(whole) &&
				(d == 2 || d == 3 || d == 4) {
				return float64(whole) / float64(d), i + 3
			}
		}
	}
	return float64(whole), i + n
}

// andHalf reads "na nusu" behind a number.
// "Kilo moja na nusu" is 1.5. In "kilo moja na mafuta" the word "na" begins the next item, so the
// word is taken only before a fraction.
func (f *finder) andHalf(v float64, i int) (float64, int) {
	at := i
	if w := f.word(at); w == "na" || w == "and" {
		at++
	}
	if f.word(at) == "a" {
		at++
	}
	if x, ok := fractions[f.word(at)]; ok && (at > i || f.tokens[at].Kind == token.Symbol) {
		return v + x, at + 1
	}
	return v, i
}

// add notes a quantity and returns where the reader goes on.
func (f *finder) add(i, end int, v float64, unit string) int {
	f.found.Quantities = append(f.found.Quantities, Quantity{f.place(i, end), v, unit})
	return end
}
