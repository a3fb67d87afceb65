package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// ofABarber is a barber with one chair.
const ofABarber = `{"currency":"TZS","capacity":1,"services":[
	{"id":"haircut","name":{"en":"Haircut","sw":"Kunyoa"},"aliases":["cut","haircut"],"minutes":30,"price":10000}],
	"hours":[{"day":"mon","opens":"08:00","closes":"20:00"},{"day":"tue","opens":"08:00","closes":"20:00"},{"day":"wed","opens":"08:00","closes":"20:00"},
	{"day":"thu","opens":"08:00","closes":"20:00"},{"day":"fri","opens":"08:00","closes":"20:00"},{"day":"sat","opens":"08:00","closes":"20:00"},{"day":"sun","opens":"08:00","closes":"20:00"}]}`

// knows tells the bot what the owner knows.
func (b *business) knows(profile string) {
	b.s.t.Helper()
	b.s.must(b.s.call("PUT", b.path()+"/profile", json.RawMessage(profile), nil))
}

// count returns the one number that a query on the tenant's rows yields.
func (b *business) count(q string) (n int) {
	b.s.t.Helper()
	if err := b.s.session().QueryRowContext(b.s.t.Context(), q, string(b.id)).Scan(&n); err != nil {
		b.s.t.Fatal(err)
	}
	return n
}

// TestBurst has customers write orders line by line while workers are killed: each order is
// answered once, and no line is lost or answered by itself.
func TestBurst(t *testing.T) {
	t.Parallel()
	s := newStand(t, "BURST_WINDOW_MS=1500")
	worker := s.worker("worker")
	b := s.business(flowhq.NewTenant{Name: "duka", PhoneNumber: "+255700000002",
		Template: flowhq.EcommerceTemplate, BusinessName: "Duka la Asha", Language: flowhq.Swahili})
	b.link()
	lines := []string{"Habari", "naomba kuagiza", "unga 2", "sukari 1", "na mafuta 3",
		"nipo Kimara mwisho", "leo jioni"}
	for round := range 4 {
		c := s.customer(fmt.Sprintf("+25571100000%d", round), "Amina")
		killed, next := rand.N(len(lines)), worker
		if round > 0 { // the first round shows that it works undisturbed
			next = s.worker(fmt.Sprint("worker", round))
		}
		for i, text := range lines {
			if _, err := c.write(b, text); err != nil {
				t.Fatal(err)
			}
			if next != worker && i == killed {
				worker.kill()
				worker = next
			}
			wait(t, 100*time.Millisecond)
		}
		eventually(t, patience, func() error { return b.answeredAsOne(c, len(lines)) })
	}
	if n := b.count(`select count(*) from flowhq.message_logs where tenant_id = $1 and kind = 'WARNING'`); n != 0 {
		t.Errorf("%d warnings; an order must not be cut by the limits", n)
	}
	b.neverHostedTwice()
}

// answeredAsOne returns nil once all lines of a customer are ANSWERED with one reply that came
// once. While a worker dies the lines may be read as two turns: those that came before, and those
// after.
func (b *business) answeredAsOne(c *customer, lines int) error {
	log, err := b.log()
	if err != nil {
		return err
	}
	answered, last := 0, 0
	for _, m := range log {
		if m.Contact == c.number && m.Direction == flowhq.In && m.Status == flowhq.Answered {
			answered++
			if m.AnsweredWith == nil {
				last++
			}
		}
	}
	inbox, err := c.inbox(b)
	if err != nil {
		return err
	}
	if answered != lines || last > 2 || len(inbox) != last {
		return fmt.Errorf("%d of %d lines are answered, in %d turns with %d replies", answered,
			lines, last, len(inbox))
	}
	return nil
}

// TestOwnerOnThePhone: what the owner writes on another device pauses the bot in that chat. A bare
// bot that is linked to the business's own number stands for the phone: it writes to a customer
// whatever the customer has written.
func TestOwnerOnThePhone(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	worker := s.worker("worker")
	b := s.business(unlimited(barbers))
	b.link()
	s.bareDatabase()
	amina, juma := s.customer("+254711000001", "Amina"), s.customer("+254711000002", "Juma")
	write := func(c *customer, text string) {
		t.Helper()
		if _, err := c.write(b, text); err != nil {
			t.Fatal(err)
		}
	}
	handled := func(c *customer, status flowhq.MessageStatus, want int) {
		t.Helper()
		eventually(t, patience, func() error {
			n := b.count(fmt.Sprintf(`select count(*) from flowhq.message_logs where tenant_id = $1 and direction = 'IN' and contact = '%s' and status = '%s'`, c.number, status))
			if n != want {
				return fmt.Errorf("%d messages of %s are %s; want %d", n, c.number, status, want)
			}
			return nil
		})
	}
	write(amina, "what is the price of a haircut?")
	handled(amina, flowhq.Answered, 1)

	owner := s.bareBots(1)
	code := owner.line("scan bot=0 code=")
	if status, err := b.scanned(code); err != nil || status != http.StatusOK {
		t.Fatalf("scan of the owner's device = %d, %v", status, err)
	}
	owner.attr("all online", "count")
	write(amina, "good morning") // the bot may be faster than the owner
	eventually(t, patience, func() error {
		if b.count(`select count(*) from flowhq.handovers where tenant_id = $1 and reason = 'OWNER' and ended_at is null`) != 1 {
			return fmt.Errorf("the chat is not handed over")
		}
		return nil
	})
	owner.terminate()
	owner.ended(patience)
	// A kill changes nothing of it.
	next := s.worker("next")
	worker.kill()
	before := b.count(`select count(*) from flowhq.message_logs where tenant_id = $1 and kind = 'REPLY'`)
	write(amina, "tomorrow at ten")
	handled(amina, flowhq.Ignored, 1)
	if n := b.count(`select count(*) from flowhq.message_logs where tenant_id = $1 and kind = 'REPLY'`); n != before {
		t.Errorf("the bot answered in a chat that the owner answers")
	}
	write(juma, "what is the price of a haircut?")
	handled(juma, flowhq.Answered, 1)
	if n := b.count(`select count(*) from flowhq.message_logs where tenant_id = $1 and kind = 'OWNER'`); n == 0 {
		t.Error("what the owner wrote is not in the log")
	}
	_ = next
}

// TestLastSlot has customers book the same time at once, again and again, while workers are killed
// at every point of the way: one of them gets it, and is told so.
func TestLastSlot(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	worker := s.worker("worker")
	b := s.business(unlimited(barbers))
	b.knows(ofABarber)
	b.link()
	const customers = 6
	var cs []*customer
	for i := range customers {
		cs = append(cs, s.customer(fmt.Sprintf("+25471100001%d", i), "Amina"))
	}
	say := func(text string) {
		for _, c := range cs {
			if _, err := c.write(b, text); err != nil {
				t.Fatal(err)
			}
		}
	}
	settled := func(questions int) {
		t.Helper()
		eventually(t, patience, func() error {
			n := b.count(`select count(*) from flowhq.message_logs where tenant_id = $1 and direction = 'IN' and status = 'ANSWERED'`)
			sent := b.count(`select count(*) from flowhq.message_logs where tenant_id = $1 and kind = 'REPLY' and status in ('SENT', 'DELIVERED', 'READ')`)
			if n != questions || sent != questions {
				return fmt.Errorf("%d of %d messages are answered, %d replies sent", n, questions, sent)
			}
			return nil
		})
	}
	say("I want to book a haircut tomorrow at 10 am")
	next := s.worker("next")
	worker.kill()
	settled(customers)
	say("yes")
	third := s.worker("third")
	next.kill()
	settled(2 * customers)
	active := b.count(`select count(*) from flowhq.bookings where tenant_id = $1 and status <> 'CANCELLED' and starts_at = (
		select min(starts_at) from flowhq.bookings where tenant_id = $1) and (held_until is null or held_until > now())`)
	if active != 1 {
		t.Errorf("%d customers have the one slot; want 1", active)
	}
	if n := b.count(`select coalesce(max(n), 0) from (select count(*) as n from flowhq.bookings where tenant_id = $1 group by message_id) as x`); n > 1 {
		t.Errorf("a message made %d bookings", n)
	}
	_ = third
	b.neverHostedTwice()
}

// TestFactsAfterKills kills the worker of a conversation at each point of the way of each message.
// What was booked is there once, and each message got one reply. Each point has a business of its
// own, as one whose workers die again and again has to wait.
func TestFactsAfterKills(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	worker := s.worker("first")
	points := []string{"receive.decrypted", "receive.inserted", "receive.handled",
		"answer.composed", "answer.written", "send.due", "send.done"}
	for i, point := range points {
		n := barbers
		n.Name, n.PhoneNumber = point, fmt.Sprintf("+25470000009%d", i)
		b := s.business(unlimited(n))
		b.knows(ofABarber)
		b.link()
		c := s.customer(fmt.Sprintf("+25471100002%d", i), "Amina")
		for turn, text := range []string{"I want to book a haircut tomorrow at 10 am", "yes"} {
			armed := s.armed(fmt.Sprint("armed ", point, turn), "FLOWHQ_FAILPOINTS="+point+"=kill:1")
			armed.attr("worker started", "name")
			epoch := b.epoch()
			worker.terminate() // it hands its session over, which is no loss
			b.replaced(epoch)
			if _, err := c.write(b, text); err != nil {
				t.Fatal(err)
			}
			armed.ended(patience)
			worker = s.worker(fmt.Sprint("after ", point, turn))
			eventually(t, patience, func() error {
				inbox, err := c.inbox(b)
				if err == nil && len(inbox) != turn+1 {
					err = fmt.Errorf("%s, turn %d: %d replies; want %d", point, turn, len(inbox), turn+1)
				}
				return err
			})
		}
		if n := b.count(`select count(*) from flowhq.bookings where tenant_id = $1 and status = 'CONFIRMED'`); n != 1 {
			t.Errorf("killed at %s: %d bookings; want 1", point, n)
		}
		b.neverHostedTwice()
		b.command(flowhq.Stop)
	}
}
