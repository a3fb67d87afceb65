package api

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// A mailbox is a Mailer that keeps the mails, or fails.
type mailbox struct {
	mu    sync.Mutex
	err   error
	mails []string // the address and the text
}

func (m *mailbox) Send(_ context.Context, to, _, text string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.mails = append(m.mails, to+"\n"+text)
	}
	return m.err
}

func (m *mailbox) all() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.mails...)
}

// TestMailedLinks: an invitation goes by mail, in both languages, and whatever the mail server does
// the link is in the answer.
func TestMailedLinks(t *testing.T) {
	m := &mailbox{}
	f := setup(t, func(o *Options) { o.Mail, o.PublicURL = m, "https://hq.example.com" })
	invite := call{method: "POST", path: "/admin/operators",
		body: `{"email":"asha@example.com","name":"A","role":"OWNER"}`}
	made := f.send(invite, 201).json.(node)
	f.contains(made, `{"mailed": true, "mail_problem": ""}`)
	mail := m.all()[0]
	if !strings.HasPrefix(mail, "asha@example.com\n") ||
		strings.Count(mail, made["link"].(string)) != 2 || !strings.Contains(mail, "Habari") ||
		!strings.Contains(mail, "Hello") {
		t.Errorf("mail %s", mail)
	}
	m.err = errors.New("550 spam from secret.example.com")
	id := made["account"].(node)["id"].(string)
	again := f.send(call{method: "POST", path: "/admin/operators/" + id + "/link"}, 200)
	f.contains(again.json, `{"mailed": false}`)
	if n := again.json.(node); n["mail_problem"] == "" || n["link"] == "" ||
		strings.Contains(string(again.body), "secret") {
		t.Errorf("answer %s", again.body)
	}
	f.send(call{method: "POST", path: "/auth/link", header: anonymous,
		body: fmt.Sprintf(`{"token":%q,"password":"a long sentence"}`, again.json.(node)["token"])}, 200)
}

// TestForgot: who has an account gets a link, and nobody can tell from the answer.
func TestForgot(t *testing.T) {
	m := &mailbox{}
	f := setup(t, func(o *Options) { o.Mail, o.PublicURL = m, "https://hq.example.com" })
	id := f.create()
	users := "/admin/tenants/" + string(id) + "/users"
	f.join(users, "asha@example.com", flowhq.RoleOwner)
	gone := f.join(users, "gone@example.com", flowhq.RoleStaff)
	f.send(call{method: "PATCH", path: users + "/" + gone, body: `{"disabled":true}`}, 200)
	before := len(m.all())
	forgot := func(email string, status int) string {
		t.Helper()
		return string(f.send(call{method: "POST", path: "/auth/forgot", header: anonymous,
			body: fmt.Sprintf(`{"email":%q}`, email)}, status).body)
	}
	want := forgot("nobody@example.com", 202)
	for _, email := range []string{"gone@example.com", " ASHA@example.com ", "asha@example.com",
		"asha@example.com"} {
		if got := forgot(email, 202); got != want {
			t.Errorf("%s: %s; want %s", email, got, want)
		}
	}
	eventually(t, "the mail is sent", func() bool { return len(m.all()) > before })
	eventually(t, "nothing is under way", func() bool { return len(f.api.forgotSlots) == 0 })
	mails := m.all()[before:]
	if len(mails) != 1 || !strings.HasPrefix(mails[0], "asha@example.com\n") {
		t.Fatalf("mails %q; want one", mails)
	}
	token := regexp.MustCompile(`token=(\S+)`).FindStringSubmatch(mails[0])[1]
	f.send(call{method: "POST", path: "/auth/sign-in", header: anonymous,
		body: signInBodyOf("asha@example.com", "a long sentence")}, 200)
	f.send(call{method: "POST", path: "/auth/link", header: anonymous,
		body: fmt.Sprintf(`{"token":%q,"password":"another sentence"}`, token)}, 200)
	if e := must(f.store.Events(t.Context(), id, 100))(t); e[3].Type != flowhq.EventLinkMade ||
		e[3].Actor != "127.0.0.1" {
		t.Errorf("events %+v", e[:4])
	}
	for range 5 {
		forgot("nobody@example.com", 202)
	}
	forgot("nobody@example.com", 429)
	forgot("", 400)
	f.api.forgotten.First("x", time.Second)
	f.api.Mail = nil
	forgot("asha@example.com", 404)
}
