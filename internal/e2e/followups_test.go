package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// openAlways is a business whose reminders may come at any hour at which the tests run.
const openAlways = `{"hours":[{"day":"mon","opens":"00:00","closes":"24:00"},{"day":"tue","opens":"00:00","closes":"24:00"},{"day":"wed","opens":"00:00","closes":"24:00"},
	{"day":"thu","opens":"00:00","closes":"24:00"},{"day":"fri","opens":"00:00","closes":"24:00"},{"day":"sat","opens":"00:00","closes":"24:00"},{"day":"sun","opens":"00:00","closes":"24:00"}]}`

// books gives the customer, who has written before, a booking in a few hours whose reminder is due
// soon.
func (b *business) books(c *customer, number string, due time.Duration) {
	b.s.t.Helper()
	for _, q := range []string{
		`insert into flowhq.bookings (tenant_id, number, contact_id, service, minutes, starts_at, ends_at, status, capacity)
		select tenant_id, $2, id, 'a haircut', 30, now() + interval '3 hours', now() + interval '3.5 hours', 'CONFIRMED', 99
		from flowhq.contacts where tenant_id = $1 and number = $3`,
		`update flowhq.follow_ups set due_at = now() + make_interval(secs => $4), next_at = now()
		where tenant_id = $1 and number = $2 and $3 <> ''`,
	} {
		args := []any{string(b.id), number, c.number, due.Seconds()}
		if strings.HasPrefix(q, "insert") {
			args = args[:3]
		}
		if _, err := b.s.session().ExecContext(b.s.t.Context(), q, args...); err != nil {
			b.s.t.Fatal(err)
		}
	}
}

// reminded waits until the customer has the reminder of a booking, and its row says so.
func (b *business) reminded(c *customer, number string) {
	b.s.t.Helper()
	eventually(b.s.t, patience, func() error {
		if err := b.reminders(c, number, 1); err != nil {
			return err
		}
		var page struct {
			FollowUps []flowhq.FollowUp `json:"follow_ups"`
		}
		_, err := b.s.call("GET", b.path()+"/follow-ups?number="+number, nil, &page)
		if err == nil && (len(page.FollowUps) != 1 || page.FollowUps[0].Status != flowhq.FollowUpSent) {
			err = fmt.Errorf("follow-ups of %s: %+v; want one, SENT", number, page.FollowUps)
		}
		return err
	})
}

// reminders returns nil if the customer has got so many reminders of a booking, none of them shown
// twice.
func (b *business) reminders(c *customer, number string, want int) error {
	inbox, err := c.inbox(b)
	if err != nil {
		return err
	}
	n := 0
	for _, m := range inbox {
		if strings.Contains(m.Text, number) && strings.Contains(m.Text, "STOP") {
			n++
		}
	}
	if n != want {
		return fmt.Errorf("%d reminders of %s; want %d", n, number, want)
	}
	return nil
}

// TestReminders come once, whether the worker dies just before the reminder is written or just
// after, whether Temporal is lost before it is due, and not at all if the booking was cancelled.
func TestReminders(t *testing.T) {
	t.Parallel()
	const soon = 3 * time.Second
	s := newStand(t)
	worker := s.armed("before", "FLOWHQ_FAILPOINTS=followup.due=kill:1")
	b := s.business(unlimited(barbers))
	b.link()
	b.knows(openAlways)
	customers := map[string]*customer{}
	for i, number := range []string{"K00001", "K00002", "K00003", "K00004"} {
		c := s.customer(fmt.Sprintf("+25571100000%d", i), "Amina")
		ask(t, c, b, "hello", patience)
		customers[number] = c
	}

	b.books(customers["K00001"], "K00001", soon)
	worker.ended(patience)
	worker = s.armed("after", "FLOWHQ_FAILPOINTS=followup.written=kill:1")
	worker.ended(patience)
	s.worker("next")
	b.reminded(customers["K00001"], "K00001")

	planned := func(number string) {
		t.Helper()
		eventually(t, patience, func() error {
			if b.count(`select count(*) from flowhq.follow_ups where tenant_id = $1 and number = '`+
				number+`' and next_at = due_at`) != 1 {
				return fmt.Errorf("no workflow has looked at %s", number)
			}
			return nil
		})
	}
	const later = 15 * time.Second
	b.books(customers["K00002"], "K00002", later)
	b.books(customers["K00003"], "K00003", later)
	planned("K00002")
	planned("K00003")
	s.loseTemporal()
	b.count(`with gone as (update flowhq.bookings set status = 'CANCELLED' where tenant_id = $1 and number = 'K00003' returning 1) select count(*) from gone`)
	s.startTemporal()
	b.reminded(customers["K00002"], "K00002")

	b.books(customers["K00004"], "K00004", soon)
	b.reminded(customers["K00004"], "K00004")
	for number, c := range customers { // whatever was to come twice has come by now
		want := 1
		if number == "K00003" {
			want = 0
		}
		if err := b.reminders(c, number, want); err != nil {
			t.Error(err)
		}
	}
	b.neverHostedTwice()
}
