package pages

import (
	"net/url"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/flowhq/flowhq"
)

// counted bounds what a figure of the start page counts. Who has more in a day reads "200+", and
// looks at the lists.
const counted = 200

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
	// Each figure is one question to the API, once a minute for each open page. None needs the
	// answer to another, and one after the other the owner waits for their sum.
	var customers, answered, records figure
	var group errgroup.Group
	group.Go(func() (err error) {
		customers, err = v.customersSince(from)
		return err
	})
	// What customers wrote and the bot answered. What the bot sends by itself, such as a reminder,
	// does not count.
	group.Go(func() (err error) {
		answered, err = v.countOf("logs", "today.answered", url.Values{
			"direction": {string(flowhq.In)}, "status": {string(flowhq.Answered)},
			"from": {from.Format(time.RFC3339)},
		})
		answered.Path = "/app/chats"
		return err
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
	return []figure{customers, answered, records}, err
}

// customersSince counts who wrote since a time, in the chats in which something was written since.
func (v *visit) customersSince(from time.Time) (figure, error) {
	f := figure{Key: "today.customers", Path: "/app/chats"}
	q := url.Values{"limit": {"100"}}
	// Two pages have as many as are counted. A page may have few chats and not be the last; who has
	// so busy ones gets what was counted by then, and a plus.
	const pages = 4
	for range pages {
		var list struct {
			Chats []flowhq.Chat
			Next  string
		}
		if err := v.get(v.tenantPath()+"/chats?"+q.Encode(), &list); err != nil {
			return f, err
		}
		for _, c := range list.Chats {
			// The latest come first, so all that follow are of before.
			if c.LastMessage != nil && c.LastMessage.CreatedAt.Before(from) {
				return f, nil
			}
			// The business may have written alone.
			if !c.Contact.LastSeenAt.Before(from) {
				f.Count++
			}
			if f.Count == counted {
				f.More = true
				return f, nil
			}
		}
		if list.Next == "" {
			return f, nil
		}
		q.Set("before", list.Next)
	}
	f.More = true
	return f, nil
}

// countOf counts a list of the API.
func (v *visit) countOf(list, key string, q url.Values) (figure, error) {
	q.Set("limit", "200")
	var page struct {
		// The API fills one of the lists of facts, by the kind that was asked for.
		facts
		Logs []struct{} // only how many there are is wanted
	}
	err := v.get(v.tenantPath()+"/"+list+"?"+q.Encode(), &page)
	n := page.count() + len(page.Logs)
	return figure{Key: key, Count: n, More: page.Next != ""}, err
}
