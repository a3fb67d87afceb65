package pages

import (
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/flowhq/flowhq"
)

// A figure is a number of the start page.
type figure struct {
	Key   string // of its name
	Count int
	More  bool // there are more than were counted
	// Path leads to the list that the figure is of.
	Path string
}

// today counts what the day has brought: who wrote, how many questions the bot has answered, and
// what came of it.
func (v *visit) today(t flowhq.Tenant) ([]figure, error) {
	zone := v.business().zone
	// The day is the business's own, wherever the server stands.
	from := midnight(zone)
	// Neither needs the answer to the other, and one after the other the owner waits for their sum.
	var wrote struct {
		Customers, Answered int
		More                bool
	}
	var records figure
	var group errgroup.Group
	// What customers wrote and the bot answered. What the bot sends by itself, such as a reminder,
	// does not count.
	group.Go(func() error {
		q := url.Values{"from": {from.Format(time.RFC3339)}}
		return v.get(v.tenantPath()+"/intake?"+q.Encode(), &wrote)
	})
	// A shop counts orders, a help desk tickets.
	kind := mainKind(t.Config.Template)
	q := url.Values{"from": {from.Format(time.RFC3339)}}
	switch kind {
	case "bookings": // those of the day, whenever they were made
		q.Set("to", from.AddDate(0, 0, 1).Format(time.RFC3339))
		q.Set("status", string(flowhq.BookingConfirmed))
	case "orders":
		// An order that the customer has not confirmed yet may come to nothing.
		q.Set("placed", "true")
	}
	group.Go(func() (err error) {
		records, err = v.countOf(kind, "today."+kind, q)
		records.Path = "/app/records?kind=" + kind
		return err
	})
	err := group.Wait()
	return []figure{
		{"today.customers", wrote.Customers, wrote.More, "/app/chats"},
		{"today.answered", wrote.Answered, wrote.More, "/app/chats"},
		records,
	}, err
}

// countOf counts a list of records.
func (v *visit) countOf(list, key string, q url.Values) (figure, error) {
	// Who has more in a day reads "200+", and looks at the list.
	q.Set("limit", "200")
	var page facts
	err := v.get(v.tenantPath()+"/"+list+"?"+q.Encode(), &page)
	return figure{Key: key, Count: page.count(), More: page.Next != ""}, err
}
