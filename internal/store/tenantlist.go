package store

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// A TenantFilter selects tenants, and says in which order. Empty fields select all.
type TenantFilter struct {
	Status   flowhq.TenantStatus
	Session  flowhq.SessionState
	Template flowhq.Template
	Search   string // part of the name, business name, number or id, in any case
	// Attention selects those whose session a person should look at, or the others; nil = all.
	Attention *bool
	Worker    string // that hosts them, by its whole name
	// Stale selects those whose host has given no sign of life in time, or the others; nil = all.
	Stale *bool
	// Only selects among these; nil = among all.
	Only   []flowhq.TenantID
	Sort   TenantSort  // "" = SortCreated
	Order  TenantOrder // "" is the one that the sort usually has
	Cursor string      // where the previous page ended
	Limit  int         // rows; 0 means DefaultLimit, more than MaxLimit means MaxLimit
}

// A TenantSort is what tenants are sorted by.
type TenantSort string

// What tenants are sorted by.
const (
	SortCreated   TenantSort = "created"
	SortName      TenantSort = "name"
	SortStatus    TenantSort = "status"
	SortLastSeen  TenantSort = "last_seen"
	SortMessages  TenantSort = "messages"
	SortHandOvers TenantSort = "hand_overs"
)

// TenantSorts lists every TenantSort.
var TenantSorts = []TenantSort{
	SortCreated, SortName, SortStatus, SortLastSeen, SortMessages, SortHandOvers,
}

// A TenantOrder is the direction of a sort.
type TenantOrder string

// The directions.
const (
	Ascending  TenantOrder = "asc"
	Descending TenantOrder = "desc"
)

// TenantDirections lists every TenantOrder.
var TenantDirections = []TenantOrder{Ascending, Descending}

// ascends reports whether the smallest comes first. Words usually begin with A, and of numbers and
// times the greatest is what one looks for.
func (f TenantFilter) ascends() bool {
	if f.Order != "" {
		return f.Order == Ascending
	}
	return f.Sort == SortName || f.Sort == SortStatus
}

const (
	// messagesToday is how many messages a tenant has had since midnight of UTC.
	messagesToday = `coalesce((select m.messages from flowhq.message_counts m
		where m.tenant_id = t.id and m.day = (now() at time zone 'UTC')::date), 0)`
	// unreadHandOvers counts the open hand-overs that nobody of the business has written in yet. It
	// counts no further than a thousand, so that one tenant cannot hold up the list of all.
	unreadHandOvers = `(select count(*)::integer from (select from flowhq.handovers h
		where h.tenant_id = t.id and h.ended_at is null and h.owner_at is null limit 1000) as open)`
)

// A tenantKey is an expression that tenants are sorted by, with its type.
type tenantKey struct{ sql, kind string }

// text is the key as a cursor carries it. Times are those of UTC, whatever zone a session has.
func (k tenantKey) text() string {
	if k.kind == "timestamptz" {
		return "(" + k.sql + " at time zone 'UTC')::text"
	}
	return "(" + k.sql + ")::text"
}

// after is the key that a cursor carries, as its type again.
func (k tenantKey) after() string {
	if k.kind == "timestamptz" {
		return "(@after::text::timestamp at time zone 'UTC')"
	}
	return "@after::text::" + k.kind
}

// tenantOrders are the expressions that tenants are sorted by, each with its type. The id follows,
// since many tenants may have the same.
var tenantOrders = map[TenantSort]tenantKey{
	SortCreated: {"t.created_at", "timestamptz"},
	// As much of a name as a cursor can carry.
	SortName:      {"left(lower(t.name), 60)", "text"},
	SortStatus:    {"flowhq.tenant_status(s, w)", "text"},
	SortLastSeen:  {"coalesce(s.last_seen_at, '-infinity')", "timestamptz"},
	SortMessages:  {messagesToday, "integer"},
	SortHandOvers: {unreadHandOvers, "integer"},
}

// only is nil for no list, which selects among all tenants; an empty one selects none.
func (f TenantFilter) only() []string {
	if f.Only == nil {
		return nil
	}
	ids := []string{}
	for _, id := range f.Only {
		ids = append(ids, string(id))
	}
	return ids
}

// A tenantPlace is where a page of tenants ends.
type tenantPlace struct {
	key *string // what the last tenant was sorted by; nil: the page is the first
	id  *flowhq.TenantID
}

// cursor returns where a page ends that ends with this tenant. It names the order, since a place in
// one order is none in another.
func (f TenantFilter) cursor(key string, id flowhq.TenantID) string {
	return base64.RawURLEncoding.EncodeToString(
		fmt.Appendf(nil, "%s %s %s", f.orderName(), id, key))
}

// orderName is the sort and its direction in one word.
func (f TenantFilter) orderName() string {
	return fmt.Sprint(cmp.Or(f.Sort, SortCreated), " ", f.ascends())
}

// parseTenantCursor reads what cursor has made. What PostgreSQL would not read as the type of the
// sort is Invalid, too: a cursor comes from a client.
func parseTenantCursor(f TenantFilter) (p tenantPlace, err error) {
	if f.Cursor == "" {
		return p, nil
	}
	bad := &flowhq.Error{
		Code: flowhq.Invalid, Message: "the cursor is not one of ours",
		Fields: []flowhq.FieldError{{
			Field: "cursor", Message: "must be the next value of an earlier page of this order",
		}},
	}
	// What is no base64 leaves a text that fails below.
	raw, _ := base64.RawURLEncoding.DecodeString(f.Cursor)
	rest, ok := strings.CutPrefix(string(raw), f.orderName()+" ")
	text, key, cut := strings.Cut(rest, " ")
	id := flowhq.TenantID(text)
	if !ok || !cut || !id.Valid() || key != clean(key) {
		return p, bad
	}
	switch tenantOrders[cmp.Or(f.Sort, SortCreated)].kind {
	case "integer":
		if _, err := strconv.ParseInt(key, 10, 32); err != nil {
			return p, bad
		}
	case "timestamptz":
		const asWritten = "2006-01-02 15:04:05.999999"
		if _, err := time.Parse(asWritten, key); err != nil && key != "-infinity" {
			return p, bad
		}
	}
	return tenantPlace{&key, &id}, nil
}

// filteredTenants is the part of a statement that selects the tenants of a TenantFilter, with its
// args. A page that an operator sees and the bulk that follows it must select the same ones.
const filteredTenants = `
		from flowhq.tenants t
		join flowhq.tenant_configs c on c.tenant_id = t.id
		join flowhq.whatsapp_sessions s on s.tenant_id = t.id
		join flowhq.hosts w on w.tenant_id = t.id
		where (@status::text = '' or flowhq.tenant_status(s, w) = @status)
			and (@session::text = '' or s.state = @session)
			and (@template::text = '' or c.template_type = @template)
			and (@attention::boolean is null or @attention = (t.wanted and (s.keeps_failing
				or s.state <> 'CONNECTED' and (s.state in ('QR_READY', 'LOGGED_OUT', 'BANNED')
					or s.ending = any(@looked_at::text[])))))
			and (@worker::text = '' or w.worker = @worker)
			and (@stale::boolean is null or @stale = (w.lease_epoch = w.epoch and w.epoch > 0
				and w.lease_expires_at < now()))
			and (@only::uuid[] is null or t.id = any(@only))
			and (@search::text = '' or position(lower(@search) in lower(concat_ws(chr(10),
				t.name, c.business_name, t.phone_number, s.number, t.id))) > 0)`

// lookedAt are the endings that a person should look at.
var lookedAt = func() (all []string) {
	for _, e := range flowhq.Endings {
		if e.Attention() {
			all = append(all, string(e))
		}
	}
	return all
}()

// args are the arguments of filteredTenants, and the limit.
func (f TenantFilter) args(limit int) named {
	return named{
		"status": f.Status, "session": f.Session, "template": f.Template,
		"search": clean(f.Search), "limit": limit,
		"attention": f.Attention, "looked_at": lookedAt,
		"worker": clean(f.Worker), "stale": f.Stale, "only": f.only(),
	}
}

// Tenants returns one page of the tenants that f selects, and the cursor of the next page, "" after
// the last. A cursor that did not come from here, or from a page of another order, is Invalid.
//
// The newest come first unless f says otherwise. That walks tenants_newest_idx and stops after a
// page. With a filter or another order it may go through all tenants: a search is part of four
// columns and an id, and what one sorts by changes too often for an index. Of 10,000 tenants that
// takes some 50 ms.
func (s *Store) Tenants(
	ctx context.Context, f TenantFilter,
) (page []flowhq.Tenant, next string, err error) {
	key, ok := tenantOrders[cmp.Or(f.Sort, SortCreated)]
	if !ok {
		return nil, "", flowhq.Errorf(flowhq.Invalid, "there is no order %q", f.Sort)
	}
	after, err := parseTenantCursor(f)
	if err != nil {
		return nil, "", err
	}
	than, direction := "<", "desc"
	if f.ascends() {
		than, direction = ">", "asc"
	}
	// One more than a page holds says whether there is another page.
	limit := clampLimit(f.Limit)
	args := f.args(limit + 1)
	args["after"], args["after_id"] = after.key, after.id
	q := `
		select ` + tenantColumns + `, ` + messagesToday + `, ` + unreadHandOvers + `,
			` + key.text() + filteredTenants + `
			and (@after_id::uuid is null
				or (` + key.sql + `, t.id) ` + than + ` (` + key.after() + `, @after_id))
		order by ` + key.sql + ` ` + direction + `, t.id ` + direction + `
		limit @limit`
	keys := []string{}
	page, err = many(ctx, s, q, args, func(row pgx.CollectableRow) (flowhq.Tenant, error) {
		a, key := &flowhq.Activity{}, ""
		t, err := s.scanTenantAnd(row, &a.MessagesToday, &a.UnreadHandOvers, &key)
		t.Activity, keys = a, append(keys, key)
		return t, err
	})
	if err != nil {
		return nil, "", fmt.Errorf("list tenants: %w", err)
	}
	if len(page) > limit {
		page = page[:limit]
		next = f.cursor(keys[limit-1], page[limit-1].ID)
	}
	return page, next, nil
}

// Selected returns the ids of at most limit tenants that f selects, the newest
// first. The cursor and the limit of f are for pages and mean nothing here. A bulk is made of
// the ids, so the caller asks for one more than a bulk may have to see that there are too many.
func (s *Store) Selected(
	ctx context.Context, f TenantFilter, limit int,
) ([]flowhq.TenantID, error) {
	const q = `
		select t.id` + filteredTenants + `
		order by t.created_at desc, t.id desc
		limit @limit`
	ids, err := many(ctx, s, q, f.args(limit), pgx.RowTo[flowhq.TenantID])
	if err != nil {
		return nil, fmt.Errorf("select tenants: %w", err)
	}
	return ids, nil
}
