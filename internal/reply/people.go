package reply

import (
	"cmp"
	"strings"

	"github.com/flowhq/flowhq"
)

// noticeKeys are the texts that say to the owner why a chat is handed over, so that the owner knows
// before opening the chat what waits there.
var noticeKeys = map[flowhq.HandOverReason]string{
	flowhq.HandOverAsked:    "notice.asked",
	flowhq.HandOverAnger:    "notice.anger",
	flowhq.HandOverMissed:   "notice.missed",
	flowhq.HandOverDecision: "notice.decision",
}

// OwnerNotice is what the owner is told of a chat that was handed over, in the language of the
// tenant. number is the customer's, or "" if it is not known.
func OwnerNotice(
	p flowhq.Profile, c flowhq.Config, number string, why flowhq.HandOverReason,
) string {
	say := speakerOf(&Knowledge{profile: p, config: c}, c.Language)
	// A reason that this program does not know comes from a newer one. The owner is told all the
	// same.
	key := cmp.Or(noticeKeys[why], "notice.waiting")
	who, link := say.first("notice.customer"), ""
	if number != "" {
		// The link opens the chat on the owner's phone. wa.me takes a number without its plus.
		who = say.first("notice.customer_number", "number", number)
		link = "\nhttps://wa.me/" + strings.TrimPrefix(number, "+")
	}
	// Without the last sentence the owner may wait for the bot, and the customer for the owner.
	return cut(say.first(key, "customer", who) + " " + say.first("notice.silent") + link)
}

// NobodyCame is what a customer is told who was promised a person, when none has written in time.
// language is the chat's, "" for the tenant's. Silence after a promise loses the customer. So the
// bot says so and answers again. It promises no time: the first promise was not kept either.
func NobodyCame(p flowhq.Profile, c flowhq.Config, language flowhq.Language) string {
	say := speakerOf(&Knowledge{profile: p, config: c}, cmp.Or(language, c.Language))
	return cut(say.first("handover.nobody_came"))
}
