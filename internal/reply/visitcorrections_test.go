package reply

import (
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
)

// TestVisitCorrections corrects one thing of a visit that was read back, in many ways: what is
// corrected must change, and nothing else.
func TestVisitCorrections(t *testing.T) {
	t.Parallel()
	hair := []string{"profile: barber", "now: 2026-03-05 11:10",
		"> I want a haircut tomorrow at 4pm", ""}
	both := []string{"profile: barber", "now: 2026-03-05 11:10",
		"> put me for a shave and a scrub tomorrow at 4pm", ""}
	family := []string{"profile: barber", "now: 2026-03-05 11:10",
		"> nataka kunyoa kesho saa kumi, mimi na mtoto wangu", ""}
	for _, c := range []struct {
		before []string
		texts  []string
		want   string // services and time of the visit
	}{
		{hair, []string{"make it 5 instead", "can u make it 5 please, something came up",
			"5.00 please", "not 4, 5pm", "5pm instead of 4pm"}, "haircut 17:00"},
		{hair, []string{"how much is a shave?", "na ndevu ni bei gani?", "do you have parking?",
			"what does a fade cost"}, "haircut 16:00"},
		{both, []string{"remove the scrub, just shave", "just the shave", "only the shave please",
			"toa scrub", "no scrub"}, "shave 16:00"},
		{family, []string{"mtoto haji tena, mimi tu", "only me, my son is not coming",
			"mimi peke yangu"}, "haircut 16:00"},
		{family, []string{"saa kumi na moja badala ya saa kumi"}, "haircut,kids-haircut 17:00"},
	} {
		for _, text := range c.texts {
			t.Run(text, func(t *testing.T) {
				t.Parallel()
				s := plays(t, append(append([]string{}, c.before...), "> "+text))
				v := s.state.Booking
				if v == nil {
					t.Fatalf("no visit is left; reply: %s", s.reply)
				}
				got := strings.Join(v.services(), ",") + v.Start.Format(" 15:04")
				if got != c.want {
					t.Errorf("leaves %s, want %s; reply: %s", got, c.want, s.reply)
				}
			})
		}
	}
}

// TestAppointmentsChangeTogether moves and cancels what two people have booked under one number.
func TestAppointmentsChangeTogether(t *testing.T) {
	t.Parallel()
	booked := []string{"profile: barber", "now: 2026-03-05 11:10",
		"> nataka kunyoa kesho saa kumi, mimi na mtoto wangu", "", "> ndio", ""}
	for _, c := range []struct {
		texts []string
		want  string // confirmed bookings, after a yes
	}{
		{[]string{"tunaweza fanya saa kumi na moja?", "naomba isogezwe hadi saa kumi na moja",
			"zote mbili ziwe saa kumi na moja", "nihamishie saa kumi na moja jioni"},
			"haircut 17:00 kids-haircut 17:00"},
		{[]string{"naomba kughairi", "ghairi zote mbili", "futa booking"}, ""},
		{[]string{"ghairi ya mtoto", "mtoto haji tena, niwekee mimi tu"}, "haircut 16:00"},
	} {
		for _, text := range c.texts {
			t.Run(text, func(t *testing.T) {
				t.Parallel()
				s := plays(t, append(append([]string{}, booked...), "> "+text, "", "> ndio"))
				var all []string
				for _, b := range s.facts.bookings {
					if b.Status == flowhq.BookingConfirmed {
						all = append(all, b.Service+b.StartsAt.In(s.profile.Zone()).Format(" 15:04"))
					}
				}
				if got := strings.Join(all, " "); got != c.want {
					t.Errorf("leaves %q, want %q; reply: %s", got, c.want, s.reply)
				}
			})
		}
	}
}
