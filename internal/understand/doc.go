// Package understand reads what a customer wrote: the words, the language, the concepts of the
// lexicon, and a score for each intent of the business's template.
//
// [Read] is a pure function and costs well under half a millisecond, so the pipeline may call it
// inside a transaction and call it again after a crash: the same text is always read the same.
//
// # How a message is read
//
//  1. The text becomes words: lower case, without marks, short forms written out.
//  2. The lexicon says which of some 60 concepts the words touch: price, where, anger, ….
//  3. A linear model, one per template, both languages in one, scores each intent. What it sees
//     are words, pairs of neighbours, runs of three to five letters, concepts and pairs of
//     concepts.
//  4. The best score falls into one of three bands: act, ask, or say that it was not understood.
//
// # Where to change what
//
// The files in data are for people who speak the languages: lexicon.tsv, spelling.tsv, names.txt, places.txt
// and seeds. docs/language.md says how. The weights in data are made by "go tool task train".
package understand
