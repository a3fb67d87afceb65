package phone

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/apiclient"
)

const (
	// maxBusinesses are offered to write to. Who has more of them looks for one by its address.
	maxBusinesses = 200
	// maxCustomers are offered to write as. A load test leaves thousands behind.
	maxCustomers = 50
	// logLines are shown of the operator's log: as much as stands beside a phone.
	logLines = 8
	// recordLines are shown of what came of the conversations.
	recordLines = 3
	// eventLines are shown of what became of the session.
	eventLines = 4
	// eventsRead are looked through for them: people sign in and take chats over meanwhile.
	eventsRead = 100
)

// A view is what the page shows.
type view struct {
	Businesses []flowhq.Tenant
	Tenant     flowhq.Tenant // that is written to; ID "": there is none
	Customers  []person
	Customer   person
	// Chat is what the customer's phone shows, oldest first.
	Chat []bubble
	// Typing is whether a message of the customer is being answered.
	Typing bool
	// Devices are linked to the business's own phone.
	Devices []device
	// Contact is the customer as the business knows them; 0: it does not.
	Contact  int64
	Messages []flowhq.Message // of the operator's log, the newest first
	Ledger   ledger
	Records  []record
	Events   []flowhq.Event
	Worker   int64 // process; 0: it starts again
	Tries    []string
	API      string
	Broken   string // why the page shows nothing
	Said     string // what became of the last button
}

// Interrupted reports whether the session is not up although it was last reported to be: a worker
// that is killed reports nothing any more, and the phone knows at once.
func (v view) Interrupted() bool {
	up := func(d device) bool { return d.Connected }
	return v.Tenant.Session.State == flowhq.Connected && len(v.Devices) > 0 &&
		!slices.ContainsFunc(v.Devices, up)
}

// A person is a simulated customer.
type person struct {
	Number, Name string
}

// A bubble is one message on the customer's phone.
type bubble struct {
	ID, Kind, Text, Tick string
	Mine                 bool
	At                   time.Time
}

// A device is linked to the business's phone.
type device struct {
	ID        int
	Connected bool
	Queued    int
}

// A ledger accounts for what the customer wrote, as the operator's log has it.
type ledger struct {
	// The log may be behind the phone for a moment, while the message is under way.
	// Wrote is what WhatsApp has taken of the customer, and Logged what of that the log has.
	Wrote, Logged int
	// Waiting is what the log has and nobody has answered yet.
	Waiting int
	// Twice counts questions that have two answers: always 0. A number above 0 is a fault of the
	// product, and the page shows it as one.
	Twice int
}

// Missing is what the customer's phone has sent and the log does not have yet.
func (l ledger) Missing() int { return l.Wrote - l.Logged }

// A record is something that came of a conversation.
type record struct {
	What, Status string
	At           string // as the business says it
}

// read asks both APIs for what the page shows. business is a number, "" for the first one of the
// demo; so is customer.
func (s *Site) read(ctx context.Context, business, customer string) (v view, err error) {
	v = view{Worker: s.WorkerPID(), API: s.API.Base}
	// The page is read twice a second, so each list has a bound.
	var tenants struct{ Tenants []flowhq.Tenant }
	path := fmt.Sprintf("/admin/tenants?limit=%d", maxBusinesses)
	if err := s.API.Call(ctx, http.MethodGet, path, nil, &tenants); err != nil {
		return v, err
	}
	slices.Reverse(tenants.Tenants) // the oldest first: those of the demo
	v.Businesses = tenants.Tenants
	var people struct{ Customers []person }
	if err := s.Simulator.Call(ctx, http.MethodGet, "/customers", nil, &people); err != nil {
		return v, err
	}
	// The list of the page is cut; a customer in the address may be beyond its end.
	v.Customers = people.Customers[:min(len(people.Customers), maxCustomers)]
	v.choose(business, customer, people.Customers)
	// Without a business there is nobody to write to, and nothing more to read.
	if v.Tenant.ID == "" {
		return v, nil
	}
	v.Tries = tries[v.Tenant.Config.Template]
	if v.Tenant.Config.Language == flowhq.Swahili {
		v.Tries = triesInSwahili[v.Tenant.Config.Template]
	}
	if err := s.readDevices(ctx, &v); err != nil {
		return v, err
	}
	if err := s.readChat(ctx, &v); err != nil {
		return v, err
	}
	return v, s.readOperators(ctx, &v)
}

// choose finds the business and the customer that the address names, or the first ones. The demo's
// customers are those who wrote to its businesses, so they stand in the same order.
func (v *view) choose(business, customer string, people []person) {
	i := slices.IndexFunc(v.Businesses, func(t flowhq.Tenant) bool {
		return t.PhoneNumber == business
	})
	if i < 0 {
		i = 0
	}
	if len(v.Businesses) > 0 {
		v.Tenant = v.Businesses[i]
	}
	j := slices.IndexFunc(people, func(p person) bool { return p.Number == customer })
	if j < 0 {
		// There may be fewer customers than businesses.
		j = min(i, len(people)-1)
	}
	if j >= 0 {
		v.Customer = people[j]
		if j >= len(v.Customers) { // one beyond those that are offered
			v.Customers = append(v.Customers, v.Customer)
		}
	}
}

// readDevices asks the simulator for the business's own phone. A business has none until one is
// made for it, at its first scan.
func (s *Site) readDevices(ctx context.Context, v *view) error {
	var phone struct{ Devices []device }
	path := "/phones/" + url.PathEscape(v.Tenant.PhoneNumber)
	err := s.Simulator.Call(ctx, http.MethodGet, path, nil, &phone)
	if refused, ok := errors.AsType[*apiclient.Refusal](err); ok &&
		refused.Status == http.StatusNotFound {
		// A phone that was never made has no devices, which is no failure.
		return nil
	}
	v.Devices = phone.Devices
	return err
}

// readChat asks the simulator for what the customer's phone shows.
func (s *Site) readChat(ctx context.Context, v *view) error {
	// Without a customer there is no phone to look at.
	if v.Customer.Number == "" {
		return nil
	}
	var chat struct{ Messages []bubble }
	path := "/customers/" + url.PathEscape(v.Customer.Number) + "/chat?with=" +
		url.QueryEscape(v.Tenant.PhoneNumber)
	err := s.Simulator.Call(ctx, http.MethodGet, path, nil, &chat)
	v.Chat = chat.Messages
	return err
}

// readOperators asks the admin API for what an operator sees of the business.
func (s *Site) readOperators(ctx context.Context, v *view) error {
	base := "/admin/tenants/" + url.PathEscape(string(v.Tenant.ID))
	// The search for a number finds the one contact who has it.
	var contacts struct{ Contacts []flowhq.Contact }
	q := url.Values{"text": {v.Customer.Number}, "limit": {"1"}}
	if v.Customer.Number != "" {
		if err := s.API.Call(
			ctx, http.MethodGet, base+"/contacts?"+q.Encode(), nil, &contacts,
		); err != nil {
			return err
		}
	}
	if len(contacts.Contacts) > 0 {
		v.Contact = contacts.Contacts[0].ID
		if err := s.readLog(ctx, v, base); err != nil {
			return err
		}
	} else {
		// Who is no contact yet has written nothing that was logged: all of it is missing.
		v.Ledger = account(v.Chat, nil)
	}
	var events struct{ Events []flowhq.Event }
	path := fmt.Sprintf("%s/events?limit=%d", base, eventsRead)
	if err := s.API.Call(ctx, http.MethodGet, path, nil, &events); err != nil {
		return err
	}
	for _, e := range events.Events {
		if len(v.Events) < eventLines && sessionTypes[e.Type] {
			v.Events = append(v.Events, e)
		}
	}
	return s.readRecords(ctx, v, base)
}

// readLog asks for the customer's messages, as the operator's log has them.
func (s *Site) readLog(ctx context.Context, v *view, base string) error {
	// As many as a customer's phone keeps of its own, and their answers.
	const all = 400
	var logs struct{ Logs []flowhq.Message }
	path := fmt.Sprintf("%s/logs?contact=%d&limit=%d", base, v.Contact, all)
	if err := s.API.Call(ctx, http.MethodGet, path, nil, &logs); err != nil {
		return err
	}
	v.Ledger = account(v.Chat, logs.Logs)
	// A bot that is not connected types nothing.
	v.Typing = v.Ledger.Waiting > 0 && v.Tenant.Session.State == flowhq.Connected
	v.Messages = logs.Logs[:min(len(logs.Logs), logLines)]
	return nil
}

// account compares what the customer's phone has sent with what the log has.
func account(chat []bubble, log []flowhq.Message) (l ledger) {
	// WhatsApp's id of a message is the same on the phone and in the log.
	logged := map[string]flowhq.Message{}
	answers := map[int64]int{}
	for _, m := range log {
		if m.Direction == flowhq.In {
			logged[m.WAMessageID] = m
			// Only replies count: a follow-up or what a person writes may come after one.
		} else if m.InReplyTo != nil && m.Kind == flowhq.KindReply {
			answers[*m.InReplyTo]++
		}
	}
	for _, n := range answers {
		if n > 1 {
			l.Twice++
		}
	}
	for _, b := range chat {
		// What WhatsApp has not taken is still on the customer's phone, and nobody's fault.
		if !b.Mine || b.Tick == "sending" || b.Tick == "refused" {
			continue
		}
		l.Wrote++
		m, ok := logged[b.ID]
		// It is under way, and counts as missing for so long.
		if !ok {
			continue
		}
		l.Logged++
		if m.Status == flowhq.Received {
			l.Waiting++
		}
	}
	return l
}

// readRecords asks for the latest bookings, orders and tickets of the business.
func (s *Site) readRecords(ctx context.Context, v *view, base string) error {
	// A business has records of the kind that its template makes.
	kind := map[flowhq.Template]string{
		flowhq.BookingTemplate: "bookings", flowhq.EcommerceTemplate: "orders",
		flowhq.SupportTemplate: "tickets",
	}[v.Tenant.Config.Template]
	var list struct {
		Bookings []flowhq.Booking
		Orders   []flowhq.Order
		Tickets  []flowhq.Ticket
	}
	path := fmt.Sprintf("%s/%s?limit=%d", base, kind, recordLines)
	if err := s.API.Call(ctx, http.MethodGet, path, nil, &list); err != nil {
		return err
	}
	// The demo's businesses are in one zone; a person compares with what the bot said.
	zone, err := time.LoadLocation(flowhq.DefaultTimeZone)
	if err != nil {
		// A system without data of zones shows UTC, rather than no page.
		zone = time.UTC
	}
	// One of the three lists has entries, by the kind that was asked for.
	for _, b := range list.Bookings {
		v.Records = append(v.Records, record{
			strings.TrimSpace(b.Number + " " + strings.ReplaceAll(b.Service, "-", " ") + " " + b.Name), string(b.Status),
			b.StartsAt.In(zone).Format("Mon 2 Jan, 15:04"),
		})
	}
	for _, o := range list.Orders {
		var lines []string
		for _, l := range o.Lines {
			lines = append(lines, fmt.Sprintf("%d × %s", l.Quantity, l.Name))
		}
		v.Records = append(v.Records, record{
			o.Number + " " + strings.Join(lines, ", "), string(o.Status),
			fmt.Sprintf("%s %d", o.Currency, o.Total),
		})
	}
	for _, t := range list.Tickets {
		v.Records = append(v.Records, record{t.Number + " " + t.Note, string(t.Status), ""})
	}
	return nil
}

// sessionTypes are the types of events that say what became of a session.
var sessionTypes = func() map[flowhq.EventType]bool {
	types := map[flowhq.EventType]bool{
		flowhq.EventHostStarting: true, flowhq.EventSessionLinked: true,
		flowhq.EventSessionConnected: true, flowhq.EventSessionUnlinked: true,
		flowhq.EventSessionFlapping: true, flowhq.EventSessionStable: true,
	}
	for _, c := range flowhq.Commands {
		types[c.Requested()] = true
	}
	for _, r := range flowhq.Endings {
		types[r.Event()] = true
	}
	return types
}()

// tries are what a customer may write first, by what the bot does. The first line goes on with the
// conversation that the demo has begun.
var tries = map[flowhq.Template][]string{
	flowhq.BookingTemplate: {"Yes", "Where are you?", "Hi, can I book a haircut?",
		"Tomorrow at 10"},
	flowhq.EcommerceTemplate: {"I will collect it", "Yes", "What do you sell?", "How can I pay?"},
	flowhq.SupportTemplate: {"How can I pay?", "My internet is slow",
		"I want to talk to a person"},
}

// triesInSwahili are the same for a business whose bot begins in Swahili.
var triesInSwahili = map[flowhq.Template][]string{
	flowhq.BookingTemplate: {"Ndiyo", "Mko wapi?", "Nataka kuweka miadi",
		"Kesho saa nne asubuhi"},
	flowhq.EcommerceTemplate: {"Nitakuja kuchukua", "Ndiyo", "Mnauza nini?", "Nalipaje?"},
	flowhq.SupportTemplate:   {"Nalipaje?", "Intaneti iko polepole", "Nataka kuongea na mtu"},
}
