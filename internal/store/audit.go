package store

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// An AuditFilter selects what somebody has done. Empty fields select all.
type AuditFilter struct {
	// Principal is a part of who did it, or of the address, in any case.
	Principal string
	Action    flowhq.EventType
	Tenant    flowhq.TenantID
	// From is included, and To is not.
	From, To time.Time
	Cursor   string // of an earlier page
	Limit    int    // rows; 0 means DefaultLimit, more than MaxLimit means MaxLimit
}

// auditStretch is how many deeds one page of a filter looks through at most. Only tenant and time
// have an index: a page of a filter that fits few ends there, and the next one goes on.
const auditStretch = 2_000

// stretch returns how many deeds a page of limit entries looks through: no more than it has where
// every deed fits.
func (f AuditFilter) stretch(limit int) int {
	if f.Principal == "" && f.Action == "" {
		return limit + 1
	}
	return auditStretch
}

// byPrincipal selects the events that a person or a program has caused. It is the condition of the
// indexes on deeds, to the letter: another wording of the same would not use them.
const byPrincipal = `split_part(actor, ' ', 1) in ('operator', 'user', 'portal', 'api', 'admin')`

// A deed is a row of either table. Source is 1 of the fleet's, whose ids are counted apart.
type deed struct {
	flowhq.Event
	TenantName string
	Source     int
	ID         int64
	Place      int64 // in the stretch, from 1
	Fits       bool
}

// Audit returns one page of what principals have done, newest first, and the cursor of the next
// one, "" after the last. With a filter a page may be empty and still have a next one: see
// auditStretch. A cursor that did not come from here is Invalid.
//
// What is about a tenant and what is about the installation are two tables with ids of their own,
// so a page is in the order of the times. An erased tenant has no events left but that of its
// deletion.
func (s *Store) Audit(
	ctx context.Context, f AuditFilter,
) (page []flowhq.AuditEntry, next string, err error) {
	at, source, id, err := parseAuditCursor(f.Cursor)
	if err != nil {
		return nil, "", err
	}
	limit := clampLimit(f.Limit)
	stretch := f.stretch(limit)
	args := named{
		"at": at, "source": source, "id": id, "stretch": stretch, "limit": limit + 1,
		"principal": clean(f.Principal), "action": f.Action,
	}
	deeds, err := many(ctx, s, f.statement(args), args, pgx.RowToStructByPos[deed])
	if err != nil {
		return nil, "", fmt.Errorf("audit: %w", err)
	}
	// One more than a page holds says that there is another page; so does a stretch that is full.
	if n := len(deeds); n > limit {
		next = deeds[limit-1].cursor()
		deeds = deeds[:limit]
	} else if n > 0 && deeds[n-1].Place == int64(stretch) {
		next = deeds[n-1].cursor()
	}
	for _, d := range deeds {
		if d.Fits {
			page = append(page, flowhq.NewAuditEntry(d.Event, d.TenantName))
		}
	}
	return page, next, nil
}

// statement is the one that reads a page, and adds the arguments that only it has. A filter by
// tenant has a form of its own, since an index begins with the tenant, and nothing of the fleet is
// about one.
func (f AuditFilter) statement(args named) string {
	// The first line bounds the walk through the index, whatever plan is kept for the statement.
	const rest = `
			and created_at <= coalesce(@at::timestamptz, 'infinity')
			and (created_at, %[1]s, id) <
				(coalesce(@at, 'infinity'), @source::integer, @id::bigint)
			and created_at >= coalesce(@from::timestamptz, '-infinity')
			and created_at < coalesce(@to::timestamptz, 'infinity')
		order by created_at desc, id desc
		limit @stretch)`
	args["from"], args["to"] = orNull(f.From), orNull(f.To)
	one := ""
	if f.Tenant != "" {
		one, args["tenant"] = "tenant_id = @tenant and ", f.Tenant
	}
	from := `(select 0 as source, id, tenant_id, event_type, actor, reason, created_at
		from flowhq.portal_event_logs
		where ` + one + byPrincipal + fmt.Sprintf(rest, "0")
	if f.Tenant == "" {
		args["logins"] = loginEvents
		// A wrong password is nobody's deed, and what somebody looks for in an audit.
		from += `
		union all
		(select 1, id, null::uuid, event_type, actor, reason, created_at
		from flowhq.fleet_events
		where (` + byPrincipal + ` or event_type = any(@logins::text[]))` +
			fmt.Sprintf(rest, "1")
	}
	// The last row of a full stretch is read whether it fits or not: the next page begins there.
	return `
		select coalesce(e.tenant_id::text, ''), e.event_type, e.actor, left(e.reason, 1000),
			e.created_at, coalesce(t.name, ''), e.source, e.id, e.place, e.fits
		from (
			select *, row_number() over (order by created_at desc, source desc, id desc) as place,
				(@action::text = '' or event_type = @action)
					and (@principal::text = ''
						or position(lower(@principal) in lower(actor)) > 0) as fits
			from (
				select * from (` + from + `) as both_tables
				order by created_at desc, source desc, id desc
				limit @stretch
			) as stretch
		) as e
		left join flowhq.tenants t on t.id = e.tenant_id
		where e.fits or e.place = @stretch
		order by e.place
		limit @limit`
}

// cursor returns where a page ends that ends with the deed. Two rows may have one time, so it has
// the table and the id besides.
func (d deed) cursor() string {
	return base64.RawURLEncoding.EncodeToString(
		fmt.Appendf(nil, "%d %d %d", d.At.UnixMicro(), d.Source, d.ID))
}

// parseAuditCursor reads what cursor has made; anything else is Invalid. at is nil without one.
func parseAuditCursor(c string) (at *time.Time, source int, id int64, err error) {
	if c == "" {
		return nil, 0, 0, nil
	}
	// What is no base64 leaves a text that fails below.
	raw, _ := base64.RawURLEncoding.DecodeString(c)
	words := strings.Split(string(raw), " ")
	if len(words) == 3 {
		micros, badTime := strconv.ParseInt(words[0], 10, 64)
		table, badTable := strconv.Atoi(words[1])
		row, badRow := strconv.ParseInt(words[2], 10, 64)
		if badTime == nil && badTable == nil && badRow == nil && micros >= 0 &&
			micros <= maxCursor && (table == 0 || table == 1) && row >= 0 {
			t := time.UnixMicro(micros)
			return &t, table, row, nil
		}
	}
	return nil, 0, 0, &flowhq.Error{
		Code: flowhq.Invalid, Message: "the cursor is not one of ours",
		Fields: []flowhq.FieldError{{
			Field: "cursor", Message: "must be the next value of an earlier page",
		}},
	}
}

// AddFleetEvent records an event about the installation; its time is the database's, not e.At.
func (s *Store) AddFleetEvent(ctx context.Context, e flowhq.FleetEvent) error {
	const q = `
		insert into flowhq.fleet_events (event_type, actor, reason) values (@type, @actor, @reason)`
	_, err := exec(ctx, s, q, named{
		"type": e.Type, "actor": clean(e.Actor), "reason": clean(e.Reason),
	})
	if err != nil {
		return fmt.Errorf("event of the fleet: %w", err)
	}
	return nil
}
