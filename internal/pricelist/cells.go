package pricelist

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
)

// Words of a cell that says whether there is something.
var (
	// Both languages are in one list: a file is often in both, and no word means the opposite in
	// the other language.
	availableWords = []string{
		"yes", "y", "true", "1", "available", "in stock", "ndiyo", "ndio", "ipo", "zipo", "yapo",
		"inapatikana", "zinapatikana",
	}
	unavailableWords = []string{
		"no", "n", "false", "0", "unavailable", "not available", "out of stock", "sold out",
		"hapana", "haipo", "hazipo", "hayapo", "haipatikani", "hazipatikani", "imeisha", "zimeisha",
	}
)

// amount is a price as people write it: with or without a currency, with or without the mark of
// whole shillings, with thousands grouped by commas or spaces. Groups have three digits, so 1,5 is
// refused instead of being read as 15. Cents are taken only if they are zero: prices are whole
// shillings.
var amount = regexp.MustCompile(
	`^(?i:tzs|tshs?|kes|kshs?|shs?)?\.? ?([0-9]{1,3}([ ,][0-9]{3})+|[0-9]+)(\.0{1,2}|/=|/-|=)?` +
		` ?(?i:tzs|tshs?|kes|kshs?|shs?)?(/=|/-)?$`)

// readPrice reads a price, and the second one if it is a range such as "10000-15000". "" is 0,
// which means not given.
func readPrice(cell string) (price, to int64, ok bool) {
	// Spreadsheets in some languages group thousands by a no-break space, and write a range with an
	// en dash.
	cell = strings.NewReplacer("\u00a0", " ", "\u202f", " ", "–", "-").Replace(cell)
	if cell == "" {
		return 0, 0, true
	}
	// The mark of whole shillings has a hyphen too.
	if first, second, isRange := strings.Cut(cell, "-"); isRange &&
		strings.TrimSpace(second) != "" {
		price, okFirst := readAmount(first)
		to, okSecond := readAmount(second)
		return price, to, okFirst && okSecond
	}
	price, ok = readAmount(cell)
	return price, 0, ok
}

// readAmount reads one amount of money.
func readAmount(s string) (int64, bool) {
	m := amount.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return 0, false
	}
	// The pattern leaves digits, so the only error is one of range, which counts as no price.
	n, err := strconv.ParseInt(strings.NewReplacer(",", "", " ", "").Replace(m[1]), 10, 64)
	// The bound is checked here too: the owner then reads the cell, and not a sum of an entry.
	return n, err == nil && n <= flowhq.MaxPrice
}

// readCount reads a whole number.
func readCount(cell string) (int, bool) {
	n, err := strconv.Atoi(cell)
	return n, err == nil && n >= 0
}

// readAvailability reads whether there is something. "" is that there is. An unknown word is no
// answer rather than a guess: the bot would sell what is not there.
func readAvailability(cell string) (available, ok bool) {
	cell = strings.ToLower(strings.Join(strings.Fields(cell), " "))
	available = cell == "" || slices.Contains(availableWords, cell)
	return available, available || slices.Contains(unavailableWords, cell)
}

// readWords reads a list of words in one cell.
func readWords(cell string) []string {
	// The list is empty and not nil, as the profile stores it. A nil would count as a change.
	words := []string{}
	// Owners write any of these. The file's own separator is no trouble within quotes.
	for _, w := range strings.FieldsFunc(cell, func(r rune) bool {
		return r == ',' || r == ';' || r == '|' || r == '\n'
	}) {
		if w = strings.TrimSpace(w); w != "" {
			words = append(words, w)
		}
	}
	return words
}

// formulas are what a cell begins with that a spreadsheet computes instead of showing it. The name
// =HYPERLINK(...) would otherwise run on the computer of whoever opens the file.
const formulas = "=+-@\t"

// guarded returns a text as a cell that no spreadsheet computes.
func guarded(text string) string {
	// An apostrophe is guarded too. Without that, reading would take an owner's own apostrophe
	// away.
	if text != "" && strings.ContainsRune(formulas+"'", rune(text[0])) {
		return "'" + text
	}
	return text
}

// unguarded is the inverse of guarded. Any other apostrophe at the beginning stays.
func unguarded(cell string) string {
	// Names such as 'Asali begin with an apostrophe and a letter, and are left as they are.
	if len(cell) > 1 && cell[0] == '\'' && strings.ContainsRune(formulas+"'", rune(cell[1])) {
		return cell[1:]
	}
	return cell
}
