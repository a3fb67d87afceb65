package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/access"
	"github.com/flowhq/flowhq/internal/store"
)

// signInBodyOf is the body of a sign-in.
func signInBodyOf(email, password string) string {
	return fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)
}

// join invites a person, who sets "a long sentence" as the password.
func (f *fixture) join(path, email string, role flowhq.Role) (account string) {
	f.Helper()
	made := f.send(call{method: "POST", path: path,
		body: fmt.Sprintf(`{"email":%q,"name":"Asha","role":%q}`, email, role)}, 201).json.(node)
	f.send(call{method: "POST", path: "/auth/link", header: anonymous,
		body: fmt.Sprintf(`{"token":%q,"password":"a long sentence"}`, made["token"])}, 200)
	return made["account"].(node)["id"].(string)
}

// TestSignIn: from the invitation of an operator to the end of the account.
func TestSignIn(t *testing.T) {
	f := setup(t, func(o *Options) { o.PublicURL = "https://hq.example.com" })
	made := f.send(call{method: "POST", path: "/admin/operators",
		body: `{"email":" Asha@Example.com ","name":"Asha","role":"OWNER"}`}, 201).json.(node)
	f.contains(made["account"], `{"email": "asha@example.com", "role": "OWNER", "invited": true, "tenant_id": ""}`)
	token := made["token"].(string)
	if made["link"] != "https://hq.example.com/join?token="+token {
		t.Errorf("link %v", made["link"])
	}
	enter := func(password string, status int) answer {
		t.Helper()
		return f.send(call{method: "POST", path: "/auth/sign-in", header: anonymous,
			body: signInBodyOf("ASHA@example.com", password)}, status)
	}
	enter("a long sentence", 401) // there is no password yet
	set := func(password string, status int) answer {
		t.Helper()
		return f.send(call{method: "POST", path: "/auth/link", header: anonymous,
			body: fmt.Sprintf(`{"token":%q,"password":%q}`, token, password)}, status)
	}
	for _, bad := range []string{"short", "aaaaaaaaaaaa", "asha@example.com", strings.Repeat("ab cde", 40)} {
		set(bad, 400)
	}
	first := set("a long sentence", 200)
	set("another long sentence", 404)
	f.send(call{method: "POST", path: "/auth/link", header: anonymous,
		body: fmt.Sprintf(`{"token":%q,"password":"a long sentence"}`, access.NewToken())}, 404)

	in := enter("a long sentence", 200)
	f.contains(in.json, `{"kind": "OPERATOR", "name": "asha@example.com", "role": "OWNER", "tenant_id": "", "address": "127.0.0.1"}`)
	cookie := in.Cookies()[0]
	if !cookie.HttpOnly || cookie.Secure || cookie.SameSite != http.SameSiteLaxMode ||
		cookie.MaxAge != 12*60*60 || cookie.Path != "/" || cookie.Name != "flowhq" {
		t.Errorf("cookie %+v", cookie)
	}
	me := as("Cookie", "flowhq="+cookie.Value)
	f.contains(f.send(call{method: "GET", path: "/auth/me", header: me}, 200).json,
		`{"name": "asha@example.com"}`)
	f.send(call{method: "POST", path: "/admin/tenants", header: me, body: validTenant}, 201)

	change := func(current, next string, status int) answer {
		t.Helper()
		return f.send(call{method: "PUT", path: "/auth/password", header: me,
			body: fmt.Sprintf(`{"current":%q,"new":%q}`, current, next)}, status)
	}
	if got := change("wrong", "another sentence", 400).fields(); !slices.Equal(got, []string{"current"}) {
		t.Errorf("fields %v", got)
	}
	if got := change("a long sentence", "short", 400).fields(); !slices.Equal(got, []string{"new"}) {
		t.Errorf("fields %v", got)
	}
	change("a long sentence", "another sentence", 200)
	f.send(call{method: "GET", path: "/auth/me", header: me}, 200)
	f.send(call{method: "GET", path: "/auth/me",
		header: as("Cookie", "flowhq="+first.Cookies()[0].Value)}, 401)
	enter("a long sentence", 401)
	enter("another sentence", 200)

	out := f.send(call{method: "POST", path: "/auth/sign-out", header: me}, 200)
	if c := out.Cookies()[0]; c.MaxAge != -1 || c.Value != "" {
		t.Errorf("the cookie of who signs out: %+v", c)
	}
	gone := f.send(call{method: "GET", path: "/auth/me", header: me}, 401)
	if c := gone.Header.Get("WWW-Authenticate"); strings.Contains(c, "Basic") {
		t.Errorf("WWW-Authenticate = %q: a browser would ask for the admin password", c)
	}
	for _, c := range []call{{method: "POST", path: "/auth/sign-out"},
		{method: "PUT", path: "/auth/password", body: `{"current":"x","new":"another sentence"}`}} {
		f.send(c, 409)
	}

	account := made["account"].(node)["id"].(string)
	in = enter("another sentence", 200)
	me = as("Cookie", "flowhq="+in.Cookies()[0].Value)
	f.send(call{method: "PATCH", path: "/admin/operators/" + account, header: me,
		body: `{"disabled":true}`}, 409)
	f.send(call{method: "PATCH", path: "/admin/operators/" + account, header: me,
		body: `{"role":"VIEWER"}`}, 409)
	f.send(call{method: "PATCH", path: "/admin/operators/" + account, header: me,
		body: `{"name":"Asha M.","role":"OWNER"}`}, 200)
	f.send(call{method: "PATCH", path: "/admin/operators/" + account, body: `{"role":"VIEWER"}`}, 200)
	f.send(call{method: "GET", path: "/admin/operators", header: me}, 403) // from the next request on
	f.send(call{method: "PATCH", path: "/admin/operators/" + account, body: `{"disabled":true}`}, 200)
	f.send(call{method: "GET", path: "/auth/me", header: me}, 401)
	enter("another sentence", 401)
	for _, private := range []string{"sentence", token, cookie.Value} {
		if strings.Contains(f.log.String(), private) {
			t.Errorf("%q is in the log", private)
		}
	}
}

// TestCookieBehindTLS: the cookie is one that no other site can plant.
func TestCookieBehindTLS(t *testing.T) {
	f := setup(t)
	f.join("/admin/operators", "asha@example.com", flowhq.RoleViewer)
	tls := anonymous.Clone()
	tls["X-Forwarded-Proto"] = []string{"https"}
	in := f.send(call{method: "POST", path: "/auth/sign-in", header: tls,
		body: signInBodyOf("asha@example.com", "a long sentence")}, 200)
	cookie := in.Cookies()[0]
	if !cookie.Secure || cookie.Name != "__Host-flowhq" {
		t.Errorf("cookie %+v", cookie)
	}
	me := tls.Clone()
	me["Cookie"] = []string{"__Host-flowhq=" + cookie.Value}
	f.send(call{method: "GET", path: "/auth/me", header: me}, 200)
	me["Cookie"] = []string{"flowhq=" + cookie.Value}
	f.send(call{method: "GET", path: "/auth/me", header: me}, 401)
}

// TestForeignPagesSignNobodyIn, nor use who is signed in.
func TestForeignPagesSignNobodyIn(t *testing.T) {
	f := setup(t)
	id := f.create()
	me := f.signedInAs(id, flowhq.RoleOwner)
	f.join("/admin/operators", "asha@example.com", flowhq.RoleViewer)
	me["Sec-Fetch-Site"] = []string{"cross-site"}
	f.send(call{method: "POST", path: "/portal/tenant/session/stop", header: me}, 403)
	foreign := http.Header{"Authorization": nil, "Origin": {"https://evil.example"}}
	f.send(call{method: "POST", path: "/auth/sign-in", header: foreign,
		body: signInBodyOf("asha@example.com", "a long sentence")}, 403)
	f.send(call{method: "POST", path: "/auth/link", header: foreign,
		body: fmt.Sprintf(`{"token":%q,"password":"a long sentence"}`, access.NewToken())}, 403)
}

// A later is a store some time later, for who waits after wrong passwords.
type later struct {
	*store.Store
	passed time.Duration
}

func (l *later) SignInWait(ctx context.Context, email, address string) (time.Duration, error) {
	wait, err := l.Store.SignInWait(ctx, email, address)
	return wait - l.passed, err
}

// TestAccountIsLocked: guesses at one account are refused, whether there is such an account or not,
// and the events of it are few.
func TestAccountIsLocked(t *testing.T) {
	clock := &later{}
	f := setup(t, func(o *Options) { clock.Store = o.Accounts.(*store.Store); o.Accounts = clock })
	f.join("/admin/operators", "asha@example.com", flowhq.RoleViewer)
	for _, email := range []string{"asha@example.com", "nobody@example.com"} {
		enter := func(password string, status int) answer {
			t.Helper()
			return f.send(call{method: "POST", path: "/auth/sign-in", header: anonymous,
				body: signInBodyOf(email, password)}, status)
		}
		for range 5 {
			enter("guess", 401)
		}
		for range 3 {
			got := enter("a long sentence", 429).Header.Get("Retry-After")
			if s, err := strconv.Atoi(got); err != nil || s > 30 || s < 15 {
				t.Errorf("%s: Retry-After = %q", email, got)
			}
		}
		f.api.auth.limiter = newPasswordLimiter()
	}
	clock.passed = 30 * time.Second
	f.send(call{method: "POST", path: "/auth/sign-in", header: anonymous,
		body: signInBodyOf("asha@example.com", "a long sentence")}, 200)
	var actors []string
	eventually(t, "two events", func() bool {
		actors = nil
		for _, e := range f.get("/admin/fleet").json.(node)["events"].([]any) {
			if e.(node)["type"] == "ACCOUNT_LOCKED" {
				actors = append(actors, e.(node)["actor"].(string))
			}
		}
		return len(actors) >= 2
	})
	slices.Sort(actors)
	if want := []string{"127.0.0.1", "operator asha@example.com (127.0.0.1)"}; !slices.Equal(actors, want) {
		t.Errorf("locked: %q; want %q", actors, want)
	}
}

// TestBurstOfGuesses: guesses that come at the same time are no more than those one after the
// other, but for those that are being hashed just then.
func TestBurstOfGuesses(t *testing.T) {
	f := setup(t)
	f.join("/admin/operators", "asha@example.com", flowhq.RoleViewer)
	const burst, beingHashed = 40, 4
	statuses := make(chan int, burst)
	for range burst {
		go func() {
			q, _ := http.NewRequestWithContext(t.Context(), "POST", f.url+"/auth/sign-in",
				strings.NewReader(signInBodyOf("asha@example.com", "guess")))
			q.Header.Set("Content-Type", "application/json")
			res, err := http.DefaultClient.Do(q)
			if err != nil {
				statuses <- 0
				return
			}
			_ = res.Body.Close()
			statuses <- res.StatusCode
		}()
	}
	got := map[int]int{}
	for range burst {
		got[<-statuses]++
	}
	// 503 is for those who waited longer than a request may.
	if got[401] > store.WrongPerAddress+beingHashed || got[401]+got[429]+got[503] != burst {
		t.Errorf("statuses %v; want at most %d of 401, and else 429 or 503", got,
			store.WrongPerAddress+beingHashed)
	}
}

// TestSignInInput names what is wrong.
func TestSignInInput(t *testing.T) {
	f := setup(t)
	id := f.create()
	users := "/admin/tenants/" + string(id) + "/users"
	for _, tt := range []struct {
		method, path, body string
		fields             []string
	}{
		{"POST", "/auth/sign-in", `{}`, []string{"email", "password"}},
		{"POST", "/auth/sign-in", signInBodyOf("a@example.com", strings.Repeat("x", 801)),
			[]string{"password"}},
		{"POST", "/auth/sign-in", signInBodyOf(strings.Repeat("x", 255), "x"), []string{"email"}},
		{"POST", "/auth/sign-in", `{"email":"a@example.com","password":"x","otp":"1"}`, []string{"otp"}},
		{"POST", "/auth/link", `{"token":"x","password":"x"}`, []string{"token", "password"}},
		{"POST", "/admin/operators", `{}`, []string{"email", "name", "role"}},
		{"POST", "/admin/operators", `{"email":"Asha <a@example.com>","name":"\u0000","role":"STAFF"}`, []string{"email", "name", "role"}},
		{"POST", "/admin/operators", `{"email":"аsha@example.com","name":"A","role":"OWNER"}`,
			[]string{"email"}},
		{"POST", users, `{"email":"a@example.com","name":"A","role":"OPERATOR"}`, []string{"role"}},
		{"POST", "/admin/keys", `{}`, []string{"name", "scopes", "scopes"}},
		{"POST", "/admin/keys", `{"name":"k","scopes":["own"]}`, []string{"scopes"}},
		{"POST", "/admin/keys", `{"name":"k","scopes":["read","read"]}`, []string{"scopes"}},
		{"POST", "/admin/keys", `{"name":"k","scopes":["read"],"expires_in_days":0}`,
			[]string{"expires_in_days"}},
		{"POST", "/admin/tenants/" + string(id) + "/keys", `{"name":"k","scopes":["metrics"]}`,
			[]string{"scopes"}},
	} {
		got := f.send(call{method: tt.method, path: tt.path, body: tt.body}, 400).fields()
		if tt.fields = slices.Compact(tt.fields); !slices.Equal(slices.Compact(got), tt.fields) {
			t.Errorf("%s %s %.100s: fields %v; want %v", tt.method, tt.path, tt.body, got, tt.fields)
		}
	}
	f.send(call{method: "PATCH", path: "/admin/operators/" + never, body: `{}`}, 400)
	for _, path := range []string{"/admin/operators/" + never, "/admin/operators/x", users + "/" + never} {
		f.send(call{method: "PATCH", path: path, body: `{"name":"x"}`}, 404)
		f.send(call{method: "POST", path: path + "/link"}, 404)
	}
	for _, path := range []string{"users", "keys"} {
		f.send(call{method: "GET", path: "/admin/tenants/" + never + "/" + path}, 404)
	}
	f.send(call{method: "DELETE", path: "/admin/keys/" + never}, 404)
	f.send(call{method: "POST", path: "/admin/tenants/" + never + "/users",
		body: `{"email":"a@example.com","name":"A","role":"OWNER"}`}, 404)
}

// TestPortal: a tenant's own people work under a path that names no tenant, and what they see of
// operators is that there are some.
func TestPortal(t *testing.T) {
	f := setup(t)
	id, other := f.create(), f.create()
	f.send(call{method: "POST", path: "/admin/tenants/" + string(id) + "/session/start"}, 202)
	owner, staff := f.signedInAs(id, flowhq.RoleOwner), f.signedInAs(id, flowhq.RoleStaff)
	ask := func(who http.Header, method, path, body string, status int) answer {
		t.Helper()
		return f.send(call{method: method, path: "/portal/tenant" + path, header: who.Clone(),
			body: body}, status)
	}
	f.contains(ask(staff, "GET", "", "", 200).json, `{"id": "`+string(id)+`"}`)
	started := ask(owner, "POST", "/session/stop", "", 202)
	at := started.Header.Get("Location")
	if !strings.HasPrefix(at, "/portal/tenant/commands/") {
		t.Errorf("Location: %s", at)
	}
	f.contains(f.send(call{method: "GET", path: at, header: owner.Clone()}, 200).json, `{"command": "stop"}`)
	made := ask(staff, "POST", "/contacts", `{"number":"+255700000001"}`, 201)
	if at := made.Header.Get("Location"); !strings.HasPrefix(at, "/portal/tenant/contacts/") {
		t.Errorf("Location: %s", at)
	}
	contact := fmt.Sprintf("/contacts/%.0f", made.json.(node)["id"])
	ask(staff, "POST", contact+"/messages", `{"text":"it is ready"}`, 202)
	ask(staff, "POST", contact+"/give-back", "", 200)
	ask(staff, "PATCH", "/profile", `{"currency":"KES"}`, 403)

	read := ask(owner, "GET", "/profile", "", 200)
	owner["If-Match"] = []string{read.Header.Get("ETag")}
	f.contains(ask(owner, "PATCH", "/profile", `{"currency":"KES"}`, 200).json, `{"currency": "KES"}`)
	ask(owner, "PATCH", "/profile", `{"currency":"TZS"}`, 412)
	delete(owner, "If-Match")
	f.send(call{method: "PATCH", path: "/admin/tenants/" + string(id) + "/profile",
		body: `{"currency":"TZS"}`}, 200)
	ask(owner, "POST", "/profile/versions/1/restore", "", 200)
	f.contains(ask(staff, "GET", "/profile", "", 200).json, `{"currency": "KES"}`)
	ask(staff, "POST", "/preview", `{"messages":[{"text":"hello"}]}`, 200)
	if got := ask(owner, "GET", "/profile/versions", "", 200).names("versions",
		"actor"); got[1] != "operator" || !strings.HasPrefix(got[0], "user p") {
		t.Errorf("versions by %q", got)
	}
	for _, actor := range append(ask(staff, "GET", "/events", "", 200).names("events", "actor"),
		ask(staff, "GET", "/commands", "", 200).names("commands", "actor")...) {
		if strings.HasPrefix(actor, "admin") || strings.HasPrefix(actor, "operator ") {
			t.Errorf("a user learns of %q", actor)
		}
	}
	secret := ask(owner, "POST", "/keys", `{"name":"shop","scopes":["read"]}`,
		201).json.(node)["secret"].(string)
	key := http.Header{"Authorization": {"Bearer " + secret}}
	f.contains(ask(key, "GET", "", "", 200).json, `{"id": "`+string(id)+`"}`)
	f.send(call{method: "GET", path: "/admin/tenants/" + string(id), header: key}, 200)
	f.send(call{method: "GET", path: "/admin/tenants/" + string(other), header: key}, 404)
	made = ask(owner, "POST", "/users", `{"email":"juma@example.com","name":"Juma","role":"STAFF"}`, 201)
	account := made.json.(node)["account"].(node)["id"].(string)
	ask(owner, "POST", "/users/"+account+"/link", "", 200)
	ask(owner, "PATCH", "/users/"+account, `{"disabled":true}`, 200)
	f.send(call{method: "PATCH", path: "/admin/tenants/" + string(other) + "/users/" + account,
		body: `{"disabled":false}`}, 404)
	if got := ask(owner, "GET", "/users", "", 200).names("accounts", "email"); len(got) != 3 ||
		got[0] != "juma@example.com" {
		t.Errorf("users %v", got)
	}
}

// TestReadingIsNoted: whoever sees a code or takes the data along is in the history, once in a
// while.
func TestReadingIsNoted(t *testing.T) {
	f := setup(t)
	id := f.create()
	pairing(time.Minute)(f, id)
	owner := f.signedInAs(id, flowhq.RoleOwner)
	for range 3 {
		f.send(call{method: "GET", path: "/portal/tenant/qr", header: owner}, 200)
		f.send(call{method: "GET", path: "/portal/tenant/bookings.csv", header: owner}, 200)
		f.get("/admin/tenants/" + string(id) + "/qr.png")
	}
	var noted []string
	for _, e := range f.get("/admin/tenants/" + string(id) + "/events").json.(node)["events"].([]any) {
		if kind := e.(node)["type"].(string); kind == "CODE_READ" || kind == "DATA_EXPORTED" {
			who, _, _ := strings.Cut(e.(node)["actor"].(string), " ")
			noted = append(noted, kind+" by "+who)
		}
	}
	slices.Sort(noted)
	if want := []string{"CODE_READ by admin", "CODE_READ by user",
		"DATA_EXPORTED by user"}; !slices.Equal(noted, want) {
		t.Errorf("noted %q; want %q", noted, want)
	}
}
