package reply

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// Who of the business is asked for. Profiles have no list of people: the owner's answer to who asks
// for somebody names them.

// staffName finds a name in the middle of a sentence: a capital elsewhere only begins one.
var staffName = regexp.MustCompile(`(?:[\pL,:]\s+|\bDr\.?\s+|\bDkt\.?\s+)(\p{Lu}\p{Ll}{2,})\b`)

// staffNames are the people whom the owner's answers name to who asks for somebody, by their names
// in lower case. Profiles have no list of them.
func (k *Knowledge) staffNames() map[string]string {
	// The owner has written the names where customers ask for them: "Juma, Hassan or Baraka".
	names := map[string]string{}
	for _, question := range phrasesOf("staff") {
		id, _, sure, _ := k.answers.Best(question)
		if !sure || k.answer[id] == nil {
			continue
		}
		// The first question that finds an answer decides which one tells of the staff.
		k.staffAnswer = cmp.Or(k.staffAnswer, id)
		for _, text := range []string{k.answer[id].Answer.EN, k.answer[id].Answer.SW} {
			// Words of days and goods begin with a capital as well: "off on Tuesdays".
			for _, m := range staffName.FindAllStringSubmatch(text, maxPeople) {
				if w := strings.ToLower(m[1]); !hasWord(dayWords, w) && !k.words[w] &&
					!k.otherNames[w] {
					names[w] = m[1]
				}
			}
		}
	}
	return names
}

// staffWished is who of the business the message names, "" if nobody. A customer of the same name
// is none, and a story of what somebody has done wishes for nobody.
func (t *turn) staffWished() string {
	p := &t.p
	if len(t.k.staff) == 0 || p.tellsStory() || p.has(actComplaint, actAnger) ||
		anyIn(p.reading.Words, notThem) {
		return ""
	}
	if staff := t.next.Staff; staff != "" && p.hasTime && anyIn(p.reading.Words, thatPerson) {
		return staff
	}
	// "Naitwa Hassan" tells a name of the customer.
	name := split(p.name)
	for _, part := range partsOf(p.text) {
		words := split(part)
		for _, w := range words {
			// "Je Baraka yupo Jumamosi?" only asks.
			if staff := t.k.staff[w]; staff != "" && !slices.Contains(name, w) && !asksWhoServes(part) &&
				!(t.next.Booking != nil && anyIn(words, staffThere) && !anyIn(words, byStaff) &&
					(strings.Contains(part, "?") || asksInWords(words))) {
				return staff
			}
		}
	}
	return ""
}

// servesOne asks whether it is a certain person who will serve.
var servesOne = regexp.MustCompile(`(?i)\b(?:the one|(?:is it|will it be|it is|is that|isit)\s+(?:dr|doctor|dkt|\pL+)|will (?:dr|doctor|dkt)|(?:is|will|does) (?:(?:dr|doctor|dkt)\.?\s+)?\pL+ (?:be )?(?:the|who|see|seeing|do|doing|going|attend\w*|treat\w*|handl\w*)|` +
	`ndiye|ndie|ndo (?:ata|ana|yeye)\pL*|ndio (?:ata|ana|yeye)\pL*|(?:ni|atakuwa) (?:dr|dkt|dokta|daktari))\b`)

// asksWhoServes reports whether a part of a message asks whether somebody will serve, and wishes
// for nobody.
func asksWhoServes(part string) bool {
	return servesOne.MatchString(part) && !anyIn(split(part), byStaffWish) &&
		(strings.Contains(part, "?") || entity.BeginsAsQuestion(part) || asksInWords(split(part)))
}

// byStaffWish wish for somebody, also in a question.
var byStaffWish = keywords("aninyoe, anikate, nataka, naomba, want, prefer, niwekee, book, can i, could i, naweza")

// byStaff say that somebody is to serve the customer.
var byStaff = keywords("aninyoe, anikate, anihudumie, anyoe, akate, nataka, naomba, want, with, by, prefer, niwekee, book, awe, nimtake, kwa")

// kindOfStaff finds that a woman or a man is wanted, whoever it is.
var kindOfStaff = regexp.MustCompile(`(?i)\b(?:female|lady|woman|male)\s+(?:doctor|dr|dentist|nurse|barber|stylist)\b|` +
	`\b(?:daktari|dokta|kinyozi|nesi|muuguzi)\s+(?:wa kike|mwanamke|wa kiume|mwanaume|mwanamume)\b`)

// dropKind drops the service by whose word somebody is wished for, where another one is spoken of: a
// blood test, "na ningependa daktari wa kike", became a doctor's visit.
func (t *turn) dropKind(p *perception) {
	at := kindOfStaff.FindStringIndex(p.text)
	v := t.next.Booking
	if at == nil || t.k.service[t.next.Topic] == nil && (v == nil || v.Service == "") {
		return
	}
	p.services = slices.DeleteFunc(p.services, func(m entity.NameMatch) bool {
		return m.Start >= at[0] && m.End <= at[1] && m.Start < m.End
	})
}

// kindWished is such a wish, "" if the message has none.
func (t *turn) kindWished() string {
	if t.p.asksSoftly() && !anyIn(t.p.reading.Words, wishWords) {
		return ""
	}
	return kindOfStaff.FindString(t.p.text)
}

// thatPerson points to who was spoken of.
var thatPerson = keywords("he, him, she, her, yeye, huyo, kwake, naye, aninyoe, anikate, anihudumie, ana nafasi, atakuwa, yupo")

// staffNamed is who of the business the message names, "" if nobody.
func (t *turn) staffNamed() string {
	for _, w := range t.p.reading.Words {
		if staff := t.k.staff[w]; staff != "" {
			return staff
		}
	}
	return ""
}

// meanStaff gives who asks whether somebody of the business is there the owner's answer about that,
// and no answer at all to who only wishes for somebody: that is noted.
func (t *turn) meanStaff(p *perception) {
	if t.k.staffAnswer == "" || t.k.template() != flowhq.BookingTemplate ||
		!slices.ContainsFunc(p.reading.Words, func(w string) bool { return t.k.staff[w] != "" }) {
		return
	}
	// The clause that has the name decides: another one may ask about something else.
	asks := false
	for _, part := range append(hourClause.Split(p.text, maxPartsRead), partsOf(p.text)...) {
		words := split(part)
		named := slices.ContainsFunc(words, func(w string) bool { return t.k.staff[w] != "" })
		// Who will serve is for a colleague to say: the days on which somebody is there do not.
		if named && asksWhoServes(part) {
			if p.answer == t.k.staffAnswer {
				p.answer, p.alike, p.sure = "", 0, false
			}
			return
		}
		asks = asks || named && (strings.Contains(part, "?") || anyIn(words, staffThere))
	}
	switch {
	// As sure as if the owner's own wording had been written: the walk-in rule was the answer to
	// "Hassan yupo leo? nataka appointment".
	case asks && !(p.sure && p.alike >= surelyTheSame):
		p.answer, p.alike, p.sure = t.k.staffAnswer, 1, true
	case !asks && p.answer == t.k.staffAnswer && !t.staffOff() &&
		(t.next.Booking != nil || len(p.services) > 0 && p.hasTime):
		// What stands beside the wish may ask something: "aninyoe Hassan / na mna parking?".
		rest := slices.DeleteFunc(hourClause.Split(p.text, maxPartsRead), func(part string) bool {
			return slices.ContainsFunc(split(part),
				func(w string) bool { return t.k.staff[w] != "" })
		})
		p.answer, p.alike, p.sure, p.nearest = t.bestAnswer(strings.Join(rest, " "))
	}
}

// staffThere ask whether somebody is there.
var staffThere = keywords("yupo, yuko, is there, there, is in, on duty, is around, available, " +
	"anapatikana, atakuwepo, anakuwepo, anafanya, au la")

// staffOff reports whether the answer about the staff names the day of the visit, on which somebody
// may be off: it is told then.
func (t *turn) staffOff() bool {
	v := t.next.Booking
	if v == nil || v.Day.IsZero() {
		return false
	}
	// English day names are in the list of both languages, two a day.
	told := split(t.k.answer[t.k.staffAnswer].Answer.EN)
	day := weekdayNames[2*int(v.Day.Weekday())]
	return slices.ContainsFunc(told, func(w string) bool { return strings.HasPrefix(w, day) })
}
