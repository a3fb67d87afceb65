package e2e

import (
	"fmt"
	"testing"

	"github.com/flowhq/flowhq"
)

// say sends something that need not be a text, as the simulator's control API takes it,
// and returns its message id.
func (c *customer) say(to *business, what map[string]any) string {
	c.s.t.Helper()
	var sent struct{ ID string }
	what["to"] = to.PhoneNumber
	c.s.must(c.s.simulate("POST", "/customers/"+escape(c.number)+"/messages", what, &sent))
	return sent.ID
}

// hears waits until the customer has so many messages of a business, and returns them.
func (c *customer) hears(b *business, count int) (inbox []received) {
	c.s.t.Helper()
	eventually(c.s.t, patience, func() (err error) {
		if inbox, err = c.inbox(b); err == nil && len(inbox) != count {
			err = fmt.Errorf("%d messages; want %d", len(inbox), count)
		}
		return err
	})
	return inbox
}

// row is the row of a message in the business's log.
func (b *business) row(waID string) (row flowhq.Message) {
	b.s.t.Helper()
	eventually(b.s.t, patience, func() error {
		log, err := b.log()
		for _, m := range log {
			if m.WAMessageID == waID {
				row = m
				return nil
			}
		}
		if err == nil {
			err = fmt.Errorf("%s is not in the log", waID)
		}
		return err
	})
	return row
}

// Six pictures get one answer, a location another one, whatever else phones send none, and
// with the default limits the question after them is answered. The words of what is not typed
// are kept.
func TestWhatIsAnswered(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	b := s.business(barbers)
	b.link()
	c := s.customer("+254711000001", "Amina")
	album := c.say(b, map[string]any{"kind": "album"})
	for range 6 {
		c.say(b, map[string]any{"kind": "image", "album": album})
	}
	for _, kind := range []string{"voice", "location", "call", "reaction", "sticker_sync",
		"payment_declined"} {
		c.say(b, map[string]any{"kind": kind})
	}
	call := c.say(b, map[string]any{"kind": "call"})
	if _, err := c.write(b, "what are your prices?"); err != nil {
		t.Fatal(err)
	}
	c.hears(b, 3) // to the album, to the location and to the question
	if m := b.row(call); m.Kind != flowhq.KindCall || m.Status != flowhq.Ignored {
		t.Errorf("the call is recorded as %+v", m)
	}
	c.say(b, map[string]any{"kind": "poll", "text": "Which day?"})
	c.hears(b, 4)
	order := c.say(b, map[string]any{"kind": "order", "text": "please deliver today"})
	c.hears(b, 5) // last, for what a barber cannot decide is handed over
	if m := b.row(order); m.Kind != flowhq.KindOrder ||
		m.Text != "please deliver today\nOrder from the catalogue: 3 items, 45000 TZS" {
		t.Errorf("the order is recorded as %+v", m)
	}
}

// Replies to a chat whose messages disappear do so too, also those that another host
// sends after a kill. When the timer is off again, they stay.
func TestTimerOfTheChat(t *testing.T) {
	t.Parallel()
	const week = 7 * 24 * 60 * 60
	s := newStand(t)
	w := s.worker("worker")
	b := s.business(unlimited(barbers))
	b.link()
	c := s.customer("+254711000001", "Amina")
	ask(t, c, b, "hello", patience)
	c.say(b, map[string]any{"timer": week})
	ask(t, c, b, "prices", patience)
	armed := s.armed("to be killed", "FLOWHQ_FAILPOINTS=send.due=kill:1")
	armed.attr("worker started", "name")
	before := b.epoch()
	w.terminate()
	b.replaced(before)
	if _, err := c.write(b, "booking"); err != nil {
		t.Fatal(err)
	}
	armed.ended(patience) // with its reply written and not sent
	s.worker("successor")
	c.hears(b, 3)
	c.say(b, map[string]any{"timer": 0})
	ask(t, c, b, "prices", patience)
	inbox := c.hears(b, 4)
	for i, want := range []int{0, week, week, 0} {
		if inbox[i].Expiration != want {
			t.Errorf("message %d disappears after %d s; want %d", i, inbox[i].Expiration, want)
		}
	}
}

// What a customer makes of a message later is in the log, and not answered again.
func TestChangedAndDeleted(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	b := s.business(unlimited(barbers))
	b.link()
	c, other := s.customer("+254711000001", "Amina"), s.customer("+254711000002", "Juma")
	ask(t, c, b, "booking", patience)
	date, err := c.write(b, "26 February at 10")
	if err != nil {
		t.Fatal(err)
	}
	reply := c.hears(b, 2)[1].ID
	other.say(b, map[string]any{"edit": date, "text": "1 January"})
	other.say(b, map[string]any{"revoke": reply})
	c.say(b, map[string]any{"edit": date, "text": "27 February at 10"})
	gone := c.say(b, map[string]any{"kind": "call"})
	c.say(b, map[string]any{"revoke": gone})
	ask(t, c, b, "thanks", patience)
	if m := b.row(date); m.Text != "26 February at 10" || m.EditedText == nil ||
		*m.EditedText != "27 February at 10" {
		t.Errorf("the changed message is %+v", m)
	}
	if m := b.row(gone); m.RevokedAt == nil {
		t.Errorf("the deleted message is %+v", m)
	}
	if m := b.row(reply); m.RevokedAt != nil || m.EditedAt != nil {
		t.Errorf("somebody else's message is %+v", m)
	}
	c.hears(b, 3)
}
