package reply

import (
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// newBusinessChat is a conversation with a business that has told nothing yet, as each new one has.
func newBusinessChat(t *testing.T, c flowhq.Config) *chat {
	return &chat{T: t, know: Compile(flowhq.Profile{}, c), at: morning}
}

// A business that has told nothing yet offers no choice of one, and does not say that a colleague
// was asked before it asks whether to ask one.
func TestNewBusiness(t *testing.T) {
	if !hasModel(t) {
		return
	}
	eachTenant(t, func(t *testing.T, config flowhq.Config) {
		for _, text := range []string{
			"prices", "where are you?", "are you open?", "menu", "what do you sell?", "asdf qwer",
			"how do I pay?", "do you deliver?", "I want to order", "bei zenu", "mko wapi?", "menyu",
			"mko wazi sasa?", "mnauza nini?", "nalipaje?", "mnadeliver?", "nataka kuagiza", "1",
		} {
			c := newBusinessChat(t, config)
			c.say("hello")
			reply := c.say(text).Reply
			if strings.Contains(reply, "1. ") && !strings.Contains(reply, "2. ") {
				t.Errorf("%q is answered with a list of one: %q", text, reply)
			}
			for _, called := range []string{"asked a colleague", "calling", "imemuuliza", "imemjulisha"} {
				if strings.HasSuffix(reply, "?") && strings.Contains(reply, called) {
					t.Errorf("%q is answered %q, which says and asks the same", text, reply)
				}
			}
		}
	})
}

// A number chooses from the list that was said last, and from no older one.
func TestNumbersBelongToTheLastList(t *testing.T) {
	if !hasModel(t) {
		return
	}
	eachTenant(t, func(t *testing.T, config flowhq.Config) {
		c := newBusinessChat(t, config)
		c.say("xqzt wvvk")
		c.say("hello")
		c.say("prices")
		for _, number := range []string{"1", "2", "3"} {
			if turn := c.say(number); turn.Understood.Acts[0] != string(actUnknown) && turn.Reply != "" {
				t.Errorf("%s is answered %q, as %v", number, turn.Reply, turn.Understood.Acts)
			}
			c.state.Misses = 0
		}
	})
}

// A day that was agreed on is kept when only the hour or the part of the day is said, also where
// that hour has passed today.
func TestAgreedDayIsKept(t *testing.T) {
	if !hasModel(t) {
		return
	}
	for text, want := range map[string]int{"8am": 8, "saa nne asubuhi": 10, "10am": 10, "5pm": 17} {
		c := newBusinessChat(t, flowhq.Config{Template: flowhq.BookingTemplate, BusinessName: "X"})
		c.say("I want to book an appointment")
		c.say("on saturday")
		c.say(text)
		if v := c.state.Booking; v == nil || v.Start.Weekday() != time.Saturday || v.Start.Hour() != want {
			t.Errorf("%q after a day: %+v", text, v)
		}
	}
	for _, text := range []string{"jioni", "in the evening", "asubuhi", "in the morning"} {
		c := newChat(t, "barber")
		c.say("book a haircut on saturday")
		if reply := c.say(text).Reply; c.state.Booking == nil ||
			c.state.Booking.Day.Weekday() != time.Saturday {
			t.Errorf("%q after a day is answered %q", text, reply)
		}
	}
}

// What the bot does not know may be anything, and no hour.
func TestNumbersOfOtherThingsAreNoHours(t *testing.T) {
	if !hasModel(t) {
		return
	}
	for _, text := range []string{
		"2 shirts", "mashati mawili", "watu 2 zaidi", "2 km away", "miaka 3", "room 5", "my 2 sons",
	} {
		c := newChat(t, "barber")
		c.say("book a haircut tomorrow at 11am")
		before := c.state.Booking.Start
		c.say(text)
		if v := c.state.Booking; v != nil && !v.Start.IsZero() && !v.Start.Equal(before) {
			t.Errorf("%q moves the visit to %v", text, v.Start)
		}
	}
}
