package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
)

// A visitor is a browser without a window: it follows redirects and keeps cookies.
type visitor struct {
	t    testing.TB
	base string
	http http.Client
}

func (s *stand) visitor() *visitor {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &visitor{s.t, s.api, http.Client{Jar: jar}}
}

// A sight is the page that a visitor has come to.
type sight struct {
	path   string
	status int
	html   string
	header http.Header
}

// see asks for a page; with a form, it sends the form.
func (v *visitor) see(path string, form url.Values) sight {
	v.t.Helper()
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, body)
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	res, err := v.http.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	html, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return sight{res.Request.URL.Path, res.StatusCode, string(html), res.Header}
}

// shows reports what a page lacks of some texts.
func (p sight) shows(texts ...string) error {
	for _, text := range texts {
		if !strings.Contains(p.html, text) {
			return fmt.Errorf("%s (%d) does not show %q:\n%s", p.path, p.status, text, p.html)
		}
	}
	return nil
}

// at fails the test unless a visitor came to a path with a status and reads some texts there.
func (v *visitor) at(p sight, path string, status int, texts ...string) {
	v.t.Helper()
	if p.path != path || p.status != status {
		v.t.Fatalf("came to %s with status %d; want %s with %d\n%s", p.path, p.status, path, status, p.html)
	}
	if err := p.shows(texts...); err != nil {
		v.t.Fatal(err)
	}
	if policy := p.header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self'") {
		v.t.Errorf("%s has the policy %q", path, policy)
	}
}

// TestPages lives through what an operator does in the first five minutes, and what the business
// sees of it.
func TestPages(t *testing.T) {
	s := newStand(t)
	s.worker("worker")
	operator := s.visitor()

	operator.at(operator.see("/admin/tenants", nil), "/sign-in", 200, `value="/admin/tenants"`)
	wrong := url.Values{"email": {"nobody@example.com"}, "password": {"not the right one"}}
	operator.at(operator.see("/sign-in", wrong), "/sign-in", 401, "is wrong", "nobody@example.com")
	first := url.Values{
		"admin_password": {"not the right one"}, "name": {"Asha"}, "email": {"asha@example.com"},
		"password": {"a long enough password"},
	}
	operator.at(operator.see("/setup", first), "/setup", 401, "The admin password is wrong.",
		"asha@example.com")
	first.Set("admin_password", password)
	first.Set("password", "short")
	operator.at(operator.see("/setup", first), "/setup", 422, `id="password-error"`)
	first.Set("password", "a long enough password")
	operator.at(operator.see("/setup", first), "/admin", 200, "No tenants yet", "asha@example.com")

	form := url.Values{
		"name": {"Duka <b>Jipya</b>"}, "phone_number": {"0712"}, "template_type": {"SUPPORT"},
		"language": {"SW"},
	}
	operator.at(operator.see("/admin/tenants/new", form), "/admin/tenants/new", 400,
		`id="phone_number-error"`, "Duka &lt;b&gt;Jipya&lt;/b&gt;")
	form.Set("phone_number", "+255700000001")
	created := operator.see("/admin/tenants/new", form)
	id := strings.TrimSuffix(strings.TrimPrefix(created.path, "/admin/tenants/"), "/link")
	tenant := "/admin/tenants/" + id
	operator.at(created, tenant+"/link", 200, "Duka &lt;b&gt;Jipya&lt;/b&gt;")
	eventually(t, patience, func() error {
		return operator.see(tenant+"/link/panel", nil).shows(`src="data:image/png;base64,`)
	})

	b := &business{s: s, id: flowhq.TenantID(id), NewTenant: flowhq.NewTenant{PhoneNumber: "+255700000001"}}
	s.must(s.simulate("POST", "/phones", map[string]any{"number": b.PhoneNumber, "name": "Duka"}, nil))
	b.scan()
	eventually(t, patience, func() error {
		return operator.see(tenant+"/link/panel", nil).shows("Linked and connected as", "255700000001")
	})
	s.talkOnPages(operator, b)
	operator.tells(tenant)
	operator.runs(tenant)
	s.ownPages(b)
}

// TestPagesWithoutDatabase: while the database is away a page says so, and what else is away, in
// the form of all pages; afterwards the visitor is where they were, and need not sign in again.
func TestPagesWithoutDatabase(t *testing.T) {
	s := newStand(t)
	operator := s.firstOwner()
	operator.at(operator.see("/admin/tenants/x", nil), "/admin/tenants/x", 404, "404", "Flow HQ")
	s.stopDatabase()
	for _, path := range []string{"/admin", "/admin/tenants", "/admin/about"} {
		operator.at(operator.see(path, nil), path, 503, "Nothing is lost", "PostgreSQL",
			"does not answer", "style.css")
	}
	operator.at(operator.see("/sign-in", nil), "/sign-in", 200, "Sign in")
	s.startDatabase()
	eventually(t, patience, func() error { return operator.see("/admin", nil).shows("No tenants yet") })
}

// tells has the visitor fill in what the bot may say, make mistakes, and try it.
func (v *visitor) tells(tenant string) {
	page := tenant + "/bot/products"
	v.at(v.see(tenant+"/bot", nil), tenant+"/bot", 200, `name="version" value="0"`)
	form := url.Values{
		"do": {"save"}, "version": {"0"}, "currency": {"TZS"},
		"products[0].name.en": {"Sugar <b>"}, "products[0].price": {"lots"},
	}
	v.at(v.see(page, form), page, 422, `value="lots"`, "Must be a whole number.", "Sugar &lt;b&gt;")
	form.Set("products[0].price", "-3")
	v.at(v.see(page, form), page, 400, `id="products[0].price-error"`, `value="-3"`)
	form.Set("products[0].price", "TSh 3,200/=")
	v.at(v.see(page, form), page, 200, "Saved. This changed:", "Sugar &lt;b&gt;", `name="version" value="1"`)
	form.Set("products[0].id", "sugar-b")
	form.Set("do", "try")
	form.Set("say", "how much is sugar?")
	v.at(v.see(page, form), page, 200, "how much is sugar?", "3,200")
	form.Set("do", "add")
	v.at(v.see(page, form), page, 200, `name="products[1].name.en"`)
	form.Set("do", "save")
	form.Set("version", "1")
	form.Set("products[0].price", "3300")
	v.at(v.see(page, form), page, 200, "<del>3200</del>", "<ins>3300</ins>", "Undo this change")
	form.Set("products[0].price", "3400")
	v.at(v.see(page, form), page, 412, "Somebody else has changed the bot", `value="3400"`,
		`name="version" value="2"`)
	v.at(v.see(page+"/undo/1", url.Values{}), page, 200, "<ins>3200</ins>", `name="version" value="3"`)
	v.at(v.see(tenant+"/bot/nothing", nil), tenant+"/bot/nothing", 404)
}

// runs has the visitor look at the log, change settings, make and revoke a key and invite somebody.
func (v *visitor) runs(tenant string) {
	log := tenant + "/logs"
	v.at(v.see(log+"?text=&direction=IN&status=&contact=&from=&to=", nil), log, 200,
		"Habari &lt;img src=x&gt;", "logs.csv?direction=IN")
	v.at(v.see(log+"?text=nothing+of+the+kind", nil), log, 200, "None fits")
	v.at(v.see(log+"?contact=x", nil), log, 400, "Must be the id of a contact")
	v.at(v.see(log+"?from=2001-01-01&to=2001-01-01", nil), log, 200, "None fits")

	page := tenant + "/settings"
	form := url.Values{
		"name": {"Duka"}, "business_name": {"Duka"}, "phone_number": {"+255700000001"},
		"template_type": {"SUPPORT"},
		"language":      {"SW"}, "replies_per_minute": {"100"}, "replies_per_contact": {"20"},
		"retention_days":        {"5"},
		"answer_within_minutes": {"1440"},
	}
	v.at(v.see(page, form), page, 400, `id="retention_days-error"`, `value="5"`)
	form.Set("retention_days", "soon")
	v.at(v.see(page, form), page, 422, `id="retention_days-error"`, `value="soon"`)
	form.Set("retention_days", "60")
	v.at(v.see(page, form), page, 200, "Saved.", `value="60"`)
	v.at(v.see(page+"/keys", url.Values{"key_name": {"till"}}), page+"/keys", 400,
		`id="scopes-error"`, `value="till"`)
	made := v.see(page+"/keys", url.Values{"key_name": {"till"}, "scopes": {"read"}})
	v.at(made, page+"/keys", 200, "The key till is made.")
	_, after, _ := strings.Cut(made.html, `action="`+page+`/keys/`)
	key, _, _ := strings.Cut(after, `/revoke"`)
	v.at(v.see(page+"/keys/"+key+"/revoke", url.Values{}), page, 200, "revoked")
	v.at(v.see(page+"/accounts", url.Values{"name": {"Juma"}, "email": {"juma"},
		"role": {"STAFF"}}), page+"/accounts", 400, `id="email-error"`)
	v.at(v.see(page+"/accounts", url.Values{"name": {"Juma"}, "email": {"juma@example.com"},
		"role": {"STAFF"}}),
		page+"/accounts", 200, "/join?token=")
	v.at(v.see(page+"/delete", url.Values{"confirm": {"duka"}}), page+"/delete", 422, "That is not its name.")

	hooks := tenant + "/webhooks"
	v.at(v.see(hooks, url.Values{"url": {"nowhere"}, "types": {"MESSAGE_RECEIVED"}}), hooks, 400,
		`id="url-error"`, `value="nowhere"`)
	for _, kind := range []string{"bookings", "orders", "tickets"} {
		v.at(v.see(tenant+"/records?kind="+kind, nil), tenant+"/records", 200, tenant+"/"+kind+".csv")
	}
	team := "/admin/people"
	invited := v.see(team+"/accounts", url.Values{"name": {"Neema"}, "email": {"neema@example.com"},
		"role": {"VIEWER"}})
	v.at(invited, team+"/accounts", 200, "Neema sets a password by this link.")
	begun := v.see("/admin/bulk", url.Values{"command": {"start"}, "key": {"k-1"},
		"search": {"Duka"}, "per_second": {"5"}})
	v.at(begun, begun.path, 200, "1 tenant", "up to 5 a second")
	again := v.see("/admin/bulk", url.Values{"command": {"start"}, "key": {"k-1"},
		"search": {"Duka"}, "per_second": {"5"}})
	v.at(again, begun.path, 200)
	v.at(v.see("/admin/bulk", nil), "/admin/bulk", 200, begun.path)
	fleet := url.Values{"paused": {"true"}, "reason": {"an outage"}}
	v.at(v.see("/admin/workers/fleet", fleet), "/admin/workers", 200, "Nobody reconnects: an outage")
	v.at(v.see("/admin/workers/fleet", url.Values{"paused": {"false"}}), "/admin/workers", 200,
		"Hold all reconnects back")
	v.at(v.see("/admin/dead-letters", nil), "/admin/dead-letters", 200, "Nothing is set aside")
	v.at(v.see("/admin/about", nil), "/admin/about", 200, "PostgreSQL", "htmx", "go.mau.fi/whatsmeow")
}

// talkOnPages has a customer write, and the operator read, take over and answer.
func (s *stand) talkOnPages(operator *visitor, b *business) {
	c := s.customer("+255711000001", "Amina <script>alert(1)</script>")
	if _, err := c.write(b, "Habari <img src=x>"); err != nil {
		s.t.Fatal(err)
	}
	tenant, chat := b.path(), ""
	eventually(s.t, patience, func() error {
		list := operator.see(tenant, nil)
		_, after, ok := strings.Cut(list.html, `href="`+tenant+"/chats/")
		if !ok {
			return errors.New("the chat is not listed")
		}
		number, _, _ := strings.Cut(after, `"`)
		chat = tenant + "/chats/" + number
		return list.shows("Amina &lt;script&gt;")
	})
	eventually(s.t, patience, func() error { // the customer's words, and the bot's answer
		return operator.see(chat, nil).shows("Habari &lt;img src=x&gt;", `class="bubble out"`)
	})
	operator.at(operator.see(chat+"/take", url.Values{}), chat, 200, "The bot is silent here")
	operator.at(operator.see(chat+"/write", url.Values{"text": {"Nakuja sasa hivi"}}), chat, 200,
		"Nakuja sasa hivi")
	operator.at(operator.see(chat+"/give-back", url.Values{}), chat, 200, "I&#39;ll take this one")
	eventually(s.t, patience, func() error {
		letters, err := c.inbox(b)
		if err != nil {
			return err
		}
		if len(letters) == 0 {
			return errors.New("the customer got nothing")
		}
		if last := letters[len(letters)-1]; last.Text != "Nakuja sasa hivi" {
			return fmt.Errorf("the customer got %q last", last.Text)
		}
		return nil
	})
}

// unreadOnPages has a customer write while a person answers: the list of chats counts it until
// somebody of the business opens the chat, and an operator's look changes nothing.
func (s *stand) unreadOnPages(owner *visitor, b *business) {
	c := s.customer("+255711000003", "Neema")
	s.says(c, b, "Habari")
	chat := s.chatOf(b, c)
	s.must(s.call("POST", b.path()+"/contacts"+strings.TrimPrefix(chat, "/app/chats")+"/hand-over", nil, nil))
	if _, err := c.write(b, "Upo hapo?"); err != nil {
		s.t.Fatal(err)
	}
	const unread = `class="unread"`
	eventually(s.t, patience, func() error {
		return owner.see("/app/chats", nil).shows("Upo hapo?", unread, "1 unread")
	})
	owner.at(owner.see("/app", nil), "/app", 200, "Upo hapo?", unread)
	s.must(s.call("GET", b.path()+"/contacts"+strings.TrimPrefix(chat, "/app/chats"), nil, nil))
	owner.at(owner.see("/app/chats?waiting=1", nil), "/app/chats", 200, "Upo hapo?", unread)
	if found := owner.see("/app/chats?search=nobody", nil); found.shows("Nobody has this name") != nil {
		s.t.Errorf("a search for nobody shows %s", found.html)
	}
	owner.at(owner.see(chat, nil), chat, 200, "Upo hapo?")
	if seen := owner.see("/app/chats", nil); seen.shows(unread) == nil {
		s.t.Errorf("what was opened is unread:\n%s", seen.html)
	}
}

// ownPages has a person of the business join, look around and stay out of the operators' pages.
func (s *stand) ownPages(b *business) {
	var invited struct{ Token string }
	s.must(s.call("POST", b.path()+"/users", map[string]string{
		"email": "mama@example.com", "name": "Mama", "role": "OWNER",
	}, &invited))
	owner := s.visitor()
	owner.at(owner.see("/join?token="+invited.Token, nil), "/join", 200, "Choose a password")
	joined := url.Values{"token": {invited.Token}, "password": {"a long enough password"}}
	owner.at(owner.see("/join", joined), "/app", 200, `lang="sw"`, "Bot yako inajibu wateja.", "255700000001")
	english := url.Values{"language": {"EN"}, "next": {"/app"}}
	owner.at(owner.see("/app/language", english), "/app", 200, `lang="en"`, "Your bot is answering.")
	owner.at(owner.see("/app/chats", nil), "/app/chats", 200, "Amina &lt;script&gt;")
	s.unreadOnPages(owner, b)
	for _, kind := range []string{"bookings", "orders", "tickets"} {
		owner.at(owner.see("/app/records?kind="+kind, nil), "/app/records", 200, "Records")
	}
	owner.at(owner.see("/app/onboarding", nil), "/app/onboarding", 200, "Put your bot on the air")
	owner.at(owner.see("/app/link", nil), "/app/link", 200, "Linked and connected as", "255700000001")
	owner.at(owner.see("/admin", nil), "/admin", 403, "You may not see this page.")
	owner.at(owner.see(b.path(), nil), b.path(), 403, "You may not see this page.")
	owner.at(owner.see("/no-such-page", nil), "/no-such-page", 404, "404")
	owner.at(owner.see("/sign-out", url.Values{}), "/sign-in", 200, "Sign in")
}

// says has a customer write to a business, a message after the answer to the one before.
func (s *stand) says(c *customer, to *business, texts ...string) {
	s.t.Helper()
	for i, text := range texts {
		if _, err := c.write(to, text); err != nil {
			s.t.Fatal(err)
		}
		s.answered(c, to, i+1)
	}
}

// chatOf is the page on which the owner of a business reads a customer's chat.
func (s *stand) chatOf(shop *business, c *customer) string {
	s.t.Helper()
	var list struct {
		Contacts []struct {
			ID     int64
			Number string
		}
	}
	s.must(s.call("GET", shop.path()+"/contacts", nil, &list))
	for _, contact := range list.Contacts {
		if contact.Number == c.number {
			return "/app/chats/" + strconv.FormatInt(contact.ID, 10)
		}
	}
	s.t.Fatalf("the business has no chat with %s", c.number)
	return ""
}

// answered waits until a customer has n messages of a business.
func (s *stand) answered(c *customer, by *business, n int) {
	s.t.Helper()
	eventually(s.t, patience, func() error {
		got, err := c.inbox(by)
		if err == nil && len(got) < n {
			err = fmt.Errorf("%d answers; want %d", len(got), n)
		}
		return err
	})
}
