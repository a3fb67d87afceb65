//go:build browser

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/demo"
)

// applicantsRequest has an owner ask for a bot by keys alone, from the invitation to the request.
// Each field says as one types what is right or wrong with it.
func (s *stand) applicantsRequest(p *tab) {
	tenant := demo.Tenant(demo.Barber)
	tenant.Name, tenant.PhoneNumber = "keys", "+255712345670"
	tenant.Language = flowhq.Swahili
	shop := s.business(tenant)
	p.as(look{360, "light"})
	p.do(chromedp.Navigate(s.api + "/join?token=" + s.invite(shop, "keys@example.com")))
	p.tabTo("[name=password]")
	p.do(chromedp.KeyEvent("a long enough password"), chromedp.KeyEvent("\r"))
	p.until(`location.pathname === "/app/onboarding"`)
	const number = "[name=whatsapp_number]"
	p.clear("[name=business_name]", number)
	p.tabTo("[name=business_name]")
	p.do(chromedp.KeyEvent("Duka la Asha"))
	p.shows("#check-business_name", "Duka la Asha")
	p.tabTo("[name=template_type]")
	p.tabTo(number)
	p.do(chromedp.KeyEvent("0712345678"))
	p.shows("#check-whatsapp_number", "+255 712 345 678")
	p.check("app-apply")
	p.clear(number)
	p.do(chromedp.KeyEvent("+255 712 345 678"))
	p.shows("#check-whatsapp_number", "(Tanzania)")
	p.do(chromedp.KeyEvent("\r"))
	p.shows(".progress .done", "Umeomba")
	p.check("app-asked")
	// Where nothing is yet, it says what will be there.
	for path, says := range map[string]string{
		"/app/chats": "Bado hakuna mazungumzo", "/app/records?all=1": "yataonekana hapa",
	} {
		p.do(chromedp.Navigate(s.api + path))
		p.shows("main", says)
		p.check("app-empty-" + strings.TrimPrefix(strings.TrimSuffix(path, "?all=1"), "/app/"))
	}
}

// clear empties fields without leaving the one that has the focus.
func (p *tab) clear(selectors ...string) {
	p.t.Helper()
	for _, selector := range selectors {
		p.until("document.querySelector(" + inQuotes(selector) + ")")
		p.eval("document.querySelector(" + inQuotes(selector) + ").value = ''")
	}
}

// A line is how slow the owner's connection is: that of a cheap phone far from the mast.
const (
	lineBytesPerSecond = 400_000 / 8
	lineLatencyMS      = 400
)

// Bounds of the design for what a page weighs, with all it loads and the headers of the answers.
const (
	maxFirstBytes = 60 << 10
	maxLaterBytes = 15 << 10
	// maxFirstWait is until the page can be used. A busy machine takes longer than a line.
	maxFirstWait = 3 * time.Second
)

// A visitCost is what a page took until it could be used.
type visitCost struct {
	Bytes int     // that came over the line
	Ready float64 // ms
	Files int
}

// cost measures the page that is open, by the browser's own account. What comes by the feed and
// later is not counted.
func (p *tab) cost() (c visitCost) {
	p.t.Helper()
	p.until(`performance.getEntriesByType("navigation")[0].loadEventEnd > 0`)
	raw := p.eval(`(() => {
		const page = performance.getEntriesByType("navigation")[0];
		const later = ["fetch", "xmlhttprequest", "other"];
		const files = performance.getEntriesByType("resource").filter((f) =>
			!later.includes(f.initiatorType));
		return JSON.stringify({Bytes: [page, ...files].reduce((sum, f) => sum + f.transferSize, 0),
			Ready: page.domContentLoadedEventEnd, Files: files.length});
	})()`)
	if err := json.Unmarshal([]byte(raw), &c); err != nil {
		p.t.Fatal(err)
	}
	return c
}

// slowLine has an owner open their pages for the first time over a bad line.
func (s *stand) slowLine(p *tab, shop *business) {
	t := p.t
	p.as(look{360, "light"})
	// Signing in costs nothing of the bound: what is measured begins with an empty cache.
	p.do(chromedp.Navigate(s.api + "/join?token=" + s.invite(shop, "slow@example.com")))
	p.fill("[name=password]", "a long enough password")
	p.press("main button")
	p.until(`location.pathname === "/app"`)
	p.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		if _, err := chromedp.Call(ctx, network.ClearBrowserCache, cdp.Empty{}); err != nil {
			return err
		}
		return nil
	}))
	p.line(lineLatencyMS, lineBytesPerSecond)
	p.do(chromedp.Navigate(s.api + "/app"))
	first := p.cost()
	t.Logf("first visit: %d bytes in %d files besides the page, usable after %.0f ms",
		first.Bytes, first.Files, first.Ready)
	if first.Bytes > maxFirstBytes || first.Files == 0 {
		t.Errorf("the first visit takes %d bytes; want %d at most", first.Bytes, maxFirstBytes)
	}
	if wait := time.Duration(first.Ready * float64(time.Millisecond)); wait > maxFirstWait {
		t.Errorf("/app is usable after %v; want %v at most", wait, maxFirstWait)
	}
	for _, path := range []string{
		"/app/chats", "/app/records?kind=bookings", "/app/bot", "/app/people", "/app/help", "/app",
	} {
		p.do(chromedp.Navigate(s.api + path))
		later := p.cost()
		t.Logf("%s: %d bytes, usable after %.0f ms", path, later.Bytes, later.Ready)
		if later.Bytes > maxLaterBytes {
			t.Errorf("%s takes %d bytes; want %d at most", path, later.Bytes, maxLaterBytes)
		}
	}
	s.loadsLate(p)
}

// expiredMeanwhile signs an owner out in the middle of a long form, and has it sent after signing
// in.
func (s *stand) expiredMeanwhile(p *tab, shop *business) {
	p.do(chromedp.Navigate(s.api + "/app/bot/words"))
	p.fill("[name='texts.thanks.sw']", "Karibu tena sana")
	p.signOut()
	p.press("form#bot .save button")
	p.until(`document.querySelector("[name='kept.texts.thanks.sw']")`)
	p.signIn("mama@example.com")
	p.shows("main", "Karibu tena sana")
	p.press("main form button")
	p.until(`location.pathname.startsWith("/app/bot/words")`)
	p.shows("main", "Karibu tena sana")
	var profile struct {
		Texts map[string]struct{ SW string }
	}
	eventually(p.t, patience, func() error {
		_, err := s.call("GET", shop.path()+"/profile", nil, &profile)
		if err == nil && profile.Texts["thanks"].SW != "Karibu tena sana" {
			err = fmt.Errorf("the bot says %q for thanks", profile.Texts["thanks"].SW)
		}
		return err
	})
}

// back goes to the page before, which the browser may have kept as it was: such a page is not
// loaded again, so nobody waits for that.
func (p *tab) back() {
	p.t.Helper()
	p.eval("history.back()")
}

// partsOfPages looks at what pages show for a moment: a question before something is done, a part
// that failed, the head of a long table, and pages that are not there or not for everybody.
func (s *stand) partsOfPages(p *tab, shop *business) {
	p.do(chromedp.Navigate(s.api + "/admin/nothing"))
	p.shows("main", "There is no such page.")
	p.check("not-found")
	p.do(chromedp.Navigate(s.api + "/app"))
	p.shows("main", "This page is for a business's own people.")
	p.shows("main", "Request ")
	p.check("forbidden")

	p.do(chromedp.Navigate(s.api+"/admin/audit"), chromedp.EmulateViewport(1280, 300))
	p.until(`document.querySelector(".scroll.fits")`)
	p.eval("scrollTo(0, document.body.scrollHeight)")
	p.until(`document.querySelector("thead th").getBoundingClientRect().top === 0 &&
		document.querySelector("tbody tr").getBoundingClientRect().bottom < 0`)

	p.do(chromedp.Navigate(s.api + shop.path()))
	p.as(looks[0])
	p.press(`form[action$="/session/stop"] button`)
	p.until(`document.getElementById("ask").open`)
	p.check("dialog")
	p.press(`#ask button[value=""]`)
	p.until(`!document.getElementById("ask").open && location.pathname === ` + inQuotes(shop.path()))

	// A question about many says how many they are.
	p.do(chromedp.Navigate(s.api + "/admin/tenants?search=" + url.QueryEscape(shop.PhoneNumber)))
	p.press("tbody [name=tenants]")
	p.press("#ticked button")
	p.shows("#ask", "tart those that are ticked, 1 in all?")
	p.press(`#ask button[value=""]`)

	// Of a page on which nothing loads meanwhile: that would show that it goes on.
	p.do(chromedp.Navigate(s.api + "/admin/about"))
	p.eval(`document.dispatchEvent(new CustomEvent("htmx:responseError",
		{detail: {elt: document.getElementById("main")}}))`)
	p.until(`!document.getElementById("toast").hidden`)
	p.check("toast")
	p.press("#toast button")
	p.until(`document.getElementById("toast").hidden`)
}

// signOut ends the sign-in, as time does.
func (p *tab) signOut() {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, network.ClearBrowserCookies, cdp.Empty{})
		return err
	}))
}

// signIn fills in the form of the page that is open.
func (p *tab) signIn(email string) {
	p.t.Helper()
	p.fill("[name=email]", email)
	p.fill("[name=password]", "a long enough password")
	p.press(`form[action="/sign-in"] button`)
}
