package store_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestCreateTenant(t *testing.T) {
	t.Parallel()
	b := open(t)
	n := barber()
	created := must(b.CreateTenant(t.Context(), n, "admin"))(t)
	if !created.ID.Valid() {
		t.Errorf("ID %q is not valid", created.ID)
	}
	if created.CreatedAt.Location() != time.UTC || time.Since(created.CreatedAt).Abs() > time.Minute {
		t.Errorf("CreatedAt = %v; want now, in UTC", created.CreatedAt)
	}
	want := flowhq.Tenant{
		Name: "barber", PhoneNumber: n.PhoneNumber, Status: flowhq.TenantNew,
		Config: flowhq.Config{
			Template: flowhq.BookingTemplate, BusinessName: "Blue Door Barbers", Language: flowhq.English,
			RepliesPerMinute: 10, RepliesPerContact: 5, RetentionDays: 365,
			AnswerWithinMinutes: 24 * 60, AnsweredBy: flowhq.ByTemplate,
		},
		Session: flowhq.Session{State: flowhq.Disconnected},
		Host:    flowhq.Host{Status: flowhq.HostStopped},
	}
	ignore := cmpopts.IgnoreTypes(time.Time{}, flowhq.TenantID(""))
	if diff := cmp.Diff(want, created, ignore); diff != "" {
		t.Errorf("CreateTenant (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(created, must(b.Tenant(t.Context(), created.ID))(t)); diff != "" {
		t.Errorf("Tenant after CreateTenant (-want +got):\n%s", diff)
	}
	wantEvents(t, b, created.ID, "TENANT_CREATED admin ")
}

func TestCreateTenantInOnePiece(t *testing.T) {
	t.Parallel()
	b := open(t)
	n := barber()
	n.Language = "FR"
	_, err := b.CreateTenant(t.Context(), n, "admin")
	if err == nil {
		t.Fatal("CreateTenant accepted a language that does not exist")
	}
	for _, table := range []string{"tenants", "tenant_configs", "whatsapp_sessions", "hosts",
		"portal_event_logs"} {
		if n := scalar[int](t, b, "select count(*)::int from flowhq."+table); n != 0 {
			t.Errorf("%s has %d rows after a failure; want 0", table, n)
		}
	}
}

func TestTenantThatIsNot(t *testing.T) {
	t.Parallel()
	b := open(t)
	for _, id := range []flowhq.TenantID{nobody, "", "x", "' or true --"} {
		_, err := b.Tenant(t.Context(), id)
		wantCode(t, fmt.Sprintf("Tenant(%q)", id), err, flowhq.NotFound)
	}
}

func TestUpdateTenant(t *testing.T) {
	t.Parallel()
	b := open(t)
	before := must(b.CreateTenant(t.Context(), barber(), "admin"))(t)
	name, language, none := "new", flowhq.Swahili, 0
	after := must(b.UpdateTenant(t.Context(), before.ID,
		flowhq.TenantChange{Name: &name, Language: &language, RepliesPerContact: flowhq.Some(none)},
		"admin"))(t)
	want := before
	want.Name, want.Config.Language, want.Config.RepliesPerContact = "new", flowhq.Swahili, 0
	want.UpdatedAt = after.UpdatedAt
	if diff := cmp.Diff(want, after); diff != "" {
		t.Errorf("UpdateTenant (-want +got):\n%s", diff)
	}
	if !after.UpdatedAt.After(before.UpdatedAt) {
		t.Errorf("UpdatedAt = %v; want after %v", after.UpdatedAt, before.UpdatedAt)
	}
	if diff := cmp.Diff(after, must(b.Tenant(t.Context(), before.ID))(t)); diff != "" {
		t.Errorf("Tenant after UpdateTenant (-want +got):\n%s", diff)
	}
	wantEvents(t, b, before.ID, "TENANT_UPDATED admin name, language, replies_per_contact",
		"TENANT_CREATED admin ")

	same := must(b.UpdateTenant(t.Context(), before.ID, flowhq.TenantChange{}, "admin"))(t)
	if diff := cmp.Diff(after, same); diff != "" {
		t.Errorf("UpdateTenant of nothing (-want +got):\n%s", diff)
	}
	_, err := b.UpdateTenant(t.Context(), nobody, flowhq.TenantChange{Name: &name}, "admin")
	wantCode(t, "UpdateTenant of nobody", err, flowhq.NotFound)
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	b := open(t)
	b.Defaults = store.Defaults{RepliesPerMinute: 7, RepliesPerContact: 3, RetentionDays: 60}
	zero, many, month := 0, 40, 30
	n := barber()
	n.RepliesPerMinute = &zero
	tenant := must(b.CreateTenant(t.Context(), n, "admin"))(t)
	if got, want := limits(tenant), [3]int{0, 3, 60}; got != want {
		t.Errorf("limits = %v; want %v", got, want)
	}
	b.Defaults.RepliesPerContact = 4
	tenant = must(b.UpdateTenant(t.Context(), tenant.ID,
		flowhq.TenantChange{RepliesPerMinute: flowhq.Some(many), RetentionDays: flowhq.Some(month)},
		"admin"))(t)
	if got, want := limits(tenant), [3]int{40, 4, 30}; got != want {
		t.Errorf("limits after a change = %v; want %v", got, want)
	}
	tenant = must(b.UpdateTenant(t.Context(), tenant.ID,
		flowhq.TenantChange{RepliesPerMinute: flowhq.Null[int](),
			RetentionDays: flowhq.Null[int]()}, "admin"))(t)
	b.Defaults = store.Defaults{RepliesPerMinute: 8, RepliesPerContact: 5, RetentionDays: 61}
	tenant = must(b.Tenant(t.Context(), tenant.ID))(t)
	if got, want := limits(tenant), [3]int{8, 5, 61}; got != want {
		t.Errorf("limits of a tenant that went back to the defaults = %v; want %v", got, want)
	}
	wantEvents(t, b, tenant.ID, "TENANT_UPDATED admin replies_per_minute, retention_days",
		"TENANT_UPDATED admin replies_per_minute, retention_days", "TENANT_CREATED admin ")
}

func limits(t flowhq.Tenant) [3]int {
	return [3]int{t.Config.RepliesPerMinute, t.Config.RepliesPerContact, t.Config.RetentionDays}
}

func TestTenants(t *testing.T) {
	t.Parallel()
	b := open(t)
	for i, n := range []flowhq.NewTenant{
		{Name: "duka", PhoneNumber: "+255700000001", Template: flowhq.EcommerceTemplate,
			BusinessName: "Duka la Mama", Language: flowhq.Swahili},
		{Name: "100% wool", PhoneNumber: "+255700000002", Template: flowhq.EcommerceTemplate,
			BusinessName: "Wool", Language: flowhq.English},
		{Name: "help", PhoneNumber: "+254700000003", Template: flowhq.SupportTemplate,
			BusinessName: "Help Desk", Language: flowhq.English},
	} {
		tenant := must(b.CreateTenant(t.Context(), n, "admin"))(t)
		if i == 0 {
			ok(t, b.RecordState(t.Context(), tenant.ID,
				flowhq.Transition{State: flowhq.LoggedOut, Ending: flowhq.EndLoggedOut}, 0, noOutcomes))
		}
	}
	tests := []struct {
		filter store.TenantFilter
		want   string
	}{
		{store.TenantFilter{}, "help, 100% wool, duka"},
		{store.TenantFilter{Template: flowhq.EcommerceTemplate}, "100% wool, duka"},
		{store.TenantFilter{Status: flowhq.TenantError}, "duka"},
		{store.TenantFilter{Session: flowhq.LoggedOut}, "duka"},
		{store.TenantFilter{Session: flowhq.LoggedOut, Template: flowhq.SupportTemplate}, ""},
		{store.TenantFilter{Search: "DUKA la"}, "duka"},
		{store.TenantFilter{Search: "+2557"}, "100% wool, duka"},
		{store.TenantFilter{Search: "0%"}, "100% wool"},
		{store.TenantFilter{Search: "_"}, ""},
		{store.TenantFilter{Search: "h\x00e\xff"}, ""},
	}
	for _, tt := range tests {
		page, next, err := b.Tenants(t.Context(), tt.filter)
		if got := names(page); err != nil || got != tt.want || next != "" {
			t.Errorf("Tenants(%+v) = %q, %q, %v; want %q", tt.filter, got, next, err, tt.want)
		}
	}
}

func names(page []flowhq.Tenant) string {
	var names []string
	for _, t := range page {
		names = append(names, t.Name)
	}
	return strings.Join(names, ", ")
}

func TestTenantsPageByPage(t *testing.T) {
	t.Parallel()
	b := open(t)
	const total = 7
	// All of one instant: the order must not depend on the time alone.
	for range total {
		b.tenant(t)
	}
	b.exec(t, `update flowhq.tenants set created_at = '2026-11-22T12:00:00.123456Z'`)
	seen := map[flowhq.TenantID]bool{}
	f := store.TenantFilter{Limit: 3}
	for _, want := range []int{3, 3, 1} {
		page, next, err := b.Tenants(t.Context(), f)
		if err != nil || len(page) != want {
			t.Fatalf("page of %d, %v; want %d", len(page), err, want)
		}
		for _, tenant := range page {
			seen[tenant.ID] = true
		}
		f.Cursor = next
		b.tenant(t) // a newer one does not move the pages
	}
	if f.Cursor != "" || len(seen) != total {
		t.Errorf("%d tenants, then cursor %q; want %d and none", len(seen), f.Cursor, total)
	}
	ancient := base64.RawURLEncoding.EncodeToString([]byte("-9000000000000000000 " + string(nobody)))
	for _, bad := range []string{"x", "MTIz", "%%%", "MTIgeA", ancient} {
		_, _, err := b.Tenants(t.Context(), store.TenantFilter{Cursor: bad})
		wantCode(t, "Tenants with cursor "+bad, err, flowhq.Invalid)
	}
}

func TestErase(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	other, otherEpoch := b.hosted(t)
	b.reply(t, other, otherEpoch, "3EB0")
	kept := dump(t, b, other)
	b.reply(t, tenant, epoch, "3EB0")
	ok(t, last(b.Link(t.Context(), tenant, epoch, store.Device{JID: "1:2@s.whatsapp.net", Number: "+1"})))
	b.command(t, tenant, flowhq.Stop, "1")
	b.command(t, tenant, flowhq.Delete, "2")

	for range 2 {
		ok(t, b.Erase(t.Context(), tenant, "admin"))
		if d := must(b.Deletion(t.Context(), tenant))(t); d.AppliedAt == nil ||
			d.Outcome != "erased" || d.Actor != "admin" {
			t.Errorf("Deletion after Erase = %+v; want it to be applied", d)
		}
		wantEvents(t, b, tenant, "TENANT_DELETED admin ")
	}
	_, err := b.Tenant(t.Context(), tenant)
	wantCode(t, "Tenant after Erase", err, flowhq.NotFound)
	_, err = b.Receive(t.Context(), tenant, epoch, text("late"))
	wantCode(t, "Receive after Erase", err, flowhq.Fenced)
	wantCode(t, "AddEvent after Erase", b.AddEvent(t.Context(),
		flowhq.Event{Tenant: tenant, Type: "LATE"}), flowhq.NotFound)
	for _, table := range tenantTables(t, b) {
		want := 0
		if table == "portal_event_logs" || table == "feed" || table == "commands" {
			want = 1
		}
		if n := scalar[int](t, b, "select count(*)::int from flowhq."+table+" where tenant_id = $1",
			tenant); n != want {
			t.Errorf("%s keeps %d rows; want %d", table, n, want)
		}
	}
	if diff := cmp.Diff(kept, dump(t, b, other)); diff != "" {
		t.Errorf("the other tenant changed (-want +got):\n%s", diff)
	}
	ok(t, b.Erase(t.Context(), nobody, "admin"))
	for _, id := range []flowhq.TenantID{nobody, other} {
		_, err := b.Deletion(t.Context(), id)
		wantCode(t, "Deletion of "+string(id), err, flowhq.NotFound)
	}
}

// TestEraseWhileHostsWrite: what is being written meanwhile must go as well.
func TestEraseWhileHostsWrite(t *testing.T) {
	t.Parallel()
	b := open(t)
	const rounds, writers = 5, 6
	for range rounds {
		tenant, epoch := b.hosted(t)
		written := make(chan struct{}, 1)
		var group sync.WaitGroup
		for w := range writers {
			group.Go(func() {
				for i := 0; ; i++ {
					_, err := b.Receive(t.Context(), tenant, epoch, text(fmt.Sprintf("%d-%d", w, i)))
					if err == nil {
						err = b.SetSession(t.Context(), tenant, epoch, connected, noCodes)
					}
					if err != nil {
						wantCode(t, "write while Erase runs", err, flowhq.Fenced)
						return
					}
					select {
					case written <- struct{}{}:
					default:
					}
				}
			})
		}
		stopped := make(chan struct{})
		go func() { group.Wait(); close(stopped) }()
		select {
		case <-written:
		case <-stopped: // each has failed, and said how
			return
		}
		ok(t, b.Erase(t.Context(), tenant, "admin"))
		group.Wait()
		wantEvents(t, b, tenant, "TENANT_DELETED admin ")
		if left := dump(t, b, tenant); len(left) != 2 {
			t.Errorf("%d rows are left; want the event alone, in the history and in the feed: %v",
				len(left), left)
		}
	}
}

// wantEvents compares the tenant's events, newest first, with "TYPE actor reason".
func wantEvents(t testing.TB, b *bench, tenant flowhq.TenantID, want ...string) {
	t.Helper()
	var got []string
	for _, e := range must(b.Events(t.Context(), tenant, 0))(t) {
		if e.Tenant != tenant {
			t.Errorf("event of tenant %s; want %s", e.Tenant, tenant)
		}
		got = append(got, fmt.Sprintf("%s %s %s", e.Type, e.Actor, e.Reason))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
