package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
)

// bulks is a Temporal on which nothing runs.
type bulks struct {
	all     []flowhq.Bulk
	tenants []flowhq.TenantID // of the last
	err     error
}

func (f *bulks) StartBulk(ctx context.Context, b flowhq.Bulk,
	tenants []flowhq.TenantID) (flowhq.Bulk, error) {
	if there, err := f.Bulk(ctx, b.ID); err == nil {
		return there, nil
	}
	b.State, b.StartedAt = flowhq.BulkRunning, time.Now().UTC()
	f.all, f.tenants = append(f.all, b), tenants
	return b, f.err
}

func (f *bulks) Bulk(_ context.Context, id string) (flowhq.Bulk, error) {
	if i := slices.IndexFunc(f.all, func(b flowhq.Bulk) bool { return b.ID == id }); i >= 0 {
		return f.all[i], f.err
	}
	return flowhq.Bulk{}, cmp.Or(f.err, error(flowhq.Errorf(flowhq.NotFound, "there is no such bulk")))
}

func (f *bulks) Bulks(_ context.Context, limit int) ([]flowhq.Bulk, error) {
	return f.all[:min(limit, len(f.all))], f.err
}

func (f *bulks) CancelBulk(ctx context.Context, id string) (flowhq.Bulk, error) {
	return f.Bulk(ctx, id)
}

// bulk starts a bulk and returns it.
func (f *fixture) bulk(body string, header http.Header) node {
	f.Helper()
	return f.send(call{method: "POST", path: "/admin/bulk", body: body, header: header},
		http.StatusAccepted).json.(node)
}

func TestBulkSelects(t *testing.T) {
	f := setup(t)
	var ids []flowhq.TenantID // the newest first
	for i, template := range []string{"BOOKING", "SUPPORT", "BOOKING"} {
		body := strings.NewReplacer("BOOKING", template, "Barbers", fmt.Sprint("Shop ", i), "5678",
			fmt.Sprint(5670+i)).Replace(validTenant)
		made := f.send(call{method: "POST", path: "/admin/tenants", body: body}, 201)
		ids = slices.Insert(ids, 0, flowhq.TenantID(made.json.(node)["id"].(string)))
	}
	for filter, want := range map[string][]flowhq.TenantID{
		`{"all":true}`:                                            ids,
		`{"template":"BOOKING"}`:                                  {ids[0], ids[2]},
		`{"template":"BOOKING","search":"shop 0"}`:                {ids[2]},
		`{"status":"NEW"}`:                                        ids,
		`{"session":"CONNECTED"}`:                                 nil,
		`{"session":"DISCONNECTED","all":false}`:                  ids,
		`{"search":"` + string(ids[1]) + `"}`:                     {ids[1]},
		`{"status":"NEW","template":"SUPPORT","search":"nobody"}`: nil,
	} {
		got := f.bulk(`{"command":"stop","per_second":7,"filter":`+filter+`}`, nil)
		f.contains(got, fmt.Sprintf(`{"command":"stop","actor":"admin (127.0.0.1)","state":"RUNNING","per_second":7,"matched":%d,"sent":0,"failed":0,"ended_at":null}`, len(want)))
		if !slices.Equal(f.bulks.tenants, want) {
			t.Errorf("%s selects %v; want %v", filter, f.bulks.tenants, want)
		}
	}
}

// TestBulkIsBegunOnce: a request that is repeated is the same bulk.
func TestBulkIsBegunOnce(t *testing.T) {
	f := setup(t)
	f.create()
	const body = `{"command":"restart","filter":{"all":true}}`
	key := http.Header{keyHeader: {"deploy 7"}}
	first := f.bulk(body, key)
	if diff := gocmp.Diff(first, f.bulk(body, key)); diff != "" {
		t.Errorf("the same request again (-first +second):\n%s", diff)
	}
	other := f.bulk(body, nil)
	if other["id"] == first["id"] {
		t.Error("two requests began one bulk")
	}
	f.contains(first, `{"per_second":10}`)
	id := first["id"].(string)
	if diff := gocmp.Diff(any(first), f.get("/admin/bulk/"+id).json); diff != "" {
		t.Errorf("GET (-begun +read):\n%s", diff)
	}
	if got := f.get("/admin/bulk").names("bulks", "id"); !slices.Equal(got,
		[]string{other["id"].(string), id}) {
		t.Errorf("list = %v", got)
	}
	page := f.get("/admin/bulk?limit=1")
	next := fmt.Sprint(page.json.(node)["next"])
	rest := f.get("/admin/bulk?limit=1&cursor=" + next)
	if got := append(page.names("bulks", "id"), rest.names("bulks", "id")...); !slices.Equal(got,
		[]string{other["id"].(string), id}) || rest.json.(node)["next"] != "" {
		t.Errorf("page by page = %v, then %v", got, rest.json.(node)["next"])
	}
	f.contains(f.send(call{method: "DELETE", path: "/admin/bulk/" + id}, 202).json, `{"id":"`+id+`"}`)
}

func TestBadBulk(t *testing.T) {
	f := setup(t)
	f.create()
	for body, fields := range map[string][]string{
		``:                               nil,
		`{}`:                             {"command", "filter"},
		`{"command":"stop"}`:             {"filter"},
		`{"command":"stop","filter":{}}`: {"filter"},
		`{"command":"stop","filter":{"all":false}}`:                      {"filter"},
		`{"command":"stop","filter":{"search":""}}`:                      {"filter"},
		`{"command":"stop","filter":null}`:                               {"filter"},
		`{"command":"stop","filter":"all"}`:                              {"filter"},
		`{"command":"stop","filter":[{"all":true}]}`:                     {"filter"},
		`{"command":"stop","filter":{"all":"yes"}}`:                      {"filter", "filter.all"},
		`{"command":"stop","filter":{"all":true,"status":"NEW"}}`:        {"filter.all"},
		`{"command":"stop","filter":{"all":true,"all":true}}`:            {"filter.all"},
		`{"command":"stop","filter":{"all":true},"filter":{"all":true}}`: {"filter"},
		`{"command":"stop","filter":{"state":"NEW"}}`:                    {"filter", "filter.state"},
		`{"command":"stop","filter":{"status":"ASLEEP"}}`:                {"filter.status"},
		`{"command":"stop","filter":{"session":"connected"}}`:            {"filter.session"},
		`{"command":"stop","filter":{"template":"BAKERY"}}`:              {"filter.template"},
		`{"command":"stop","filter":{"search":"a\u0007"}}`:               {"filter.search"},
		`{"command":"stop","filter":{"search":7}}`:                       {"filter", "filter.search"},
		`{"command":"delete","filter":{"all":true}}`:                     {"command"},
		`{"command":"force-restart","filter":{"all":true}}`:              {"command"},
		`{"command":"relink","filter":{"all":true}}`:                     {"command"},
		`{"command":"stop","filter":{"all":true},"per_second":0}`:        {"per_second"},
		`{"command":"stop","filter":{"all":true},"per_second":101}`:      {"per_second"},
		`{"command":"stop","filter":{"all":true},"per_second":0.5}`:      {"per_second"},
		`{"command":"stop","filter":{"all":true},"tenants":["x"]}`:       {"tenants"},
	} {
		got := f.send(call{method: "POST", path: "/admin/bulk", body: body}, 400)
		if diff := gocmp.Diff(fields, sorted(got.fields())); diff != "" {
			t.Errorf("%s: fields (-want +got):\n%s", body, diff)
		}
	}
	for _, c := range []call{{method: "GET", path: "/admin/bulk/" + never},
		{method: "DELETE", path: "/admin/bulk/" + never},
		{method: "GET", path: "/admin/bulk/x"},
		{method: "DELETE", path: "/admin/bulk/" + strings.ToUpper(never)}} {
		f.send(c, 404)
	}
	for _, query := range []string{"limit=0", "limit=101", "cursor=x", "before=5"} {
		f.send(call{method: "GET", path: "/admin/bulk?" + query}, 400)
	}
	if len(f.bulks.all) != 0 {
		t.Errorf("bad requests began %v", f.bulks.all)
	}
	f.bulks.err = &flowhq.Error{Code: flowhq.Unavailable, Message: "Temporal is unavailable"}
	f.send(call{method: "GET", path: "/admin/bulk/" + never}, 404)
}

// TestBulkWithoutTemporal: like a command, a bulk counts once it is in the database.
func TestBulkWithoutTemporal(t *testing.T) {
	f := setup(t)
	f.create()
	f.bulks.err = &flowhq.Error{Code: flowhq.Unavailable, Message: "Temporal is unavailable"}
	begun := f.bulk(`{"command":"stop","filter":{"all":true}}`, http.Header{keyHeader: {"k"}})
	f.contains(begun, `{"state":"RUNNING","matched":1,"sent":0}`)
	f.create()
	if diff := gocmp.Diff(begun, f.bulk(`{"command":"stop","filter":{"all":true}}`,
		http.Header{keyHeader: {"k"}})); diff != "" {
		t.Errorf("the same request again (-first +second):\n%s", diff)
	}
	f.send(call{method: "POST", path: "/admin/bulk",
		body: `{"command":"start","filter":{"all":true}}`, header: http.Header{keyHeader: {"k"}}}, 409)
	id := begun["id"].(string)
	if diff := gocmp.Diff(any(begun), f.get("/admin/bulk/"+id).json); diff != "" {
		t.Errorf("GET (-begun +read):\n%s", diff)
	}
	if got := f.get("/admin/bulk").names("bulks", "id"); !slices.Equal(got, []string{id}) {
		t.Errorf("list = %v", got)
	}
	f.contains(f.send(call{method: "DELETE", path: "/admin/bulk/" + id}, 202).json, `{"id":"`+id+`"}`)
	if open, err := f.store.OpenBulks(t.Context()); err != nil || len(open) != 1 || !open[0].Cancelled {
		t.Errorf("after the DELETE: %+v, %v; want it to be cancelled later", open, err)
	}
}
