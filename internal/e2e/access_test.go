package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
)

// An asker is who asks an API, by one header.
type asker struct {
	s             *stand
	header, value string
}

// asks makes a request to an API, which must answer with the status, and returns the answer's JSON
// and its cookie, "" if there is none.
func (a asker) asks(base, method, path, body string, status int) (answer map[string]any, cookie string) {
	a.s.t.Helper()
	req, err := http.NewRequestWithContext(a.s.t.Context(), method, base+path, strings.NewReader(body))
	a.s.ok(err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if a.header != "" {
		req.Header.Set(a.header, a.value)
	}
	res, err := a.s.client(base).Do(req)
	a.s.ok(err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	a.s.ok(err)
	if res.StatusCode != status {
		a.s.t.Fatalf("%s %s: %s: %s; want %d", method, path, res.Status, raw, status)
	}
	a.s.ok(json.Unmarshal(raw, &answer))
	for _, c := range res.Cookies() {
		cookie = c.Name + "=" + c.Value
	}
	return answer, cookie
}

func (s *stand) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestPeopleAndKeys: who is known to one API process is known to all, also after a kill, and who is
// not any more is so everywhere at once.
func TestPeopleAndKeys(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	b := s.business(barbers)
	var invited struct{ Token string }
	s.must(s.call("POST", b.path()+"/users",
		flowhq.NewAccount{Email: "juma@example.com", Name: "Juma", Role: flowhq.RoleOwner}, &invited))
	stranger := asker{s: s}
	_, cookie := stranger.asks(s.api, "POST", "/auth/link",
		fmt.Sprintf(`{"token":%q,"password":"a long sentence"}`, invited.Token), 200)
	owner := asker{s, "Cookie", cookie}
	made, _ := owner.asks(s.api, "POST", "/portal/tenant/keys", `{"name":"web shop","scopes":["read"]}`, 201)
	shop := asker{s, "Authorization", "Bearer " + made["secret"].(string)}
	var operators struct{ Secret string }
	s.must(s.call("POST", "/admin/keys",
		flowhq.NewAPIKey{Name: "script", Scopes: []flowhq.Scope{flowhq.ScopeRead}}, &operators))

	s.serve() // kills the API and starts another
	second := "http://" + s.start("api-2", []string{"HTTP_ADDR=127.0.0.1:0"},
		"api").attr("listening for requests", "addr")
	for _, base := range []string{s.api, second} {
		for _, who := range []asker{owner, shop} {
			if got, _ := who.asks(base, "GET", "/portal/tenant", "", 200); got["id"] != string(b.id) {
				t.Errorf("GET /portal/tenant = %v; want tenant %s", got["id"], b.id)
			}
			who.asks(base, "GET", "/admin/tenants", "", 403)
		}
		stranger.asks(base, "POST", "/auth/sign-in",
			`{"email":"juma@example.com","password":"a long sentence"}`, 200)
	}
	cmd := s.operator(t.Context(), "list")
	cmd.Env = append(cmd.Env, "ADMIN_PASSWORD=", "FLOWHQ_KEY="+operators.Secret)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), string(b.id)) {
		t.Errorf("list with a key: %v\n%s", err, out)
	}

	owner.asks(s.api, "DELETE", "/portal/tenant/keys/"+made["id"].(string), "", 200)
	shop.asks(second, "GET", "/portal/tenant", "", 401)
	owner.asks(s.api, "POST", "/auth/sign-out", "", 200)
	owner.asks(second, "GET", "/portal/tenant", "", 401)
	if s.events(b.id, flowhq.EventKeyCreated) != 1 || s.events(b.id, flowhq.EventKeyRevoked) != 1 ||
		s.events(b.id, flowhq.EventSignedIn) != 3 {
		t.Error("the tenant's history lacks the key or the sign-ins")
	}
}
