//go:build browser

package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/flowhq/flowhq/internal/chromium"
)

// axe is axe-core of Deque, under the MPL 2.0 beside it: it finds what people who see or point
// badly cannot use. It runs in the tests' browser only and is part of no program.
//
//go:embed testdata/axe/axe-4.14.1.min.js
var axe string

// axeHash is the file's SHA-256, as the package registry has it: nobody reads half a megabyte of
// somebody else's script in a review.
const axeHash = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"

func TestAxeIsWhatItWas(t *testing.T) {
	if sum := sha256.Sum256([]byte(axe)); hex.EncodeToString(sum[:]) != axeHash {
		t.Error("testdata/axe was changed")
	}
}

// browserPath is the path of a browser. Whether to do without one is decided before the test
// begins.
func browserPath(tb testing.TB) string {
	tb.Helper()
	path, err := chromium.Find(tb.Context(), func(what string) { tb.Log(what) })
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

// A browser is a Chromium that reaches this machine alone.
type browser struct {
	t   testing.TB
	ctx context.Context
	// shots is the folder for pictures, "" for none; see `task screenshots`.
	shots string
}

func newBrowser(t testing.TB) *browser {
	t.Helper()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(browserPath(t)), chromedp.DisableGPU,
		// Root has no sandbox, and CI is root. The pages are our own.
		chromedp.NoSandbox,
		// Whatever it would look up, also of its own accord, it does not find.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"),
		chromedp.Flag("disable-component-update", true),
		chromedp.UserDataDir(t.TempDir()),
	)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	// The first tab starts the browser, and ends it.
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return &browser{t, ctx, os.Getenv("FLOWHQ_SCREENSHOTS")}
}

// A tab is a window with a visitor of its own, who notices whatever a page does wrong.
type tab struct {
	*browser
	t   testing.TB
	ctx context.Context
	*faults
}

// faults are what a page did wrong.
type faults struct {
	mu sync.Mutex // guards what follows
	// wrong are console errors, reports of the policy, and requests that would leave the machine.
	wrong []string
	// expectsFailures is set while answers fail on purpose.
	expectsFailures bool
}

// of is the same window in another test, which fails for what goes wrong from now on.
func (p *tab) of(t testing.TB) *tab {
	q := &tab{p.browser, t, p.ctx, p.faults}
	t.Cleanup(q.isClean)
	return q
}

// tab opens a window without cookies.
func (b *browser) tab(t testing.TB) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &tab{b, t, ctx, &faults{}}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, p.notice); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.isClean)
	return p
}

// notice keeps what must not happen. It is called from the loop that reads the browser's messages.
func (f *faults) notice(event any) {
	what := ""
	f.mu.Lock()
	defer f.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		what = "exception: " + e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			what += " " + e.ExceptionDetails.Exception.Description
		}
	case *runtime.EventConsoleAPICalled:
		// htmx says there that a request failed.
		if f.expectsFailures {
			return
		}
		if e.Type == runtime.ConsoleAPICalledTypeError ||
			e.Type == runtime.ConsoleAPICalledTypeWarning {
			what = fmt.Sprintf("console: %s", e.Type)
			for _, arg := range e.Args {
				what += " " + string(arg.Value)
			}
			// The requests of a page that is left end nowhere, and htmx says so if that page comes
			// back. An answer that fails is told by its status below.
			if strings.Contains(what, "htmx:sendError") || strings.Contains(what, "htmx:afterRequest") {
				return
			}
		}
	case *cdplog.EventEntryAdded:
		// The policy's reports are among these. That an answer failed is told by its status below.
		if e.Entry.Level == cdplog.EntryLevelError && e.Entry.Source != cdplog.EntrySourceNetwork {
			what = "log: " + e.Entry.Text
		}
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if err != nil || (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "ws") &&
			u.Hostname() != "127.0.0.1" {
			what = "a request for " + e.Request.URL
		}
	case *network.EventResponseReceived:
		// Pages answer with failures on purpose. What they load never does.
		if e.Response.Status >= 400 && e.Type != network.ResourceTypeDocument &&
			!f.expectsFailures {
			what = fmt.Sprintf("%d for %s", int(e.Response.Status), e.Response.URL)
		}
	}
	if what != "" {
		f.wrong = append(f.wrong, what)
	}
}

// isClean fails the test for whatever was noticed.
func (p *tab) isClean() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, what := range p.wrong {
		p.t.Error(what)
	}
	p.wrong = nil
}

// failuresExpected says whether what pages load may fail from now on.
func (f *faults) failuresExpected(yes bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.expectsFailures = yes
}

// do runs steps and fails the test with the first one that fails.
func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("at %s: %v", p.eval("location.href"), err)
	}
}

// eval is a value of the page, as text.
func (p *tab) eval(expression string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	s, err := chromedp.Run(ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return s
}

// until waits until an expression is true in the page. A page that is being left has no values, so
// only time ends the waiting.
func (p *tab) until(expression string) {
	p.t.Helper()
	eventually(p.t, patience, func() error {
		ctx, cancel := context.WithTimeout(p.ctx, patience)
		defer cancel()
		// What is there instead comes with the answer: by a second question the page may have been
		// left, and would have no body.
		const instead = "location.href + `:\\n` + document.body?.innerText"
		missing, err := chromedp.Run(ctx,
			chromedp.Evaluate[string]("Boolean("+expression+") ? `` : "+instead))
		if err == nil && missing != "" {
			err = fmt.Errorf("%s is not so at %.2000s", expression, missing)
		}
		return err
	})
}

// shows waits until a part of the page has a text.
func (p *tab) shows(selector, text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("document.querySelector(%s)?.innerText.includes(%s)", inQuotes(selector),
		inQuotes(text)))
}

func inQuotes(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// press clicks what a selector finds first.
func (p *tab) press(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector)))
}

// fill types into a field what somebody would.
func (p *tab) fill(selector, text string) {
	p.t.Helper()
	p.eval("document.querySelector(" + inQuotes(selector) + ").value = ''")
	p.do(chromedp.SendKeys(chromedp.CSS(selector), text))
}

// tabTo presses Tab until what has the focus matches a selector: what nobody can get to by keys is
// not there for who has no mouse.
func (p *tab) tabTo(selector string) {
	p.t.Helper()
	const most = 60
	for range most {
		p.do(chromedp.KeyEvent("\t"))
		if p.eval("document.activeElement.matches("+inQuotes(selector)+")") == "true" {
			return
		}
	}
	p.t.Fatalf("%d times Tab do not lead to %s", most, selector)
}

// A look is how a page is looked at.
type look struct {
	width  int64
	scheme string
}

// looks are the sizes and schemes of the design.
var looks = []look{{1280, "light"}, {1280, "dark"}, {360, "light"}, {360, "dark"}}

// as looks at the page in some way from now on.
func (p *tab) as(l look) {
	p.t.Helper()
	height := int64(800)
	if l.width < 600 {
		height = 740
	}
	p.do(chromedp.EmulateViewport(l.width, height),
		chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{
					{Name: "prefers-color-scheme", Value: l.scheme},
					{Name: "prefers-reduced-motion", Value: "reduce"},
				},
			})
			return err
		}))
	// The page has heard of its new width before anybody looks at it.
	p.do(chromedp.Evaluate[chromedp.Void](`new Promise((done) => {
		requestAnimationFrame(() => requestAnimationFrame(done));
		setTimeout(done, 500);
	})`, chromedp.EvalAwaitPromise))
}

// tooSmall lists what is there to be touched and is less than 44 px high. Links within a text are as
// high as their line. What a label surrounds is touched by it.
const tooSmall = `[...document.querySelectorAll("button, input, select, textarea, summary, .button, nav a")]
	.filter((e) => e.type !== "hidden" && e.checkVisibility({visibilityProperty: true}))
	.map((e) => [e, ["checkbox", "radio"].includes(e.type) ? e.closest("label") : e])
	.filter(([, e]) => e.getClientRects().length > 0 && e.getBoundingClientRect().height < 43.5)
	.map(([e]) => e.outerHTML.slice(0, 100)).slice(0, 5).join("\n")`

// check finds out whether people with other eyes and hands can use the page, whether it fits, and
// keeps a picture of it.
func (p *tab) check(name string) {
	p.t.Helper()
	for _, l := range looks {
		p.as(l)
		// What is wider than the screen scrolls sideways, and hides what it has.
		const beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
		if wide := p.eval(beyond); wide != "0" {
			p.t.Errorf("%s at %d px is %s px too wide", name, l.width, wide)
		}
		if small := p.eval(tooSmall); l.width < 600 && small != "" {
			p.t.Errorf("%s at %d px has less than 44 px to touch: %s", name, l.width, small)
		}
		err := p.accessible()
		// A part that has just come by itself is not complete for a moment.
		if err != nil {
			err = p.accessible()
		}
		if err != nil {
			p.t.Errorf("%s at %d px, %s: %v", name, l.width, l.scheme, err)
		}
		if p.shots != "" {
			p.keep(fmt.Sprintf("%s-%d-%s.png", name, l.width, l.scheme))
		}
	}
	p.as(looks[0])
}

// keep writes a picture of what is on the screen.
func (p *tab) keep(file string) {
	p.t.Helper()
	picture, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		picture, err = small(picture)
	}
	if err == nil {
		err = os.MkdirAll(p.shots, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(p.shots, file), picture, 0o644)
	}
	if err != nil {
		p.t.Error(err)
	}
}

// small makes a picture small enough to be kept in the repository: pages have few colours, and most
// of the others smooth the edges of letters.
func small(picture []byte) ([]byte, error) {
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		return nil, err
	}
	b := img.Bounds()
	uses := map[color.Color]int{}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			uses[img.At(x, y)]++
		}
	}
	colors := slices.SortedFunc(maps.Keys(uses), func(a, b color.Color) int {
		return uses[b] - uses[a]
	})
	const most = 128
	palette := color.Palette(colors[:min(len(colors), most)])
	nearest := map[color.Color]uint8{}
	for c := range uses {
		nearest[c] = uint8(palette.Index(c))
	}
	out := image.NewPaletted(b, palette)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			out.SetColorIndex(x, y, nearest[img.At(x, y)])
		}
	}
	var file bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&file, out)
	return file.Bytes(), err
}

// accessible returns what axe finds that is serious or worse.
func (p *tab) accessible() error {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	there, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean(window.axe)"))
	if err == nil && !there { // half a megabyte, hence once a page
		// The browser evaluates it for us: the page's policy would let no page do so.
		_, err = chromedp.Run(ctx, chromedp.Evaluate[bool]("(() => {"+axe+"})(); true"))
	}
	if err != nil {
		return err
	}
	const run = `axe.run(document, {resultTypes: ["violations"]}).then((r) => {
		const grave = r.violations.filter((v) => ["serious", "critical"].includes(v.impact));
		const part = (n) => n.html.slice(0, 200) + " " + n.failureSummary.slice(0, 300);
		return JSON.stringify(grave.map((v) => v.id + ": " + v.nodes.map(part).join("; ")));
	})`
	found, err := chromedp.Run(ctx, chromedp.Evaluate[string](run, chromedp.EvalAwaitPromise))
	if err != nil {
		return err
	}
	var all []string
	if err := json.Unmarshal([]byte(found), &all); err != nil {
		return err
	}
	if len(all) > 0 {
		return errors.New(strings.Join(all, "\n"))
	}
	return nil
}
