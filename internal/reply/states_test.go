package reply

import (
	"slices"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/demo"
	"github.com/flowhq/flowhq/internal/understand/entity"
)

// An openState is a question that a conversation has left open.
type openState struct {
	name, business string
	said           []string // by the customer, until the question was asked
	asks           string   // the question
}

// openStates are all questions that bookings and tickets leave open, and none.
var openStates = []openState{
	{"nothing", demo.Barber, []string{"hello"}, ""},
	{"menu", demo.Barber, []string{"xqzt wvvk"}, askOption},
	{"service", demo.Barber, []string{"I want to book"}, askService},
	{"when", demo.Barber, []string{"book a haircut"}, askWhen},
	{"slots", demo.Barber, []string{"book a haircut tomorrow"}, askWhen},
	{"book", demo.Barber, []string{"book a haircut tomorrow at 11am"}, askBook},
	{"book sw", demo.Clinic, []string{"naomba kumuona daktari kesho saa nne asubuhi"}, askBook},
	{"cancel", demo.Barber, []string{"book a haircut tomorrow at 11am", "yes", "cancel my booking"},
		askCancel},
	{"move to", demo.Barber,
		[]string{"book a haircut tomorrow at 11am", "yes", "change my booking"}, askMoveTo},
	{"move", demo.Barber,
		[]string{"book a haircut tomorrow at 11am", "yes", "move my booking to 3pm"}, askMove},
	{"booked", demo.Barber, []string{"book a haircut tomorrow at 11am", "yes"}, ""},
	{"person", demo.Internet, []string{"hello", "and are you coming to Korogwe this year?"}, askPerson},
	{"problem", demo.Internet, []string{"I have a problem"}, askProblem},
	{"helped", demo.Internet, []string{"my internet is very slow since yesterday"}, askHelped},
	{"ticket", demo.Internet, []string{"my internet is not working since yesterday evening"}, ""},
	{"wanted", demo.Internet, []string{"how do I change my package"}, ""},
}

// chat plays a conversation up to the question.
func (s openState) chat(t *testing.T) *chat {
	t.Helper()
	c := newChat(t, s.business)
	for _, text := range s.said {
		c.say(text)
	}
	if s.asks != "" && c.state.Ask.For != s.asks {
		t.Fatalf("%s: %q is open; want %q", s.name, c.state.Ask.For, s.asks)
	}
	return c
}

// strayMessages are what customers write while a question is open, and that agrees to nothing.
var strayMessages = []string{
	"where are you located?", "mko wapi?", "how do I pay?", "nalipaje?", "what time do you close today?",
	"mnafunga saa ngapi leo?", "how much is it?", "bei gani?", "is 5,000 all right?", "5000 ni sawa?",
	"sawa kwa elfu tano?", "last price?", "nipunguzie kidogo", "your service is very bad",
	"huduma mbaya sana", "I waited for an hour yesterday and nobody came", "nimekaa saa nzima",
	"cancel", "nimeghairi", "sitakuja tena", "forget it", "basi acha", "thanks", "asante sana",
	"ok thanks, I will think about it", "sawa nitafikiria", "😂", "🙏", "👍🏿👎", "??", "hello", "mambo",
	"I want to talk to a person", "nataka kuongea na mtu", "771904", "0712 345 678", "7", "2",
	"let me ask my wife", "ngoja nimuulize mke wangu", "maybe", "labda", "not sure", "sijui",
	"yes but not tomorrow", "sawa lakini sio kesho", "do you have parking?", "kuna parking?",
	"I am on the way", "niko njiani", "can I bring my son too?", "naweza kuja na mwanangu?",
	"no", "hapana", "who is this?", "wewe ni nani?", "are you sure?", "una uhakika?",
	"is it good", "is that fine", "the other one", "ile nyingine", "2 shirts", "mashati mawili",
	"I want to book a shave on friday at 9am", "nataka kubook ijumaa saa tatu asubuhi",
	"my tv is broken", "tv yangu imeharibika",
}

// Whatever is open, nothing is done for good but by a clear yes.
func TestOnlyAYesAgrees(t *testing.T) {
	if !hasModel(t) {
		return
	}
	for _, s := range openStates {
		for _, text := range strayMessages {
			if entity.ReadYesNo(text) == entity.Yes {
				continue
			}
			c := s.chat(t)
			before := slices.Clone(c.cal.Bookings)
			if turn := c.say(text); doneForGood(turn, before) {
				t.Errorf("%s: %q does something for good: %s", s.name, text, turn.Reply)
			}
		}
	}
}

// doneForGood reports whether a turn confirms, moves or cancels a booking, places or cancels an
// order, or closes a ticket. before are the bookings until then.
func doneForGood(turn Turn, before []flowhq.Booking) bool {
	return slices.ContainsFunc(turn.Facts, func(f flowhq.FactChange) bool {
		switch {
		case f.Order != nil:
			return f.Order.Status != flowhq.OrderOpen
		case f.Ticket != nil:
			return f.Ticket.Status != flowhq.TicketOpen
		case f.Booking == nil:
			return false
		}
		stood := slices.ContainsFunc(before, func(b flowhq.Booking) bool {
			return b.Number == f.Booking.Number && b.Status == flowhq.BookingConfirmed
		})
		// A note on a booking that stands changes nothing of it.
		same := slices.ContainsFunc(before, func(b flowhq.Booking) bool {
			return b.Number == f.Booking.Number && b.Status == f.Booking.Status &&
				b.StartsAt.Equal(f.Booking.StartsAt)
		})
		return !same && (stood || f.Booking.Status == flowhq.BookingConfirmed)
	})
}
