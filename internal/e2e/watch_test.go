package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	sdkpb "go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/advice"
)

// A watcher sees a tenant from all sides: the API, Temporal and the metrics.
type watcher struct {
	*stand
	home     *stand // whose processes outlive a subtest
	temporal client.Client
	workers  map[string]*process // those that run, by the name operators see
}

func watch(s *stand) *watcher {
	s.t.Helper()
	c, err := client.Dial(client.Options{HostPort: s.temporal, Namespace: "flowhq", Logger: silent{}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(c.Close)
	return &watcher{stand: s, home: s, temporal: c, workers: map[string]*process{}}
}

// silent is a logger for a client whose errors the test sees anyway.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}

// in is w for a subtest.
func (w *watcher) in(t testing.TB) *watcher {
	s := *w.stand
	s.t = t
	return &watcher{stand: &s, home: w.home, temporal: w.temporal, workers: w.workers}
}

// worker starts a worker that serves its metrics.
func (w *watcher) worker(name string, env ...string) *process {
	w.t.Helper()
	p := w.home.worker(name, append(env, "METRICS_ADDR=127.0.0.1:0")...)
	w.workers[p.attr("worker started", "name")] = p
	return p
}

// look makes sure that everybody learns how a row's tenant has ended.
func (w *watcher) look(r *row) {
	w.t.Helper()
	b := w.view(r.b)
	w.told(b, r.want)
	if r.rests == nil {
		b.connected(patience)
		w.shown(b, r.want, false)
	} else {
		w.atRest(b, r)
	}
	w.counted(r.want)
}

// view is b for a subtest.
func (w *watcher) view(b *business) *business {
	return &business{s: w.stand, id: b.id, NewTenant: b.NewTenant}
}

// told waits for the event.
func (w *watcher) told(b *business, want flowhq.Ending) {
	w.t.Helper()
	eventually(w.t, patience, func() error {
		var list struct{ Events []flowhq.Event }
		if _, err := w.call("GET", b.path()+"/events?limit=50", nil, &list); err != nil {
			return err
		}
		var types []flowhq.EventType
		for _, e := range list.Events {
			types = append(types, e.Type)
			if e.Type == want.Event() && e.Reason == "" {
				return fmt.Errorf("the event %s has no reason", e.Type)
			}
		}
		if !slices.Contains(types, want.Event()) {
			return fmt.Errorf("events of %s: %v; want %s among them", b.Name, types, want.Event())
		}
		return nil
	})
}

// atRest looks at a tenant that stays as it ended.
func (w *watcher) atRest(b *business, r *row) {
	w.t.Helper()
	b.becomes(patience, r.rests.tenant, r.rests.session, r.rests.worker)
	eventually(w.t, patience, func() error {
		t, err := b.read()
		if err != nil {
			return err
		}
		got := t.Session
		if got.Ending != r.want || got.NextStep != advice.NextStep(r.want) || got.Reason == "" {
			return fmt.Errorf("session %+v; want ending %s with its next step and a reason", got, r.want)
		}
		if waits := got.RetryAt != nil; waits != (r.want == flowhq.EndTempBanned) {
			return fmt.Errorf("it is tried again at %v", got.RetryAt)
		}
		return nil
	})
	w.shown(b, r.want, r.want.Attention())
}

// shown waits until the Web UI shows how the tenant ended last.
func (w *watcher) shown(b *business, want flowhq.Ending, attention bool) {
	w.t.Helper()
	id := "tenant:" + string(b.id)
	eventually(w.t, patience, func() error {
		described, err := w.temporal.DescribeWorkflow(w.t.Context(), id, "")
		if err != nil {
			return err
		}
		attributes := described.TypedSearchAttributes
		last, _ := attributes.GetKeyword(temporal.NewSearchAttributeKeyKeyword("LastEnding"))
		asks, _ := attributes.GetBool(temporal.NewSearchAttributeKeyBool("AttentionNeeded"))
		if last != string(want) || asks != attention {
			return fmt.Errorf("%s: LastEnding %s, AttentionNeeded %t; want %s, %t", b.Name, last,
				asks, want, attention)
		}
		var state struct {
			Session   flowhq.SessionState
			Ending    flowhq.Ending
			NeedsHost bool `json:"needs_host"`
		}
		v, err := w.temporal.QueryWorkflow(w.t.Context(), id, "", "status")
		if err == nil {
			err = v.Get(&state)
		}
		if err == nil && (state.Ending != want ||
			state.NeedsHost == (want.NonRetryable() && want != flowhq.EndTempBanned)) {
			err = fmt.Errorf("workflow state %+v; want ending %s", state, want)
		}
		return errors.Join(err, w.detailed(b, want, attention))
	})
}

// currentDetails is what the tenant's page in the Web UI says.
func currentDetails(ctx context.Context, c client.Client, b *business) (string, error) {
	v, err := c.QueryWorkflow(ctx, "tenant:"+string(b.id), "", "__temporal_workflow_metadata")
	if err != nil {
		return "", err
	}
	var page sdkpb.WorkflowMetadata
	err = v.Get(&page)
	return page.GetCurrentDetails(), err
}

// detailed reads the tenant's page.
func (w *watcher) detailed(b *business, want flowhq.Ending, attention bool) error {
	text, err := currentDetails(w.t.Context(), w.temporal, b)
	if err != nil {
		return err
	}
	if !strings.Contains(text, "| last ended | "+string(want)+",") || attention &&
		!strings.Contains(text, advice.NextStep(want)) {
		return fmt.Errorf("current details:\n%s\nwant %s, attention %t", text, want, attention)
	}
	return nil
}

// counted waits until a worker that runs has counted the end.
func (w *watcher) counted(want flowhq.Ending) {
	w.t.Helper()
	eventually(w.t, patience, func() error {
		n, err := w.metric(`flowhq_session_ends_total{ending="` + string(want) + `"}`)
		if err == nil && n == 0 {
			err = fmt.Errorf("no worker has counted an end %s", want)
		}
		return err
	})
}

// metric is the sum of a metric over all workers that run.
func (w *watcher) metric(series string) (sum float64, err error) {
	line := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (\S+)$`)
	for _, p := range w.workers {
		text, err := w.scrape("http://" + p.attr("serving metrics", "addr") + "/metrics")
		if err != nil {
			return 0, err
		}
		m := line.FindSubmatch(text)
		if m == nil {
			return 0, fmt.Errorf("%s has no metric %s", p.name, series)
		}
		n, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

func (w *watcher) scrape(url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

// cannotConnect has a tenant find no way to WhatsApp for a while.
func (w *watcher) cannotConnect(b *business, fault string, want flowhq.Ending) {
	w.t.Helper()
	b = w.view(b)
	w.fault(object{"kind": fault, "seconds": 600})
	inflict("drop")(b)
	w.ends(b, want)
	w.shown(b, want, want.Attention())
	w.fault(object{"kind": fault, "seconds": 0})
	b.command(flowhq.Restart) // or its backoff takes a while by now
	b.connected(patience)
	w.told(b, want)
	w.counted(want)
}

// ends waits until the tenant's row says how its session has ended.
func (w *watcher) ends(b *business, want flowhq.Ending) {
	w.t.Helper()
	eventually(w.t, patience, func() error {
		t, err := b.read()
		if err == nil && (t.Session.Ending != want || t.Session.NextStep != advice.NextStep(want)) {
			err = fmt.Errorf("session %+v; want ending %s", t.Session, want)
		}
		return err
	})
}

// proxied has a tenant on a worker that reaches WhatsApp through a proxy, which then
// refuses for a while.
func (w *watcher) proxied(b *business) {
	w.t.Helper()
	proxy := newProxy(w.t, w.variable("WHATSAPP_ADDR"))
	p := w.worker("proxied", "WORKER_CAPACITY=1", "WHATSAPP_PROXY="+proxy.URL)
	b = w.view(b)
	b.link()
	proxy.refuse(true)
	w.ends(b, flowhq.EndProxy)
	w.told(b, flowhq.EndProxy)
	w.shown(b, flowhq.EndProxy, true)
	w.counted(flowhq.EndProxy)
	proxy.refuse(false)
	b.connected(patience)
	w.gone(p, "next")
	p.terminate()
	p.ended(patience)
	b.connected(patience)
}

// hosted is a tenant that is connected on a worker with room for more than one, and
// that worker.
func (w *watcher) hosted() (*business, *process) {
	w.t.Helper()
	for n := 1; ; n++ {
		var page struct{ Tenants []flowhq.Tenant }
		w.must(w.call("GET", fmt.Sprintf("/admin/tenants?session=CONNECTED&search=tenant-%02d", n),
			nil, &page))
		for _, t := range page.Tenants {
			if p := w.workers[t.Host.Worker]; p != nil && p.name != "quiet" {
				return &business{s: w.stand, id: t.ID, NewTenant: tenantNumber(n)}, p
			}
		}
		if n > len(endings()) {
			w.t.Fatal("no tenant is connected")
		}
	}
}

// gone takes a worker off the list, and has another take its place.
func (w *watcher) gone(p *process, next string) {
	w.worker(next)
	for name, q := range w.workers {
		if p == q {
			delete(w.workers, name)
		}
	}
}

func (w *watcher) draining() {
	w.t.Helper()
	b, p := w.hosted()
	before := b.epoch()
	w.gone(p, "third")
	p.terminate()
	b.replaced(before)
	w.told(b, flowhq.EndDraining)
	w.shown(b, flowhq.EndDraining, false)
	w.counted(flowhq.EndDraining)
	p.ended(patience)
}

func (w *watcher) killed() {
	w.t.Helper()
	b, p := w.hosted()
	before := b.epoch()
	w.gone(p, "fourth")
	p.kill()
	b.replaced(before)
	w.told(b, flowhq.EndWorkerLost)
	w.shown(b, flowhq.EndWorkerLost, false)
	w.counted(flowhq.EndWorkerLost)
}

// databaseLost takes the database away until the number is off the air.
func (w *watcher) databaseLost(b *business) {
	w.t.Helper()
	b = w.view(b)
	w.stopDatabase()
	eventually(w.t, patience, func() error {
		var phone struct{ Devices []struct{ Connected bool } }
		_, err := w.simulate("GET", "/phones/"+escape(b.PhoneNumber), nil, &phone)
		if err == nil && phone.Devices[0].Connected {
			err = errors.New("it is still on the air")
		}
		return err
	})
	wait(w.t, 2*time.Second) // long enough for the hosts to see that they cannot tell
	w.startDatabase()
	b.connected(patience)
	w.told(b, flowhq.EndDatabaseLost)
	w.shown(b, flowhq.EndDatabaseLost, false)
	w.counted(flowhq.EndDatabaseLost)
}
