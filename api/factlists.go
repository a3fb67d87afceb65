package api

import (
	"context"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// bookingsRequest is GET /admin/tenants/:id/bookings.
type bookingsRequest struct{ factsRequest }

func (r *bookingsRequest) bind(b *binder) { bindFacts(&r.factsRequest, b, flowhq.BookingStatuses) }

// bookingList is a page of bookings. Next is "" on the last page, here and below.
type bookingList struct {
	Bookings []flowhq.Booking `json:"bookings"`
	Next     string           `json:"next"`
}

// listBookings handles GET /admin/tenants/:id/bookings.
func (a *API) listBookings(
	ctx context.Context, req bookingsRequest,
) (answer bookingList, err error) {
	page, next, err := a.Facts.Bookings(ctx, req.Tenant, req.FactFilter)
	answer.Bookings, answer.Next, err = paged(ctx, a, req.Tenant, page, next, err)
	return answer, err
}

// ordersRequest is GET /admin/tenants/:id/orders.
type ordersRequest struct{ factsRequest }

func (r *ordersRequest) bind(b *binder) {
	bindFacts(&r.factsRequest, b, flowhq.OrderStatuses)
	r.Placed = b.choice("placed")
}

// orderList is a page of orders.
type orderList struct {
	Orders []flowhq.Order `json:"orders"`
	Next   string         `json:"next"`
}

// listOrders handles GET /admin/tenants/:id/orders.
func (a *API) listOrders(ctx context.Context, req ordersRequest) (answer orderList, err error) {
	page, next, err := a.Facts.Orders(ctx, req.Tenant, req.FactFilter)
	answer.Orders, answer.Next, err = paged(ctx, a, req.Tenant, page, next, err)
	return answer, err
}

// ticketsRequest is GET /admin/tenants/:id/tickets.
type ticketsRequest struct{ factsRequest }

func (r *ticketsRequest) bind(b *binder) { bindFacts(&r.factsRequest, b, flowhq.TicketStatuses) }

// ticketList is a page of tickets.
type ticketList struct {
	Tickets []flowhq.Ticket `json:"tickets"`
	Next    string          `json:"next"`
}

// listTickets handles GET /admin/tenants/:id/tickets.
func (a *API) listTickets(ctx context.Context, req ticketsRequest) (answer ticketList, err error) {
	page, next, err := a.Facts.Tickets(ctx, req.Tenant, req.FactFilter)
	answer.Tickets, answer.Next, err = paged(ctx, a, req.Tenant, page, next, err)
	return answer, err
}

// handOversRequest is GET /admin/tenants/:id/handovers.
type handOversRequest struct{ factsRequest }

func (r *handOversRequest) bind(b *binder) {
	bindFacts(&r.factsRequest, b, flowhq.HandOverStatuses)
}

// handOverList is a page of hand-overs.
type handOverList struct {
	HandOvers []flowhq.HandOver `json:"handovers"`
	Next      string            `json:"next"`
}

// listHandOvers handles GET /admin/tenants/:id/handovers.
func (a *API) listHandOvers(
	ctx context.Context, req handOversRequest,
) (answer handOverList, err error) {
	page, next, err := a.Facts.HandOvers(ctx, req.Tenant, req.FactFilter)
	answer.HandOvers, answer.Next, err = paged(ctx, a, req.Tenant, page, next, err)
	return answer, err
}

// factRef is a request about one booking, order or ticket.
type factRef struct {
	tenantRef
	Number string
}

func (r *factRef) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Number = b.factNumber()
}

// readBooking handles GET /admin/tenants/:id/bookings/:number.
func (a *API) readBooking(ctx context.Context, req factRef) (flowhq.Booking, error) {
	return a.Facts.Booking(ctx, req.Tenant, req.Number)
}

// readOrder handles GET /admin/tenants/:id/orders/:number.
func (a *API) readOrder(ctx context.Context, req factRef) (flowhq.Order, error) {
	return a.Facts.Order(ctx, req.Tenant, req.Number)
}

// readTicket handles GET /admin/tenants/:id/tickets/:number.
func (a *API) readTicket(ctx context.Context, req factRef) (flowhq.Ticket, error) {
	return a.Facts.Ticket(ctx, req.Tenant, req.Number)
}

// statusBody is the body of a PATCH that changes nothing but a status.
type statusBody struct {
	// nil is refused, as there would be nothing to change.
	Status *string `json:"status"`
}

// orderBody is what may be changed of an order; nil fields stay.
type orderBody struct {
	Status *string `json:"status"`
	Unpaid *bool   `json:"unpaid"`
}

// orderChange is PATCH /admin/tenants/:id/orders/:number. It has no key: to repeat it changes
// nothing. Neither have the other changes of a status.
type orderChange struct {
	factRef
	store.OrderChange
}

func (r *orderChange) bind(b *binder) {
	r.factRef.bind(b)
	var body orderBody
	b.body(&body)
	r.Unpaid = body.Unpaid
	// Whether there is a move to the status depends on the row, which answers 409 if there is none.
	// A body with neither member is told that status is missing.
	if body.Status != nil || body.Unpaid == nil {
		status := requiredWord(b, "status", body.Status, flowhq.OrderStatuses)
		r.Status = &status
	}
}

// changeOrder handles PATCH /admin/tenants/:id/orders/:number.
func (a *API) changeOrder(ctx context.Context, req orderChange) (o flowhq.Order, err error) {
	// The order is read after the change, and may have been changed again by a customer since.
	err = a.Facts.SetOrder(ctx, req.Tenant, req.Number, req.OrderChange, actor(ctx))
	if err == nil {
		o, err = a.Facts.Order(ctx, req.Tenant, req.Number)
	}
	return o, err
}

// ticketChange is PATCH /admin/tenants/:id/tickets/:number.
type ticketChange struct {
	factRef
	Status flowhq.TicketStatus
}

func (r *ticketChange) bind(b *binder) {
	r.factRef.bind(b)
	var body statusBody
	b.body(&body)
	r.Status = requiredWord(b, "status", body.Status, flowhq.TicketStatuses)
}

// changeTicket handles PATCH /admin/tenants/:id/tickets/:number. The answer is the row as it is
// read after the change, here and below.
func (a *API) changeTicket(ctx context.Context, req ticketChange) (t flowhq.Ticket, err error) {
	if err = a.Facts.SetTicket(ctx, req.Tenant, req.Number, req.Status, actor(ctx)); err == nil {
		t, err = a.Facts.Ticket(ctx, req.Tenant, req.Number)
	}
	return t, err
}

// handOverRef is a request about one hand-over.
type handOverRef struct {
	tenantRef
	ID int64
}

// bind reads the id: a hand-over has no number, since no customer speaks of it.
func (r *handOverRef) bind(b *binder) {
	r.tenantRef.bind(b)
	r.ID = b.id("handover")
}

// readHandOver handles GET /admin/tenants/:id/handovers/:handover.
func (a *API) readHandOver(ctx context.Context, req handOverRef) (flowhq.HandOver, error) {
	return a.Facts.HandOverOf(ctx, req.Tenant, req.ID)
}

// handOverChange is PATCH /admin/tenants/:id/handovers/:handover, which gives the chat back.
type handOverChange struct {
	handOverRef
	Status flowhq.HandOverStatus
}

func (r *handOverChange) bind(b *binder) {
	r.handOverRef.bind(b)
	var body statusBody
	b.body(&body)
	// Whether the hand-over can be moved to the status depends on the row, which answers 409 if it
	// cannot.
	r.Status = requiredWord(b, "status", body.Status, flowhq.HandOverStatuses)
}

// changeHandOver handles PATCH /admin/tenants/:id/handovers/:handover.
func (a *API) changeHandOver(
	ctx context.Context, req handOverChange,
) (h flowhq.HandOver, err error) {
	err = a.Facts.SetHandOver(ctx, req.Tenant, req.ID, req.Status, actor(ctx))
	if err == nil {
		h, err = a.Facts.HandOverOf(ctx, req.Tenant, req.ID)
	}
	return h, err
}
