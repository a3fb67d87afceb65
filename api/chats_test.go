package api

import (
	"fmt"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// TestChats: a messenger's list has what was written last, and what the business has not read; who
// is shown a chat says up to where.
func TestChats(t *testing.T) {
	s := setup(t).open(barber)
	s.leave(amina)
	r, err := s.store.Receive(t.Context(), s.id, s.epoch, store.Inbound{
		LID: "255711000002@lid", Number: "+255711000002", Kind: flowhq.KindText, Text: "anybody there?",
		WAID: "WAITS",
	})
	if err != nil {
		t.Fatal(err)
	}
	list := s.do("GET", "/chats", "", 200).json.(node)
	s.contains(list["chats"].([]any)[0], `{"unread": 1, "contact": {"number": "+255711000002"},
		"last_message": {"text": "anybody there?", "direction": "IN", "kind": "TEXT", "media": "", "status": "RECEIVED"}}`)
	s.contains(list["chats"].([]any)[1], `{"unread": 0, "contact": {"number": "`+amina+`"},
		"last_message": {"text": "hi", "direction": "OUT", "kind": "REPLY"}}`)
	page := s.do("GET", "/chats?limit=1", "", 200).json.(node)
	if next, _ := page["next"].(string); next == "" || len(page["chats"].([]any)) != 1 {
		t.Errorf("a page of one is %v", page)
	}
	if got := s.do("GET", "/chats?text=255711000002", "", 200).json.(node)["chats"].([]any); len(got) != 1 {
		t.Errorf("of the number there are %v", got)
	}
	s.do("GET", "/chats?limit=101", "", 400)
	chat := fmt.Sprintf("/contacts/%d/read", r.Contact)
	s.contains(s.do("POST", chat, `{"up_to":1}`, 200).json, `{"unread": 1}`)
	s.contains(s.do("POST", chat, fmt.Sprintf(`{"up_to":%d}`, r.ID), 200).json, `{"unread": 0}`)
	s.contains(s.do("POST", chat, "", 200).json, `{"unread": 0}`)
	s.do("POST", chat, `{"up_to":0}`, 400)
	s.do("POST", "/contacts/999999/read", "", 404)
}
