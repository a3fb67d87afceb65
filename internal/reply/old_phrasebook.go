package reply

import (
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
)

// Bounds on what the bot says.
const (
	// maxQuote bounds how much of a customer's words are repeated, in characters. It shows that
	// they were read, and keeps the answer far below MaxBytes.
	maxQuote = 100
)

// A phrasebook is everything the bot can say in one language. In each text
// {business} stands for the business's name and {details} for what the customer
// wrote, shortened.
type phrasebook struct {
	// hello opens the answer to a greeting, and welcome the menu below it.
	hello, welcome string
	// sorry opens the menu for a message that was not understood.
	sorry string
	// choose closes the menu.
	choose string
	// wordsOnly answers a picture or voice note; the menu follows.
	wordsOnly string
	// thanks answers thanks and goodbyes, and ok answers "ok".
	thanks, ok string

	// The warnings; see [SlowDown], [Busy], [PleaseWait] and [Muted].
	slowDown   string
	busy       string
	pleaseWait string
	muted      string

	// helloFor answers oldGreetings that have an answer of their own.
	helloFor map[string]string

	booking, ecommerce, support map[string]phrase // by intent
}

// A phrase is what the bot says about one topic.
type phrase struct {
	// menu is the topic's line in the menu; "" for topics that are not in it.
	menu string
	// answer asks for details, and noted says that they have come.
	answer, noted string
}

// A oldSpeaker is a phrasebook on behalf of one business: the phrases of its template, in its
// language, under its name.
type oldSpeaker struct {
	*phrasebook
	topics   map[string]phrase
	business string
}

// phrasesOf returns what the bot says for this tenant. Swahili is the default, as in the
// original.
func phrasesOf(c flowhq.Config) oldSpeaker {
	book := &swahili
	if c.Language == flowhq.English {
		book = &english
	}
	return oldSpeaker{book, book.topics(c.Template), oneLine(c.BusinessName, flowhq.MaxNameLength)}
}

// topics returns the phrases of a template.
func (b *phrasebook) topics(t flowhq.Template) map[string]phrase {
	switch t {
	case flowhq.EcommerceTemplate:
		return b.ecommerce
	case flowhq.SupportTemplate:
		return b.support
	default:
		return b.booking
	}
}

// topic answers a topic of the template, which asks for details.
func (s oldSpeaker) topic(intent string) string { return s.fill(s.topics[intent].answer, "") }

// noted confirms what the customer wrote when asked for details.
func (s oldSpeaker) noted(intent, text string) string { return s.fill(s.topics[intent].noted, text) }

// smallTalk answers the intents that all templates share.
func (s oldSpeaker) smallTalk(intent string, words, menu []string) string {
	switch intent {
	case intentThanks:
		return s.fill(s.thanks, "")
	case intentOK:
		return s.fill(s.ok, "")
	case intentMedia:
		return s.menu(s.wordsOnly, menu)
	case intentGreeting:
		return s.menu(s.helloTo(words)+" "+s.welcome, menu)
	default:
		return s.menu(s.sorry, menu)
	}
}

// helloTo returns the right answer to a greeting: whoever says "shikamoo" is
// owed a "marahaba".
func (s oldSpeaker) helloTo(words []string) string {
	for _, w := range words {
		if hello := s.helloFor[w]; hello != "" {
			return hello
		}
	}
	return s.hello
}

// menu returns the numbered menu below an opening. It is plain text, which every phone
// shows.
func (s oldSpeaker) menu(opening string, intents []string) string {
	var b strings.Builder
	b.WriteString(s.fill(opening, "") + "\n\n")
	for i, intent := range intents {
		b.WriteString(strconv.Itoa(i+1) + ". " + s.topics[intent].menu + "\n")
	}
	b.WriteString("\n" + s.choose)
	return b.String()
}

// fill puts the business's name and the details in place. Neither is searched
// for the other's mark: a replacer reads its input once.
func (s oldSpeaker) fill(text, details string) string {
	quote := oneLine(details, maxQuote)
	return strings.NewReplacer("{business}", s.business, "{details}", quote).Replace(text)
}
