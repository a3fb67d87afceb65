package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// deadChat records n messages of one chat, all of them dead letters for the same reason, and returns
// their ids, the oldest first.
func deadChat(f *fixture, id flowhq.TenantID, n int) (ids []int64) {
	f.Helper()
	epoch := f.session(id, flowhq.Transition{State: flowhq.Connected})
	for i := range n {
		r, err := f.store.Receive(f.Context(), id, epoch, store.Inbound{
			LID: "1@lid", WAID: fmt.Sprint("IN", i), Kind: flowhq.KindText, Text: "hello", SentAt: time.Now(),
		})
		if err == nil {
			err = f.store.DeadLetter(f.Context(), id, epoch, r.ID, "it never works")
		}
		if err != nil {
			f.Fatal(err)
		}
		ids = append(ids, r.ID)
	}
	return ids
}

// putBack returns the ids of a tenant's messages that were retried, in the order in which they were.
func putBack(f *fixture, id flowhq.TenantID) (ids []int64) {
	f.Helper()
	var back []flowhq.Message
	for before, first := int64(0), true; first || before != 0; first = false {
		page, next, err := f.store.Messages(f.Context(), id, store.MessageFilter{
			Status: flowhq.Received, Before: before})
		if err != nil {
			f.Fatal(err)
		}
		back, before = append(back, page...), next
	}
	slices.SortFunc(back, func(l, m flowhq.Message) int { return l.RetriedAt.Compare(*m.RetriedAt) })
	for _, m := range back {
		ids = append(ids, m.ID)
	}
	return ids
}

// TestRetryInTheChatsOrder: a host answers what is put back at once, so the oldest message of a chat
// must be put back first, also where a reason selects more than one request retries, and however a
// client lists them.
func TestRetryInTheChatsOrder(t *testing.T) {
	f := setup(t)
	for _, path := range []string{"/admin/dead-letters", "/admin/tenants/%s/dead-letters"} {
		id := f.create()
		if path != "/admin/dead-letters" {
			path = fmt.Sprintf(path, id)
		}
		dead := deadChat(f, id, maxRetried+3)
		body := node{"reason": "it never works"}
		for requests := 0; requests == 0 || body["cursor"] != ""; requests++ {
			if requests == 2 {
				t.Fatalf("%d dead letters take more than %d requests", len(dead), requests)
			}
			got := f.send(call{method: "POST", path: path + "/retry", body: asJSON(t, body)}, 202).json.(node)
			body["cursor"] = got["next"]
		}
		if got := putBack(f, id); !slices.Equal(got, dead) {
			t.Errorf("%s by a reason puts back %v; want the oldest first", path, got)
		}
	}
	id := f.create()
	dead := deadChat(f, id, 3)
	path := "/admin/tenants/" + string(id) + "/dead-letters/retry"
	named := node{"messages": []int64{dead[1], dead[2], dead[0]}}
	f.has(f.send(call{method: "POST", path: path, body: asJSON(t, named)}, 202).json, fmt.Sprintf(
		`{"retried": [{"message": %d}, {"message": %d}, {"message": %d}]}`, dead[0], dead[1], dead[2]))
	if got := putBack(f, id); !slices.Equal(got, dead) {
		t.Errorf("of %v, named in another order, %v are put back", dead, got)
	}
}

// TestRetryDeliveriesInOrder: the same of what webhooks were not delivered, whichever order a client
// names it in.
func TestRetryDeliveriesInOrder(t *testing.T) {
	f := setup(t)
	id := f.create()
	aside := []int64{setAside(f, id), setAside(f, f.create()), setAside(f, f.create())}
	if !slices.IsSortedFunc(aside, cmp.Compare) {
		t.Fatalf("deliveries have ids %v; want them to grow", aside)
	}
	f.has(f.send(call{method: "POST", path: "/admin/webhook-deliveries/retry",
		body: `{"reason": "it answered 502"}`}, 202).json, fmt.Sprintf(
		`{"retried": [{"delivery": %d}, {"delivery": %d}, {"delivery": %d}]}`, aside[0], aside[1], aside[2]))
	named := []node{}
	for _, d := range aside {
		named = append(named, node{"tenant_id": id, "delivery": d})
	}
	// They are not set aside any more, or another tenant's, so each is refused, in the order of the trial.
	for range 2 {
		got := f.send(call{method: "POST", path: "/admin/webhook-deliveries/retry",
			body: asJSON(t, node{"deliveries": named})}, 202).json
		f.has(got, fmt.Sprintf(`{"refused": [{"delivery": %d}, {"delivery": %d}, {"delivery": %d}]}`,
			aside[0], aside[1], aside[2]))
		slices.Reverse(named)
	}
}

// asJSON is the body of a request.
func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
