package store_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/jackc/pgx/v5/pgconn"
)

var lockRounds = flag.Int("lock-rounds", 4, "how often TestLockOrder has everybody write at once")

// deadlocked reports whether the server ended a statement because two waited for each other.
func deadlocked(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "40P01"
}

// TestLockOrder has two contacts become one, or the tenant erased, while everybody else writes
// about them. None of these waits for another in a circle, and what an operator has asked for is
// there after it: no row belongs to a contact that is gone.
func TestLockOrder(t *testing.T) {
	t.Parallel()
	b := open(t)
	for round := range *lockRounds {
		b.lockRound(t, round, false)
		b.lockRound(t, round, true)
	}
}

// lockRound is one round of TestLockOrder.
func (b *bench) lockRound(t *testing.T, round int, erase bool) {
	t.Helper()
	tenant, epoch := b.hosted(t)
	ctx := t.Context()
	hook := must(b.AddWebhook(ctx, tenant, aWebhook, "admin"))(t).ID
	var contacts, ids []int64
	for i, m := range []store.Inbound{from(aLID, "", "a"), from("", aNumber, "b")} {
		r := must(b.Receive(ctx, tenant, epoch, m))(t)
		contacts, ids = append(contacts, r.Contact), append(ids, r.ID)
		b.leaves(t, tenant, epoch, r.ID,
			flowhq.FactChange{Booking: booking(tomorrow().Add(time.Duration(30+i)*time.Hour),
				flowhq.BookingConfirmed)},
			flowhq.FactChange{Order: &flowhq.Order{Status: flowhq.OrderOpen}},
			flowhq.FactChange{Unanswered: &flowhq.Unanswered{Text: "?"}},
			flowhq.FactChange{Ticket: &flowhq.Ticket{Subject: "x", Status: flowhq.TicketOpen}})
	}
	followUps := first(b.FollowUps(ctx, tenant, store.FactFilter{}))(t)
	// Some are messages that nobody has begun to send: what changes the order withdraws them.
	for i, f := range followUps {
		if i%2 == 0 {
			b.sendNow(t, tenant, f)
		}
	}
	asked := first(b.Questions(ctx, tenant, store.FactFilter{}))(t)
	order := func(c int64) store.ContactOrder { return store.ContactOrder{Contact: c, Actor: "admin"} }
	var all []func() error
	for i, contact := range contacts {
		number := flowhq.Reference(ids[i])
		waits := b.receive(t, tenant, epoch, fmt.Sprint("waits", i))
		all = append(all,
			func() error {
				_, err := b.Write(ctx, tenant,
					store.NewMessage{Contact: contact, Text: "x", Key: fmt.Sprint(round, i), Actor: "admin"})
				return err
			},
			func() error {
				_, err := b.Write(ctx, tenant,
					store.NewMessage{To: aNumber, Text: "x", Key: fmt.Sprint(round, i, "to"), Actor: "admin"})
				return err
			},
			func() error { return b.SetOrder(ctx, tenant, number, moved(flowhq.OrderConfirmed), "admin") },
			func() error { return b.SetOrder(ctx, tenant, number, moved(flowhq.OrderCancelled), "admin") },
			func() error {
				at := tomorrow().Add(time.Duration(60+i) * time.Hour)
				return b.SetBooking(ctx, tenant, number, store.BookingChange{StartsAt: &at}, 5, "admin")
			},
			func() error { return b.SetTicket(ctx, tenant, number, flowhq.TicketClosed, "admin") },
			func() error { return b.HandOverContact(ctx, tenant, order(contact)) },
			func() error { return b.GiveBackContact(ctx, tenant, order(contact)) },
			func() error { return b.LeaveContactAlone(ctx, tenant, order(contact), i == 0) },
			func() error { return b.MuteContact(ctx, tenant, order(contact)) },
			func() error { return b.Unmute(ctx, tenant, ids[i], "admin") },
			func() error {
				_, err := b.AddBooking(ctx, tenant, store.NewBooking{
					Booking: flowhq.Booking{ContactID: contact, Service: "x", Minutes: 30,
						StartsAt: tomorrow().Add(90 * time.Hour)},
					Key: fmt.Sprint(round, i), Actor: "admin", Capacity: 9})
				return err
			},
			func() error {
				return b.SetQuestion(ctx, tenant, asked[i].ID,
					flowhq.UnansweredDismissed, "admin")
			},
			func() error {
				_, _, err := b.Answer(ctx, tenant, epoch, waits, withFacts(fmt.Sprint("W", i),
					flowhq.FactChange{Order: &flowhq.Order{Number: number, Status: flowhq.OrderConfirmed}},
					flowhq.FactChange{Reminders: &flowhq.Reminders{Stopped: true}}))
				return err
			},
			func() error { return b.SetSession(ctx, tenant, epoch, connected, noCodes) },
		)
	}
	for i, f := range followUps {
		all = append(all, func() error {
			if i%3 == 0 {
				return b.EndFollowUp(ctx, tenant, f.ID, flowhq.FollowUpGivenUp, "nobody came back")
			}
			_, err := b.SendFollowUp(ctx, tenant, f,
				store.FollowUpMessage{Text: "x", PerMinute: 99, PerContact: 99})
			return err
		})
	}
	must(b.ReadForWebhook(ctx, tenant, hook, time.Minute))(t)
	all = append(all, b.webhookWriters(ctx, tenant, hook)...)
	if erase {
		all = append(all, func() error { return b.Erase(ctx, tenant, "admin") })
	} else {
		all = append(all, func() error {
			_, err := b.Receive(ctx, tenant, epoch, from(aLID, aNumber, "c"))
			return err
		})
	}
	var group sync.WaitGroup
	begin := make(chan struct{})
	for i, do := range all {
		group.Go(func() {
			<-begin
			// What is refused is nobody's fault here, such as a move of what was moved before.
			if err := do(); deadlocked(err) || errors.Is(err, context.DeadlineExceeded) {
				pg, _ := errors.AsType[*pgconn.PgError](err)
				t.Errorf("round %d, writer %d, erase %v: %v: %s", round, i, erase, err, pg.Detail)
			}
		})
	}
	close(begin)
	group.Wait()
	if erase {
		ok(t, b.Erase(ctx, tenant, "admin")) // what was written behind it, if anything
		if left := dump(t, b, tenant); len(left) > 2 {
			t.Errorf("round %d: %d rows are left: %v", round, len(left), left)
		}
		return
	}
	for table := range strings.FieldsSeq("message_logs bookings orders tickets unanswered handovers " +
		"follow_ups conversations feed webhook_deliveries") {
		n := scalar[int](t, b, `select count(*)::int from flowhq.`+table+` f where f.tenant_id = $1
			and contact_id <> 0 and not exists (select from flowhq.contacts c where c.tenant_id = f.tenant_id and c.id = f.contact_id)`, tenant)
		if n > 0 {
			t.Errorf("round %d: %d rows of %s are of a contact that is gone", round, n, table)
		}
	}
}

// webhookWriters are those who write about a webhook, or read the feed for it.
func (b *bench) webhookWriters(
	ctx context.Context, tenant flowhq.TenantID, hook string,
) []func() error {
	return []func() error{
		func() error { return last(b.AddWebhook(ctx, tenant, aWebhook, "admin")) },
		func() error {
			return last(b.ChangeWebhook(ctx, tenant, hook,
				store.WebhookChange{Types: []flowhq.EventType{flowhq.EventHandedOver}}, "admin"))
		},
		func() error {
			return last(b.RotateWebhookSecret(ctx, tenant, hook, "whsec_bmV3", "admin"))
		},
		func() error {
			return last(b.ReplayWebhook(ctx, tenant, hook, store.Replay{From: 1}, "admin"))
		},
		func() error { return last(b.ReadForWebhook(ctx, tenant, hook, time.Minute)) },
		func() error { return b.HastenDeliveries(ctx, tenant, hook) },
		func() error { return second(b.RestWebhook(ctx, tenant, hook, 0)) },
	}
}
