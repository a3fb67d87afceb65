package reply

import (
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/demo"
)

// TestFollowUpTexts are in the chat's language, name what they are about, and say how to end them.
func TestFollowUpTexts(t *testing.T) {
	c := demo.Config(demo.Barber)
	c.Language = flowhq.Swahili
	in := FollowUpInput{Profile: demo.Profile(demo.Barber), Config: c, Now: morning,
		Booking: &flowhq.Booking{Number: "K48219", Service: "an old service",
			StartsAt: morning.Add(24 * time.Hour)}}
	order := &flowhq.Order{Number: "K48220", Total: 12000, Status: flowhq.OrderOpen,
		Lines: []flowhq.OrderLine{{Product: "gone", Name: "Shati", Size: "M", Quantity: 2, Price: 6000}}}
	unpriced := &flowhq.Order{Number: "K48221", Total: 6000, Status: flowhq.OrderOpen,
		Lines: append(order.Lines, flowhq.OrderLine{Name: "Kofia", Quantity: 1})}
	unpaid := &flowhq.Order{Number: "K48220", Total: 12000, Status: flowhq.OrderConfirmed, Unpaid: true}
	for _, tt := range []struct {
		state   string
		booking *flowhq.Booking
		order   *flowhq.Order
		want    []string
	}{
		{"", in.Booking, nil, []string{"Kumbusho", "K48219", "10:15", "Alhamisi", "Jibu STOP"}},
		{`{"v":2,"language":"EN"}`, in.Booking, nil,
			[]string{"reminder", "K48219", "Thursday", "Reply STOP"}},
		{"", nil, order, []string{"2 × Shati (M) (TSh 12,000)", "NDIO", "Jibu STOP"}},
		{"", nil, unpriced, []string{"2 × Shati (M), 1 × Kofia. "}},
		{`{"v":2,"language":"EN"}`, nil, unpaid, []string{"K48220", "12,000", "PAID", "Reply STOP"}},
	} {
		in.State, in.Booking, in.Order = []byte(tt.state), tt.booking, tt.order
		got := FollowUp(in)
		for _, want := range tt.want {
			if !strings.Contains(got, want) || strings.ContainsAny(got, "{}") {
				t.Errorf("FollowUp = %q; want it to have %q", got, want)
			}
		}
	}
}

// TestStopAndStart are facts, in either case of letters.
func TestStopAndStart(t *testing.T) {
	k := Compile(demo.Profile(demo.Barber), demo.Config(demo.Barber))
	for text, stopped := range map[string]bool{"STOP": true, "stop": true, "usinitumie": true,
		"START": false, "start ": false} {
		m := Message{Text: text, Kind: flowhq.KindText, At: morning}
		turn := Decide(Input{Message: m, Knowledge: k})
		if len(turn.Facts) != 1 || turn.Facts[0].Reminders == nil ||
			turn.Facts[0].Reminders.Stopped != stopped {
			t.Errorf("%q leaves %+v; want reminders stopped: %v", text, turn.Facts, stopped)
		}
	}
}
