package reply

import (
	"slices"

	"github.com/flowhq/flowhq"
)

// Offered reports whether a text is no more than the bot offers to write, or than people
// write in any conversation: a choice from the menu by number or name, a word that leads
// to the menu, a greeting, thanks or consent. People repeat such texts, so that repeating
// them does not make a contact look like another bot.
func Offered(text string, c flowhq.Config) bool {
	words := split(text)
	if _, isNumber := number(words); isNumber {
		return true
	}
	if len(words) == 0 || len(words) > maxPleasantry {
		return false
	}
	for _, intent := range templateOf(c.Template).menu {
		for _, book := range []*phrasebook{&swahili, &english} {
			if slices.Equal(words, split(book.topics(c.Template)[intent].menu)) {
				return true
			}
		}
	}
	return !slices.ContainsFunc(words, func(w string) bool {
		return !hasWord(menuWords, w) && !hasWord(oldGreetings, w) && !hasWord(thanks, w) &&
			!hasWord(consents, w) && !hasWord(besidePleasantries, w)
	})
}

// besidePleasantries are words that people put around these: "asante sana", "hello there".
var besidePleasantries = keywords(`
	you, u, very, much, so, a, lot, there, again, all, the, please, pls, sana, tena, yako, zenu,
	yenu, tafadhali, jamani, wapendwa, ndugu, sir, madam, dear
`)
