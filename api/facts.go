package api

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// Facts are what the conversations of tenants leave for people to act on. Lists are pages, newest
// first; next is 0 after the last one, else what the next page begins before. What an operator
// changes is recorded in the tenant's history under the name of the actor.
type Facts interface {
	// The rows are those of one tenant. An id that is no tenant has none.
	Bookings(
		ctx context.Context, id flowhq.TenantID, f store.FactFilter,
	) (page []flowhq.Booking, next int64, err error)
	Orders(
		ctx context.Context, id flowhq.TenantID, f store.FactFilter,
	) (page []flowhq.Order, next int64, err error)
	Tickets(
		ctx context.Context, id flowhq.TenantID, f store.FactFilter,
	) (page []flowhq.Ticket, next int64, err error)
	HandOvers(
		ctx context.Context, id flowhq.TenantID, f store.FactFilter,
	) (page []flowhq.HandOver, next int64, err error)

	// Each fails with code NotFound for a number that is nothing of the tenant's.
	Booking(ctx context.Context, id flowhq.TenantID, number string) (flowhq.Booking, error)
	Order(ctx context.Context, id flowhq.TenantID, number string) (flowhq.Order, error)
	Ticket(ctx context.Context, id flowhq.TenantID, number string) (flowhq.Ticket, error)
	HandOverOf(ctx context.Context, id flowhq.TenantID, handOver int64) (flowhq.HandOver, error)

	// Taken is what the tenant's bookings take from a moment on, for a preview.
	Taken(ctx context.Context, id flowhq.TenantID, from time.Time) ([]flowhq.Span, error)
	// AddBooking fails with code Conflict if there is no room.
	AddBooking(
		ctx context.Context, id flowhq.TenantID, n store.NewBooking,
	) (flowhq.Booking, error)
	// Each fails with code Conflict if there is no such move from the present status.
	SetBooking(
		ctx context.Context, id flowhq.TenantID, number string, c store.BookingChange,
		capacity int, actor string,
	) error
	SetOrder(
		ctx context.Context, id flowhq.TenantID, number string, c store.OrderChange,
		actor string,
	) error
	SetTicket(
		ctx context.Context, id flowhq.TenantID, number string, to flowhq.TicketStatus,
		actor string,
	) error

	// SetHandOver fails like SetBooking. A hand-over that has ended is not opened again.
	SetHandOver(
		ctx context.Context, id flowhq.TenantID, handOver int64, to flowhq.HandOverStatus,
		actor string,
	) error

	Questions
}

// factRoutes lists the endpoints of facts. Answers may be as large as pages of messages.
func (a *API) factRoutes(r router) {
	const read, send = flowhq.ScopeRead, flowhq.ScopeSend
	r.get("/bookings", read, handle(a, 200, a.listBookings))
	r.post("/bookings", send, handle(a, 201, a.addBooking))
	r.get("/bookings/:number", read, handle(a, 200, a.readBooking))
	r.patch("/bookings/:number", send, handle(a, 200, a.changeBooking))
	r.get("/orders", read, handle(a, 200, a.listOrders))
	r.get("/orders/:number", read, handle(a, 200, a.readOrder))
	r.patch("/orders/:number", send, handle(a, 200, a.changeOrder))
	r.get("/tickets", read, handle(a, 200, a.listTickets))
	r.get("/tickets/:number", read, handle(a, 200, a.readTicket))
	r.patch("/tickets/:number", send, handle(a, 200, a.changeTicket))
	r.get("/handovers", read, handle(a, 200, a.listHandOvers))
	r.get("/handovers/:handover", read, handle(a, 200, a.readHandOver))
	r.patch("/handovers/:handover", send, handle(a, 200, a.changeHandOver))
	a.questionRoutes(r)
	a.contactRoutes(r)
	a.exportRoutes(r)
}

// factsRequest is a request for a list of facts.
type factsRequest struct {
	tenantRef
	store.FactFilter
}

// bindFacts reads the filters of a list of facts, of which status is one of a closed set. What is
// wrong with each is collected, so the order is only that of the errors.
func bindFacts[T ~string](r *factsRequest, b *binder, statuses []T) {
	r.tenantRef.bind(b)
	r.filter(b)
	r.Status = string(optionalWord(b, "status", statuses))
	r.Before, r.Limit = b.page()
}

// filter reads the filters that a list and its export have in common, but for the status.
func (r *factsRequest) filter(b *binder) {
	r.Text = b.text("text")
	r.ContactID, r.Contact = b.contact("contact")
	r.From, r.To = b.stretch()
}

// stretch returns the query parameters that bound a time. An empty stretch is a client's mistake,
// and an empty list would hide it.
func (b *binder) stretch() (from, to time.Time) {
	from, to = b.time("from"), b.time("to")
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		b.wrong("to", "must be later than from")
	}
	return from, to
}

// optionalWord is word, and takes "" for none. Forms send a filter that was not chosen as "".
func optionalWord[T ~string](b *binder, name string, all []T) T {
	if v, given := b.parameter(name); given && v == "" {
		return ""
	}
	return word(b, name, all)
}

// phone is a number in E.164, as tenants have one.
var phone = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// phoneWanted is the end of the error about any member that is a number.
const phoneWanted = "must be an international number: a plus sign and 7 to 15 digits, " +
	"such as +255712345678"

// contact returns a query parameter that names a contact by its id or its number. Numbers are told
// from ids by the plus sign: an id never begins with one.
func (b *binder) contact(name string) (id int64, number string) {
	v, _ := b.parameter(name)
	// A plus sign that was not escaped arrives as a space.
	if rest, ok := strings.CutPrefix(v, " "); ok {
		v = "+" + rest
	}
	if v == "" || phone.MatchString(v) {
		return 0, v
	}
	id, err := strconv.ParseInt(v, 10, 64)
	if err != nil || id < 1 {
		b.wrong(name, "must be the id of a contact, or an international number such as "+
			"+255712345678")
		return 0, ""
	}
	return id, ""
}

// Times that a request may name. A year of four digits is what RFC 3339 can write.
var (
	// Times of a slip, such as the year 20, would give empty lists without a word.
	earliestTime = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	latestTime   = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// time returns a query parameter that is a time, the zero time without one.
func (b *binder) time(name string) time.Time {
	v, _ := b.parameter(name)
	if v == "" {
		return time.Time{}
	}
	v = strings.Replace(v, " ", "+", 1) // a plus sign that was not escaped
	at, err := time.Parse(time.RFC3339, v)
	if err != nil || at.Before(earliestTime) || at.After(latestTime) {
		b.wrong(name, "must be a time with its zone, such as 2026-12-01T08:00:00Z or "+
			"2026-12-01T08:00:00%2B03:00")
		return time.Time{}
	}
	return at
}

// cursor is the next of a page. Clients treat it as opaque.
func cursor(next int64) string {
	if next == 0 {
		return ""
	}
	return strconv.FormatInt(next, 10)
}

// paged returns the parts of an answer with a page. An empty page may be that of no tenant, which
// is 404. Lists share it, so none of them forgets the 404, and none has null for an empty page.
func paged[T any](
	ctx context.Context, a *API, id flowhq.TenantID, page []T, next int64, err error,
) ([]T, string, error) {
	return list(page), cursor(next), a.checkEmpty(ctx, id, len(page), err)
}

// checkEmpty returns the error with which a list of so many rows is answered: err, or NotFound if
// there is no such tenant. A script with a wrong id would take an empty list for that of a tenant who
// has nothing. Lists of the installation have no tenant.
func (a *API) checkEmpty(ctx context.Context, id flowhq.TenantID, rows int, err error) error {
	// The look-up is made for empty lists only, so a list costs one statement as a rule.
	if err == nil && rows == 0 && id != "" {
		_, err = a.Tenants.Tenant(ctx, id)
	}
	return err
}

// factNumber is what customers call a fact by.
var factNumber = regexp.MustCompile(`^[A-Za-z0-9-]{1,32}$`)

// factNumber returns the number by which the path names a fact. Anything that is no number of one
// is answered as if it were not found, which it is.
func (b *binder) factNumber() string {
	number := b.c.Param("number")
	if !factNumber.MatchString(number) {
		b.stop(flowhq.Errorf(flowhq.NotFound,
			"there is nothing with this number, which has a letter and digits, such as K48219"))
		return ""
	}
	// Customers and operators write the letter in any case. All numbers are stored in upper case.
	return strings.ToUpper(number)
}

// requiredWord checks a member of a body that is one of a closed set, and must be there. The type
// is a string in the body, so that a wrong word gets an error which lists the right ones.
func requiredWord[T ~string](b *binder, name string, value *string, all []T) T {
	for _, w := range all {
		if value != nil && *value == string(w) {
			return w
		}
	}
	b.wrong(name, "must be "+choices(all))
	return ""
}
