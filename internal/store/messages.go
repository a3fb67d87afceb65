package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// messageColumns are the fields of flowhq.Message, by name. A statement that lists them may add
// columns, and a new field cannot end up with its neighbour's value.
const messageColumns = `
	id, direction, contact_id, chat, contact, from_number, to_number,
	kind, text, wordless, media, latitude, longitude, attachment, album, wa_message_id, status, reason,
	in_reply_to, answered_with, understood, attempts, expires_at,
	created_at, sent_at, delivered_at, read_at, retried_at, timer_seconds, timer_set_at,
	original_text, edited_text, edited_at, revoked_at`

// A MessageFilter selects messages of a tenant. Empty fields select all.
type MessageFilter struct {
	Status    flowhq.MessageStatus
	Direction flowhq.Direction
	ContactID int64     // of the customer
	Contact   string    // number of the customer, E.164
	Text      string    // that the message has, or had before or after a change, in any case
	From      time.Time // those that came at this time or later
	To        time.Time // those that came before this time
	Before    int64     // ID of a message; only earlier ones
	Limit     int       // rows; 0 means DefaultLimit, more than MaxLimit means MaxLimit
}

const (
	// pageBytes bounds the texts of a page, in bytes: a page ends with the message that
	// exceeds it. A text may have 64 KiB, so MaxLimit of them would be more than an API process
	// should hold for one request.
	pageBytes = 4 << 20
	// maxExamined bounds the messages among which one page looks for those that a filter
	// without an index selects. A page may have fewer messages than it has room for then, and
	// none at all, and still have a next.
	maxExamined = 5_000
	// outOfOrder is by how much the times of messages may be out of the order of their ids: the
	// longest that a transaction takes, and what a clock is set back by, and more.
	outOfOrder = time.Hour
)

// indexedStatuses are those whose messages have an index of their own, because they are rare.
var indexedStatuses = []flowhq.MessageStatus{
	flowhq.Received, flowhq.Pending, flowhq.Unknown, flowhq.Failed, flowhq.Suppressed,
	flowhq.Overflowed, flowhq.Expired, flowhq.Ignored, flowhq.Undecryptable,
	flowhq.Forwarded,
}

// scanned returns the condition on the rows that a page reads: all that an index tells. The parts
// that are left out would keep the planner from the index of those that are there. The status is
// written out, since a partial index is only of use to a statement that names its status; it is
// one of a closed set.
func (f MessageFilter) scanned() string {
	q := "tenant_id = @tenant and id >= @floor and id < @before"
	if f.ContactID != 0 {
		q += " and contact_id = @contact"
	}
	if slices.Contains(indexedStatuses, f.Status) {
		q += " and status = '" + string(f.Status) + "'"
	}
	return q
}

// isIndexed reports whether scanned selects no more than the filter does. A contact with a status
// is found by the index of either, and the other one is compared row by row.
func (f MessageFilter) isIndexed() bool {
	byStatus := slices.Contains(indexedStatuses, f.Status)
	return f.Direction == "" && f.Text == "" && f.From.IsZero() && f.To.IsZero() &&
		(f.Status == "" || byStatus && f.ContactID == 0)
}

// A messageSpan is the ids among which a page is looked for.
type messageSpan struct {
	Floor  int64 // the lowest
	Before int64 // above the highest
	// more says that older messages than Floor were not examined.
	more bool
}

// Messages returns one page of the tenant's messages that f selects, newest first, and the Before
// of the next page, 0 after the last. A page whose messages are long has fewer than f.Limit, and
// so has one for which too many other messages were read; see maxExamined. A tenant that does not
// exist has none.
func (s *Store) Messages(
	ctx context.Context, tenant flowhq.TenantID, f MessageFilter,
) (page []flowhq.Message, next int64, err error) {
	page, next, err = s.messages(ctx, tenant, f)
	if err != nil {
		return nil, 0, fmt.Errorf("messages of tenant %s: %w", tenant, err)
	}
	return page, next, nil
}

// messages is Messages. The filter may be of anything, so what it says is bound to the statement's
// parameters, but for a status of the closed set.
func (s *Store) messages(
	ctx context.Context, tenant flowhq.TenantID, f MessageFilter,
) (page []flowhq.Message, next int64, err error) {
	if f.Status != "" && !slices.Contains(flowhq.MessageStatuses, f.Status) {
		return nil, 0, flowhq.Errorf(flowhq.Invalid, "no message has the status %q", f.Status)
	}
	// A number becomes the id of a contact first, as message_logs_contact_idx is by that. One
	// that nobody has selects nothing, nor does one that contradicts ContactID.
	if f.Contact != "" {
		id, err := s.contactID(ctx, tenant, f.Contact)
		if err != nil || id == 0 || f.ContactID != 0 && f.ContactID != id {
			return []flowhq.Message{}, 0, err
		}
		f.ContactID = id
	}
	span, err := s.span(ctx, tenant, f)
	if err != nil {
		return nil, 0, err
	}
	q := f.pageSQL()
	type row struct {
		flowhq.Message
		Rows int // that there are, at most limit + 1, with those for which the page has no room
	}
	limit := clampLimit(f.Limit)
	args := f.args(tenant, span)
	args["status"], args["direction"], args["text"] = f.Status, f.Direction, clean(f.Text)
	args["from"], args["to"] = orNull(f.From), orNull(f.To)
	args["limit"], args["bytes"] = limit+1, pageBytes
	// Planned for each call, as the filter may select one row or all that a tenant has.
	rows, err := planned(ctx, s, q, args, pgx.RowToStructByName[row])
	if err != nil {
		return nil, 0, err
	}
	// Never nil: a page of none is a list in JSON.
	page = make([]flowhq.Message, 0, len(rows))
	for _, r := range rows[:min(len(rows), limit)] {
		page = append(page, r.Message)
	}
	// Rows also counts those for which the page has no room.
	switch {
	case len(rows) > 0 && rows[0].Rows > len(page):
		next = page[len(page)-1].ID
	case span.more:
		next = span.Floor
	}
	return page, next, nil
}

// pageSQL is the statement of one page.
//
// bytes is of the fields that a customer can make long. PostgreSQL knows the length of a
// long text without reading it, so the texts of rows that do not fit are never read.
//
// The sum before a row leaves that row out, so the first row always fits: a page is never
// empty while there is another one, however long a message is.
//
// TestFewRowsPerListing guards that a page of a rare status does not read the tenant's
// answered messages, also when the statement is prepared.
func (f MessageFilter) pageSQL() string {
	return `
		select ` + messageColumns + `, rows
		from (
			select *, count(*) over () as rows,
				sum(bytes) over (order by id desc rows unbounded preceding) - bytes
					as before
			from (
				select *, octet_length(text) + octet_length(reason)
					+ coalesce(octet_length(original_text), 0)
					+ coalesce(octet_length(edited_text), 0) as bytes
				from flowhq.message_logs
				where ` + f.scanned() + `
					and (@status::text = '' or status = @status)
					and (@direction::text = '' or direction = @direction)
					and (@from::timestamptz is null or created_at >= @from)
					and (@to::timestamptz is null or created_at < @to)
					and (@text::text = '' or strpos(lower(concat_ws(E'\n', text,
						original_text, edited_text)), lower(@text)) > 0)
				order by id desc
				limit @limit
			) candidates
		) measured
		where before <= @bytes
		order by id desc`
}

// args are the parameters of scanned.
func (f MessageFilter) args(tenant flowhq.TenantID, span messageSpan) named {
	args := named{"tenant": tenant, "floor": span.Floor, "before": span.Before}
	if f.ContactID != 0 {
		args["contact"] = f.ContactID
	}
	return args
}

// span returns where a page is looked for: what is within the times of the filter, as far as ids
// tell, and of that the newest maxExamined messages, if the rest of the filter has no index.
func (s *Store) span(
	ctx context.Context, tenant flowhq.TenantID, f MessageFilter,
) (span messageSpan, err error) {
	span = messageSpan{Before: math.MaxInt64}
	if !f.From.IsZero() || !f.To.IsZero() {
		const q = `
			select
				coalesce(flowhq.first_message_since(@tenant,
					@from::timestamptz - make_interval(secs => @slack)), 0) as floor,
				case when @to::timestamptz is null then @most else
					flowhq.first_message_since(@tenant, @to + make_interval(secs => @slack))
				end as before`
		// A null is passed on: the search then ends at the first message, or is not made.
		span, err = one(ctx, s, q, named{
			"tenant": tenant, "from": orNull(f.From), "to": orNull(f.To),
			"slack": outOfOrder.Seconds(), "most": int64(math.MaxInt64),
		}, pgx.RowToStructByName[messageSpan])
		if err != nil {
			return span, err
		}
	}
	if f.Before > 0 {
		span.Before = min(span.Before, f.Before)
	}
	// All that is read is on the page then, so the limit of the page bounds the rows.
	if f.isIndexed() {
		return span, nil
	}
	// Only the index is read for that, unless the rows are new and no vacuum has seen them yet.
	q := `
		select coalesce((
			select id from flowhq.message_logs
			where ` + f.scanned() + `
			order by id desc
			limit 1 offset @examined), 0)`
	args := f.args(tenant, span)
	args["examined"] = maxExamined - 1
	floor, err := one(ctx, s, q, args, pgx.RowTo[int64])
	if err == nil && floor > 0 {
		span.Floor, span.more = floor, true
	}
	return span, err
}

// contactID returns the id of the contact with this number, 0 if there is none.
func (s *Store) contactID(
	ctx context.Context, tenant flowhq.TenantID, number string,
) (int64, error) {
	const q = `
		select coalesce((
			select id from flowhq.contacts
			where tenant_id = @tenant and number = @number and number <> ''), 0)`
	return one(ctx, s, q, named{"tenant": tenant, "number": clean(number)}, pgx.RowTo[int64])
}
