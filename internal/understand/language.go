package understand

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
)

//go:embed data/names.txt
var namesFile string

//go:embed data/places.txt
var placesFile string

// names are first names, surnames and places, which say nothing of a chat's language.
// "Amina, Mwanza" is no Swahili sentence. Without the list, an English chat would turn Swahili when
// its customer gives a name.
var names = parseNames(namesFile + placesFile)

// people are those of names that are a person's.
var people = parseNames(namesFile)

// IsPerson reports whether a word, in lower case, is a common name of people in Tanzania or Kenya.
func IsPerson(word string) bool { return people[word] }

// Lower case, as words are.
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
	// The model's classes are intents only in type; none is ever shown.
	languageEnglish Intent = "en"
	languageSwahili Intent = "sw"
)

// LanguageClasses are those of [Weights.Language].
var LanguageClasses = []Intent{languageEnglish, languageSwahili}

// sureOfLanguage is how much likelier than not a language has to be before a chat changes to it.
// Of the messages that pass it, .9996 are read right (docs/answers.md). A chat that changes its
// language by mistake is worse than one that changes a message late.
const sureOfLanguage = .8

// deciding returns the words that may decide on a language: not names, numbers, emoji, or single
// letters.
// A number, an order's code and a "k" are typed in every language.
func deciding(words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool {
		return names[w] || shape(w) != w || runeCount(w) < 2
	})
}

// LanguageFeatures returns what tells a message's language: its words and their letters.
// Training and reading share the function: weights mean nothing with other features.
func LanguageFeatures(text string) []Feature { return languageFeatures(deciding(words(text))) }

// Two blocks, as for intents, so that a long word's letters do not outweigh short words.
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
	// The second of LanguageClasses.
	swahili := m.Probabilities(languageFeatures(words))[1]
	sure := len(words) > 2
	if swahili >= .5 {
		return flowhq.Swahili, sure && swahili >= sureOfLanguage
	}
	return flowhq.English, sure && swahili <= 1-sureOfLanguage
}

// LanguageOf reports whether the model takes the text for Swahili, and whether it is sure.
// It is for training, which has a model but no weights around it.
func LanguageOf(m *Model, text string) (swahili, sure bool) {
	language, sure := languageOf(m, words(text))
	return language == flowhq.Swahili, sure
}
