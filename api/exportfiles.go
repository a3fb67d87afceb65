package api

import (
	"cmp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/flowhq/flowhq"
)

// degrees is a coordinate as a cell. An unknown place is an empty cell: 0 is a place in the
// Atlantic.
func degrees(d *float64) string {
	if d == nil {
		return ""
	}
	return strconv.FormatFloat(*d, 'f', -1, 64)
}

const csvType = "text/csv; charset=utf-8"

// table is a CSV file with these columns.
func table[T any, S ~string](
	name string, statuses []S, columns []string,
	row func(w *bookWriter, business export, fact T),
) file[T] {
	f := file[T]{
		// The mark is for tables: a calendar needs none, as RFC 5545 has UTF-8 as its default.
		name: name, mediaType: csvType, marked: true, row: row,
		// line changes the slice that it gets, and columns is shared by all requests.
		begin: func(w *bookWriter, _ export) { w.line(append([]string(nil), columns...)...) },
		end:   func(*bookWriter) {},
	}
	for _, s := range statuses {
		f.statuses = append(f.statuses, string(s))
	}
	return f
}

// New columns are added at the end: owners have sheets that count them.
var bookingFile = table("bookings.csv", flowhq.BookingStatuses, []string{
	"number", "status", "starts_at", "ends_at", "minutes", "service", "price", "currency", "name",
	"contact", "note", "created_at",
}, func(w *bookWriter, e export, b flowhq.Booking) {
	w.line(b.Number, string(b.Status), e.local(b.StartsAt), e.local(b.EndsAt), number(b.Minutes),
		b.Service, number(b.Price), b.Currency, b.Name, b.Contact, b.Note, e.local(b.CreatedAt))
})

// An order is one line, with its products in one cell, so that a sum over total is right.
var orderFile = table("orders.csv", flowhq.OrderStatuses, []string{
	"number", "status", "lines", "total", "currency", "delivery_area", "delivery_address",
	"delivery_fee", "latitude", "longitude", "name", "contact", "note", "created_at",
	"confirmed_at",
}, func(w *bookWriter, e export, o flowhq.Order) {
	var lines []string
	// Fields and Join close the gap that a product without a size would leave.
	for _, l := range o.Lines {
		lines = append(lines, strings.Join(strings.Fields(
			number(l.Quantity)+" x "+cmp.Or(l.Name, l.Product)+" "+l.Size+" @ "+number(l.Price)),
			" "))
	}
	d := o.Delivery
	w.line(o.Number, string(o.Status), strings.Join(lines, "; "), number(o.Total), o.Currency,
		d.Area, d.Address, number(d.Fee), degrees(d.Latitude), degrees(d.Longitude), o.Name,
		o.Contact, o.Note, e.local(o.CreatedAt), e.maybe(o.ConfirmedAt))
})

// The note has the customer's words, which an operator may read here as in the list.
var ticketFile = table("tickets.csv", flowhq.TicketStatuses, []string{
	"number", "status", "subject", "note", "contact", "created_at", "updated_at",
}, func(w *bookWriter, e export, t flowhq.Ticket) {
	w.line(t.Number, string(t.Status), t.Subject, t.Note, t.Contact, e.local(t.CreatedAt),
		e.local(t.UpdatedAt))
})

// The groups are exported, as they are listed: one line for each wording.
var questionFile = table("unanswered.csv", flowhq.UnansweredStatuses, []string{
	"id", "status", "text", "language", "intents", "questions", "contacts", "first_at", "last_at",
}, func(w *bookWriter, e export, q flowhq.QuestionGroup) {
	w.line(number(q.ID), string(q.Status), q.Text, string(q.Language),
		strings.Join(q.Intents, "; "), number(q.Questions), number(q.Contacts),
		e.local(q.FirstAt), e.local(q.LastAt))
})

// calendarFile are bookings as a calendar (RFC 5545). Times are in UTC, which every calendar shows
// by its own clock, so the file needs no definition of a zone.
var calendarFile = file[flowhq.Booking]{
	name: "bookings.ics", mediaType: "text/calendar; charset=utf-8",
	statuses: []string{
		string(flowhq.BookingHeld), string(flowhq.BookingConfirmed),
		string(flowhq.BookingCancelled),
	},
	// PUBLISH has calendars show the bookings without asking for an answer.
	begin: func(w *bookWriter, e export) {
		for _, line := range []string{
			"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Flow HQ//bookings//EN",
			"CALSCALE:GREGORIAN", "METHOD:PUBLISH", "X-WR-CALNAME:" + escaped(e.name),
		} {
			w.fold(line)
		}
	},
	row: writeEvent,
	end: func(w *bookWriter) { w.fold("END:VCALENDAR") },
}

// calendarTime is a time in UTC (section 3.3.5).
const calendarTime = "20060102T150405Z"

// writeEvent writes one booking. Its UID stays the same in each export, and its SEQUENCE grows with
// each change, so that a calendar takes a changed booking for the same one. What has lapsed is
// nobody's appointment.
func writeEvent(w *bookWriter, e export, b flowhq.Booking) {
	status, ok := map[flowhq.BookingStatus]string{
		flowhq.BookingHeld: "TENTATIVE", flowhq.BookingConfirmed: "CONFIRMED",
		flowhq.BookingCancelled: "CANCELLED",
	}[b.Status]
	if !ok {
		return
	}
	about := []string{"Booking " + b.Number}
	for _, text := range []string{b.Contact, b.Note} {
		if text != "" {
			about = append(about, text)
		}
	}
	summary := b.Service
	if b.Name != "" {
		summary += ", " + b.Name
	}
	// SEQUENCE is the seconds from the creation to the last change, which needs no counter in the
	// database. Two changes within one second look like one.
	lines := []string{
		"BEGIN:VEVENT",
		"UID:" + b.Number + "." + string(e.tenant) + "@flowhq",
		"DTSTAMP:" + b.UpdatedAt.UTC().Format(calendarTime),
		"CREATED:" + b.CreatedAt.UTC().Format(calendarTime),
		"LAST-MODIFIED:" + b.UpdatedAt.UTC().Format(calendarTime),
		"SEQUENCE:" + number(int64(b.UpdatedAt.Sub(b.CreatedAt).Seconds())),
		"DTSTART:" + b.StartsAt.UTC().Format(calendarTime),
		"DTEND:" + b.EndsAt.UTC().Format(calendarTime),
		"STATUS:" + status,
		"SUMMARY:" + escaped(summary),
		"DESCRIPTION:" + escaped(strings.Join(about, "\n")),
		"END:VEVENT",
	}
	for _, line := range lines {
		w.fold(line)
	}
}

// escaped returns a text as the value of a property of type TEXT (RFC 5545, section 3.3.11).
func escaped(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1 // the grammar has no place for them
		}
		return r
	}, text)
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(text)
}

// maxLine is how many bytes a line of a calendar may have without its end (section 3.1).
const maxLine = 75

// fold writes a line, of which the rest goes on the next ones behind a space. It is cut between
// characters.
func (w *bookWriter) fold(line string) {
	var b strings.Builder
	// The standard counts bytes, not characters, and the space before a continued line counts too.
	size := 0
	for _, r := range line {
		n := utf8.RuneLen(r)
		if size+n > maxLine {
			b.WriteString("\r\n ")
			size = 1
		}
		size += n
		b.WriteRune(r)
	}
	b.WriteString("\r\n")
	_, _ = w.out.Write([]byte(b.String())) // flush says it
}
