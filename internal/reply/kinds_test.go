package reply

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/demo"
	"github.com/flowhq/flowhq/internal/understand"
)

// A chat is a conversation with one of the demo businesses, without a file.
type chat struct {
	*testing.T
	know  *Knowledge
	state State
	cal   Calendar
	at    time.Time
	n     int64
}

func newChat(t *testing.T, business string) *chat {
	return &chat{T: t, know: Compile(demo.Profile(business), demo.Config(business)), at: morning}
}

// say writes a message and returns the bot's turn.
func (c *chat) say(text string) Turn {
	return c.send(Message{Text: text, Kind: flowhq.KindText})
}

// send sends a message of any kind and returns the bot's turn.
func (c *chat) send(m Message) Turn {
	c.n++
	m.ID, m.At = c.n, c.at
	turn := Decide(Input{
		Message: m, Knowledge: c.know, State: c.state, Calendar: c.cal,
		Reference: flowhq.Reference(c.n),
	})
	c.state, c.at = turn.State, c.at.Add(20*time.Second)
	for _, f := range turn.Facts {
		if b := f.Booking; b != nil {
			c.cal.Bookings = append(slices.DeleteFunc(c.cal.Bookings, func(o flowhq.Booking) bool {
				return o.Number == b.Number
			}), *b)
		}
		if o := f.Order; o != nil {
			row := *o
			row.UpdatedAt = c.at
			if row.Status == flowhq.OrderConfirmed && row.ConfirmedAt == nil {
				row.ConfirmedAt = &row.UpdatedAt
			}
			c.cal.Orders = append([]flowhq.Order{row}, slices.DeleteFunc(slices.Clone(c.cal.Orders),
				func(o flowhq.Order) bool { return o.Number == row.Number })...)
		}
	}
	return turn
}

// hasModel reports whether messages are read by the model, and not by a placeholder for it.
func hasModel(t *testing.T) bool {
	if len(understand.Read("habari", flowhq.BookingTemplate).Concepts) > 0 {
		return true
	}
	t.Log("internal/understand has no model yet")
	return false
}

// confirmed reports whether a turn makes something for good.
func confirmed(turn Turn) bool {
	return slices.ContainsFunc(turn.Facts, func(f flowhq.FactChange) bool {
		return f.Booking != nil && f.Booking.Status == flowhq.BookingConfirmed ||
			f.Order != nil && f.Order.Status == flowhq.OrderConfirmed
	})
}

// What is more or other than a yes confirms nothing, whatever was asked.
func TestNoConsentToWhatWasNotUnderstood(t *testing.T) {
	if !hasModel(t) {
		return
	}
	// What is read back, and then one of these.
	booking := []string{"book a haircut tomorrow at 11am"}
	order := []string{"I want 2 kg of sugar", "pick up", "cash"}
	for _, text := range []string{
		"is 5,000 all right?", "5000 ni sawa?", "sawa lakini bei imepanda?", "yes but not tomorrow",
		"ok how much is it?", "sawa kwa elfu tano?", "no", "hapana", "hapana sio hiyo", "maybe",
		"labda", "yes or no?", "sitaki", "ndio au hapana", "let me ask my wife", "hello", "asante",
		"are you sure?", "una uhakika?", "cancel", "ghairi", "where are you?", "call me", "1234567",
		"🙏", "?", "hmm", "not yes", "si sawa", "sio sawa", "yesterday", "niko njiani",
	} {
		for business, before := range map[string][]string{demo.Barber: booking, demo.Grocer: order} {
			c := newChat(t, business)
			for _, b := range before {
				c.say(b)
			}
			if turn := c.say(text); confirmed(turn) {
				t.Errorf("%s: %q confirms: %s", business, text, turn.Reply)
			}
		}
	}
}

// A clear yes confirms what was read back.
func TestConsent(t *testing.T) {
	if !hasModel(t) {
		return
	}
	for _, text := range []string{"yes", "Yes please", "ndio", "sawa", "ok", "👍", "sawa sawa",
		"ndiyo", "poa"} {
		c := newChat(t, demo.Barber)
		c.say("book a haircut tomorrow at 11am")
		if turn := c.say(text); !confirmed(turn) {
			t.Errorf("%q does not confirm: %s", text, turn.Reply)
		}
	}
}

// An open question does not swallow what is clearly something else.
func TestQuestionsSwallowNothing(t *testing.T) {
	if !hasModel(t) {
		return
	}
	asked := map[string][]string{
		demo.Barber: {"I want to book", "book a haircut", "book a haircut tomorrow"},
		demo.Grocer: {"I want 2 kg of sugar", "I want sugar\nplease deliver",
			"I want sugar, deliver to Sinza"},
	}
	want := map[string]string{ // message, and what the reply has
		"where are you located?":              "Map:",
		"how do I pay?":                       "M-Pesa",
		"what time do you close today?":       ":00",
		"I want to talk to a real person":     "colleague",
		"you are thieves, this is nonsense!!": "sorry",
		"my pin is 4455":                      "PIN",
	}
	for business, questions := range asked {
		for _, q := range questions {
			for text, has := range want {
				c := newChat(t, business)
				c.say("Hello, good morning to all of you there") // in English from here on
				c.say(q)
				if turn := c.say(text); !strings.Contains(turn.Reply, has) {
					t.Errorf("%s: after %q, %q is answered %q", business, q, text, turn.Reply)
				}
				if o := c.state.Order; o != nil && o.Address != "" {
					t.Errorf("%s: after %q, %q became an address", business, q, text)
				}
			}
		}
	}
}

// Thanks, goodbyes and emoji never bring the menu.
func TestCourtesyIsNoMiss(t *testing.T) {
	if !hasModel(t) {
		return
	}
	for _, text := range []string{
		"asante", "asante sana", "thanks a lot", "bye", "kwaheri", "👍", "🙏", "😀😀", "ok", "sawa", "poa",
	} {
		c := newChat(t, demo.Barber)
		turn := c.say(text)
		if strings.Contains(turn.Reply, "1.") || len(strings.Split(turn.Reply, "\n")) > 1 {
			t.Errorf("%q is answered %q", text, turn.Reply)
		}
	}
}

// Greetings have their own answers, in either language.
func TestGreetingPairs(t *testing.T) {
	if !hasModel(t) {
		return
	}
	for text, want := range map[string]string{
		"mambo": "Poa", "mambo vipi": "Poa", "niaje": "Poa", "habari": "Nzuri", "habari za asubuhi": "Nzuri",
		"shikamoo": "Marahaba", "hujambo": "Sijambo", "hamjambo": "Hatujambo", "uko?": "tup|here|hapa",
	} {
		turn := newChat(t, demo.Clinic).say(text)
		if !slices.ContainsFunc(strings.Split(want, "|"),
			func(w string) bool { return strings.Contains(turn.Reply, w) }) {
			t.Errorf("%q is answered %q; want %s", text, turn.Reply, want)
		}
	}
}

// Secrets are warned of and never kept; what only looks like one is none.
func TestSecrets(t *testing.T) {
	if !hasModel(t) {
		return
	}
	for _, text := range []string{
		"my pin is 1234", "pin yangu ni 4321", "password: hunter22", "namba ya siri ni 9988", "OTP 445566",
	} {
		turn := newChat(t, demo.Internet).say(text)
		if !strings.Contains(turn.Reply, "PIN") {
			t.Errorf("%q is answered %q", text, turn.Reply)
		}
		if s := fmt.Sprintf("%+v %+v", turn.State, turn.Facts); strings.Contains(s, "4321") ||
			strings.Contains(s, "hunter") {
			t.Errorf("%q is kept: %s", text, s)
		}
	}
	for _, text := range []string{
		"my account number is 10023456", "order 732201349959", "I forgot my password", "nimesahau pin yangu",
		"tuma pin ya location",
	} {
		if turn := newChat(t, demo.Internet).say(text); strings.Contains(turn.Reply, "PIN") {
			t.Errorf("%q is answered %q", text, turn.Reply)
		}
	}
}

// The second message in a row that is not understood calls a person; one that is, in between,
// begins anew.
func TestTwoMissesCallAPerson(t *testing.T) {
	if !hasModel(t) {
		return
	}
	c := newChat(t, demo.Barber)
	c.say("xqzt wvvk")
	turn := c.say("zzkq plmf")
	if !slices.ContainsFunc(turn.Facts, func(f flowhq.FactChange) bool {
		return f.HandOver != nil && f.HandOver.Reason == flowhq.HandOverMissed
	}) {
		t.Errorf("two misses are answered %q", turn.Reply)
	}
}
