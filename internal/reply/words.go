package reply

import (
	"regexp"
	"strings"
)

// wordLists are what texts/words.txt says: for each name the lines of its list.
var wordLists = mustReadCatalog("texts/words.txt")

// listOf is a list of words.txt. A list that is missing is a mistake of the build: the panic comes
// before any message is read.
func listOf(name string) []keyword { return keywords(strings.Join(phrasesOf(name), ", ")) }

// phrasesOf are the entries of a list of words.txt, as they are written there.
func phrasesOf(name string) []string {
	lines := wordLists[name]
	if len(lines) == 0 {
		panic("reply: texts/words.txt has no [" + name + "]")
	}
	var all []string
	// A comma that ends a line of the file joins it to the next. An empty keyword would be in every
	// message.
	for phrase := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		if phrase = strings.TrimSpace(phrase); phrase != "" {
			all = append(all, phrase)
		}
	}
	return all
}

// alternatives are the entries of a list of words.txt as the choices of a regular expression. A *
// stands for the rest of a word.
func alternatives(name string) string {
	all := phrasesOf(name)
	for i, phrase := range all {
		all[i] = strings.ReplaceAll(regexp.QuoteMeta(phrase), `\*`, `\w*`)
	}
	return strings.Join(all, "|")
}
