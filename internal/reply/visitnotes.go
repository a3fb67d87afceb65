package reply

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
	"github.com/flowhq/flowhq/internal/understand/token"
)

// What stands beside the wishes of a visit and is no wish. Noted for the owner, it reads as if nobody
// had listened.

// nothingToNote reports whether a text of the message says nothing that a note could keep: who comes
// for what as it was read back, what it comes to, or that something was wrong.
func (t *turn) nothingToNote(text string) bool {
	if onlyCorrects(text) || t.deniesOther(text) || t.onlyWhy(text) || t.offSettled(text) {
		return true
	}
	v := t.next.Booking
	return v != nil && v.Service != "" && (t.partySettled(text) || t.sumSettled(text) || t.orderSettled(text) || t.eachSettled(text))
}

// onlyWhy reports whether a text only says why another time is wanted, which the message names:
// "tusogeze saa kumi na moja, ntachelewa kutoka job".
func (t *turn) onlyWhy(text string) bool {
	words := split(text)
	_, timed := t.timeIn(text)
	moved := t.next.Ask.For == askMove || t.next.Booking != nil && t.in.State.Booking != nil &&
		!t.next.Booking.Start.Equal(t.in.State.Booking.Start)
	return moved && !timed && len(words) <= maxAgreement && anyIn(words, whyMoved) && !anyIn(words, heeded) &&
		!strings.ContainsAny(text, "0123456789")
}

// whyMoved are reasons for another time.
var whyMoved = listOf("why another time")

// deniesOther reports whether a text only says of a service that it is not meant, and it is not on the
// visit: "sio chanjo", "sio daktari wa kawaida".
func (t *turn) deniesOther(text string) bool {
	words := split(text)
	for len(words) > 0 && (hasWord(countFillers, words[0]) || hasWord(courtesyWords, words[0])) &&
		!hasWord(notThis, words[0]) {
		words = words[1:]
	}
	// "I'm not coming for a vaccination."
	if all := t.named(t.k.services, text); len(all) > 0 && len(words) <= maxAssent &&
		!slices.ContainsFunc(all, func(m entity.NameMatch) bool {
			return m.Start < 0 || m.Start > len(text) || !takesBack.MatchString(text[:m.Start]) ||
				t.next.Booking != nil && slices.Contains(t.next.Booking.services(), m.ID)
		}) {
		return true
	}
	if len(words) < 2 || !hasWord(notThis, words[0]) && !anyIn(words, wantsNot) || len(words) > maxNaming+2 {
		return false
	}
	named := t.named(t.k.services, text)
	if notOrdinary.MatchString(text) {
		return true
	}
	return len(named) > 0 && !slices.ContainsFunc(named, func(m entity.NameMatch) bool {
		return t.next.Booking != nil && slices.Contains(t.next.Booking.services(), m.ID)
	})
}

// orderSettled reports whether a text says no more than in which order, or at which hour, the services
// of the visit come, and they do.
func (t *turn) orderSettled(text string) bool {
	v := t.next.Booking
	// Each part has an hour of its own.
	if parts := t.stepParts(text); len(parts) > 1 {
		return !slices.ContainsFunc(parts, func(s strike) bool { return !t.orderSettled(s.text) })
	}
	words := split(text)
	r, timed := t.timeIn(text)
	timed = timed && r.HasTime
	// "Is 3 not free?" says the hour bare.
	if n := t.in.memo.entitiesIn(text).Numbers; !timed && len(n) == 1 {
		hour := strconv.Itoa(n[0].Value)
		if t.say.language == flowhq.Swahili {
			hour = "saa " + hour
		} else {
			hour = "at " + hour
		}
		r, timed = t.timeIn(hour)
	}
	if !timed && !anyIn(words, orderWords) && !anyIn(words, swapWords) || v.Start.IsZero() {
		return false
	}
	if timed && !slices.ContainsFunc(t.startsOf(v), func(at time.Time) bool {
		return at.Hour()%12 == r.Start.Hour()%12 && at.Minute() == r.Start.Minute()
	}) {
		return false
	}
	var names []string
	for _, id := range v.services() {
		names = append(names, slices.Concat(t.namesOf(id)...)...)
	}
	return !slices.ContainsFunc(words, func(w string) bool {
		return !slices.Contains(names, w) && !hasWord(orderWords, w) && !hasWord(hourWords, w) &&
			!hasWord(dayWords, w) && !hasWord(aroundParty, w) && !hasWord(countFillers, w) &&
			!hasWord(aroundWish, w) && !hasWord(saysNothing, w) && !hasWord(swapWords, w) &&
			!hasWord(ifThere, w) && !token.Spelled(w) && countDigits(w) == 0
	})
}

// hourSettled reports whether a clause asks for an hour that the visit has by now: "kwani saa nne haina
// nafasi?".
func (t *turn) hourSettled() bool {
	// "Is it a problem?" behind what was answered.
	if anyProblem.MatchString(t.p.text) && slices.Contains(t.acts, actAnswer) {
		return true
	}
	v := t.next.Booking
	return v != nil && t.k.template() == flowhq.BookingTemplate && v.Service != "" && v.HeldUntil.After(t.now) &&
		!t.p.has(actPrice, actPlace, actPayment) && t.orderSettled(t.p.text)
}

// anyProblem asks whether what stands before it does any harm.
var anyProblem = regexp.MustCompile(`(?i)^\W*(?:will it be|is (?:it|that|there)|would that be|itakuwa(?: ni)?|ni|kuna|kutakuwa na|` +
	`hakuna|haina)?\s*(?:an? |any )?(?:problem|issue|shida|tatizo|ok|okay|fine|sawa)\W*$`)

// ifThere make a wish depend on whether there is room.
var ifThere = listOf("if there is room")

// partySettled reports whether a text says who comes for what, and the visit is so.
func (t *turn) partySettled(text string) bool {
	services := t.next.Booking.services()
	var all []place
	for _, part := range t.partyParts(text) {
		all = append(all, t.placesIn(part)...)
	}
	rest := split(text)
	for _, p := range all {
		n := 0
		for _, id := range services {
			if id == p.service {
				n++
			}
		}
		if n == 0 || p.said && n != p.count {
			return false
		}
		names := slices.Concat(t.namesOf(p.service)...)
		rest = slices.DeleteFunc(rest, func(w string) bool {
			return slices.ContainsFunc(names, func(name string) bool {
				return name == w || name+"s" == w
			})
		})
	}
	return len(all) > 0 && !slices.ContainsFunc(rest, func(w string) bool {
		return !hasWord(aroundParty, w) && !hasWord(countFillers, w) && !hasWord(aroundWish, w) &&
			!hasWord(saysNothing, w) && !hasWord(peopleWords, w) && !hasWord(correctionWords, w) &&
			!hasWord(courtesyWords, w) && numberSaid(w) == 0
	})
}

// aroundParty are words that stand around the services of several people.
var aroundParty = listOf("around a party")

// sumSettled reports whether a text says what the visit comes to, and the visit does.
func (t *turn) sumSettled(text string) bool {
	money := t.in.memo.entitiesIn(text).Money
	return len(money) == 1 && len(split(text)) <= maxNaming+1 && t.partySum(money[0].Amount)
}

// onlyCorrects reports whether a text says no more than that something was wrong.
func onlyCorrects(text string) bool {
	words := split(strings.ToLower(text))
	return len(words) > 0 && anyIn(words, saysMistaken) && !slices.ContainsFunc(words, func(w string) bool {
		return !hasWord(saysMistaken, w) && !hasWord(courtesyWords, w) && !hasWord(countFillers, w) &&
			!hasWord(aroundWish, w)
	})
}

// saysMistaken say that the bot has got something wrong.
var saysMistaken = listOf("mistaken")
