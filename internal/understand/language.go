package understand

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
)

//go:embed data/names.txt
var namesFile string

// names are first names, surnames and places, which say nothing of a chat's language.
var names = parseNames(namesFile)

func parseNames(file string) map[string]bool {
	all := map[string]bool{}
	for line := range dataLines(file) {
		for name := range strings.FieldsSeq(strings.ToLower(line)) {
			all[name] = true
		}
	}
	return all
}

// Classes of the language model.
const (
	languageEnglish Intent = "en"
	languageSwahili Intent = "sw"
)

// LanguageClasses are those of [Weights.Language].
var LanguageClasses = []Intent{languageEnglish, languageSwahili}

// sureOfLanguage is how much likelier than not a language has to be before a chat changes to it.
const sureOfLanguage = .8

// deciding returns the words that may decide on a language: not names, numbers, emoji, or single
// letters.
func deciding(words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool {
		return names[w] || shape(w) != w || runeCount(w) < 2
	})
}

// LanguageFeatures returns what tells a message's language: its words and their letters.
func LanguageFeatures(text string) []Feature { return languageFeatures(deciding(words(text))) }

func languageFeatures(words []string) []Feature {
	var all []Feature
	var block []uint32
	for _, w := range words {
		block = append(block, bucket(kindWord, w))
	}
	all = appendBlock(all, block, 1)
	block = block[:0]
	for _, w := range words {
		block = appendLetters(block, w)
	}
	return appendBlock(all, block, 1)
}

// languageOf returns the likelier language, and whether it is more than a guess. Two words are
// too few: "Amina Salon" and "ok sawa" are said in both.
func languageOf(m *Model, words []string) (flowhq.Language, bool) {
	words = deciding(words)
	if len(words) == 0 {
		return flowhq.English, false
	}
	swahili := m.Probabilities(languageFeatures(words))[1]
	sure := len(words) > 2
	if swahili >= .5 {
		return flowhq.Swahili, sure && swahili >= sureOfLanguage
	}
	return flowhq.English, sure && swahili <= 1-sureOfLanguage
}

// LanguageOf reports whether the model takes the text for Swahili, and whether it is sure.
func LanguageOf(m *Model, text string) (swahili, sure bool) {
	language, sure := languageOf(m, words(text))
	return language == flowhq.Swahili, sure
}
