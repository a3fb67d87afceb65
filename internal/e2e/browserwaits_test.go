//go:build browser

package e2e

import (
	"context"
	"strconv"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// line has the tab wait so long for each answer from now on, and take so many bytes a second.
func (p *tab) line(latencyMS float64, bytesPerSecond float64) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, network.EmulateNetworkConditionsByRule,
			network.EmulateNetworkConditionsByRuleParams{
				MatchedNetworkConditions: []*network.Conditions{{
					Latency: latencyMS, DownloadThroughput: bytesPerSecond, UploadThroughput: bytesPerSecond,
				}},
			})
		return err
	}))
}

// Of the state of a list that loads.
const (
	loadsAfterMS = 300 // as the design has it: what is quicker changes in place
	slowAnswerMS = 1500
)

// watchList notes how long after the beginning of a request the list is dimmed, as window.dimmed, and
// whether a request has ended, as window.answered.
const watchList = `(() => {
	const list = () => document.querySelector("#chat-list");
	window.dimmed = window.answered = 0;
	let began = 0;
	document.body.addEventListener("htmx:beforeRequest", () => { began = performance.now(); });
	document.body.addEventListener("htmx:before:request", () => { began = performance.now(); });
	const first = list();
	const look = () => {
		if (began && !window.dimmed && getComputedStyle(list()).opacity < 0.99)
			window.dimmed = performance.now() - began;
		if (list() !== first) window.answered = performance.now() - began;
		else requestAnimationFrame(look);
	};
	look();
})()`

// loadsLate: a list that is searched is dimmed only when the answer takes longer than 300 ms.
func (s *stand) loadsLate(p *tab) {
	for _, slow := range []bool{false, true} {
		p.line(0, -1)
		p.do(chromedp.Navigate(s.api + "/app/chats"))
		if slow {
			p.line(slowAnswerMS, -1)
		}
		p.eval(watchList)
		p.fill(".look [name=search]", "a")
		p.until("window.answered > 0")
		dimmed, err := strconv.ParseFloat(p.eval("window.dimmed"), 64)
		switch {
		case err != nil:
			p.t.Fatal(err)
		case slow && dimmed < loadsAfterMS-20:
			p.t.Errorf("the list was dimmed after %.0f ms; want it after %d ms, and before the answer of %d ms",
				dimmed, loadsAfterMS, slowAnswerMS)
		case !slow && dimmed > 0:
			p.t.Errorf("the list was dimmed after %.0f ms; want an answer that is quick to change it in place",
				dimmed)
		}
	}
	p.line(0, -1)
}

// printsLog: on paper the log has neither menu nor buttons, and exact times.
func (s *stand) printsLog(p *tab, path string) {
	p.do(chromedp.Navigate(s.api + path))
	p.until(`document.querySelector("time[data-ago], time[data-moment]")`)
	p.do(chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia,
			emulation.SetEmulatedMediaParams{Media: "print"})
		return err
	}))
	const left = `[...document.querySelectorAll(".side, .tabs, .filters, .chips, .pager, .actions, button")]
		.filter((e) => e.checkVisibility()).map((e) => e.outerHTML.slice(0, 100)).join("\n")`
	if shown := p.eval(left); shown != "" {
		p.t.Errorf("on paper there is\n%s", shown)
	}
	const times = `[...document.querySelectorAll("time[data-ago], time[data-moment]")].filter((e) =>
		!e.title || getComputedStyle(e, "::after").content !== JSON.stringify(e.title) ||
		getComputedStyle(e).fontSize !== "0px").map((e) => e.outerHTML).join("\n")`
	if vague := p.eval(times); vague != "" {
		p.t.Errorf("on paper no exact times: %s", vague)
	}
}
