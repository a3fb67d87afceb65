package store

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
)

// Bounds on the length of a list, in rows.
const (
	DefaultLimit = 100  // of a caller that names no limit
	MaxLimit     = 1000 // whatever the caller asks for
)

// clampLimit returns how many rows a list of the wanted length may have. It bounds the lists
// that clients ask for, and those of callers that go on with another page.
func clampLimit(wanted int) int {
	if wanted <= 0 {
		return DefaultLimit
	}
	return min(wanted, MaxLimit)
}

// cut returns a page of rows that are in the order of their ids, and what the next page begins
// before. Lists read one row more than a page has, which tells whether there is another page without
// counting all: cut leaves that row out, and next is the id of the last row of the page. Otherwise next
// is floor, below which the list has not searched yet, or 0 if there is nothing more.
func cut[T any](rows []T, limit int, floor int64, id func(T) int64) (page []T, next int64) {
	if limit = clampLimit(limit); len(rows) > limit {
		return rows[:limit], id(rows[limit-1])
	}
	return rows, floor
}

// cursor returns where a page ends: the time of its last row, in microseconds as PostgreSQL
// keeps it, and its id, as two rows may have one time. Rows created later do not move it.
func cursor(created time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString(
		[]byte(strconv.FormatInt(created.UnixMicro(), 10) + " " + id))
}

// maxCursor is the latest time a cursor may name, in microseconds since 1970: the
// year 2255, which is beyond every row and within PostgreSQL's calendar.
const maxCursor = 9_000_000_000_000_000

// parseCursor reads what cursor has made; a cursor of anything else is Invalid. It is bounded and
// checked because it comes from a client, and PostgreSQL refuses a time beyond its calendar.
func parseCursor(c string) (at *time.Time, id *flowhq.TenantID, err error) {
	if c == "" {
		return nil, nil, nil
	}
	// What is no base64 leaves a text that fails below.
	raw, _ := base64.RawURLEncoding.DecodeString(c)
	micros, tenant, _ := strings.Cut(string(raw), " ")
	n, err := strconv.ParseInt(micros, 10, 64)
	t := flowhq.TenantID(tenant)
	if err != nil || n < 0 || n > maxCursor || !t.Valid() {
		bad := flowhq.FieldError{
			Field: "cursor", Message: "must be the next value of an earlier page",
		}
		return nil, nil, &flowhq.Error{
			Code: flowhq.Invalid, Message: "the cursor is not one of ours",
			Fields: []flowhq.FieldError{bad},
		}
	}
	created := time.UnixMicro(n)
	return &created, &t, nil
}
