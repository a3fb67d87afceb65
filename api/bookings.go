package api

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// Bounds of a booking, as the table has them or as nobody exceeds them in earnest.
const (
	maxBookingMinutes = 24 * 60
	maxBookingText    = 500 // characters of a name or note
	maxBookingService = 100 // characters
	// noLimit is the capacity of a booking that is forced. It fits the column, which is an integer
	// of 32 bits.
	noLimit = 1 << 30
)

// A moment is a time of a request. One without a zone is by the clock of the business.
type moment struct {
	at    time.Time
	local bool
}

// in returns the time, by the clock in zone if it has none of its own. The zone is that of the
// profile, which is not known while the body is read.
func (m moment) in(zone *time.Location) time.Time {
	if !m.local {
		return m.at
	}
	// At an hour that the change to summer time skips or repeats, time.Date chooses one reading.
	t := m.at
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, zone)
}

// moment checks a member of a body that is a time.
func (b *binder) moment(name, value string) moment {
	m := moment{}
	var err error
	if m.at, err = time.Parse(time.RFC3339, value); err != nil {
		m.local = true
		// Forms of browsers send a time without seconds and without a zone.
		if m.at, err = time.Parse("2006-01-02T15:04:05", value); err != nil {
			m.at, err = time.Parse("2006-01-02T15:04", value)
		}
	}
	// The year 26 is a slip for 2026, and nobody would ever see such a booking.
	if err != nil || m.at.Before(earliestTime) || m.at.After(latestTime) {
		b.wrong(name, "must be a time such as 2026-12-01T08:00:00+03:00, or, by the clock of the "+
			"business, 2026-12-01T08:00")
	}
	// A repeated request has the same time then, whatever the client makes of fractions.
	m.at = m.at.Truncate(time.Second)
	return m
}

// bounded checks a number of a body that may be left out. Its error names the bounds, so that a
// client need not look them up.
func (b *binder) bounded(name string, value *int64, low, high int64) {
	if value != nil && (*value < low || *value > high) {
		b.wrong(name, "must be a whole number from "+strconv.FormatInt(low, 10)+" to "+
			strconv.FormatInt(high, 10))
	}
}

// free checks a text of a body that may have several lines. Control characters would break the
// lines of exports, and the owner's terminal.
func (b *binder) free(name, text string, most int) string {
	text = strings.TrimSpace(text)
	if utf8.RuneCountInString(text) > most || !flowhq.PlainText(text) {
		b.wrong(name, "must be at most "+strconv.Itoa(most)+" printable characters")
	}
	return text
}

// line checks a text of a body by which people know somebody or something, "" for none.
func (b *binder) line(name, text string, most int) string {
	text = strings.TrimSpace(text)
	if utf8.RuneCountInString(text) > most || !flowhq.PlainLine(text) {
		b.wrong(name, "must be at most "+strconv.Itoa(most)+" printable characters in one line, "+
			"none of them invisible or turning the text")
	}
	return text
}

// newBookingBody is the body of POST /admin/tenants/:id/bookings.
type newBookingBody struct {
	Contact string `json:"contact"`
	// nil is nobody known, which 0 of a client's mistake must not become.
	ContactID *int64 `json:"contact_id"`
	Service   string `json:"service"`
	StartsAt  string `json:"starts_at"`
	// nil takes those of the service, and so does the price.
	Minutes *int64 `json:"minutes"`
	Price   *int64 `json:"price"`
	Name    string `json:"name"`
	Note    string `json:"note"`
	// The owner may take one more, or work at night.
	Force bool `json:"force"`
}

// newBookingRequest is POST /admin/tenants/:id/bookings.
type newBookingRequest struct {
	tenantRef
	newBookingBody
	Starts moment
	Key    string
}

func (r *newBookingRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Key = b.key()
	b.body(&r.newBookingBody)
	if r.Contact != "" && !phone.MatchString(r.Contact) {
		b.wrong("contact", phoneWanted)
	}
	b.bounded("contact_id", r.ContactID, 1, 1<<62)
	// Two names may be of two people, and then no choice is right. Without either the booking is of
	// nobody known, such as somebody who stands at the counter.
	if r.Contact != "" && r.ContactID != nil {
		b.wrong("contact_id", "must be left out if contact is given")
	}
	if r.Service = b.line("service", r.Service, maxBookingService); r.Service == "" {
		b.wrong("service", "must be the id or the name of a service")
	}
	r.Starts = b.moment("starts_at", r.StartsAt)
	b.bounded("minutes", r.Minutes, 1, maxBookingMinutes)
	b.bounded("price", r.Price, 0, flowhq.MaxPrice)
	r.Name = b.line("name", r.Name, maxBookingText)
	r.Note = b.free("note", r.Note, maxBookingText)
}

// bookingMade answers with a booking and says where it is found from now on.
type bookingMade struct {
	flowhq.Booking
	tenant flowhq.TenantID
}

// location is the header Location.
func (m bookingMade) location() string {
	return "/admin/tenants/" + string(m.tenant) + "/bookings/" + m.Number
}

// addBooking handles POST /admin/tenants/:id/bookings. The booking is a row like those of
// customers, so the bot does not give its time away.
func (a *API) addBooking(ctx context.Context, req newBookingRequest) (bookingMade, error) {
	// The profile comes first: it has the service, the clock and the capacity. A change of the
	// profile before the row is written goes unnoticed, as if it had come after the booking.
	p, err := a.Profiles.Profile(ctx, req.Tenant)
	if err != nil {
		return bookingMade{}, err
	}
	service, err := serviceOf(p, req.Service)
	if err != nil {
		return bookingMade{}, err
	}
	b := flowhq.Booking{
		Contact: req.Contact, Service: service.ID, Minutes: service.Minutes, Price: service.Price,
		Currency: p.Currency, StartsAt: req.Starts.in(p.Zone()), Name: req.Name, Note: req.Note,
	}
	if req.ContactID != nil {
		b.ContactID = *req.ContactID
	}
	if req.Price != nil {
		b.Price = *req.Price
	}
	if req.Minutes != nil {
		b.Minutes = int(*req.Minutes)
	}
	// A booking of no length takes no room, and the bot would sell its time again.
	if b.Minutes == 0 {
		return bookingMade{}, wrongFields([]flowhq.FieldError{{Field: "minutes",
			Message: "must be given: the profile does not say how long this service takes"}})
	}
	n := store.NewBooking{Booking: b, Capacity: p.Capacity, Key: req.Key, Actor: actor(ctx)}
	if req.Force {
		n.Capacity = noLimit
		// The hours are checked here. Room is checked by the database, in the statement that writes
		// the row, so two requests at once cannot take one place.
	} else if err := checkOpen(p, b.StartsAt, b.Minutes); err != nil {
		return bookingMade{}, err
	}
	// A repeated request gets the first one's booking, with 201 as well.
	made, err := a.Facts.AddBooking(ctx, req.Tenant, n)
	return bookingMade{made, req.Tenant}, err
}

// serviceOf finds a service by its id, or by its name in any case. Where the owner has given none,
// any name is one.
func serviceOf(p flowhq.Profile, name string) (flowhq.Service, error) {
	var ids []string
	// The id comes first, but a name is as good: operators type what they see.
	for _, s := range p.Services {
		for _, known := range append([]string{s.ID, s.Name.EN, s.Name.SW}, s.Aliases...) {
			if known != "" && strings.EqualFold(known, name) {
				return s, nil
			}
		}
		ids = append(ids, s.ID)
	}
	if len(ids) == 0 {
		return flowhq.Service{ID: name}, nil
	}
	// An error with hundreds of ids would help nobody.
	const most = 20
	if len(ids) > most {
		ids = append(ids[:most], "…")
	}
	return flowhq.Service{}, wrongFields([]flowhq.FieldError{{Field: "service",
		Message: "must be a service of the profile: " + strings.Join(ids, ", ")}})
}

// checkOpen returns a Conflict error if the business is closed during any part of a booking, as far
// as hours were given.
func checkOpen(p flowhq.Profile, starts time.Time, minutes int) error {
	// The whole booking must lie in one stretch of hours, so one over a midday break is refused as
	// well.
	ends := starts.Add(time.Duration(minutes) * time.Minute)
	local := starts.In(p.Zone())
	var today []string
	// Yesterday's last hours may end today.
	for _, day := range []time.Time{local.AddDate(0, 0, -1), local} {
		for _, open := range p.OpenOn(day) {
			if !starts.Before(open.From) && !ends.After(open.To) {
				return nil
			}
			if day.Equal(local) {
				today = append(today, open.From.Format("15:04")+" to "+open.To.Format("15:04"))
			}
		}
	}
	// Where no hours were given, nothing is known to be closed.
	if _, holiday := p.HolidayOn(local); !holiday && !p.HoursTold() {
		return nil
	}
	hours := cmp.Or(strings.Join(today, " and "), "not at all")
	return flowhq.Errorf(flowhq.Conflict, "the business is not open from %s to %s: on %s it is "+
		"open %s; with force it is booked all the same", local.Format("15:04"),
		ends.In(p.Zone()).Format("15:04"), local.Format("2006-01-02"), hours)
}

// bookingBody is the body of PATCH /admin/tenants/:id/bookings/:number.
type bookingBody struct {
	// Members that are nil stay as they are.
	Status   *string `json:"status"`
	Service  *string `json:"service"`
	StartsAt *string `json:"starts_at"`
	Minutes  *int64  `json:"minutes"`
	Price    *int64  `json:"price"`
	Name     *string `json:"name"`
	Note     *string `json:"note"`
	Force    bool    `json:"force"`
}

// bookingChange is PATCH /admin/tenants/:id/bookings/:number. It has no key: to repeat it changes
// nothing.
type bookingChange struct {
	factRef
	bookingBody
	Starts *moment
}

func (r *bookingChange) bind(b *binder) {
	r.factRef.bind(b)
	b.body(&r.bookingBody)
	if r.Status != nil {
		// HELD and LAPSED are the bot's, and no move leads there.
		requiredWord(b, "status", r.Status,
			[]flowhq.BookingStatus{flowhq.BookingConfirmed, flowhq.BookingCancelled})
	}
	if r.StartsAt != nil {
		m := b.moment("starts_at", *r.StartsAt)
		r.Starts = &m
	}
	b.bounded("minutes", r.Minutes, 1, maxBookingMinutes)
	b.bounded("price", r.Price, 0, flowhq.MaxPrice)
	// An empty name or note is allowed: it erases what was there.
	for _, text := range []struct {
		name  string
		value *string
		most  int
		check func(name, text string, most int) string
	}{
		{"service", r.Service, maxBookingService, b.line}, {"name", r.Name, maxBookingText, b.line},
		{"note", r.Note, maxBookingText, b.free},
	} {
		if text.value != nil {
			*text.value = text.check(text.name, *text.value, text.most)
		}
	}
	if r.Service != nil && *r.Service == "" {
		b.wrong("service", "must be the id or the name of a service")
	}
	// force alone changes nothing, so it does not count.
	force := r.bookingBody
	force.Force = false
	if b.err == nil && len(b.fields) == 0 && force == (bookingBody{}) {
		b.stop(flowhq.Errorf(flowhq.Invalid,
			"there is nothing to change: give at least one field of a booking"))
	}
}

// changeBooking handles PATCH /admin/tenants/:id/bookings/:number. A booking that is held and is
// moved is confirmed, since a person has decided on it.
func (a *API) changeBooking(ctx context.Context, req bookingChange) (flowhq.Booking, error) {
	// The booking is read for what the request leaves out. Whether the move is allowed is decided
	// when the row is locked.
	old, err := a.Facts.Booking(ctx, req.Tenant, req.Number)
	if err != nil {
		return old, err
	}
	p, err := a.Profiles.Profile(ctx, req.Tenant)
	if err != nil {
		return old, err
	}
	c, err := req.change(p, old)
	if err != nil {
		return old, err
	}
	capacity := p.Capacity
	if req.Force {
		capacity = noLimit
	}
	if err := a.Facts.SetBooking(ctx, req.Tenant, req.Number, c, capacity, actor(ctx)); err != nil {
		return old, err
	}
	// A crash before the answer does no harm: the request can be repeated.
	return a.Facts.Booking(ctx, req.Tenant, req.Number)
}

// change is what the request makes of a booking. Whether there is room is not asked here:
// SetBooking knows the other bookings, and asks under the lock.
func (r bookingChange) change(p flowhq.Profile, old flowhq.Booking) (store.BookingChange, error) {
	c := store.BookingChange{Name: r.Name, Note: r.Note, Price: r.Price}
	if r.Status != nil {
		to := flowhq.BookingStatus(*r.Status)
		c.Status = &to
	}
	minutes, starts := old.Minutes, old.StartsAt
	// The service may be gone from the profile. A booking that keeps it can be changed all the
	// same.
	if r.Service != nil && *r.Service != old.Service {
		service, err := serviceOf(p, *r.Service)
		if err != nil {
			return c, err
		}
		c.Service = &service.ID
		if c.Price == nil {
			// Another service has another price, unless the request names one.
			c.Price = &service.Price
		}
		minutes = cmp.Or(service.Minutes, minutes)
	}
	if r.Minutes != nil {
		minutes = int(*r.Minutes)
	}
	if r.Starts != nil {
		starts = r.Starts.in(p.Zone())
	}
	// Only what differs is a change: the same time again needs no room, and is no move.
	if minutes != old.Minutes {
		c.Minutes = &minutes
	}
	if !starts.Equal(old.StartsAt) {
		c.StartsAt = &starts
	}
	// A booking that is cancelled may be outside the hours: to cancel must always be possible.
	takesTime := c.Moves() || c.Status != nil && *c.Status != old.Status
	if takesTime && (c.Status == nil || *c.Status != flowhq.BookingCancelled) && !r.Force {
		return c, checkOpen(p, starts, minutes)
	}
	return c, nil
}
