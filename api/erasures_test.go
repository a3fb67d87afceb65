package api

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// TestEraseContact: each answer to the request to erase a contact, and what is left afterwards for
// whoever reads. What becomes of the rows is tested in package workers.
func TestEraseContact(t *testing.T) {
	f := setup(t)
	s, other := f.open(barber), f.open(barber)
	s.leave(amina, asked("Do you have parking?"))
	s.leave("+255711000002")
	other.leave(amina)
	contacts := s.do("GET", "/contacts", "", 200).json.(node)["contacts"].([]any)
	id := func(number string) string {
		t.Helper()
		for _, c := range contacts {
			if c.(node)["number"] == number {
				return fmt.Sprint(int64(c.(node)["id"].(float64)))
			}
		}
		t.Fatalf("no contact has the number %s: %v", number, contacts)
		return ""
	}
	one, kept := id(amina), id("+255711000002")
	erase := func(who call, contact string, status int) answer {
		t.Helper()
		return f.send(call{method: "DELETE", path: s.path + "/contacts/" + contact + who.path,
			header: who.header, body: who.body}, status)
	}
	// Who may not, and what is no such request, erases nothing.
	erase(call{header: anonymous}, one, 401)
	erase(call{header: f.keyOf("", flowhq.ScopeRead)}, one, 403)
	erase(call{header: f.keyOf(s.id, flowhq.ScopeSend)}, one, 403)
	erase(call{header: f.signedInAs(s.id, flowhq.RoleStaff)}, one, 403)
	erase(call{header: f.signedInAs(other.id, flowhq.RoleOwner)}, one, 404) // as if there were no such tenant
	erase(call{path: "?everything=true"}, one, 400)
	erase(call{body: `{"contact":1}`}, one, 400)
	for _, nobody := range []string{"0", "-1", "999999", "x", "1e3", "9223372036854775808",
		"%2b255711000001"} {
		erase(call{}, nobody, 404)
	}
	f.send(call{method: "DELETE", path: "/admin/tenants/" + never + "/contacts/" + one}, 404)
	// An id of another tenant's contact is nobody here.
	theirs := other.do("GET", "/contacts", "", 200).json.(node)["contacts"].([]any)[0].(node)["id"]
	if there := fmt.Sprint(int64(theirs.(float64))); there != one && there != kept {
		erase(call{}, there, 404)
	}
	s.do("GET", "/contacts/"+one, "", 200)

	// It may be repeated as long as a worker has not finished it.
	for range 2 {
		got := erase(call{}, one, 202)
		f.contains(got.json, `{"contact": `+one+`}`)
		if where := got.Header.Get("Location"); where != s.path+"/events" {
			t.Errorf("Location is %q", where)
		}
	}
	s.do("GET", "/contacts/"+one, "", 404)
	s.do("POST", "/contacts/"+one+"/messages", `{"text":"hello"}`, 404)
	s.do("GET", "/contacts/"+kept, "", 200)
	other.do("GET", fmt.Sprintf("/contacts/%d", int64(theirs.(float64))), "", 200)
	if got := s.events(flowhq.EventErasureAsked); len(got) != 1 {
		t.Errorf("events are %q; want one, by who asked first", got)
	}

	// A business erases its own.
	owner := f.signedInAs(s.id, flowhq.RoleOwner)
	got := f.send(call{method: "DELETE", path: "/portal/tenant/contacts/" + kept, header: owner}, 202)
	if where := got.Header.Get("Location"); where != "/portal/tenant/events" {
		t.Errorf("Location is %q", where)
	}
	// When a worker is done, there is nothing to repeat.
	erasures, err := f.store.ContactErasures(t.Context(), time.Minute, 10)
	if err != nil || len(erasures) != 2 {
		t.Fatalf("erasures %+v, %v", erasures, err)
	}
	for _, e := range erasures {
		if err := finish(f, e); err != nil {
			t.Fatal(err)
		}
	}
	erase(call{}, one, 404)
	if left := s.do("GET", "/contacts", "", 200).json.(node)["contacts"].([]any); len(left) != 0 {
		t.Errorf("contacts %v are left", left)
	}
	types := members(s.do("GET", "/events", "", 200), "events", "type")
	if n := len(slices.DeleteFunc(types,
		func(s string) bool { return s != string(flowhq.EventContactErased) })); n != 2 {
		t.Errorf("%d contacts were erased, as the events say; want 2", n)
	}
}

// finish does what a worker does, but for the keys of WhatsApp.
func finish(f *fixture, e store.Erasure) error {
	if err := f.store.EraseContactRows(f.Context(), e); err != nil {
		return err
	}
	return f.store.FinishErasure(f.Context(), e)
}
