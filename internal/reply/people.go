package reply

import (
	"cmp"
	"strings"

	"github.com/flowhq/flowhq"
)

// handOverReasons say to the owner why a chat is handed over. Each goes on behind "A customer
// (+255...)", so that the owner knows before opening the chat what waits there.
var handOverReasons = map[flowhq.HandOverReason]flowhq.Text{
	flowhq.HandOverAsked:    {EN: "asked for a person", SW: "ameomba kuzungumza na mtu"},
	flowhq.HandOverAnger:    {EN: "is not happy", SW: "hajaridhika"},
	flowhq.HandOverMissed:   {EN: "was not understood by the bot", SW: "hakueleweka na mfumo"},
	flowhq.HandOverDecision: {EN: "needs a decision of yours", SW: "anahitaji uamuzi wako"},
}

// OwnerNotice is what the owner is told of a chat that was handed over, with the customer's
// number, or "" if it is not known.
func OwnerNotice(c flowhq.Config, number string, why flowhq.HandOverReason) string {
	reason, ok := handOverReasons[why]
	// A reason that this program does not know comes from a newer one. The owner is told all the
	// same.
	if !ok {
		reason = flowhq.Text{EN: "is waiting for you", SW: "anakusubiri"}
	}
	who, link := flowhq.Text{EN: "A customer", SW: "Mteja"}.In(c.Language), ""
	if number != "" {
		// The link opens the chat on the owner's phone. wa.me takes a number without its plus.
		who += " (" + number + ")"
		link = "\nhttps://wa.me/" + strings.TrimPrefix(number, "+")
	}
	// Without this sentence the owner may wait for the bot, and the customer for the owner.
	last := flowhq.Text{
		EN: "The bot is silent in that chat until you have written there.",
		SW: "Mfumo umenyamaza kwenye mazungumzo hayo hadi utakapojibu.",
	}
	return who + " " + reason.In(c.Language) + ". " + last.In(c.Language) + link
}

// NobodyCame is what a customer is told who was promised a person, when none has written in time.
// language is the chat's, "" for the tenant's. Silence after a promise loses the customer. So the
// bot says so and answers again.
func NobodyCame(c flowhq.Config, language flowhq.Language) string {
	return flowhq.Text{
		// It promises no time: the first promise was not kept either.
		EN: "Sorry, nobody has been able to answer you yet. Your message has been passed on. " +
			"Meanwhile I am here again if I can help.",
		SW: "Samahani, bado hakuna aliyeweza kukujibu. Ujumbe wako umefikishwa. " +
			"Kwa sasa nipo tena kama naweza kusaidia.",
	}.In(cmp.Or(language, c.Language))
}
