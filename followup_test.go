package flowhq

import (
	"testing"
	"time"
)

// eat is the clock of the businesses of the tests.
var eat = time.FixedZone("EAT", 3*60*60)

// at reads a time of the week of the tests: 2 March 2026 is a Monday.
func at(t *testing.T, s string) time.Time {
	t.Helper()
	v, err := time.ParseInLocation("Jan 2 15:04", s, eat)
	if err != nil {
		t.Fatal(err)
	}
	return v.AddDate(2026, 0, 0)
}

// TestFollowUpNext: reminders and questions at every hour of a business, late and in time.
func TestFollowUpNext(t *testing.T) {
	// Closed on Sundays, and on Wednesday 4 March.
	p := Profile{TimeZone: DefaultTimeZone, Holidays: []Holiday{{Date: "2026-03-04"}}}
	for _, d := range []Day{Mon, Tue, Wed, Thu, Fri, Sat} {
		p.Hours = append(p.Hours, Opening{Day: d, Opens: "08:00", Closes: "20:00"})
	}
	waits := FollowUpStanding{Waits: true}
	for _, tt := range []struct {
		name     string
		kind     FollowUpKind
		about    string // when the booking starts, or since when the order waits
		now      string
		standing FollowUpStanding
		want     FollowUpStatus
		at       string // of PENDING
	}{
		{"ahead", DayBefore, "Mar 3 10:00", "Mar 1 10:00", waits, FollowUpPending, "Mar 2 10:00"},
		{"due", DayBefore, "Mar 3 10:00", "Mar 2 10:00", waits, FollowUpSent, ""},
		{"late and of use", DayBefore, "Mar 3 10:00", "Mar 2 19:00", waits, FollowUpSent, ""},
		{"late and closed by now", DayBefore, "Mar 3 14:00", "Mar 2 21:00", waits, FollowUpPending,
			"Mar 3 08:00"},
		{"when the next one is due", DayBefore, "Mar 3 10:00", "Mar 3 08:30", waits, FollowUpMissed, ""},
		{"two hours before", TwoHoursBefore, "Mar 3 12:00", "Mar 3 09:59", waits, FollowUpPending,
			"Mar 3 10:00"},
		{"two hours before is due", TwoHoursBefore, "Mar 3 12:00", "Mar 3 10:00", waits, FollowUpSent, ""},
		{"minutes before", TwoHoursBefore, "Mar 3 12:00", "Mar 3 11:55", waits, FollowUpSent, ""},
		{"passed", TwoHoursBefore, "Mar 3 12:00", "Mar 3 12:00", waits, FollowUpMissed, ""},
		{"passed long ago", DayBefore, "Mar 3 12:00", "Apr 3 12:00", waits, FollowUpMissed, ""},
		{"before opening", TwoHoursBefore, "Mar 3 08:30", "Mar 3 06:30", waits, FollowUpPending,
			"Mar 3 08:00"},
		{"at opening", TwoHoursBefore, "Mar 3 08:00", "Mar 3 06:00", waits, FollowUpMissed, ""},
		{"the day before is a Sunday", DayBefore, "Mar 2 08:00", "Feb 27 10:00", waits,
			FollowUpPending, "Feb 28 19:00"},
		{"on the Saturday", DayBefore, "Mar 2 08:00", "Feb 28 19:00", waits, FollowUpSent, ""},
		{"late on the Saturday", DayBefore, "Mar 2 08:00", "Feb 28 19:50", waits, FollowUpSent, ""},
		{"too late on the Saturday", DayBefore, "Mar 2 08:00", "Feb 28 20:10", waits, FollowUpMissed, ""},
		{"the day before is a holiday", DayBefore, "Mar 5 09:00", "Mar 2 10:00", waits,
			FollowUpPending, "Mar 3 19:00"},
		{"cancelled", DayBefore, "Mar 3 10:00", "Mar 2 10:00", FollowUpStanding{}, FollowUpCancelled, ""},
		{"left alone", DayBefore, "Mar 3 10:00", "Mar 1 10:00",
			FollowUpStanding{Waits: true, LeftAlone: true}, FollowUpCancelled, ""},
		{"asked for none", DayBefore, "Mar 3 10:00", "Mar 1 10:00",
			FollowUpStanding{Waits: true, Unreminded: true}, FollowUpCancelled, ""},
		{"muted", DayBefore, "Mar 3 10:00", "Mar 2 10:00",
			FollowUpStanding{Waits: true, MutedUntil: at(t, "Mar 2 10:01")}, FollowUpCancelled, ""},
		{"not muted any more", DayBefore, "Mar 3 10:00", "Mar 2 10:00",
			FollowUpStanding{Waits: true, MutedUntil: at(t, "Mar 2 09:59")}, FollowUpSent, ""},
		{"handed over, a booking", DayBefore, "Mar 3 10:00", "Mar 2 10:00",
			FollowUpStanding{Waits: true, HandedOver: true}, FollowUpSent, ""},
		{"handed over, an order", After30Minutes, "Mar 2 10:00", "Mar 2 10:30",
			FollowUpStanding{Waits: true, HandedOver: true}, FollowUpCancelled, ""},
		{"an order", After30Minutes, "Mar 2 10:00", "Mar 2 10:30", waits, FollowUpSent, ""},
		{"an order in the evening", After30Minutes, "Mar 2 19:50", "Mar 2 19:50", waits, FollowUpMissed, ""},
		{"an order in the evening, later", After3Hours, "Mar 2 19:50", "Mar 2 19:50", waits,
			FollowUpPending, "Mar 3 08:00"},
		{"an order, too late", After3Hours, "Mar 2 10:00", "Mar 3 10:00", waits, FollowUpMissed, ""},
		{"an order, the next day", After24Hours, "Mar 2 10:00", "Mar 3 10:00", waits, FollowUpSent, ""},
		{"to be given up", GiveUp, "Mar 2 23:00", "Mar 4 22:00", waits, FollowUpPending, "Mar 4 23:00"},
		{"given up", GiveUp, "Mar 2 23:00", "Mar 4 23:00", waits, FollowUpGivenUp, ""},
		{"given up late, whoever it is", GiveUp, "Mar 2 23:00", "Apr 4 23:00",
			FollowUpStanding{Waits: true, LeftAlone: true}, FollowUpGivenUp, ""},
		{"placed", GiveUp, "Mar 2 23:00", "Mar 4 23:00", FollowUpStanding{}, FollowUpCancelled, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			about := at(t, tt.about)
			f := FollowUp{About: AboutOrder, Kind: tt.kind, AboutAt: about,
				CreatedAt: about.AddDate(0, 0, -30)}
			switch tt.kind {
			case DayBefore:
				f.About, f.DueAt, f.ExpiresAt = AboutBooking, about.Add(-24*time.Hour),
					about.Add(-2*time.Hour)
			case TwoHoursBefore:
				f.About, f.DueAt, f.ExpiresAt = AboutBooking, about.Add(-2*time.Hour), about
			case After30Minutes:
				f.DueAt, f.ExpiresAt = about.Add(30*time.Minute), about.Add(3*time.Hour)
			case After3Hours:
				f.DueAt, f.ExpiresAt = about.Add(3*time.Hour), about.Add(24*time.Hour)
			case After24Hours:
				f.DueAt, f.ExpiresAt = about.Add(24*time.Hour), about.Add(48*time.Hour)
			case GiveUp:
				f.DueAt, f.ExpiresAt = about.Add(48*time.Hour), about.AddDate(100, 0, 0)
			}
			got := f.Next(at(t, tt.now), p, tt.standing)
			if got.Status != tt.want || (got.Reason == "") != (tt.want == FollowUpSent ||
				tt.want == FollowUpPending) {
				t.Errorf("Next = %+v; want %s", got, tt.want)
			}
			if tt.at != "" && !got.At.Equal(at(t, tt.at)) {
				t.Errorf("at %s; want %s", got.At.In(eat), tt.at)
			}
		})
	}
}

// TestFollowUpHours: nobody is woken by a business that has given no hours.
func TestFollowUpHours(t *testing.T) {
	about := at(t, "Mar 3 03:00")
	f := FollowUp{About: AboutBooking, Kind: DayBefore, AboutAt: about,
		DueAt: about.Add(-24 * time.Hour), ExpiresAt: about.Add(-2 * time.Hour)}
	got := f.Next(f.DueAt, Profile{TimeZone: DefaultTimeZone}, FollowUpStanding{Waits: true})
	if want := at(t, "Mar 2 08:00"); got.Status != FollowUpPending || !got.At.Equal(want) {
		t.Errorf("Next = %+v; want PENDING until %s", got, want)
	}
	// A business that never opens again sends nothing, and nobody looks for ever.
	p := Profile{TimeZone: DefaultTimeZone, Hours: []Opening{{Day: Mon, Opens: "x", Closes: "y"}}}
	if got := f.Next(f.DueAt, p, FollowUpStanding{Waits: true}); got.Status != FollowUpMissed {
		t.Errorf("Next = %+v; want MISSED", got)
	}
}

// TestJustBookedNeedsNoReminder that would have to come before the booking was made.
func TestJustBookedNeedsNoReminder(t *testing.T) {
	p := Profile{TimeZone: DefaultTimeZone,
		Hours: []Opening{{Day: Mon, Opens: "08:00", Closes: "20:00"},
			{Day: Sat, Opens: "08:00", Closes: "20:00"}}}
	about := at(t, "Mar 2 08:00")
	f := FollowUp{About: AboutBooking, Kind: DayBefore, AboutAt: about,
		DueAt: about.Add(-24 * time.Hour), ExpiresAt: about.Add(-2 * time.Hour),
		CreatedAt: at(t, "Feb 28 19:30")}
	if got := f.Next(f.CreatedAt, p, FollowUpStanding{Waits: true}); got.Status != FollowUpMissed {
		t.Errorf("Next = %+v; want MISSED", got)
	}
}

// TestFollowUpEnds is each reason to end a follow-up with each kind of it, when it is due.
func TestFollowUpEnds(t *testing.T) {
	p := Profile{TimeZone: DefaultTimeZone}
	now := at(t, "Mar 3 12:00")
	for _, kind := range []FollowUpKind{DayBefore, TwoHoursBefore, After30Minutes, After3Hours,
		After24Hours, GiveUp} {
		f := FollowUp{About: AboutOrder, Kind: kind, DueAt: now, ExpiresAt: now.Add(time.Hour),
			CreatedAt: now.AddDate(0, 0, -1)}
		none := "the order does not wait for the customer any more"
		if kind == DayBefore || kind == TwoHoursBefore {
			f.About, none = AboutBooking, "there is no such booking any more"
		}
		for _, tt := range []struct {
			reason   string
			standing FollowUpStanding
			of       FollowUpAbout // whose follow-ups it ends; "" = all
		}{
			{none, FollowUpStanding{}, ""},
			{"there is no chat with this customer", FollowUpStanding{Waits: true, Gone: true}, ""},
			{"the bot leaves this contact alone", FollowUpStanding{Waits: true, LeftAlone: true}, ""},
			{"the customer asked for no reminders", FollowUpStanding{Waits: true, Unreminded: true}, ""},
			{"the contact is muted", FollowUpStanding{Waits: true, MutedUntil: now.Add(time.Minute)}, ""},
			{"a person answers this chat", FollowUpStanding{Waits: true, HandedOver: true}, AboutOrder},
		} {
			want := FollowUpStep{Status: FollowUpCancelled, Reason: tt.reason, At: now}
			switch {
			case kind == GiveUp && tt.standing.Waits: // sends nothing, whoever it is
				want = FollowUpStep{Status: FollowUpGivenUp,
					Reason: "the customer did not come back to it", At: now}
			case tt.of != "" && tt.of != f.About:
				want = FollowUpStep{Status: FollowUpSent, At: now}
			}
			if got := f.Next(now, p, tt.standing); got != want {
				t.Errorf("%s, %+v: %+v; want %+v", kind, tt.standing, got, want)
			}
		}
	}
}
