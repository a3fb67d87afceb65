package store_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// fed returns the types of a tenant's feed, with the data of each read strictly as its shape.
func (b *bench) fed(t testing.TB, tenant flowhq.TenantID) (types []flowhq.EventType) {
	t.Helper()
	all := must(b.Feed(t.Context(), tenant, store.FeedPage{UpTo: 1 << 62, Limit: 1000}))(t)
	for _, e := range all {
		types = append(types, e.Type)
		d := json.NewDecoder(bytes.NewReader(e.Data))
		d.DisallowUnknownFields()
		shape := flowhq.FeedShape(e.Type)
		ok(t, d.Decode(shape))
		if !slices.Contains(flowhq.EventTypes, e.Type) {
			t.Errorf("%s is no event type", e.Type)
		}
		// The data has each field of the shape, by the same names.
		if has, want := keys(t, e.Data), keys(t, must(json.Marshal(shape))(t)); !slices.Equal(has, want) {
			t.Errorf("%s has %v; want %v", e.Type, has, want)
		}
	}
	return types
}

// keys are the sorted names of an object's members.
func keys(t testing.TB, object []byte) (names []string) {
	t.Helper()
	var m map[string]any
	ok(t, json.Unmarshal(object, &m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// TestFeed: each fact is in the feed once, whoever writes it, with the shape of its type.
func TestFeed(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	ctx := t.Context()
	before := len(b.fed(t, tenant))
	step := func(name string, want ...flowhq.EventType) {
		t.Helper()
		if diff := cmp.Diff(want, b.fed(t, tenant)[before:]); diff != "" {
			t.Errorf("after %s (-want +got):\n%s", name, diff)
		}
		before += len(want)
	}
	ok(t, b.SetSession(ctx, tenant, epoch, connected, noCodes))
	step("the session is connected", flowhq.EventSessionConnected, flowhq.EventSessionState)
	id := b.receive(t, tenant, epoch, "in")
	must(b.Receive(ctx, tenant, epoch, text("in")))(t) // again, by WhatsApp
	step("a message", flowhq.EventMessageReceived)
	ok(t, second(b.Answer(ctx, tenant, epoch, id, withFacts("out",
		flowhq.FactChange{Booking: booking(tomorrow(), flowhq.BookingConfirmed)},
		flowhq.FactChange{Order: &flowhq.Order{Status: flowhq.OrderOpen}},
		flowhq.FactChange{Ticket: &flowhq.Ticket{Subject: "x", Status: flowhq.TicketOpen}},
		flowhq.FactChange{HandOver: &flowhq.HandOver{Reason: flowhq.HandOverAsked}}))))
	got := b.fed(t, tenant)[before:]
	slices.Sort(got) // what one statement writes has no order
	want := []flowhq.EventType{flowhq.EventBookingCreated, flowhq.EventHandedOver,
		flowhq.EventOrderCreated, flowhq.EventTicketCreated}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after the answer (-want +got):\n%s", diff)
	}
	before += len(got)
	ok(t, b.SetOutbound(ctx, tenant, epoch, "out", flowhq.Sent, ""))
	ok(t, b.SetOutbound(ctx, tenant, epoch, "out", flowhq.Sent, ""))
	step("it was sent", flowhq.EventMessageSent)
	ok(t, b.Receipts(ctx, tenant, epoch, []store.Receipt{{WAID: "out", Status: flowhq.Read, At: time.Now()}}))
	step("it was read", flowhq.EventMessageRead)
	ok(t, b.SetTicket(ctx, tenant, flowhq.Reference(id), flowhq.TicketClosed, "admin"))
	step("the ticket is closed", flowhq.EventTicketChanged, flowhq.EventFactChanged)
	id = b.receive(t, tenant, epoch, "never")
	ok(t, b.DeadLetter(ctx, tenant, epoch, id, "it never works"))
	step("a dead letter", flowhq.EventMessageReceived, flowhq.EventMessageFailed,
		flowhq.EventMessageDeadLettered)
	// A receipt may overtake the note that the message was sent.
	b.exec(t, `update flowhq.message_logs set status = 'PENDING' where tenant_id = $1 and wa_message_id = 'out'`, tenant)
	b.exec(t, `update flowhq.message_logs set status = 'DELIVERED' where tenant_id = $1 and wa_message_id = 'out'`, tenant)
	step("a receipt alone", flowhq.EventMessageSent, flowhq.EventMessageDelivered)
}

// TestFeedReaderSkipsNone: events come in the order of their ids, and one whose transaction ends
// late is waited for, but one that was never written is not.
func TestFeedReaderSkipsNone(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, _ := b.hosted(t)
	r := must(b.FollowFeed(t.Context()))(t)
	const add = `select flowhq.append_event($1, 'X', 0, '{}')`
	next := func(want int) (ids []int64) {
		t.Helper()
		deadline := time.Now().Add(patience)
		for len(ids) < want && time.Now().Before(deadline) {
			events, _, err := r.Next(t.Context())
			ok(t, err)
			for _, e := range events {
				ids = append(ids, e.ID)
			}
		}
		if len(ids) != want || !slices.IsSorted(ids) {
			t.Fatalf("read %v; want %d events in order", ids, want)
		}
		return ids
	}
	late, failed := connect(t, b.url), connect(t, b.url)
	begin := func(c *pgx.Conn) pgx.Tx {
		tx := must(c.Begin(t.Context()))(t)
		must(tx.Exec(t.Context(), add, tenant))(t)
		return tx
	}
	slow := begin(late)
	b.exec(t, add, tenant)
	for range 20 {
		if events, _, err := r.Next(t.Context()); err != nil || len(events) > 0 {
			t.Fatalf("read %v, %v over an event that is still to come", events, err)
		}
	}
	ok(t, slow.Commit(t.Context()))
	next(2)

	never := begin(failed)
	b.exec(t, add, tenant)
	ok(t, never.Rollback(t.Context()))
	next(1)

	// Somebody who writes for long, but nothing to the feed, holds up nobody.
	other := must(late.Begin(t.Context()))(t)
	must(other.Exec(t.Context(), `update flowhq.fleet set reason = 'x'`))(t)
	b.exec(t, add, tenant)
	next(1)
	ok(t, other.Rollback(t.Context()))

	// Many at once.
	const writers, each = 8, 25
	done := make(chan error, writers)
	for range writers {
		c := connect(t, b.url)
		go func() {
			for range each {
				if _, err := c.Exec(t.Context(), add, tenant); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	next(writers * each)
	for range writers {
		ok(t, <-done)
	}
	if last := scalar[int64](t, b, `select max(id) from flowhq.feed`); r.Position() != last {
		t.Errorf("came to %d; want %d", r.Position(), last)
	}
	page := must(b.FeedOfAll(t.Context(), store.FeedPage{After: r.Position() - 3, UpTo: r.Position()}))(t)
	if len(page) != 3 {
		t.Errorf("a page of %d; want 3", len(page))
	}
}

// TestPruneFeed takes what is old, of whomever.
func TestPruneFeed(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, _ := b.hosted(t)
	for i := range 5 {
		b.exec(t, fmt.Sprintf(`insert into flowhq.feed (tenant_id, event_type, data, created_at) values ($1, 'X', '{}', now() - interval '%d days')`, 33-i), tenant)
	}
	b.exec(t, `delete from flowhq.feed where event_type <> 'X'`)
	if n := must(b.PruneFeed(t.Context()))(t); n != 4 {
		t.Errorf("pruned %d; want 4", n)
	}
}
