package reply

import (
	"slices"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// Offered reports whether a text is no more than the bot offers to write, or than people
// write in any conversation: a choice from a menu by its number, a yes or no, a greeting or
// thanks. People repeat such texts, so that repeating them does not make a contact look like
// another bot. The pipeline asks it of each text by itself, without the conversation.
func Offered(text string, c flowhq.Config) bool {
	// A number or a yes is an answer, whatever was asked. It need not be known.
	if _, isNumber := entity.Choice(text); isNumber || entity.ReadYesNo(text) != entity.Neither {
		return true
	}
	words := split(text)
	// Longer texts are no courtesy, however polite their words are.
	if len(words) == 0 || len(words) > maxCourtesy {
		return false
	}
	// All languages: the customer may have changed to another one since the menu.
	for l := range catalogs {
		for key, variants := range catalogs[l] {
			if offeredKeys[key] && slices.ContainsFunc(variants, func(v string) bool {
				return slices.Equal(words, split(v))
			}) {
				return true
			}
		}
	}
	// Each word must be one of courtesy. A single other one makes it a text that a program may
	// repeat.
	return !slices.ContainsFunc(words, func(w string) bool {
		return !hasWord(courtesyWords, w) && !slices.ContainsFunc(greetings, func(g greeting) bool {
			return hasWord(g.words, w)
		})
	})
}

// maxCourtesy is how many words a greeting or thanks has at most. "Asante sana ndugu yangu, usiku
// mwema" has six.
const maxCourtesy = 6

// offeredKeys are the labels of what the bot lets customers choose from.
var offeredKeys = labelKeys()

// labelKeys takes the keys of one language, as all catalogs have the same ones.
func labelKeys() map[string]bool {
	keys := map[string]bool{"order.deliver": true, "order.pickup": true}
	for key := range catalogs[flowhq.Swahili] {
		for _, group := range []string{"menu.", "label."} {
			if len(key) > len(group) && key[:len(group)] == group {
				keys[key] = true
			}
		}
	}
	return keys
}

// courtesyWords are those of thanks, and those that people put around a greeting. A word that is
// missing here costs little: only who repeats it often is slowed down.
var courtesyWords = keywords(`
	menu, menyu, ok, okay, okey, sawa, sawasawa, poa, haya, vizuri, freshi, fresh, yes, no, yeah,
	ndiyo, ndio, hapana, fine, cool, great, sure, thank*, thnk*, thx, tnx, thanx, appreciate*,
	cheers, asante*, ahsante*, shukran*, nashukuru, ubarikiwe, bye, goodbye, kwaheri*, baadaye,
	usiku, mwema, siku, njema, welcome, you, u, very, much, so, a, lot, there, again, all, the,
	please, pls, sana, tena, yako, zenu, yenu, tafadhali, jamani, wapendwa, ndugu, sir, madam, dear,
	good, morning, afternoon, evening, night, how, are
`)
