package store_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

func TestMessagesPageByPage(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	for _, waID := range []string{"a", "b", "c", "d", "e"} {
		b.receive(t, tenant, epoch, waID)
	}
	var got string
	var before int64
	for range 3 {
		page, next, err := b.Messages(t.Context(), tenant, store.MessageFilter{Before: before, Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page {
			got += m.WAMessageID
		}
		got += "."
		before = next
		if next != 0 {
			b.receive(t, tenant, epoch, "newer than "+page[0].WAMessageID) // does not move the pages
		}
	}
	if got != "ed.cb.a." || before != 0 {
		t.Errorf("pages %s, then %d; want ed.cb.a., then 0", got, before)
	}
	page, next, err := b.Messages(t.Context(), nobody, store.MessageFilter{Limit: 2})
	if err != nil || page == nil || len(page) != 0 || next != 0 {
		t.Errorf("Messages of nobody = %#v, %d, %v; want an empty list", page, next, err)
	}
}

// TestPagesEnd: a page of long messages has fewer of them, and none is left out.
func TestPagesEnd(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	const all = 200
	b.exec(t, `insert into flowhq.message_logs (tenant_id, direction, contact_id, chat, kind, text, wa_message_id, status)
		select $1, 'IN', 0, '41@lid', 'TEXT', repeat(md5(n::text), 2048), n, 'ANSWERED' from generate_series(1, $2) n`, tenant, all)
	// Of texts of 64 KiB; of each, the customer has written three versions.
	b.exec(t, `update flowhq.message_logs set original_text = text, edited_text = text where tenant_id = $1`, tenant)
	const most = 22
	seen, pages := 0, 0
	for before := int64(0); before != 0 || pages == 0; pages++ {
		page, next, err := b.Messages(t.Context(), tenant, store.MessageFilter{Before: before, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) > most || len(page) == 0 {
			t.Fatalf("a page has %d messages; want 1 to %d", len(page), most)
		}
		for _, m := range page {
			seen++
			if want := fmt.Sprint(all + 1 - seen); m.WAMessageID != want {
				t.Fatalf("message %s; want %s", m.WAMessageID, want)
			}
		}
		before = next
	}
	if seen != all || pages != 10 {
		t.Errorf("%d messages on %d pages; want %d on 10", seen, pages, all)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	for _, reason := range []string{"one", "two\x00\xff"} {
		ok(t, b.AddEvent(t.Context(), flowhq.Event{Tenant: tenant, Type: "COMMAND_START",
			Actor: "admin", Reason: reason}))
	}
	wantEvents(t, b, tenant, "COMMAND_START admin two\uFFFD\uFFFD", "COMMAND_START admin one",
		"TENANT_CREATED admin ")
	var paged []flowhq.Event
	for at := int64(0); ; {
		page, next, err := b.EventsBefore(t.Context(), tenant, at, 2)
		ok(t, err)
		paged = append(paged, page...)
		if at = next; at == 0 {
			break
		}
	}
	if all := must(b.Events(t.Context(), tenant, 0))(t); !slices.Equal(paged, all) {
		t.Errorf("page by page %v; want %v", paged, all)
	}
	if es := must(b.Events(t.Context(), tenant, 1))(t); len(es) != 1 || es[0].At.IsZero() {
		t.Errorf("Events with limit 1 = %+v", es)
	}
	wantCode(t, "AddEvent of nobody", b.AddEvent(t.Context(),
		flowhq.Event{Tenant: nobody, Type: "X"}), flowhq.NotFound)
}
