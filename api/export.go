package api

import (
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

const (
	// exportPage is how many rows of an export are in memory at a time. It stays below
	// store.MaxLimit.
	exportPage = 500
	// maxExport bounds the rows of one export: a spreadsheet takes some million, and a request has
	// handleTimeout. Who has more asks for them by from and to.
	maxExport = 200_000
)

// exportRoutes lists the endpoints that stream a file. They take the filters of the lists. They are
// GETs, so a link in a page is enough to save a file; send records who did.
func (a *API) exportRoutes(r router) {
	const read = flowhq.ScopeRead
	r.get("/bookings.csv", read, stream(a, bookingFile, a.bookingRows))
	r.get("/bookings.ics", read, stream(a, calendarFile, a.bookingRows))
	r.get("/orders.csv", read, stream(a, orderFile, a.orderRows))
	r.get("/tickets.csv", read, stream(a, ticketFile, a.ticketRows))
	r.get("/unanswered.csv", read, stream(a, questionFile, a.questionRows))
}

// The rows of exports, page by page.
func (a *API) bookingRows(
	ctx context.Context, id flowhq.TenantID, f store.FactFilter,
) ([]flowhq.Booking, int64, error) {
	return a.Facts.Bookings(ctx, id, f)
}

// orderRows leaves out what nobody has ordered yet, unless it is asked for: a sum over the totals
// would be wrong.
func (a *API) orderRows(
	ctx context.Context, id flowhq.TenantID, f store.FactFilter,
) ([]flowhq.Order, int64, error) {
	if placed := true; f.Status != string(flowhq.OrderOpen) {
		f.Placed = &placed
	}
	return a.Facts.Orders(ctx, id, f)
}

// ticketRows leaves nothing out: a ticket that is closed is what a report counts.
func (a *API) ticketRows(
	ctx context.Context, id flowhq.TenantID, f store.FactFilter,
) ([]flowhq.Ticket, int64, error) {
	return a.Facts.Tickets(ctx, id, f)
}

// questionRows has one row for each wording, as the list has.
func (a *API) questionRows(
	ctx context.Context, id flowhq.TenantID, f store.FactFilter,
) ([]flowhq.QuestionGroup, int64, error) {
	return a.Facts.QuestionGroups(ctx, id, f)
}

// A file is what facts of one kind are exported as.
type file[T any] struct {
	// Also the name that browsers save the file under.
	name      string
	mediaType string
	// A calendar does not take LAPSED, which it has no word for.
	statuses []string // that the filter takes
	marked   bool     // whether it takes bom, for the mark by which Excel knows UTF-8
	// begin and end write what is around the rows, and row one of them. None of them returns an
	// error: what the writer says last is asked for after each page.
	begin func(w *bookWriter, business export)
	row   func(w *bookWriter, business export, fact T)
	end   func(w *bookWriter)
}

// An export is what a file needs to know of its tenant.
type export struct {
	tenant flowhq.TenantID
	name   string // of the business, as customers know it
	// Times of CSV files are by this clock, as the owner reads them.
	zone *time.Location
}

// fileRequest is a request for a file.
type fileRequest struct {
	factsRequest
	// Excel takes a file without the mark for one of its country's encoding. Other programs may
	// show the mark as a character, so it is asked for.
	Mark bool
}

// read is bind for a file, and returns the error, as the answer is not JSON. A file has all pages,
// so before and limit are no parameters of it and are refused.
func (r *fileRequest) read(b *binder, statuses []string, marked bool) error {
	r.tenantRef.bind(b)
	r.filter(b)
	r.Status = optionalWord(b, "status", statuses)
	if marked {
		r.Mark = b.flag("bom")
	}
	r.Limit = exportPage
	return b.finish()
}

// bindFile reads the filters of a file that has all pages of a list, and whether it begins with a
// byte order mark. A request that is not ok is answered already.
func (a *API) bindFile(c *gin.Context, filter func(*binder)) (mark, ok bool) {
	b := newBinder(c, a.QueryAuth)
	filter(b)
	mark = b.flag("bom")
	if err := b.finish(); err != nil {
		a.fail(c, err)
		return false, false
	}
	return mark, true
}

// stream makes a route of a file. The first page is read before the first byte is sent, so that a
// failure then has a status. After a later failure the connection is cut: half a file must not look
// like a whole one.
func stream[T any](
	a *API, f file[T],
	rows func(context.Context, flowhq.TenantID, store.FactFilter) ([]T, int64, error),
) gin.HandlerFunc {
	return func(c *gin.Context) {
		var req fileRequest
		if err := req.read(newBinder(c, a.QueryAuth), f.statuses, f.marked); err != nil {
			a.fail(c, err)
			return
		}
		send(c, a, f, req.Tenant, req.Mark, func(before int64) ([]T, int64, error) {
			if before != 0 {
				req.Before = before
			}
			return rows(c.Request.Context(), req.Tenant, req.FactFilter)
		})
	}
}

// send answers with a file. rows returns the page before a position, 0 for the first one.
func send[T any](
	c *gin.Context, a *API, f file[T], tenant flowhq.TenantID, mark bool,
	rows func(before int64) (page []T, next int64, err error),
) {
	ctx := c.Request.Context()
	// A tenant that does not exist is 404 here, while there still is a status to send.
	business, err := a.exportOf(ctx, tenant)
	if err != nil {
		a.fail(c, err)
		return
	}
	page, next, err := rows(0)
	if err != nil {
		a.fail(c, err)
		return
	}
	// The event comes before the first row leaves: a file that breaks off has been read in part.
	a.note(ctx, flowhq.Event{
		Tenant: tenant, Type: flowhq.EventExported, Actor: actor(ctx), Reason: f.name,
	})
	sendPages(c, a, f, business, mark, page, next, rows)
}

// sendPages sends a file from its first page on. rows returns the page at a position, and next is
// that of the second one, the zero value if there is none.
func sendPages[T any, P comparable](
	c *gin.Context, a *API, f file[T], business export, mark bool, page []T, next P,
	rows func(at P) (page []T, next P, err error),
) {
	var none P
	ctx := c.Request.Context()
	var err error
	c.Header("Content-Type", f.mediaType)
	c.Header("Content-Disposition", `attachment; filename="`+f.name+`"`)
	// From here on the status is sent, and a failure can only cut the connection.
	c.Status(http.StatusOK)
	w := newBookWriter(c.Writer, mark)
	f.begin(w, business)
	for sent := 0; ; sent += len(page) {
		for _, fact := range page {
			f.row(w, business, fact)
		}
		// The buffer is emptied after each page, so memory does not grow with the file.
		if err := w.flush(); err != nil {
			// net/http closes the connection and logs nothing for this value.
			panic(http.ErrAbortHandler) // the caller hung up
		}
		if next == none {
			break
		}
		// Pages go on by id, so rows that are added meanwhile neither repeat nor shift others.
		if page, next, err = rows(next); err != nil || sent+len(page) > maxExport {
			a.Log.WarnContext(ctx, "an export was cut off", "tenant", string(business.tenant),
				"file", f.name, "rows", sent+len(page), "err", err)
			panic(http.ErrAbortHandler)
		}
	}
	// The end of a calendar comes last, so a client sees whether it has the whole file.
	f.end(w)
	_ = w.flush()
}

// exportOf reads what files need to know of a tenant.
func (a *API) exportOf(ctx context.Context, id flowhq.TenantID) (export, error) {
	t, err := a.Tenants.Tenant(ctx, id)
	if err != nil {
		return export{}, err
	}
	p, err := a.Profiles.Profile(ctx, id)
	return export{tenant: id, name: t.Config.BusinessName, zone: p.Zone()}, err
}

// A bookWriter writes the lines of a file. Its first error stays.
type bookWriter struct {
	out *errWriter
	// The CSV goes to out too, so both keep one order.
	csv *csv.Writer
}

// errWriter keeps the first error of a writer.
type errWriter struct {
	w   io.Writer
	err error
}

// Write writes nothing after the first error: a file with a gap must not go on.
func (e *errWriter) Write(p []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	n, err := e.w.Write(p)
	e.err = err
	return n, err
}

// newBookWriter returns a writer of a file, which begins with the mark of UTF-8 if it is asked for.
func newBookWriter(w io.Writer, mark bool) *bookWriter {
	out := &errWriter{w: w}
	if mark {
		_, _ = out.Write([]byte("\ufeff"))
	}
	b := &bookWriter{out: out, csv: csv.NewWriter(out)}
	// RFC 4180 has lines end so, and so has RFC 5545.
	b.csv.UseCRLF = true
	return b
}

// line writes the cells of a line of CSV. The cells are changed in place, so a caller must not use
// them again.
func (w *bookWriter) line(cells ...string) {
	for i, cell := range cells {
		cells[i] = defused(cell)
	}
	_ = w.csv.Write(cells) // flush says it
}

// flush sends what is buffered and returns the first error of all writes.
func (w *bookWriter) flush() error {
	w.csv.Flush()
	return w.out.err
}

// defused returns a text as a cell that no spreadsheet computes: customers write these. A telephone
// number stays as it is, as a plus sign and digits are only a number.
func defused(text string) string {
	if text == "" || phone.MatchString(text) {
		return text
	}
	// An apostrophe is defused too, so that a reader can take one away from every cell.
	if strings.ContainsRune("=+-@\t\r'", rune(text[0])) {
		return "'" + text
	}
	return text
}

// local writes a time by the clock of the business, with its zone.
func (e export) local(at time.Time) string { return at.In(e.zone).Format(time.RFC3339) }

// maybe is local for a time that may not be there, which is an empty cell.
func (e export) maybe(at *time.Time) string {
	if at == nil {
		return ""
	}
	return e.local(*at)
}

// number writes a number as a cell: plain digits, which every spreadsheet reads.
func number[T int | int64](n T) string { return strconv.FormatInt(int64(n), 10) }
