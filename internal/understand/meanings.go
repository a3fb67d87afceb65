package understand

import _ "embed"

//go:embed data/meanings.tsv
var meaningsFile string

// theMeanings is what data/meanings.tsv says.
var theMeanings = must(parseLexicon(meaningsFile))

// Meanings returns what a text is about, by the names of data/meanings.tsv and, after a colon, of
// the lexicon's concepts, sorted. It is nil for a text about nothing that is known. The meanings
// are finer than the concepts that intents are told by: "parking" is no intent of any template.
// They are no features of the models, so that a line may be added without training.
func Meanings(text string) []string {
	w := words(text)
	found, _ := theMeanings.find(w)
	all := theMeanings.names(found)
	concepts, _ := theLexicon.find(w)
	for _, name := range theLexicon.names(concepts) {
		all = append(all, ":"+name)
	}
	return all
}
