package store_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/google/go-cmp/cmp"
)

// consulting asks about a message.
func consulting(id int64) store.Consulting {
	return store.Consulting{ID: id, First: id, Day: "2026-03-04", Limit: 2,
		Failed: []byte(`{"failure":"interrupted"}`)}
}

// TestConsultOnce: a message is asked about once, whatever becomes of who asked.
func TestConsultOnce(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	id := b.receive(t, tenant, epoch, "question")
	first := must(b.Consult(t.Context(), tenant, epoch, consulting(id)))(t)
	if !first.Due || !first.Allowed || first.Suggestion != nil {
		t.Errorf("first: %+v", first)
	}
	again := must(b.Consult(t.Context(), tenant, epoch, consulting(id)))(t)
	if again.Due || again.Allowed || string(again.Suggestion) != `{"failure":"interrupted"}` {
		t.Errorf("again: %+v, %s", again, again.Suggestion)
	}
	ok(t, b.SetSuggestion(t.Context(), tenant, epoch, id, []byte(`{"intent":"price"}`)))
	if last := must(b.Consult(t.Context(), tenant, epoch,
		consulting(id)))(t); string(last.Suggestion) != `{"intent":"price"}` {
		t.Errorf("last: %s", last.Suggestion)
	}
	ok(t, second(b.Answer(t.Context(), tenant, epoch, id, answer("out"))))
	ok(t, b.SetSuggestion(t.Context(), tenant, epoch, id, []byte(`{"intent":"hours"}`)))
	if late := must(b.Consult(t.Context(), tenant, epoch, consulting(id)))(t); late.Due ||
		string(late.Suggestion) != `{"intent":"price"}` {
		t.Errorf("after the answer: %+v, %s", late, late.Suggestion)
	}
}

// TestConsultWithinBudget: what is over the limit of a day is not asked, and the next day it is.
func TestConsultWithinBudget(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	ask := func(i int, day string) store.Consultation {
		c := consulting(b.receive(t, tenant, epoch, fmt.Sprint("question-", i)))
		c.Day = day
		return must(b.Consult(t.Context(), tenant, epoch, c))(t)
	}
	for i, want := range []bool{true, true, false, false} {
		if got := ask(i, "2026-03-04"); got.Allowed != want || !got.Due || got.Suggestion != nil {
			t.Errorf("request %d: %+v", i, got)
		}
	}
	for i, want := range []bool{true, true, false} {
		if got := ask(10+i, "2026-03-05"); got.Allowed != want {
			t.Errorf("request %d of the next day: %+v", i, got)
		}
	}
}

// TestConsultShowsTheChat: the last texts of the same customer, and what people wrote is not in it.
func TestConsultShowsTheChat(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	b.exec(t, `insert into flowhq.message_logs (tenant_id, direction, contact_id, chat, kind, text, wa_message_id, status)
		select $1, 'IN', 999, '41@lid', 'TEXT', 'of somebody else', 'x', 'ANSWERED'`, tenant)
	for i := range 5 {
		id := b.receive(t, tenant, epoch, fmt.Sprint("before-", i))
		ok(t, second(b.Answer(t.Context(), tenant, epoch, id, answer(fmt.Sprint("out-", i)))))
	}
	b.exec(t, `update flowhq.message_logs set text = repeat('é', 600) where wa_message_id = 'before-4'`)
	b.exec(t, `update flowhq.message_logs set revoked_at = now() where wa_message_id = 'before-3'`)
	b.exec(t, `update flowhq.message_logs set kind = 'OWNER' where wa_message_id = 'out-3'`)
	c := consulting(b.receive(t, tenant, epoch, "question"))
	c.First = b.receive(t, tenant, epoch, "line")
	c.ID = b.receive(t, tenant, epoch, "last")
	c.First = c.ID - 2
	got := must(b.Consult(t.Context(), tenant, epoch, c))(t)
	var lines []struct {
		ByCustomer bool `json:"by_customer"`
		Text       string
	}
	ok(t, json.Unmarshal(got.Earlier, &lines))
	var who []bool
	for _, l := range lines {
		who = append(who, l.ByCustomer)
	}
	// 1 and its reply, 2 and its reply, 4 and its reply.
	if diff := cmp.Diff([]bool{true, false, true, false, true, false}, who); diff != "" {
		t.Errorf("who wrote (-want +got):\n%s", diff)
	}
	if n := len(lines); n > 0 && lines[n-2].Text != strings.Repeat("é", 500) {
		t.Errorf("a long text is %q", lines[n-2].Text)
	}
}

func TestConsultIsFenced(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	id := b.receive(t, tenant, epoch, "question")
	must(b.Claim(t.Context(), tenant, "host-b"))(t)
	if _, err := b.Consult(t.Context(), tenant, epoch,
		consulting(id)); flowhq.ErrorCode(err) != flowhq.Fenced {
		t.Errorf("Consult of an older host: %v", err)
	}
	if err := b.SetSuggestion(t.Context(), tenant, epoch, id,
		[]byte(`{}`)); flowhq.ErrorCode(err) != flowhq.Fenced {
		t.Errorf("SetSuggestion of an older host: %v", err)
	}
}
