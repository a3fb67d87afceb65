package flowhq

import (
	"fmt"
	"time"
)

// A FollowUp is a message to a customer that the customer did not write for: the reminder of a
// booking, or the question what becomes of an order. Its row follows from that of the booking or
// order, in the statement that changes those.
type FollowUp struct {
	ID        int64          `json:"id"`
	ContactID int64          `json:"-"`
	Contact   string         `json:"contact"` // the customer's number, E.164, or ""
	About     FollowUpAbout  `json:"about"`
	Number    string         `json:"number"` // of the booking or order
	Kind      FollowUpKind   `json:"kind"`
	AboutAt   time.Time      `json:"about_at"` // the booking's start; since when the order waits
	DueAt     time.Time      `json:"due_at"`   // but for the hours of the business
	ExpiresAt time.Time      `json:"expires_at"`
	NextAt    time.Time      `json:"next_at"` // when a PENDING one is looked at next
	Status    FollowUpStatus `json:"status"`
	Reason    string         `json:"reason"`     // of Status
	MessageID int64          `json:"message_id"` // to the customer; 0 = none was written
	CreatedAt time.Time      `json:"created_at"`
	UpdatedAt time.Time      `json:"updated_at"`
}

// FollowUpAbout is what a follow-up is about.
type FollowUpAbout string

const (
	AboutBooking FollowUpAbout = "BOOKING"
	AboutOrder   FollowUpAbout = "ORDER"
)

// FollowUpAbouts lists every FollowUpAbout.
var FollowUpAbouts = []FollowUpAbout{AboutBooking, AboutOrder}

// FollowUpKind says which follow-up of its booking or order it is.
type FollowUpKind string

const (
	DayBefore      FollowUpKind = "DAY_BEFORE"
	TwoHoursBefore FollowUpKind = "TWO_HOURS_BEFORE"
	After30Minutes FollowUpKind = "AFTER_30_MINUTES"
	After3Hours    FollowUpKind = "AFTER_3_HOURS"
	After24Hours   FollowUpKind = "AFTER_24_HOURS"
	// GiveUp sends nothing. An order that is still OPEN by then is cancelled.
	GiveUp FollowUpKind = "GIVE_UP"
)

// FollowUpStatus is what became of a follow-up.
type FollowUpStatus string

const (
	FollowUpPending   FollowUpStatus = "PENDING"
	FollowUpSent      FollowUpStatus = "SENT" // its message is in the log, and is sent like a reply
	FollowUpCancelled FollowUpStatus = "CANCELLED"
	FollowUpGivenUp   FollowUpStatus = "GIVEN_UP" // the customer did not come back to the order
	FollowUpMissed    FollowUpStatus = "MISSED"   // it could not be sent while it was of use
)

// FollowUpStatuses lists every FollowUpStatus.
var FollowUpStatuses = []FollowUpStatus{
	FollowUpPending, FollowUpSent, FollowUpCancelled, FollowUpGivenUp, FollowUpMissed,
}

// A FollowUpStanding is what decides, beside the time, whether a customer gets a follow-up. The
// store reads it anew before each step, since any of it may change while a follow-up waits.
type FollowUpStanding struct {
	Gone       bool      // there is nobody to write to, or nobody any more
	LeftAlone  bool      // the bot never writes to this contact
	Unreminded bool      // the contact asked for no more reminders
	MutedUntil time.Time // until then the contact counts as a program; long ago if it does not
	HandedOver bool      // a person answers this chat
	// Waits says that the booking is still confirmed for the follow-up's time, or that the order
	// still waits for the customer.
	Waits bool
}

// A FollowUpStep is what is to be done with a follow-up now.
type FollowUpStep struct {
	// Status is SENT if it is to be sent now, PENDING if it waits until At, or its end.
	Status FollowUpStatus
	Reason string // of an end
	At     time.Time
}

// Hours in which follow-ups are sent where the owner has given no opening hours.
const (
	earliestFollowUp = "08:00"
	latestFollowUp   = "20:00"
)

// followUpDays bounds how far a moment within the opening hours is looked for, in days. A business
// may be closed for a month. Longer, and no reminder is of use.
const followUpDays = 40

// lastFollowUp is how long before closing a reminder is sent that cannot be sent later. Who reads
// it can still ask somebody about it.
const lastFollowUp = time.Hour

// Next says what is to be done with a PENDING follow-up at a time.
//
// A chat that is handed over still gets the reminders of its bookings: the appointment stands,
// whoever answers, and the reminder is what the person would send. Orders are that person's.
func (f FollowUp) Next(now time.Time, p Profile, s FollowUpStanding) FollowUpStep {
	end := func(status FollowUpStatus, format string, args ...any) FollowUpStep {
		return FollowUpStep{Status: status, Reason: fmt.Sprintf(format, args...), At: now}
	}
	switch {
	case !s.Waits && f.About == AboutBooking:
		return end(FollowUpCancelled, "there is no such booking any more")
	case !s.Waits:
		return end(FollowUpCancelled, "the order does not wait for the customer any more")
	case f.Kind == GiveUp && now.Before(f.DueAt):
		return FollowUpStep{Status: FollowUpPending, At: f.DueAt}
	case f.Kind == GiveUp:
		return end(FollowUpGivenUp, "the customer did not come back to it")
	case s.Gone:
		return end(FollowUpCancelled, "there is no chat with this customer")
	case s.LeftAlone:
		return end(FollowUpCancelled, "the bot leaves this contact alone")
	case s.Unreminded:
		return end(FollowUpCancelled, "the customer asked for no reminders")
	}
	at, ok := f.moment(now, p)
	switch {
	case !ok && f.ExpiresAt.After(now):
		return end(FollowUpMissed, "the business was closed while it was of use")
	case !ok && f.About == AboutBooking:
		return end(FollowUpMissed, "it was of no use any more when it could be sent")
	case !ok:
		return end(FollowUpMissed, "the next one was due when it could be sent")
	case at.After(now):
		return FollowUpStep{Status: FollowUpPending, At: at}
	case now.Before(s.MutedUntil):
		return end(FollowUpCancelled, "the contact is muted")
	case s.HandedOver && f.About == AboutOrder:
		return end(FollowUpCancelled, "a person answers this chat")
	}
	return FollowUpStep{Status: FollowUpSent, At: now}
}

// moment returns when the follow-up is to be sent: the first moment from DueAt on within the hours
// of the business, which is now if that is past. A reminder a day before that would come while the
// business is closed comes before it closes for the last time. ok is false if it is too late.
func (f FollowUp) moment(now time.Time, p Profile) (at time.Time, ok bool) {
	from := f.DueAt
	if now.After(from) {
		from = now
	}
	if at, ok = p.followUpFrom(from); ok && at.Before(f.ExpiresAt) {
		return at, true
	}
	if f.Kind != DayBefore || !f.ExpiresAt.After(now) {
		return time.Time{}, false
	}
	at, ok = p.followUpBefore(f.DueAt)
	switch {
	case !ok || at.Before(f.CreatedAt): // who has just booked needs no reminder
		return time.Time{}, false
	case at.Before(now):
		// The platform may have been down at that time. Now is as good while somebody is there.
		at, ok = p.followUpFrom(now)
		return at, ok && at.Before(f.ExpiresAt)
	}
	return at, true
}

// followUpHours are the hours in which follow-ups are sent.
func (p Profile) followUpHours() Profile {
	if p.HoursTold() {
		return p
	}
	p.Hours = nil
	for _, day := range Days {
		p.Hours = append(p.Hours, Opening{
			Day: day, Opens: earliestFollowUp, Closes: latestFollowUp,
		})
	}
	return p
}

// followUpFrom is the first moment from a time on at which follow-ups are sent. ok is false if
// there is none for weeks.
func (p Profile) followUpFrom(from time.Time) (at time.Time, ok bool) {
	p = p.followUpHours()
	zone := p.Zone()
	// Yesterday's last span may end today.
	for day := -1; day < followUpDays; day++ {
		for _, s := range p.OpenOn(from.In(zone).AddDate(0, 0, day)) {
			if from.Before(s.To) {
				if from.Before(s.From) {
					return s.From, true
				}
				return from, true
			}
		}
	}
	return time.Time{}, false
}

// followUpBefore is the last moment before a time at which follow-ups are sent, with some time
// left to be read while the business is open.
func (p Profile) followUpBefore(before time.Time) (at time.Time, ok bool) {
	p = p.followUpHours()
	zone := p.Zone()
	for day := 0; day < followUpDays; day++ {
		spans := p.OpenOn(before.In(zone).AddDate(0, 0, -day))
		for i := len(spans) - 1; i >= 0; i-- {
			s := spans[i]
			if s.From.After(before) {
				continue
			}
			if at = s.To.Add(-lastFollowUp); at.Before(s.From) {
				at = s.From
			}
			if at.After(before) {
				at = before
			}
			return at, true
		}
	}
	return time.Time{}, false
}
