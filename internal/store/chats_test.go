package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/google/go-cmp/cmp"
)

// unreadBy are the numbers of a page of chats, each with how many messages are unread.
func unreadBy(chats []flowhq.Chat) (all []string) {
	for _, c := range chats {
		all = append(all, fmt.Sprintf("%s %d", strings.TrimPrefix(c.Contact.Number, "+"), c.Unread))
	}
	return all
}

// TestChats: the chat in which something was written last comes first, with the beginning of that
// message, whoever wrote it.
func TestChats(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	for i, n := range []int{1, 2, 3, 1} {
		m := from(fmt.Sprint(n, "@lid"), fmt.Sprint("+", n), fmt.Sprint("IN", i))
		m.Text = strings.Repeat("ñ", 200) + fmt.Sprint(i)
		must(b.Receive(t.Context(), tenant, epoch, m))(t)
	}
	must(b.Write(t.Context(), tenant, store.NewMessage{To: "+2", Text: "come", Key: "k", Actor: "admin"}))(t)
	chats, next, err := b.Chats(t.Context(), tenant, store.ChatFilter{})
	ok(t, err)
	if diff := cmp.Diff([]string{"2 0", "1 2", "3 1"}, unreadBy(chats)); diff != "" || next != 0 {
		t.Errorf("next %d, chats (-want +got):\n%s", next, diff)
	}
	last := chats[0].LastMessage
	if last == nil || last.Text != "come" || last.Direction != flowhq.Out || last.Kind != flowhq.KindOperator ||
		time.Since(last.CreatedAt) > time.Minute {
		t.Errorf("the last message is %+v", last)
	}
	if text := chats[1].LastMessage.Text; text != strings.Repeat("ñ", flowhq.ChatTextLength) {
		t.Errorf("a long text is cut to %q", text)
	}
	if chats[0].Contact.HandOver == nil || chats[1].Contact.HandOver != nil {
		t.Error("the chat that an operator wrote in is the only one that is handed over")
	}
	yes := true
	for _, tt := range []struct {
		filter store.ChatFilter
		want   []string
	}{
		{store.ChatFilter{Text: "+3"}, []string{"3 1"}},
		{store.ChatFilter{HandedOver: &yes}, []string{"2 0"}},
		{store.ChatFilter{Text: "nobody"}, nil},
	} {
		chats, _, err := b.Chats(t.Context(), tenant, tt.filter)
		ok(t, err)
		if diff := cmp.Diff(tt.want, unreadBy(chats)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tt.filter, diff)
		}
	}
	// A contact without a message has a chat, and is not among the chats.
	c, _, err := b.AddContact(t.Context(), tenant, "+9")
	ok(t, err)
	if chat := must(b.Chat(t.Context(), tenant, c.ID))(t); chat.LastMessage != nil || chat.Contact.ID != c.ID {
		t.Errorf("the chat of a new contact is %+v", chat)
	}
	if chats := second3(b.Chats(t.Context(), tenant, store.ChatFilter{}))(t); len(chats) != 3 {
		t.Errorf("%d chats; want 3", len(chats))
	}
}

func second3(chats []flowhq.Chat, _ int64, err error) func(testing.TB) []flowhq.Chat {
	return must(chats, err)
}

// TestChatPages: each chat is on one page, however many messages the chats before it have, and
// whatever is written meanwhile to those that were listed.
func TestChatPages(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	const chats = 7
	for n := range chats {
		must(b.Receive(t.Context(), tenant, epoch,
			from(fmt.Sprint(n, "@lid"), fmt.Sprint("+25570000000", n), fmt.Sprint("IN", n))))(t)
	}
	// The first one writes more than a page is looked for in.
	b.exec(t, `insert into flowhq.message_logs (tenant_id, direction, contact_id, chat, kind, text, wa_message_id, status)
		select $1, 'IN', (select min(id) from flowhq.contacts where tenant_id = $1), 'x', 'TEXT', 'x', 'MANY' || n, 'ANSWERED'
		from generate_series(1, 2500) n`, tenant)
	var got []string
	pages := 0
	for before := int64(0); pages < 10; pages++ {
		page, next, err := b.Chats(t.Context(), tenant, store.ChatFilter{Before: before, Limit: 3})
		ok(t, err)
		if len(page) > 3 {
			t.Fatalf("a page of %d chats; want at most 3", len(page))
		}
		for _, c := range page {
			got = append(got, c.Contact.Number[len(c.Contact.Number)-1:])
		}
		if before = next; next == 0 {
			break
		}
	}
	if s := strings.Join(got, ""); s != "0654321" || pages == 0 {
		t.Errorf("the chats on %d pages are %s; want 0654321", pages+1, s)
	}
}

// TestUnread: what a customer wrote is unread until the business answers or looks.
func TestUnread(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	unread := func(want int, after string) int64 {
		t.Helper()
		chats := second3(b.Chats(t.Context(), tenant, store.ChatFilter{}))(t)
		if len(chats) != 1 || chats[0].Unread != want {
			t.Errorf("after %s: %+v; want %d unread", after, chats, want)
		}
		return chats[0].Contact.ID
	}
	first := b.receive(t, tenant, epoch, "1")
	who := unread(1, "a question")
	ok(t, second(b.Answer(t.Context(), tenant, epoch, first, answer("re"))))
	unread(0, "its answer")
	seen := b.receive(t, tenant, epoch, "2")
	b.receive(t, tenant, epoch, "3")
	unread(2, "two more")
	ok(t, b.ReadChat(t.Context(), tenant, who, seen))
	unread(1, "a look at the first of them")
	ok(t, b.ReadChat(t.Context(), tenant, who, first))
	unread(1, "a look at what came before, which takes nothing back")
	ok(t, b.ReadChat(t.Context(), tenant, who, 1<<40))
	unread(0, "a look at a message that is not there, which is one at all")
	b.receive(t, tenant, epoch, "4")
	unread(1, "another one, which nobody has seen")
	ok(t, b.ReadChat(t.Context(), tenant, who, 0))
	unread(0, "a look at all")
	// What could not be sent has answered nobody.
	fifth := b.receive(t, tenant, epoch, "5")
	ok(t, second(b.Answer(t.Context(), tenant, epoch, fifth, answer("re 5"))))
	b.exec(t, `update flowhq.message_logs set status = 'FAILED' where tenant_id = $1 and wa_message_id = 're 5'`, tenant)
	unread(1, "an answer that failed")
	b.exec(t, `insert into flowhq.message_logs (tenant_id, direction, contact_id, chat, kind, text, wa_message_id, status)
		select $1, 'IN', $2, 'x', 'TEXT', 'x', 'MANY' || n, 'IGNORED' from generate_series(1, 150) n`, tenant, who)
	unread(flowhq.MaxUnread, "more than are counted")
	_, err := b.Chat(t.Context(), tenant, who+1_000_000)
	if flowhq.ErrorCode(err) != flowhq.NotFound {
		t.Errorf("the chat of nobody: %v", err)
	}
	err = b.ReadChat(t.Context(), tenant, who+1_000_000, 0)
	if flowhq.ErrorCode(err) != flowhq.NotFound {
		t.Errorf("to read the chat of nobody: %v", err)
	}
}

// TestUnreadAfterMerge: of two contacts that turn out to be one, nothing that is new counts as seen.
func TestUnreadAfterMerge(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	must(b.Receive(t.Context(), tenant, epoch, from("", aNumber, "1")))(t)
	byNumber := must(b.Receive(t.Context(), tenant, epoch, from(aLID, "", "2")))(t)
	ok(t, b.ReadChat(t.Context(), tenant, byNumber.Contact, 0))
	must(b.Receive(t.Context(), tenant, epoch, from(aLID, aNumber, "3")))(t)
	if diff := cmp.Diff([]string{strings.TrimPrefix(aNumber, "+") + " 3"},
		unreadBy(second3(b.Chats(t.Context(), tenant, store.ChatFilter{}))(t))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
