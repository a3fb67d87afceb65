package pages

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
)

// recordsPage shows what came of the conversations.
type recordsPage struct {
	tenantPage
	Kind  string
	Kinds []string
	// All is whether those are shown too that nobody need act on; Search is what was looked for.
	All     bool
	Search  string
	Records []recordRow
	Next    string // where the list goes on, "" at its end
	Wrong   string // why a change was refused
}

// Files is where the API has the lists as files.
func (p recordsPage) Files() string {
	// The paths of operators are the same on the pages and in the API. A business's own are not.
	if p.App {
		return ownTenantPath
	}
	return p.Base
}

// A recordRow is a booking, an order or a ticket, as a person of the business works with it.
type recordRow struct {
	Kind, Number, Status string
	Title                string
	When                 string   // of a booking, by the clock of the business
	Lines                []string // what was ordered, or what the customer wrote
	Name, Contact, Note  string
	ContactID            int64
	// Price is with its currency, "" if there is none to show.
	Price string
	// Unpaid is of an order that is to be paid ahead, while nobody has said that it was.
	Unpaid    bool
	CreatedAt time.Time
	// Moves are the buttons of the row.
	Moves []move
	// Starts is when a booking begins, as a field for a time has it; "" of what is no booking. Open
	// is whether its change was refused, and is shown again.
	Starts string
	Open   bool
}

// A move is what a person may do with a record.
type move struct {
	Field, Value string // of the API
	Key          string // of its name
	Quiet        bool   // it is not what one does mostly
}

// The moves that the API allows from each status; TestMoves compares with what it says of them.
var moves = map[string]map[string][]move{
	"bookings": {
		"HELD":      {confirm, cancel},
		"LAPSED":    {confirm, cancel},
		"CONFIRMED": {cancel},
	},
	"orders": {
		"OPEN":      {confirm, cancel},
		"CONFIRMED": {{"status", "FULFILLED", "records.done", false}, cancel},
		"FULFILLED": {{"status", "CONFIRMED", "records.reopen", true}},
	},
	"tickets": {
		"OPEN":   {{"status", "CLOSED", "records.done", false}},
		"CLOSED": {{"status", "OPEN", "records.reopen", true}},
	},
}

// Moves that several statuses share.
var (
	confirm = move{"status", "CONFIRMED", "records.confirm", false}
	cancel  = move{"status", "CANCELLED", "records.cancel", true}
	paid    = move{"unpaid", "false", "records.paid", true}
)

// fieldTime is a time as the field of a form has it. The browser's field has neither seconds nor a
// zone: the clock is the business's.
const fieldTime = "2006-01-02T15:04"

// records lists the bookings, orders or tickets, the newest first.
func (v *visit) records() error { return v.showRecords(http.StatusOK, v.r.Form.Get("kind"), "") }

// showRecords shows a list, with why a change was refused.
func (v *visit) showRecords(status int, kind, wrong string) error {
	p := recordsPage{
		Kind: kind, All: v.r.Form.Get("all") != "", Search: v.r.Form.Get("search"), Wrong: wrong,
	}
	var err error
	if p.tenantPage, err = v.about("records"); err != nil {
		return err
	}
	for _, k := range recordKinds {
		p.Kinds = append(p.Kinds, k.Kind)
	}
	// A kind in the address that is none becomes the one that the business lives by.
	if !isRecordKind(p.Kind) {
		p.Kind = mainKind(p.Tenant.Config.Template)
	}
	// Fifty rows are a page. The search finds what is further back.
	q := url.Values{"limit": {"50"}}
	if before := v.r.Form.Get("before"); before != "" {
		q.Set("before", before)
	}
	// Who looks for something wants it wherever it is.
	if p.Search != "" {
		q.Set("text", p.Search)
		p.All = true
	}
	// Today begins by the clock of the business, and so do the times that are shown.
	of := v.business()
	if !p.All {
		p.toDo(q, of.zone)
	}
	var f facts
	if err := v.get(v.tenantPath()+"/"+p.Kind+"?"+q.Encode(), &f); err != nil {
		return err
	}
	p.Next, p.Records = f.Next, v.rows(f, of)
	// Only the row that was refused keeps what was typed. The others show what is stored.
	if number := v.r.PathValue("number"); wrong != "" && number != "" {
		for i := range p.Records {
			p.Records[i].keep(number, v.r.PostForm)
		}
	}
	return v.show(status, "records", p.section(), v.title(p.tenantPage), p)
}

// keep leaves in the form of a change that was refused what was typed into it.
func (r *recordRow) keep(number string, typed url.Values) {
	// Only a booking's form has a time. Buttons have nothing that was typed.
	if r.Number == number && typed.Has("starts_at") {
		r.Open, r.Starts, r.Note = true, typed.Get("starts_at"), typed.Get("note")
	}
}

// mainKind is what a business sees first: a shop its orders, and so on.
func mainKind(t flowhq.Template) string {
	switch t {
	case flowhq.EcommerceTemplate:
		return "orders"
	case flowhq.SupportTemplate:
		return "tickets"
	case flowhq.BookingTemplate:
	}
	return "bookings"
}

// toDo narrows a list to what somebody still has to do something for: bookings that are to come,
// orders that are to be packed, tickets that are open.
func (p recordsPage) toDo(q url.Values, zone *time.Location) {
	for _, k := range recordKinds {
		if k.Kind == p.Kind {
			q.Set("status", k.Waiting)
		}
	}
	// A booking of yesterday needs nothing any more, and one of this morning may.
	if p.Kind == "bookings" {
		q.Set("from", midnight(zone).Format(time.RFC3339))
	}
}

// midnight is when today began.
func midnight(zone *time.Location) time.Time {
	now := time.Now().In(zone)
	// Not by Truncate, which counts days in UTC.
	return time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, zone)
}

// A business is what its records are told by.
type business struct {
	zone     *time.Location // its people and its customers talk in its time
	services map[string]flowhq.Text
}

// service is a service as people call it. A booking keeps its ID.
func (b business) service(id string, lang flowhq.Language) string {
	// One that was removed meanwhile, or never had an ID.
	return cmp.Or(b.services[id].In(lang), id)
}

// business reads what the records of the tenant are told by.
func (v *visit) business() business {
	var p struct {
		TimeZone string `json:"time_zone"`
		Services []struct {
			ID   string
			Name flowhq.Text
		}
	}
	// A business that has told nothing yet has no profile.
	if err := v.get(v.tenantPath()+"/profile", &p); err != nil || p.TimeZone == "" {
		p.TimeZone = flowhq.DefaultTimeZone
	}
	of := business{time.UTC, map[string]flowhq.Text{}}
	for _, s := range p.Services {
		of.services[s.ID] = s.Name
	}
	// A system without data of zones shows times in UTC, rather than no page.
	if zone, err := time.LoadLocation(p.TimeZone); err == nil {
		of.zone = zone
	}
	return of
}

// rows are what a list of any kind shows.
func (v *visit) rows(f facts, of business) []recordRow {
	var rows []recordRow
	for _, b := range f.Bookings {
		row := recordRow{
			Kind: "bookings", Number: b.Number, Status: string(b.Status), Title: of.service(b.Service, v.language),
			When: localTime(v.language, b.StartsAt.In(of.zone)), Name: b.Name, Contact: b.Contact,
			ContactID: b.ContactID, Note: b.Note, CreatedAt: b.CreatedAt,
			Starts: b.StartsAt.In(of.zone).Format(fieldTime),
		}
		// 0 is a service whose price nobody has told.
		if b.Price > 0 {
			row.Price = money(b.Price, b.Currency)
		}
		rows = append(rows, row)
	}
	for _, o := range f.Orders {
		row := recordRow{
			Kind: "orders", Number: o.Number, Status: string(o.Status), Title: o.Number,
			Name:    o.Name,
			Contact: o.Contact, ContactID: o.ContactID, CreatedAt: o.CreatedAt, Unpaid: o.Unpaid,
			Price: money(o.Total, o.Currency),
			// Whoever delivers needs the place and the note in one line.
			Note: strings.TrimSpace(o.Delivery.Area + " " + o.Delivery.Address + " " +
				strings.ReplaceAll(o.Note, "note: ", "")),
		}
		for _, l := range o.Lines {
			// A size is part of what has to be packed.
			line := fmt.Sprintf("%d × %s", l.Quantity, l.Name)
			if l.Size != "" {
				line += " (" + l.Size + ")"
			}
			row.Lines = append(row.Lines, line)
		}
		rows = append(rows, row)
	}
	for _, t := range f.Tickets {
		// A ticket is known by what the customer wrote; it has neither a time nor a price.
		rows = append(rows, recordRow{
			Kind: "tickets", Number: t.Number, Status: string(t.Status), Title: t.Number,
			Contact: t.Contact, ContactID: t.ContactID, CreatedAt: t.CreatedAt,
			Lines: []string{t.Note},
		})
	}
	for i := range rows {
		// What may be done depends on the kind and the status alone.
		rows[i].Moves = moves[rows[i].Kind][rows[i].Status]
		// An order that is open or cancelled has nothing to be paid.
		if rows[i].Unpaid && (rows[i].Status == "CONFIRMED" || rows[i].Status == "FULFILLED") {
			rows[i].Moves = append([]move{paid}, rows[i].Moves...)
		}
		// A booking that is over with cannot be moved to another time.
		if rows[i].Status == "CANCELLED" {
			rows[i].Starts = ""
		}
	}
	return rows
}

// isRecordKind keeps what a visitor typed into the address out of the API's paths.
func isRecordKind(kind string) bool {
	for _, k := range recordKinds {
		if k.Kind == kind {
			return true
		}
	}
	return false
}

// changeRecord changes a booking, order or ticket. Which status may follow which is the API's to
// say, and what it refuses is said above the list, with what was typed.
func (v *visit) changeRecord() error {
	kind, f := v.r.PathValue("kind"), v.r.PostForm
	if !isRecordKind(kind) {
		// The kind becomes a part of the API's path, so only the three known ones go on.
		v.problem(http.StatusNotFound, "There is no such page.", "")
		return nil
	}
	// What the form does not send stays as it is.
	in := map[string]any{}
	for _, name := range []string{"status", "starts_at", "note"} {
		if f.Has(name) {
			in[name] = f.Get(name)
		}
	}
	if f.Has("unpaid") {
		in["unpaid"] = f.Get("unpaid") == "true"
	}
	// The visitor was told what is against the time, and wants it all the same.
	if f.Get("force") != "" {
		in["force"] = true
	}
	// The number comes from the address, where a slash would lead to another path.
	path := v.tenantPath() + "/" + kind + "/" + url.PathEscape(v.r.PathValue("number"))
	if err := v.api.Call(v.ctx(), http.MethodPatch, path, in, nil); err != nil {
		// Refusals of the change itself are said above the list. Others, such as 403, are pages of
		// their own.
		switch statusOf(err) {
		case http.StatusConflict, http.StatusBadRequest, http.StatusUnprocessableEntity:
			byField, whole := v.fieldErrors(err)
			for _, wrong := range byField {
				whole += wrong + " "
			}
			return v.showRecords(statusOf(err), kind, strings.TrimSpace(whole))
		}
		return err
	}
	// The list comes back as it was filtered.
	q := url.Values{"kind": {kind}}
	if f.Get("all") != "" {
		q.Set("all", "1")
	}
	return v.redirect(v.base() + "/records?" + q.Encode())
}

// Weekdays and months in Swahili, which package time does not know.
var (
	// Sunday comes first, as in package time.
	swahiliDays = [...]string{
		"Jumapili", "Jumatatu", "Jumanne", "Jumatano", "Alhamisi", "Ijumaa", "Jumamosi",
	}
	swahiliMonths = [...]string{
		"Januari", "Februari", "Machi", "Aprili", "Mei", "Juni", "Julai", "Agosti", "Septemba",
		"Oktoba", "Novemba", "Desemba",
	}
)

// localTime is a day and a time as people say them. Layouts of package time are in English alone.
func localTime(lang flowhq.Language, at time.Time) string {
	if lang != flowhq.Swahili {
		return at.Format("Monday 2 January, 15:04")
	}
	return fmt.Sprintf("%s %d %s, %s", swahiliDays[at.Weekday()], at.Day(),
		swahiliMonths[at.Month()-1], at.Format("15:04"))
}
