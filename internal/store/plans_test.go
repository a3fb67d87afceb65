package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
	"github.com/google/go-cmp/cmp"
)

// TestFewRowsPerMessage: what handling a message costs must not grow with the
// tenant's history. The planner is given the worst of reasons to go wrong:
// statistics from before the first reply.
func TestFewRowsPerMessage(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	const history, rounds, rowsPerRound = 3000, 5, 30
	fill := func(direction, kind, status string) {
		b.exec(t, `insert into flowhq.message_logs (tenant_id, direction, contact_id, chat, kind, text, wa_message_id, status)
			select $1, $2, 0, '41@lid', $3, 'x', $2 || n, $4 from generate_series(1, $5) n`, tenant, direction, kind, status, history)
	}
	fill("IN", "TEXT", "ANSWERED")
	b.exec(t, `analyze flowhq.message_logs`)
	fill("OUT", "REPLY", "SENT")
	s := testdb.OpenStore(t, b.url)
	const table = `relname = 'message_logs'`
	before := b.rowsRead(t, table)
	for i := range rounds {
		in, out := fmt.Sprint("in-", i), fmt.Sprint("out-", i)
		r, err := s.Receive(t.Context(), tenant, epoch, text(in))
		if err != nil || !r.New {
			t.Fatalf("Receive = %+v, %v", r, err)
		}
		id := r.ID
		must(s.WordlessAnswered(t.Context(), tenant, id, time.Minute))(t)
		must(s.Conversation(t.Context(), tenant, id))(t)
		ok(t, second(s.Answer(t.Context(), tenant, epoch, id, answer(out))))
		ok(t, s.SetOutbound(t.Context(), tenant, epoch, out, flowhq.Sent, ""))
		ok(t, s.Receipts(t.Context(), tenant, epoch, []store.Receipt{
			{WAID: out, Status: flowhq.Delivered, At: noon}, {WAID: out, Status: flowhq.Read, At: noon},
		}))
		must(s.Outbound(t.Context(), tenant, out))(t)
		must(s.Unsent(t.Context(), tenant, 0, 50))(t)
		must(s.Unanswered(t.Context(), tenant, 0, 50))(t)
	}
	s.Close() // its counts are only certain to be in when its connections end
	eventually(t, "the counts", func() bool { return b.rowsRead(t, table) > before })
	if read := b.rowsRead(t, table) - before; read > rounds*rowsPerRound {
		t.Errorf("%d messages read %d rows of %d; want at most %d each", rounds, read, 2*history,
			rowsPerRound)
	}
}

// TestFewRowsPerListing: messages of a rare status are found without those of others.
func TestFewRowsPerListing(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	const history, rare = 20_000, 3
	fill := func(status string, n int) {
		b.exec(t, `insert into flowhq.message_logs (tenant_id, direction, contact_id, chat, kind, text, wa_message_id, status)
			select $1, 'IN', 0, '41@lid', 'TEXT', 'x', $2 || n, $2 from generate_series(1, $3) n`, tenant, status, n)
	}
	statuses := []flowhq.MessageStatus{
		flowhq.Suppressed, flowhq.Overflowed, flowhq.Expired, flowhq.Ignored, flowhq.Undecryptable,
		flowhq.Failed, flowhq.Received,
	}
	for _, status := range statuses {
		fill(string(status), rare)
	}
	fill("ANSWERED", history)
	b.exec(t, `analyze flowhq.message_logs`)
	s := testdb.OpenStore(t, b.url)
	const table = `relname = 'message_logs'`
	before := b.rowsRead(t, table)
	for _, status := range statuses {
		for range 7 { // by then a prepared statement may have a plan for every status
			page, _, err := s.Messages(t.Context(), tenant, store.MessageFilter{Status: status})
			if err != nil || len(page) != rare {
				t.Fatalf("Messages that are %s: %d, %v; want %d", status, len(page), err, rare)
			}
		}
	}
	failures := []store.FailureFilter{{}, {Tenant: tenant}, {OldestFirst: true},
		{Tenant: tenant, OldestFirst: true, Reason: "none"}}
	for _, f := range failures {
		for range 7 {
			if _, _, err := s.DeadLetters(t.Context(), f); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.Close()
	eventually(t, "the counts", func() bool { return b.rowsRead(t, table) > before })
	if read, most := b.rowsRead(t, table)-before, int64(7*(len(statuses)+len(failures))*10*rare); read > most {
		t.Errorf("listing messages by status read %d rows of %d; want at most %d", read, history, most)
	}
}

// TestFewRowsPerSearch: a page of a filter without an index reads a bounded part of the log, and
// the pages together find what is at its other end. A stretch of time is found without what is
// outside.
func TestFewRowsPerSearch(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	const history = 70_000
	b.exec(t, `insert into flowhq.message_logs (tenant_id, direction, contact_id, chat, kind, text, wa_message_id, status, created_at)
		select $1, 'IN', n % 7, '41@lid', 'TEXT', 'message ' || n, n, 'ANSWERED', '2026-01-01Z'::timestamptz + n * interval '1 minute'
		from generate_series(1, $2) n`, tenant, history)
	b.exec(t, `vacuum analyze flowhq.message_logs`)
	s := must(store.Open(t.Context(), b.url, silent))(t)
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name   string
		filter store.MessageFilter
		found  int
		pages  int
	}{
		{"a text at the end", store.MessageFilter{Text: "MESSAGE 7"}, 1112, 14},
		{"a text that is nowhere", store.MessageFilter{Text: "nothing"}, 0, 14},
		{"the other direction", store.MessageFilter{Direction: flowhq.Out}, 0, 14},
		{"a contact's text", store.MessageFilter{ContactID: 3, Text: "message 3"}, 1587, 2},
		{"an hour", store.MessageFilter{From: begin.Add(100 * time.Hour),
			To: begin.Add(101 * time.Hour)}, 60, 1},
		{"the first hour", store.MessageFilter{To: begin.Add(time.Hour)}, 59, 1},
		{"the last hour", store.MessageFilter{From: begin.Add((history - 59) * time.Minute)}, 60, 1},
		{"before all", store.MessageFilter{To: begin}, 0, 1},
		{"after all", store.MessageFilter{From: begin.Add(2 * history * time.Minute)}, 0, 1},
	} {
		tt.filter.Limit = store.MaxLimit
		found, pages := 0, 0
		for more := true; more && pages < 100; pages++ {
			page, next, err := s.Messages(t.Context(), tenant, tt.filter)
			if err != nil {
				t.Fatal(tt.name, err)
			}
			found += len(page)
			tt.filter.Before, more = next, next != 0
		}
		if found != tt.found || pages < tt.pages || pages > tt.pages+4 {
			t.Errorf("%s: %d messages on %d pages; want %d on %d or a few more", tt.name, found,
				pages, tt.found, tt.pages)
		}
	}
	s.Close()
	s = must(store.Open(t.Context(), b.url, silent))(t)
	const table = `relname = 'message_logs'`
	before := b.rowsRead(t, table)
	must(pageOf(s.Messages(t.Context(), tenant,
		store.MessageFilter{From: begin.Add(100 * time.Hour), To: begin.Add(101 * time.Hour)})))(t)
	must(pageOf(s.Messages(t.Context(), tenant, store.MessageFilter{Text: "nothing"})))(t)
	s.Close()
	eventually(t, "the counts", func() bool { return b.rowsRead(t, table) > before })
	if read := b.rowsRead(t, table) - before; read > 11_000 {
		t.Errorf("two searches read %d rows of %d", read, history)
	}
}

// pageOf leaves out where the next page begins.
func pageOf(page []flowhq.Message, _ int64, err error) ([]flowhq.Message, error) { return page, err }

// TestFewRowsPerIntake: what a business's own people see counted on their start page costs no look at
// all that it has. Their statements run under row-level security, which may change a plan.
func TestFewRowsPerIntake(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	const history, examined = 20_000, 5000
	b.exec(t, `insert into flowhq.message_logs (tenant_id, direction, contact_id, chat, kind, text, wa_message_id, status, created_at)
		select $1, 'IN', n % 7, '41@lid', 'TEXT', 'x', n, 'ANSWERED', now() - ($2 - n) * interval '1 minute'
		from generate_series(1, $2::int) n`, tenant, history)
	b.exec(t, `vacuum analyze flowhq.message_logs`)
	owner := flowhq.WithPrincipal(t.Context(), flowhq.Principal{Kind: flowhq.PrincipalUser, Tenant: tenant})
	for _, tt := range []struct {
		name        string
		since       time.Duration
		count, most int
	}{
		{"an hour", time.Hour, 60, 300}, {"all", 2 * history * time.Minute, examined, examined + 300},
	} {
		s := testdb.OpenStoreAs(t, store.RoleAPI, b.url)
		if !s.GuardsTenants() {
			t.Fatal("the statements of tenants' people are not under row-level security")
		}
		const table = `relname = 'message_logs'`
		before := b.rowsRead(t, table)
		got := must(s.Intake(owner, tenant, time.Now().Add(-tt.since)))(t)
		s.Close()
		if got.Received < tt.count-1 || got.Received > tt.count || got.More != (tt.count == examined) {
			t.Errorf("%s: %+v; want about %d", tt.name, got, tt.count)
		}
		eventually(t, "the counts", func() bool { return b.rowsRead(t, table) > before })
		if read := b.rowsRead(t, table) - before; read > int64(tt.most) {
			t.Errorf("%s: read %d rows of %d; want at most %d", tt.name, read, history, tt.most)
		}
	}
}

// TestFewRowsPerPrunedPage: what a day's pruning costs must not grow with what is
// kept.
func TestFewRowsPerPrunedPage(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, gone := b.tenant(t), b.tenant(t)
	ok(t, b.Erase(t.Context(), gone, "admin"))
	const old, history = 10, 20 * store.PruneBatch
	b.old(t, tenant, "SENT", 400, old)
	b.exec(t, `insert into flowhq.portal_event_logs (tenant_id, event_type, actor, created_at)
		select $1, 'NOTED', 'x', '2020-01-01Z' from generate_series(1, $2) n`, tenant, old)
	b.old(t, tenant, "SENT", 10, history)
	b.exec(t, `insert into flowhq.portal_event_logs (tenant_id, event_type, actor) select $1, 'NOTED', 'x' from generate_series(1, $2) n`, tenant, history)
	b.exec(t, `update flowhq.portal_event_logs set created_at = '2020-01-01Z' where tenant_id = $1`, gone)
	b.exec(t, `analyze flowhq.message_logs, flowhq.portal_event_logs`)
	s := testdb.OpenStore(t, b.url)
	const tables = `relname in ('message_logs', 'portal_event_logs')`
	before := b.rowsRead(t, tables)
	deleted := map[string]int64{}
	deleted["messages"] = first(s.PruneMessages(t.Context(), tenant, 0))(t)
	deleted["events"] = first(s.PruneEvents(t.Context(), tenant, 0))(t)
	deleted["erased"] = must(s.PruneErased(t.Context()))(t)
	s.Close()
	if diff := cmp.Diff(map[string]int64{"messages": old, "events": old, "erased": 1}, deleted); diff != "" {
		t.Errorf("deleted (-want +got):\n%s", diff)
	}
	eventually(t, "the counts", func() bool { return b.rowsRead(t, tables) > before })
	if read := b.rowsRead(t, tables) - before; read > 2*store.PruneBatch+10*old {
		t.Errorf("pruning %d of %d rows read %d; want a page of each table", 2*old, 2*history, read)
	}
}

// TestFewRowsPerErasure: what the erasure of a contact costs must not grow with what others have.
// The tenant's host waits for the last part of it.
func TestFewRowsPerErasure(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	const own, history = 20, 20_000
	for _, n := range []struct{ contact, rows int }{{7, own}, {8, history}, {0, own}} {
		b.exec(t, `insert into flowhq.feed (tenant_id, event_type, contact_id, data) select $1, 'MESSAGE_RECEIVED', $2, '{}' from generate_series(1, $3) n`, tenant, n.contact, n.rows)
		b.exec(t, `insert into flowhq.message_logs (tenant_id, direction, contact_id, chat, kind, text, wa_message_id, status)
			select $1, 'IN', $2::bigint, '41@lid', 'TEXT', 'x', concat_ws(' ', $2::bigint, n), 'ANSWERED' from generate_series(1, $3) n`, tenant, n.contact, n.rows)
	}
	b.exec(t, `insert into flowhq.erasures (tenant_id, contact_id, addresses) values ($1, 7, '{255711000000@s.whatsapp.net}')`, tenant)
	b.exec(t, `analyze flowhq.feed, flowhq.message_logs`)
	s := testdb.OpenStore(t, b.url)
	const tables = `relname in ('feed', 'message_logs')`
	before := b.rowsRead(t, tables)
	all := must(s.ContactErasures(t.Context(), time.Minute, 10))(t)
	if len(all) != 1 {
		t.Fatalf("%d erasures", len(all))
	}
	ok(t, s.EraseContactRows(t.Context(), all[0]))
	ok(t, s.FinishErasure(t.Context(), all[0]))
	s.Close()
	eventually(t, "the counts", func() bool { return b.rowsRead(t, tables) > before })
	if read := b.rowsRead(t, tables) - before; read > 20*own {
		t.Errorf("the erasure read %d rows of %d; want a few for each of %d", read, 2*history, 4*own)
	}
	if n := scalar[int](t, b, `select count(*) from flowhq.feed where tenant_id = $1 and contact_id = 7`, tenant); n != 0 {
		t.Errorf("%d events are left", n)
	}
}

// first is must for a call that returns another value as well.
func first[T, U any](v T, _ U, err error) func(testing.TB) T { return must(v, err) }

// rowsRead returns how many rows of some tables have been fetched so far.
func (b *bench) rowsRead(t testing.TB, tables string) int64 {
	t.Helper()
	return scalar[int64](t, b, `select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint from pg_stat_user_tables
		where schemaname = 'flowhq' and `+tables)
}
