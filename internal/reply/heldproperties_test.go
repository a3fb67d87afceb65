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
	before, after := newTurn(in), decided(in)
	for _, v := range after.lost(before) {
		s.fail("the %s %q was held, and is lost without a word of it: %q -> %q",
			v.kind, v.text, in.Message.Text, after.reply())
	}
	for _, v := range after.unfounded(before) {
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
	day := time.Date(2026, 3, 6, 0, 0, 0, 0, time.UTC)
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
