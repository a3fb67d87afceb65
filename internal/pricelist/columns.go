package pricelist

import (
	"slices"
	"strings"
	"unicode"
)

// A column is what the cells of one column say. Errors, reports and files name a column by this
// text, so a changed name breaks files that owners have kept.
type column string

// The columns, by the names that Write gives them.
const (
	colID            column = "id"
	colNameEN        column = "name_en"
	colNameSW        column = "name_sw"
	colPrice         column = "price"
	colPriceTo       column = "price_to"
	colMinutes       column = "minutes"
	colDescriptionEN column = "description_en"
	colDescriptionSW column = "description_sw"
	colCategoryEN    column = "category_en"
	colCategorySW    column = "category_sw"
	colAvailability  column = "availability"
	colStock         column = "stock"
	colSizes         column = "sizes"
	colAliases       column = "aliases"
)

// columnsOf are the columns of each list, in the order in which Write writes them. Files may have
// any of them in any order. The columns of the other list are refused, as their cells would be lost
// in silence.
var columnsOf = map[List][]column{
	Products: {
		colID, colNameEN, colNameSW, colPrice, colDescriptionEN, colDescriptionSW, colCategoryEN,
		colCategorySW, colAvailability, colStock, colSizes, colAliases,
	},
	Services: {
		colID, colNameEN, colNameSW, colPrice, colPriceTo, colMinutes, colDescriptionEN,
		colDescriptionSW, colAvailability, colAliases,
	},
}

// A title is a word by which owners name a column. Where a column is one of two languages and
// its title does not say which, it is that of the word itself.
type title struct{ en, sw column }

// titles are in lower case, without the words of [languageWords] and [unitWords]. Owners bring
// their own sheets. A title that is not here is an error and not ignored: a mistyped price column
// would otherwise leave all prices as they were.
var titles = map[string]title{
	"id": {colID, colID}, "code": {colID, colID},

	"name": {colNameEN, colNameSW}, "product": {colNameEN, colNameSW},
	"product name": {colNameEN, colNameSW}, "service": {colNameEN, colNameSW},
	"service name": {colNameEN, colNameSW}, "item": {colNameEN, colNameSW},

	"price": {colPrice, colPrice}, "bei": {colPrice, colPrice}, "cost": {colPrice, colPrice},
	"gharama": {colPrice, colPrice}, "amount": {colPrice, colPrice},
	"price to": {colPriceTo, colPriceTo}, "bei hadi": {colPriceTo, colPriceTo},
	"minutes": {colMinutes, colMinutes}, "dakika": {colMinutes, colMinutes},
	"duration": {colMinutes, colMinutes}, "muda": {colMinutes, colMinutes},

	"description": {colDescriptionEN, colDescriptionSW},
	"details":     {colDescriptionEN, colDescriptionSW},
	"category":    {colCategoryEN, colCategorySW}, "type": {colCategoryEN, colCategorySW},

	"availability": {colAvailability, colAvailability},
	"available":    {colAvailability, colAvailability},
	"upatikanaji":  {colAvailability, colAvailability},
	"inapatikana":  {colAvailability, colAvailability}, "ipo": {colAvailability, colAvailability},
	"in stock": {colAvailability, colAvailability},

	"stock": {colStock, colStock}, "quantity": {colStock, colStock}, "idadi": {colStock, colStock},
	"sizes": {colSizes, colSizes}, "size": {colSizes, colSizes}, "saizi": {colSizes, colSizes},
	"vipimo":  {colSizes, colSizes},
	"aliases": {colAliases, colAliases}, "other names": {colAliases, colAliases},
	"majina mengine": {colAliases, colAliases},
}

// swahiliTitles are those of titles in Swahili that have a language. The language of the title is
// that of its cells, unless the title names another.
var swahiliTitles = map[string]string{
	"jina": "name", "jina la bidhaa": "name", "jina la huduma": "name", "bidhaa": "name",
	"huduma": "name", "maelezo": "description", "kundi": "category", "aina": "category",
}

// Words of a title that are no part of its name.
var (
	languageWords = map[string]string{
		"en": "en", "eng": "en", "english": "en", "kiingereza": "en",
		"sw": "sw", "swa": "sw", "swahili": "sw", "kiswahili": "sw",
	}
	// "Price (TZS)" is the column price. The profile knows the currency, so the title's is not
	// read.
	unitWords = []string{"tzs", "tsh", "tshs", "tz", "kes", "ksh", "kshs", "shs", "min", "mins"}
)

// columnFor returns the column that a title means. ok is false for one that means none. Case and
// punctuation do not count: name_en, "Name (EN)" and "Jina - English" are titles.
func columnFor(head string) (c column, ok bool) {
	var words []string
	language := ""
	for _, w := range strings.FieldsFunc(strings.ToLower(head), notOfWord) {
		if l, isLanguage := languageWords[w]; isLanguage {
			language = l
		} else if !slices.Contains(unitWords, w) {
			words = append(words, w)
		}
	}
	name := strings.Join(words, " ")
	if english, isSwahili := swahiliTitles[name]; isSwahili {
		name = english
		// "Jina (English)" is the English name under a Swahili title.
		if language == "" {
			language = "sw"
		}
	}
	t, ok := titles[name]
	if language == "sw" {
		return t.sw, ok
	}
	return t.en, ok
}

// notOfWord reports whether a character separates the words of a title.
func notOfWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
