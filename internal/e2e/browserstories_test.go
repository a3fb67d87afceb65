//go:build browser

package e2e

import (
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"path"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/flowhq/flowhq/internal/apiclient"
	"github.com/flowhq/flowhq/internal/demo"
	"github.com/flowhq/flowhq/internal/pages"
	"github.com/flowhq/flowhq/internal/phone"
)

// TestBrowser lives through what a newcomer, an operator and an owner do, in a browser and on the
// whole product.
func TestBrowser(t *testing.T) {
	b := newBrowser(t)
	s := newStand(t, "RATE_LIMIT_MAX_PER_CONTACT=100")
	t.Run("empty", func(t *testing.T) { s.emptyInstallation(b.tab(t)) })
	worker := s.worker("worker")
	shop := s.business(demo.Tenant(demo.Barber))
	s.must(s.call("PUT", shop.path()+"/profile", json.RawMessage(demo.JSON(demo.Barber)), nil))
	shop.link()
	amina, juma := s.customer("+255710000201", "Amina"), s.customer("+255710000202", "Juma")
	// Amina has not said yes yet, which is a newcomer's part. Juma's chat and booking are the
	// owner's: who takes over a chat stops the bot in it, whose answers a newcomer counts.
	s.says(amina, shop, "Hi, can I book a haircut?", "Haircut and beard, tomorrow at 10")
	s.says(juma, shop, "Hi, can I book a haircut?", "Haircut and beard, tomorrow at 12", "Yes")
	chat := s.chatOf(shop, juma)
	// A subtest that fails leaves the others something to tell. They run beside each other, as
	// people would, which takes half the time; what stops the API comes when nobody else looks.
	owner := b.tab(t)
	t.Run("together", func(t *testing.T) {
		for name, story := range map[string]func(t *testing.T){
			"newcomer": func(t *testing.T) { s.firstMinute(b.tab(t), worker) },
			"operator": func(t *testing.T) { s.operatorsTour(b.tab(t), shop, chat) },
			"owner":    func(t *testing.T) { s.ownersDay(owner.of(t), shop, chat) },
			// By keys alone, as the operator's search and the owner's answer to a customer.
			"applicant": func(t *testing.T) { s.applicantsRequest(b.tab(t)) },
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				story(t)
			})
		}
	})
	t.Run("components", func(t *testing.T) { components(b.tab(t)) })
	t.Run("print", func(t *testing.T) {
		p := b.tab(t)
		p.do(chromedp.Navigate(s.api + "/sign-in"))
		p.signIn("asha@example.com")
		p.until(`location.pathname === "/admin"`)
		s.printsLog(p, shop.path()+"/logs")
	})
	t.Run("slow line", func(t *testing.T) { s.slowLine(b.tab(t), shop) })
	t.Run("lost", func(t *testing.T) {
		s.lostMeanwhile(owner.of(t), chat, func(text string) error {
			_, err := juma.write(shop, text)
			return err
		})
	})
}

// firstMinute is what somebody does who opens the address that "task dev" prints: says yes, kills
// the worker, writes at once, and sees it come back with nothing lost.
func (s *stand) firstMinute(p *tab, worker *process) {
	t := p.t
	var running atomic.Pointer[process]
	running.Store(worker)
	site := httptest.NewServer(phone.New(phone.Stand{
		API:       apiclient.Client{Base: s.api, Password: password},
		Simulator: apiclient.Client{Base: s.sim},
		WorkerPID: func() int64 {
			if w := running.Load(); w != nil {
				return int64(w.cmd.Process.Pid)
			}
			return 0
		},
		KillWorker: func() error {
			running.Swap(nil).kill()
			return nil
		},
		Log: slog.New(slog.DiscardHandler),
	}))
	t.Cleanup(func() {
		site.CloseClientConnections() // a page that is open listens for minutes
		site.Close()
	})
	p.as(looks[0])
	p.do(chromedp.Navigate(site.URL + phone.Path + "?customer=%2B255710000201"))
	p.shows("#chat", "Hi, can I book a haircut?")
	p.press(".tries .chip") // "Yes"
	p.shows("#chat", "you are booked")
	p.shows("#operator", "confirmed")
	p.check("phone")

	p.press(".first-fault")
	p.shows("#operator", "dead; starts again")
	p.shows("#operator", "interrupted")
	p.do(chromedp.SendKeys(chromedp.CSS("#text"), "Where are you?\r"))
	p.shows("#operator", "1 message waits")
	if p.shots != "" {
		p.keep("phone-killed.png")
	}
	running.Store(s.worker("worker again"))
	p.shows("#chat", "Samora Avenue")
	const figures = `[...document.querySelectorAll(".figures b")].map(b => b.innerText).join(" ")`
	p.until(figures + ` === "4 4 0 0"`)

	// What was typed stays when it could not be sent, and two presses are one message.
	p.do(chromedp.SendKeys(chromedp.CSS("#text"), "Asante"))
	p.do(chromedp.Evaluate[chromedp.Void](
		`for (const _ of [1, 2]) document.querySelector(".write").requestSubmit()`))
	p.until(figures + ` === "5 5 0 0"`)
	if text := p.eval("document.getElementById('text').value"); text != "" {
		t.Errorf("the field still has %q", text)
	}
}

// components looks at all of them in every state, as operators and as a business see them.
func components(p *tab) {
	gallery, err := pages.Gallery()
	if err != nil {
		p.t.Fatal(err)
	}
	site := httptest.NewServer(gallery)
	p.t.Cleanup(site.Close)
	for name, path := range map[string]string{"": "", "-app": "?app=1"} {
		p.do(chromedp.Navigate(site.URL + pages.GalleryPath + path))
		p.check("ui" + name)
	}
}

// emptyInstallation has the first owner make themselves known, who finds nothing yet, and is told
// what to do.
func (s *stand) emptyInstallation(p *tab) {
	p.as(looks[0])
	p.do(chromedp.Navigate(s.api + "/sign-in"))
	p.check("sign-in")
	p.do(chromedp.Navigate(s.api + "/setup"))
	p.check("setup")
	p.fill("[name=admin_password]", password)
	p.fill("[name=name]", "Asha Mushi")
	p.fill("[name=email]", "asha@example.com")
	p.fill("[name=password]", "a long enough password")
	p.press("main button")
	p.until(`location.pathname === "/admin"`)
	for _, page := range []struct{ name, path, says string }{
		{"now", "/admin", "No worker runs."},
		{"tenants", "/admin/tenants", "No tenants yet"},
		{"requests", "/admin/setup-requests", "No requests"},
		{"workers", "/admin/workers", "No worker runs."},
		{"set-aside", "/admin/dead-letters", "Nothing is set aside"},
		{"set-aside-webhooks", "/admin/webhook-deliveries", "Nothing is set aside"},
		{"bulk", "/admin/bulk", "None yet"},
	} {
		p.do(chromedp.Navigate(s.api + page.path))
		p.shows("main", page.says)
		p.check("empty-" + page.name)
	}
}

// operatorsTour has an operator sign in and look at everything.
func (s *stand) operatorsTour(p *tab, shop *business, chat string) {
	p.as(looks[0])
	p.do(chromedp.Navigate(s.api + "/sign-in"))
	for _, on := range []string{"true", "false"} {
		p.eval(`document.querySelector("[name=password]").dispatchEvent(new KeyboardEvent("keyup",
			{key: "A", bubbles: true, modifierCapsLock: ` + on + `}))`)
		p.until(`document.getElementById("caps").hidden !== ` + on)
	}
	p.signIn("asha@example.com")
	p.until(`location.pathname === "/admin"`)
	for name, where := range map[string]string{
		"now": "/admin", "tenants": "/admin/tenants", "new-tenant": "/admin/tenants/new",
		"tenant": shop.path(),
		"link":   shop.path() + "/link", "timeline": shop.path() + "/timeline", "bot": shop.path() + "/bot",
		"workers": "/admin/workers", "requests": "/admin/setup-requests", "records": shop.path() + "/records",
		"log": shop.path() + "/logs", "settings": shop.path() + "/settings",
		"webhooks": shop.path() + "/webhooks",
		"people":   "/admin/people", "set-aside": "/admin/dead-letters", "bulk": "/admin/bulk",
		"set-aside-webhooks": "/admin/webhook-deliveries",
		"about":              "/admin/about", "audit": "/admin/audit", "chat": shop.path() + "/chats/" + path.Base(chat),
	} {
		p.do(chromedp.Navigate(s.api + where))
		p.check("admin-" + name)
	}
	s.partsOfPages(p, shop)
	// By keys alone: "n" makes a tenant, "/" searches, and the one that was found opens.
	p.do(chromedp.Navigate(s.api + "/admin/tenants"))
	p.do(chromedp.KeyEvent("n"))
	p.until(`location.pathname === "/admin/tenants/new"`)
	p.do(chromedp.Navigate(s.api + "/admin/tenants"))
	p.do(chromedp.KeyEvent("/"))
	p.until(`document.activeElement.matches("input[type=search], input[name=search]")`)
	// The browser's protocol types a key also if the page has taken it for itself.
	p.eval("document.activeElement.value = ''")
	// By its number: the applicant beside asks for a business of the same name.
	number := strings.TrimPrefix(shop.PhoneNumber, "+")
	p.do(chromedp.KeyEvent(number), chromedp.KeyEvent("\r"))
	p.until(`location.search.includes("search=` + number + `")`)
	p.shows("main", "Blue Door Barbers")
	p.do(chromedp.KeyEvent(kb.ArrowDown))
	p.until(`document.activeElement.matches('a[href="` + shop.path() + `"]')`)
	p.do(chromedp.KeyEvent("\r"))
	p.until(`location.pathname === ` + inQuotes(shop.path()))
	// And back, with what was looked for.
	p.back()
	p.until(`location.pathname === "/admin/tenants"`)
	p.shows("main", "Blue Door Barbers")
}

// ownersDay has an owner join, look around on a phone, answer a customer by keys alone, be signed
// out in the middle of a message, and lose the connection.
func (s *stand) ownersDay(p *tab, shop *business, chat string) {
	p.as(look{360, "light"})
	p.do(chromedp.Navigate(s.api + "/join?token=" + s.invite(shop, "mama@example.com")))
	p.check("join")
	p.fill("[name=password]", "a long enough password")
	p.press("main button")
	p.until(`location.pathname === "/app"`)
	for name, path := range map[string]string{
		"home": "/app", "chats": "/app/chats", "chat": chat,
		"records": "/app/records?kind=bookings", "orders": "/app/records?kind=orders&all=1",
		"link": "/app/link", "onboarding": "/app/onboarding", "bot": "/app/bot",
		"versions": "/app/bot/versions",
		"people":   "/app/people", "help": "/app/help", "more": "/app/more", "answerer": "/app/answerer",
	} {
		p.do(chromedp.Navigate(s.api + path))
		p.check("app-" + name)
	}
	s.ownersRecords(p)
	p.do(chromedp.Navigate(s.api + chat))
	p.tabTo(".write textarea")
	p.do(chromedp.KeyEvent("Karibu kesho"), chromedp.KeyEvent("\r"))
	p.shows("#bubbles", "Karibu kesho")

	// Two presses are one message.
	p.fill(".write textarea", "Mara moja tu")
	p.do(chromedp.Evaluate[chromedp.Void](
		`for (const _ of [1, 2]) document.querySelector(".write").requestSubmit()`))
	p.shows("#bubbles", "Mara moja tu")
	p.do(chromedp.Navigate(s.api + chat))
	const count = `document.getElementById("bubbles").innerText.split("Mara moja tu").length - 1`
	if n := p.eval(count); n != "1" {
		p.t.Errorf("what was sent twice at once is there %s times", n)
	}
	s.expiredMeanwhile(p, shop)
	p.do(chromedp.Navigate(s.api + chat))
	s.signedOutMeanwhile(p)
	// The page before it comes back whole, and from there the way leads on again.
	p.do(chromedp.Navigate(s.api + "/app/records?kind=bookings"))
	p.back()
	p.shows("#bubbles", "Usipotee")
}

// ownersRecords has the owner note something on a booking, take the bookings along, and invite
// somebody.
func (s *stand) ownersRecords(p *tab) {
	p.do(chromedp.Navigate(s.api + "/app/records?kind=bookings"))
	p.press("details summary")
	p.fill("details [name=note]", "Anataka Juma")
	p.press("details button")
	p.shows("article", "Anataka Juma")
	for _, file := range []string{"bookings.csv?bom=true", "bookings.ics"} {
		p.do(chromedp.Evaluate[chromedp.Void](`fetch("/portal/tenant/` + file +
			`").then(r => r.text().then(t => { window.file = r.status + t; }))`))
		p.until(`window.file?.startsWith("200") && window.file.includes("Anataka Juma")`)
		p.do(chromedp.Evaluate[chromedp.Void]("delete window.file"))
	}
	p.do(chromedp.Navigate(s.api + "/app/people"))
	p.fill("[name=name]", "Juma")
	p.fill("[name=email]", "juma@example.com")
	p.press(`form[action="/app/people"] button`)
	p.until(`document.querySelector("input[readonly]")?.value.includes("/join?token=")`)
}

// signedOutMeanwhile ends the sign-in while a message is being typed.
func (s *stand) signedOutMeanwhile(p *tab) {
	p.fill(".write textarea", "Usipotee")
	p.signOut()
	p.do(chromedp.Evaluate[chromedp.Void](`document.querySelector(".write").requestSubmit()`))
	p.until(`document.querySelector("[name='kept.text']")`)
	p.check("kept")
	p.signIn("mama@example.com")
	p.shows("main", "Usipotee")
	p.check("resume")
	p.press("main form button")
	p.shows("#bubbles", "Usipotee")
}

// lostMeanwhile stops the API while a chat is open, and starts it again.
func (s *stand) lostMeanwhile(p *tab, chat string, write func(text string) error) {
	p.do(chromedp.Navigate(s.api + chat))
	p.shows("#bubbles", "Usipotee")
	p.failuresExpected(true)
	s.apiProc.kill()
	p.until(`!document.getElementById("offline").hidden`)
	// What happens meanwhile is there afterwards, without anybody's doing.
	if err := write("Mko wazi kesho?"); err != nil {
		p.t.Fatal(err)
	}
	addr := strings.TrimPrefix(s.api, "http://")
	s.apiProc = s.start("api again", []string{"HTTP_ADDR=" + addr}, "api")
	s.apiProc.attr("listening for requests", "addr")
	p.until(`document.getElementById("offline").hidden`)
	p.failuresExpected(false)
	p.shows("#bubbles", "Usipotee")
	p.shows("#bubbles", "Mko wazi kesho?")
}
