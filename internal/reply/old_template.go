package reply

import "github.com/flowhq/flowhq"

// A template is what one kind of business talks about.
type template struct {
	// topics are in the order in which they are tried. The first one with a keyword in the
	// message wins, so an order that is wrong shows in the conversations of testdata.
	topics []topic
	// menu has the intents behind the numbers 1, 2, 3, ….
	menu []string
}

// A topic is one thing that customers come for. Its answer asks for details,
// which the next message is expected to hold. Its texts are in english.go and
// swahili.go under its intent. An intent may be listed twice, with its weaker
// keywords further down.
type topic struct {
	intent string
	// keywords are of both languages, because customers mix them.
	keywords []keyword
	// countable says that the details may be a number, so a bare number that
	// follows is not taken as a choice from the menu.
	countable bool
}

// templates are those that a tenant may have.
var templates = map[flowhq.Template]*template{
	flowhq.BookingTemplate:   &booking,
	flowhq.EcommerceTemplate: &ecommerce,
	flowhq.SupportTemplate:   &support,
}

// templateOf returns a template, BOOKING for a name that is none.
func templateOf(name flowhq.Template) *template {
	if t := templates[name]; t != nil {
		return t
	}
	return &booking
}

// topic returns the first topic of the intent, or nil.
func (t *template) topic(intent string) *topic {
	for i := range t.topics {
		if t.topics[i].intent == intent {
			return &t.topics[i]
		}
	}
	return nil
}

// match returns the topic that the words are about, or nil. Of topics that share
// an intent it returns the first, so topics can be compared by address.
func (t *template) match(words []string) *topic {
	for i := range t.topics {
		if anyIn(words, t.topics[i].keywords) {
			return t.topic(t.topics[i].intent)
		}
	}
	return nil
}
