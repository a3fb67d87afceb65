package reply

import (
	"hash/fnv"
	"slices"
	"strings"
	"unicode"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand"
	"github.com/flowhq/flowhq/internal/understand/entity"
	"github.com/flowhq/flowhq/internal/understand/when"
)

// A Suggestion is what a language model made of a message that the bot did not understand, or why
// it made nothing of it. Nothing in it is believed: see refusal. A model is asked for the meaning,
// and not for the answer: an answer may sound right with a price that nobody has told.
type Suggestion struct {
	// For is [Fingerprint] of the text that was asked about. A customer may have changed it since.
	// The suggestion is asked for outside of the turn, and may arrive after another line of the
	// burst. A failure is stored like an answer, so that the model is asked once a message.
	For uint64 `json:"for"`
	// Failure says why there is nothing else here, such as "timeout"; "" = there is.
	Failure string `json:"failure,omitempty"`
	// Intent is one of [Suggestible], or "other" if Reply is an answer by itself.
	Intent   understand.Intent `json:"intent,omitempty"`
	Services []string          `json:"services,omitempty"` // IDs in the owner's lists
	Products []string          `json:"products,omitempty"`
	// Own words, so that saidTime can look for them in the message: a model that works out dates
	// gets them wrong.
	When string `json:"when,omitempty"` // the customer's own words for day and time
	// It is said only if refusalOfText finds nothing in it that the owner has not told.
	Reply string `json:"reply,omitempty"`
}

// Fingerprint identifies the text of a message, so that none has to be stored twice. A message's
// row already has the text.
func Fingerprint(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text)) // never fails
	return h.Sum64()
}

// Suggestible are the intents that a suggestion may have besides "other". Consent is not among
// them: a yes, a no and a stop are the customer's own words or nothing. Nor is a complaint, from
// which too much follows. Each leads to a part of the bot that asks before it does something.
var Suggestible = []understand.Intent{
	understand.Book, understand.Order, understand.Cancel, understand.Change, understand.Status,
	understand.Return, understand.Problem, understand.Availability, understand.Product,
	understand.Price, understand.Location, understand.Hours, understand.Payment,
	understand.Delivery, understand.Account, understand.Billing, understand.Human,
}

// What became of a suggestion, for [Understood]. The prefixes are followed by the reason, as the
// metric counts by it.
const (
	suggestionAccepted = "accepted"
	suggestionRefused  = "refused: "
	suggestionFailed   = "failed: "
)

// AsksAssistant reports whether a language model may help with a message: the bot would say that
// it did not understand, and the message does not speak of secrets. It is pure, like [Decide].
// Deciding without the suggestion first is what keeps the model off everything that the bot
// understands by itself, and the tenant's budget for the rest.
func AsksAssistant(in Input) bool {
	in.Suggestion = nil
	t := decided(in)
	return t.missed && t.p.reading.Band != understand.Sure &&
		strings.ContainsFunc(t.p.text, unicode.IsLetter) &&
		!anyIn(t.p.reading.Words, secretWords)
}

// takeSuggestion answers a message that was not understood as the suggestion says, and reports
// whether it did. What the model means is done by the bot's own words and the owner's lists. Its
// text is said only where these have nothing. pending is the question that was open. It is asked
// again after an answer, so that a booking goes on.
func (t *turn) takeSuggestion(pending Ask) bool {
	s := t.in.Suggestion
	switch {
	// A suggestion for another text is none.
	case s == nil || s.For != Fingerprint(t.in.Message.Text):
		return false
	case s.Failure != "":
		t.assistant = suggestionFailed + s.Failure
		return false
	}
	// The reason is counted, and the bot's own answer stands.
	if reason := t.refusal(s); reason != "" {
		t.assistant = suggestionRefused + string(reason)
		return false
	}
	if !t.doSuggested(s, pending) {
		t.assistant = suggestionRefused + string(refusedEmpty)
		return false
	}
	t.assistant = suggestionAccepted
	return true
}

// doSuggested does what a suggestion means that was found to be sound. If the bot has nothing to
// say to the intent, the perception is put back: the text alone is then all that is left.
func (t *turn) doSuggested(s *Suggestion, pending Ask) bool {
	if s.Intent != understand.Other {
		before := t.p
		t.p.services = namesSuggested(t.p.services, s.Services)
		t.p.products = namesSuggested(t.p.products, s.Products)
		if r, ok := t.suggestedTime(s); ok {
			t.p.time, t.p.hasTime = r, true
		}
		t.p.acts = t.reconcileActs(acts{actOf[s.Intent]})
		// A person is called here, as inform and act do not do so.
		if t.p.has(actPerson) {
			t.handOver(flowhq.HandOverAsked)
			return true
		}
		informed := t.inform()
		acted := t.act(informed)
		// What was only informed leaves the question open that the customer was answering.
		if informed && !acted {
			t.resume(pending)
		}
		if informed || acted {
			return true
		}
		t.p = before
	}
	if s.Reply == "" {
		return false
	}
	t.did(actAnswer)
	t.show(s.Reply)
	t.resume(pending)
	return true
}

// namesSuggested are what the message names, or what the suggestion says it does. The message's own
// names win: the matchers compare with the owner's list, the model guesses.
func namesSuggested(named []entity.NameMatch, ids []string) []entity.NameMatch {
	if len(named) > 0 {
		return named
	}
	for _, id := range ids {
		named = append(named, entity.NameMatch{ID: id, Score: 1})
	}
	return named
}

// suggestedTime reads the words that the suggestion takes for a day and time. It is read by the
// bot's own clock of the language: the model is not asked what "saa nne" means.
func (t *turn) suggestedTime(s *Suggestion) (when.Result, bool) {
	if s.When == "" {
		return when.Result{}, false
	}
	return when.Parse(s.When, t.written(), openingHours{t.k})
}

// A refusalReason says why a suggestion is not followed. It is the label of a metric. The values
// are few and fixed, so that a metric has a bounded number of series.
type refusalReason string

const (
	refusedEmpty     refusalReason = "empty"     // it says nothing
	refusedIntent    refusalReason = "intent"    // it is none of Suggestible
	refusedName      refusalReason = "name"      // it is on none of the owner's lists
	refusedTime      refusalReason = "time"      // the customer did not say it
	refusedForm      refusalReason = "form"      // too long, or nothing that a person types
	refusedLanguage  refusalReason = "language"  // not that of the chat
	refusedQuestion  refusalReason = "question"  // the bot would not understand the answer
	refusedRude      refusalReason = "rude"      // no business says so
	refusedLink      refusalReason = "link"      // the owner has not told it
	refusedNumber    refusalReason = "number"    // likewise, a price or any other number
	refusedDate      refusalReason = "date"      // likewise, a day or a time of day
	refusedPromise   refusalReason = "promise"   // likewise, or something that only a person can do
	refusedUnfounded refusalReason = "unfounded" // a sentence that no fact stands behind
)

// AssistantResults are the values of [Understood.Assistant] by which suggestions are counted;
// those of failures come from who asks. A metric is begun with each of these, so that a rise from
// zero is seen.
func AssistantResults() []string {
	all := []string{suggestionAccepted}
	for _, r := range []refusalReason{
		refusedEmpty, refusedIntent, refusedName, refusedTime, refusedForm, refusedLanguage,
		refusedQuestion, refusedRude, refusedLink, refusedNumber, refusedDate, refusedPromise,
		refusedUnfounded,
	} {
		all = append(all, suggestionRefused+string(r))
	}
	return all
}

// maxSuggested bounds the text of a suggestion, in characters. A longer one has room for a claim
// that the check of clauses does not see.
const maxSuggested = 400

// refusal says why a suggestion is not followed, "" if it is sound. One lie spoils all of it: a
// model that makes up a price has not understood the rest either. The order is from cheap to dear:
// the text is held against all facts only at last.
func (t *turn) refusal(s *Suggestion) refusalReason {
	switch {
	// A consent that a model reads from a message is no consent.
	case s.Intent != understand.Other && !slices.Contains(Suggestible, s.Intent):
		return refusedIntent
	// A name on no list is made up.
	case !known(t.k.service, s.Services), !known(t.k.product, s.Products):
		return refusedName
	// The booking would be at a time that the customer never said.
	case s.When != "" && !t.saidTime(s):
		return refusedTime
	case s.Reply == "" && s.Intent == understand.Other:
		return refusedEmpty
	case s.Reply == "":
		return ""
	}
	return t.refusalOfText(s.Reply)
}

// known reports whether all of ids are in a list, and not too many of them. The bound keeps a model
// that lists everything from being followed.
func known[T any](list map[string]*T, ids []string) bool {
	return len(ids) <= maxStoredNames && !slices.ContainsFunc(ids, func(id string) bool {
		return list[id] == nil
	})
}

// saidTime reports whether the customer has said the day and time of a suggestion in these words.
// As whole words in the same order, so that "saa nne" is not found in "saa nne kasoro" by parts.
func (t *turn) saidTime(s *Suggestion) bool {
	said := " " + strings.Join(split(t.in.Message.Text), " ") + " "
	words := strings.Join(split(s.When), " ")
	_, isTime := t.suggestedTime(s)
	return isTime && words != "" && strings.Contains(said, " "+words+" ")
}
