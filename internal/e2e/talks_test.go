package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/demo"
)

// talkFiles are conversations of internal/reply that are had in full here: of each business, in
// both languages. Their customers write one line at a time, and nothing in them needs the clock
// to be moved.
var talkFiles = []string{
	"barber-en-two-in-one", "barber-sw-jpili",
	"clinic-en-for-someone-else", "clinic-sw-miadi",
	"clothes-en-refund-in-the-middle", "clothes-mix-change-twice",
	"grocer-mix-order-then-topic", "grocer-sw-gesi",
	"internet-en-tv", "internet-sw-bili", "internet-en-human",
}

// A talk is one customer's conversation with one business.
type talk struct {
	name string
	*customer
	with *business
	says []string
	want []previewedTurn // by the pure function alone, over the API's preview
	sent []string        // ids of the messages
}

// A previewedTurn is what the API says that the bot would answer.
type previewedTurn struct {
	Reply string
	Facts []struct {
		Booking    *flowhq.Booking
		Order      *flowhq.Order
		Ticket     *flowhq.Ticket
		HandOver   *flowhq.HandOver `json:"hand_over"`
		Unanswered *flowhq.Unanswered
	}
}

// What a conversation says and leaves is the same if its workers are killed as if none ever dies:
// one before the customers write, so that nobody is there to receive it, the other right after.
// There are no more deaths, as a tenant whose host dies for the third time in a row has to wait.
func TestConversationsWhileWorkersAreKilled(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	first, second := s.worker("first"), s.worker("second")
	var talks []*talk
	longest := 0
	for i, name := range talkFiles {
		talks = append(talks, s.talk(i, name))
		longest = max(longest, len(talks[i].says))
	}
	for turn := range longest {
		if turn == 1 {
			first.kill()
			s.worker("third")
		}
		for _, k := range talks {
			k.write(turn)
		}
		if turn == 2 {
			second.kill()
		}
		for _, k := range talks {
			k.answered(turn)
		}
	}
	for _, k := range talks {
		k.leaves()
		k.with.neverHostedTwice()
	}
}

// talk makes the business of a conversation, with all that its owner has told, and its customer.
func (s *stand) talk(i int, name string) *talk {
	s.t.Helper()
	file, err := os.ReadFile(filepath.Join("..", "reply", "testdata", "conversations", name+".txt"))
	if err != nil {
		s.t.Fatal(err)
	}
	k := &talk{name: name}
	profile := ""
	for line := range strings.Lines(string(file)) {
		line = strings.TrimSpace(line)
		if p, ok := strings.CutPrefix(line, "profile: "); ok {
			profile = p
		}
		if text, ok := strings.CutPrefix(line, "> "); ok {
			k.says = append(k.says, text)
		}
	}
	n := unlimited(demo.Tenant(profile))
	n.Name, n.PhoneNumber = name, fmt.Sprintf("+25570000%04d", 1000+i)
	k.with = s.business(n)
	s.must(s.call("PUT", k.with.path()+"/profile", json.RawMessage(demo.JSON(profile)), nil))
	k.with.link()
	k.customer = s.customer(fmt.Sprintf("+25571000%04d", 1000+i), "Amina")

	var messages []map[string]string
	for _, text := range k.says {
		messages = append(messages, map[string]string{"text": text})
	}
	var answer struct{ Turns []previewedTurn }
	s.must(s.call("POST", k.with.path()+"/preview", map[string]any{"messages": messages}, &answer))
	k.want = answer.Turns
	return k
}

// write lets the customer write the line of a turn, if the conversation is that long.
func (k *talk) write(turn int) {
	k.s.t.Helper()
	if turn >= len(k.says) {
		return
	}
	id, err := k.customer.write(k.with, k.says[turn])
	if err != nil {
		k.s.t.Fatal(err)
	}
	k.sent = append(k.sent, id)
}

// number is one of a booking, order or ticket. It is made from the id of a message's row, which
// the preview cannot know.
var number = regexp.MustCompile(`\b[A-Z]\d{5,}\b`)

// answered waits until a turn is over and compares all replies so far.
func (k *talk) answered(turn int) {
	k.s.t.Helper()
	if turn >= len(k.says) {
		return
	}
	eventually(k.s.t, patience, func() error {
		log, err := k.with.log()
		if err != nil {
			return err
		}
		i := slices.IndexFunc(log, func(m flowhq.Message) bool { return m.WAMessageID == k.sent[turn] })
		if i < 0 || log[i].Status == flowhq.Received {
			return fmt.Errorf("%s: nothing has become of %q", k.name, k.says[turn])
		}
		if log[i].Status != flowhq.Answered {
			return nil
		}
		for _, m := range log {
			if m.InReplyTo != nil && *m.InReplyTo == log[i].ID && m.Status == flowhq.Pending {
				return fmt.Errorf("%s: the reply to %q is not sent yet", k.name, k.says[turn])
			}
		}
		return nil
	})
	var want []string
	for _, w := range k.want[:turn+1] {
		if w.Reply != "" {
			want = append(want, number.ReplaceAllString(w.Reply, "#"))
		}
	}
	var got []string
	eventually(k.s.t, patience, func() error {
		inbox, err := k.inbox(k.with)
		if err != nil {
			return err
		}
		got = nil
		for _, m := range inbox {
			got = append(got, number.ReplaceAllString(m.Text, "#"))
		}
		if len(got) < len(want) {
			return fmt.Errorf("%s: the customer has %d replies; want %d", k.name, len(got), len(want))
		}
		return nil
	})
	if diff := cmp.Diff(want, got); diff != "" {
		k.s.t.Errorf("%s, turn %d, %q (-pure +had):\n%s", k.name, turn, k.says[turn], diff)
	}
}

// facts are what conversations leave, each table as a list.
type facts struct {
	Bookings   []flowhq.Booking
	Orders     []flowhq.Order
	Tickets    []flowhq.Ticket
	HandOvers  []flowhq.HandOver
	Unanswered []flowhq.Unanswered
}

// lines are the facts without what differs from one run to the next: numbers, and when each was
// written.
func (f facts) lines() (all []string) {
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	for _, b := range f.Bookings {
		add("booking %s, %d min, %d %s, %s, %s %s", b.Service, b.Minutes, b.Price, b.Currency,
			b.StartsAt.UTC().Format(time.DateTime), b.Name, b.Status)
	}
	for _, o := range f.Orders {
		add("order %+v, %s %s, fee %d, total %d %s, %s %s",
			o.Lines, o.Delivery.Area, o.Delivery.Address, o.Delivery.Fee, o.Total, o.Currency,
			o.Note, o.Status)
	}
	for _, k := range f.Tickets {
		add("ticket %s %s %s", k.Subject, k.Note, k.Status)
	}
	for _, h := range f.HandOvers {
		add("hand-over %s", h.Reason)
	}
	for _, u := range f.Unanswered {
		add("unanswered %q %s", u.Text, u.Language)
	}
	return all
}

// expected are the facts of the preview: of those with one number, the last.
func (k *talk) expected() (f facts) {
	for _, turn := range k.want {
		for _, c := range turn.Facts {
			switch {
			case c.Booking != nil:
				f.Bookings = replaced(f.Bookings, *c.Booking,
					func(b flowhq.Booking) string { return b.Number })
			case c.Order != nil:
				f.Orders = replaced(f.Orders, *c.Order, func(o flowhq.Order) string { return o.Number })
			case c.Ticket != nil:
				f.Tickets = replaced(f.Tickets, *c.Ticket, func(t flowhq.Ticket) string { return t.Number })
			case c.HandOver != nil:
				f.HandOvers = append(f.HandOvers, *c.HandOver)
			case c.Unanswered != nil:
				f.Unanswered = append(f.Unanswered, *c.Unanswered)
			}
		}
	}
	return f
}

// replaced returns facts with one in place of that of the same number, or at the end.
func replaced[T any](all []T, fact T, number func(T) string) []T {
	i := slices.IndexFunc(all, func(old T) bool { return number(old) == number(fact) })
	if i < 0 {
		return append(all, fact)
	}
	all[i] = fact
	return all
}

// leaves compares the rows that the conversation left with the facts of the preview.
func (k *talk) leaves() {
	k.s.t.Helper()
	var had facts
	for table, into := range map[string]any{
		"bookings": &had.Bookings, "orders": &had.Orders, "tickets": &had.Tickets,
		"handovers": &had.HandOvers, "unanswered": &had.Unanswered,
	} {
		var rows []byte
		if err := k.s.session().QueryRowContext(k.s.t.Context(), `
			select coalesce(json_agg(f order by f.id), '[]') from flowhq.`+table+` f
			where f.tenant_id = $1`, string(k.with.id)).Scan(&rows); err != nil {
			k.s.t.Fatal(err)
		}
		if err := json.Unmarshal(rows, into); err != nil {
			k.s.t.Fatal(err)
		}
	}
	if diff := cmp.Diff(k.expected().lines(), had.lines()); diff != "" {
		k.s.t.Errorf("%s leaves other facts (-pure +had):\n%s", k.name, diff)
	}
}
