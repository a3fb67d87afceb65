package reply

import (
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/demo"
)

// inspectHeld checks what is true of every turn of every conversation: nothing that was held has
// vanished unless the message takes it away or names another in its place, and nothing is held that
// nobody has said.
func (s *stage) inspectHeld(in Input) {
	in.memo = newMemo()
	// Who starts an order over gives up its lines.
	before, after := newTurn(newTurn(in).startedOver(in)), decided(in)
	for _, v := range after.lost(before) {
		s.fail("the %s %q was held, and is lost without a word of it: %q -> %q",
			v.kind, v.text, in.Message.Text, after.reply())
	}
	// What is taken out at last shows that a step before has made it up.
	for _, v := range append(after.unsaid, after.unfounded(before)...) {
		s.fail("the %s %q is recorded, and nobody has said it: %q -> %q",
			v.kind, v.text, in.Message.Text, after.reply())
	}
}

// turnsOf are a turn as it begins, and one that has read the message and changed what is held.
func turnsOf(business, text string, held State, change func(*State)) (before, after *turn) {
	k := Compile(demo.Profile(business), demo.Config(business))
	in := Input{Knowledge: k, State: held,
		Message: Message{Text: text, Kind: flowhq.KindText, At: morning}, memo: newMemo()}
	before, after = newTurn(in), newTurn(in)
	after.perceive()
	change(&after.next)
	return before, after
}

// kindsOf are the kinds of values.
func kindsOf(values []value) string {
	var kinds []string
	for _, v := range values {
		kinds = append(kinds, string(v.kind))
	}
	return strings.Join(kinds, " ")
}

// TestLost drops each of the values that a conversation holds, one at a time, behind messages that
// take nothing away: each must be missed. Behind a message that takes it away none may be.
func TestLost(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 3, 6, 0, 0, 0, 0, time.UTC)
	visit := Visit{Service: "haircut", More: []string{"shave"}, Day: day,
		Start: day.Add(10 * time.Hour), Note: "no wash"}
	basket := Basket{At: morning, How: howDeliver, Area: "Sinza", Address: "Mori 4", Payment: "Cash",
		Note:  "call me at the gate",
		Lines: []Line{{Product: "rice", Quantity: 2}, {Product: "sugar", Quantity: 3}}}
	for _, c := range []struct {
		business string
		text     string
		drop     func(*State)
		want     string // the kinds that are lost
	}{
		{demo.Barber, "is there parking", func(s *State) { s.Booking.More = nil }, "service"},
		{demo.Barber, "only the haircut", func(s *State) { s.Booking.More = nil }, ""},
		{demo.Barber, "toa ndevu", func(s *State) { s.Booking.More = nil }, ""},
		{demo.Barber, "both please", func(s *State) { s.Booking.More = nil }, "service"},
		// One that is named takes the place of one, and of the one that is most like it.
		{demo.Barber, "hapana ndevu ni kupunguza",
			func(s *State) { s.Booking.Service, s.Booking.More = "beard-trim", nil }, "service"},
		{demo.Barber, "hapana ndevu ni kupunguza",
			func(s *State) { s.Booking.More = []string{"beard-trim"} }, ""},
		{demo.Barber, "thanks", func(s *State) { s.Booking.Note = "" }, "note"},
		{demo.Barber, "asante", func(s *State) { s.Booking = nil }, "service service day hour note"},
		{demo.Barber, "naitwa Juma", func(s *State) { s.Booking.Start = day.Add(11 * time.Hour) }, ""},
		{demo.Grocer, "mko wapi", func(s *State) { s.Order.Lines = s.Order.Lines[:1] }, "product"},
		{demo.Grocer, "toa sukari", func(s *State) { s.Order.Lines = s.Order.Lines[:1] }, ""},
		{demo.Grocer, "toa mchele", func(s *State) { s.Order.Lines = s.Order.Lines[:1] }, "product"},
		{demo.Grocer, "asante", func(s *State) { s.Order.Area = "" }, "area"},
		{demo.Grocer, "asante", func(s *State) { s.Order.Address = "" }, "address"},
		{demo.Grocer, "asante", func(s *State) { s.Order.Payment = "" }, "payment"},
		{demo.Grocer, "asante", func(s *State) { s.Order.Note = "" }, "note"},
		{demo.Grocer, "asante", func(s *State) { s.Name = "" }, "name"},
	} {
		held := State{Version: stateVersion, At: morning, Name: "Asha"}
		if c.business == demo.Barber {
			held.Booking = clone(&visit)
		} else {
			held.Order = clone(&basket)
		}
		before, after := turnsOf(c.business, c.text, held, c.drop)
		if got := kindsOf(after.lost(before)); got != c.want {
			t.Errorf("%q loses %q, want %q", c.text, got, c.want)
		}
	}
}

// TestUnfounded adds values behind messages that say them, and behind others.
func TestUnfounded(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 3, 6, 0, 0, 0, 0, time.FixedZone("EAT", 3*60*60))
	for _, c := range []struct {
		business, text string
		add            func(*State)
		want           string // the kinds that nobody has said
	}{
		{demo.Barber, "a shave on friday at 10", func(s *State) {
			s.Booking = &Visit{Service: "shave", Day: day, Start: day.Add(10 * time.Hour)}
		}, ""},
		{demo.Barber, "I want to come", func(s *State) {
			s.Booking = &Visit{Service: "shave", Day: day, Start: day.Add(10 * time.Hour)}
		}, "service day hour"},
		// A number of something else says no hour, and no count.
		{demo.Barber, "a shave on friday, the house is 58", func(s *State) {
			s.Booking = &Visit{Service: "shave", Day: day, Start: day.Add(15 * time.Hour)}
		}, "hour"},
		{demo.Barber, "kunyoa ndevu ijumaa saa nne", func(s *State) {
			s.Booking = &Visit{Service: "shave", Day: day, Start: day.Add(10 * time.Hour)}
		}, ""},
		{demo.Grocer, "sugar to house 58 please", func(s *State) {
			s.Order = &Basket{Lines: []Line{{Product: "sugar", Quantity: 6}}}
		}, "quantity"},
		{demo.Grocer, "naomba mchele nusu", func(s *State) {
			s.Order = &Basket{Lines: []Line{{Product: "rice", Quantity: 6}}}
		}, ""},
		{demo.Barber, "asante", func(s *State) { s.Name = "Baraka" }, "name"},
		{demo.Barber, "naitwa Baraka", func(s *State) { s.Name = "Baraka" }, ""},
		{demo.Grocer, "nataka sukari kilo 2", func(s *State) {
			s.Order = &Basket{Lines: []Line{{Product: "sugar", Quantity: 2}}}
		}, ""},
		{demo.Grocer, "nataka sukari", func(s *State) {
			s.Order = &Basket{Lines: []Line{{Product: "rice", Quantity: 2}}}
		}, "product quantity"},
		{demo.Grocer, "nataka sukari", func(s *State) {
			s.Order = &Basket{Area: "Sinza", Payment: "Cash", Address: "Mori 4", Note: "call me",
				Lines: []Line{{Product: "sugar", Quantity: 1, Guessed: true}}}
		}, "area address payment note"},
	} {
		before, after := turnsOf(c.business, c.text, State{Version: stateVersion, At: morning}, c.add)
		if got := kindsOf(after.unfounded(before)); got != c.want {
			t.Errorf("%q: nobody has said %q, want %q", c.text, got, c.want)
		}
	}
}

// TestLeaveUnsaid adds values that nobody has said, also to what is made for good. None may stay, and
// what is needed is asked for, or what was held before is read back.
func TestLeaveUnsaid(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 3, 6, 0, 0, 0, 0, time.FixedZone("EAT", 3*60*60))
	visit := Visit{Service: "haircut", Day: day, Start: day.Add(10 * time.Hour)}
	basket := Basket{At: morning, How: howPickup, Lines: []Line{{Product: "rice", Quantity: 2}}}
	for _, c := range []struct {
		business, text string
		held           State
		add            func(*turn)
		ask            string // the question that is open then
		want           string // the values that are left
	}{
		// An hour, a service and a day are asked for.
		{demo.Barber, "a haircut on friday", State{}, func(t *turn) {
			t.next.Booking = &Visit{Service: "haircut", Day: day, Start: day.Add(15 * time.Hour)}
		}, askWhen, "service haircut, day 2026-03-06"},
		{demo.Barber, "I want to come", State{}, func(t *turn) {
			t.next.Booking = clone(&visit)
		}, askService, ""},
		// What was held before stays, and is read back.
		{demo.Barber, "the house is 58", State{Booking: &visit}, func(t *turn) {
			t.next.Booking.Start = day.Add(15 * time.Hour)
		}, askBook, "service haircut, day 2026-03-06, hour 10:00"},
		{demo.Barber, "asante sana", State{Booking: &visit}, func(t *turn) {
			t.next.Booking.Service = "shave"
		}, askBook, "service haircut, day 2026-03-06, hour 10:00"},
		// Nothing is made for good with what was not read back, and nothing at all of nothing.
		{demo.Barber, "yes", State{Booking: &visit}, func(t *turn) {
			b := t.booking(t.next.Booking, "shave", day.Add(15*time.Hour), flowhq.BookingConfirmed)
			t.fact(flowhq.FactChange{Booking: &b})
			t.next.Booking = nil
			t.tell("book.done")
		}, askBook, "service haircut, day 2026-03-06, hour 10:00"},
		// A name and a note can be left out of what is made.
		{demo.Barber, "yes", State{Booking: &visit}, func(t *turn) {
			t.next.Name, t.next.Booking.Note = "Baraka", "ring the bell"
			b := t.booking(t.next.Booking, "haircut", visit.Start, flowhq.BookingConfirmed)
			b.Name = "Baraka"
			t.fact(flowhq.FactChange{Booking: &b})
			t.next.Booking = nil
		}, "", "day 2026-03-06, hour 10:00, service haircut"},
		{demo.Grocer, "nataka sukari", State{}, func(t *turn) {
			t.next.Order = &Basket{At: morning, How: howPickup, Lines: []Line{{Product: "rice", Quantity: 2}}}
		}, askProduct, ""},
		{demo.Grocer, "nataka mchele", State{Order: &basket}, func(t *turn) {
			t.next.Order.Lines[0].Quantity = 9
		}, askOrder, "product rice, quantity 2"},
		{demo.Grocer, "asante", State{Order: &basket}, func(t *turn) {
			t.next.Order.How, t.next.Order.Area = howDeliver, "Sinza"
			t.next.Order.Address, t.next.Order.Payment = "Mori 4", "Cash"
		}, askArea, "product rice, quantity 2"},
		{demo.Grocer, "ndio", State{Order: &basket}, func(t *turn) {
			o := flowhq.Order{Status: flowhq.OrderConfirmed,
				Lines: []flowhq.OrderLine{{Product: "rice", Quantity: 9}}}
			t.fact(flowhq.FactChange{Order: &o})
			t.next.Order = nil
		}, askOrder, "product rice, quantity 2"},
		{demo.Internet, "the internet is down", State{}, func(t *turn) {
			t.next.Ticket = &Problem{Number: "A1", Note: "the internet is down / call Baraka at work"}
			t.fact(t.ticket())
		}, "", "note the internet is down, note the internet is down"},
	} {
		c.held.Version, c.held.At = stateVersion, morning
		before, after := turnsOf(c.business, c.text, c.held, func(*State) {})
		c.add(after)
		after.leaveUnsaid(before)
		var left []string
		for _, v := range after.holds() {
			left = append(left, string(v.kind)+" "+v.text)
		}
		if got := strings.Join(left, ", "); got != c.want || after.next.Ask.For != c.ask {
			t.Errorf("%q leaves %q and asks for %q, want %q and %q; it says %q",
				c.text, got, after.next.Ask.For, c.want, c.ask, after.reply())
		}
	}
}
