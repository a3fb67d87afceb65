package session

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/metrics"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
	"github.com/flowhq/flowhq/internal/whatsapp"
)

const (
	tenant  = flowhq.TenantID("tenant")
	version = "2.3000.1"
	device  = "255700000000:1@s.whatsapp.net"
)

var timing = hosting.Timing{Renewal: 5 * time.Second}

// rows is a database in memory, as far as a session needs one.
type rows struct {
	*testdb.Memory
	rest
	steps   []flowhq.Transition // that were recorded
	codes   []store.Codes       // of each step
	events  []flowhq.EventType
	device  string
	relink  bool
	stopped bool // by an operator, of whom Temporal could not tell
	refused store.Refusal
	hold    chan struct{} // what Tenant waits for; nil = nothing
	asked   bool          // somebody looks at the QR code
	number  string        // to make a link code for
}

// rest is nil: a session that needs more of the database panics. It lies deeper than Memory, whose
// methods would otherwise be ambiguous.
type rest struct{ Store }

func (r *rows) set(change func(*rows)) {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	change(r)
}

func (r *rows) DueHandOvers(context.Context, flowhq.TenantID, int) ([]store.DueHandOver,
	time.Duration, error) {
	return nil, 0, nil
}

func (r *rows) Tenant(context.Context, flowhq.TenantID) (flowhq.Tenant, error) {
	r.Mu.Lock()
	hold := r.hold
	r.Mu.Unlock()
	if hold != nil {
		<-hold
	}
	r.Mu.Lock()
	defer r.Mu.Unlock()
	return flowhq.Tenant{ID: tenant}, r.Away
}

func (r *rows) Device(context.Context, flowhq.TenantID) (string, error) {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	return r.device, r.Away
}

func (r *rows) RelinkAsked(context.Context, flowhq.TenantID) (bool, error) { return r.relink, nil }

func (r *rows) ConfirmNumber(context.Context, flowhq.TenantID, int64) (store.Linking, error) {
	return store.Linking{Confirmed: true}, nil
}

func (r *rows) Unlink(context.Context, flowhq.TenantID, int64) error {
	r.set(func(r *rows) { r.device = "" })
	return nil
}

func (r *rows) LinkCodeNumber(context.Context, flowhq.TenantID) (string, error) {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	return r.number, nil
}

func (r *rows) QRAsked(context.Context, flowhq.TenantID, time.Duration) (bool, error) {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	return r.asked, r.Away
}

func (r *rows) SetSession(
	_ context.Context, _ flowhq.TenantID, epoch int64, t flowhq.Transition, codes store.Codes,
) error {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	if r.Away != nil {
		return r.Away
	}
	if epoch != r.Epoch {
		return hosting.ErrFenced
	}
	r.steps, r.codes = append(r.steps, t), append(r.codes, codes)
	return nil
}

func (r *rows) AddEvent(_ context.Context, e flowhq.Event) error {
	r.set(func(r *rows) { r.events = append(r.events, e.Type) })
	return nil
}

func (r *rows) VersionRefused(context.Context, flowhq.TenantID, string) (store.Refusal, error) {
	return r.refused, nil
}

func (r *rows) TenantSnapshot(context.Context, flowhq.TenantID, int64) (store.TenantSnapshot, error) {
	r.Mu.Lock()
	defer r.Mu.Unlock()
	return store.TenantSnapshot{NeedsHost: !r.stopped}, r.Away
}

// The pipeline finds nothing to do.
func (r *rows) Unanswered(
	context.Context, flowhq.TenantID, int64, int,
) ([]flowhq.Message, error) {
	return nil, nil
}

func (r *rows) Unsent(context.Context, flowhq.TenantID, int64, int) ([]flowhq.Message, error) {
	return nil, nil
}

func (r *rows) RecentReplies(
	context.Context, flowhq.TenantID, time.Time,
) ([]store.Reply, error) {
	return nil, nil
}

// line is a connection to WhatsApp that does what a test says.
type line struct {
	device string
	events chan whatsapp.Event
	once   sync.Once
	over   chan struct{}
	end    *whatsapp.EndError
	codes  chan string // numbers that a link code was asked for
	caught chan struct{}
}

func newLine(device string) *line {
	return &line{
		device: device, events: make(chan whatsapp.Event, 8), over: make(chan struct{}),
		codes: make(chan string, 1), caught: make(chan struct{}),
	}
}

// ends has the connection end in that way.
func (l *line) ends(ending flowhq.Ending) {
	l.once.Do(func() {
		l.end = &whatsapp.EndError{Ending: ending, Reason: "it ended"}
		close(l.over)
		close(l.events)
	})
}

func (l *line) Events() <-chan whatsapp.Event { return l.events }
func (l *line) Err() *whatsapp.EndError {
	select {
	case <-l.over:
		return l.end
	default:
		return nil
	}
}
func (l *line) CaughtUp() <-chan struct{}    { return l.caught }
func (l *line) LastSeen() time.Time          { return time.Now() }
func (l *line) AskLinkCode(number string)    { l.codes <- number }
func (l *line) Unlink(context.Context) error { l.HangUp(); return nil }
func (l *line) HangUp()                      { l.ends(flowhq.EndFailed) }
func (l *line) Close(context.Context) error  { l.HangUp(); return nil }
func (l *line) Send(context.Context, flowhq.Message) error {
	return nil
}

// errOrder is Temporal's order to end.
var errOrder = errors.New("cancelled by Temporal")

// A world is a process with one session, on a clock of its own.
type world struct {
	*Process
	t         *testing.T
	rows      *rows
	lines     chan *line // that were dialled
	cancel    context.CancelCauseFunc
	mu        sync.Mutex
	beats     []hosting.Status
	asks      int
	answer    error // of Temporal to the next Ask
	lost      chan hosting.Status
	reports   []Report
	forgotten []string
}

func (w *world) Dial(
	_ context.Context, _, device string, _ whatsapp.Handler,
) (Conn, error) {
	l := newLine(device)
	w.lines <- l
	return l, nil
}

func (w *world) Forget(_ context.Context, device string) error {
	w.forgotten = append(w.forgotten, device)
	return nil
}

func (w *world) Report(_ context.Context, _ flowhq.TenantID, r Report) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reports = append(w.reports, r)
	return nil
}

func (w *world) Beat(now hosting.Status) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.beats = append(w.beats, now)
}

func (w *world) Ask(context.Context, hosting.Status) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asks++
	return w.answer
}

func (w *world) IsOrder(err error) bool { return errors.Is(err, errOrder) }
func (w *world) Lose(_ context.Context, last hosting.Status) error {
	w.lost <- last
	return nil
}

// last is the last heartbeat.
func (w *world) last() hosting.Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.beats[len(w.beats)-1]
}

// An ended session is what its run returned.
type ended struct {
	Outcome
	err error
}

// host runs one session, of a tenant whose phone is linked, in the world that prepare makes,
// and what a test does to it.
func host(
	t *testing.T, before hosting.Status, prepare func(*world),
	test func(w *world, result <-chan ended),
) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		log := slog.New(slog.DiscardHandler)
		r := &rows{Memory: testdb.NewMemory(version), device: device}
		w := &world{t: t, rows: r, lines: make(chan *line, 8), lost: make(chan hosting.Status, 1)}
		w.Process = &Process{
			Store: r, Network: w, Reports: w, Timing: timing, Name: "me", Log: log,
			Leases:      hosting.NewLeases(r, timing, log),
			Database:    hosting.NewDatabaseWatch(r, timing),
			Admission:   hosting.NewAdmission(r, nil, log),
			RateLimiter: hosting.NewRateLimiter(20), Slots: hosting.NewSlots(),
			Metrics: metrics.NewWorker(metrics.NewRegistry()),
		}
		prepare(w)
		if err := w.Admission.Open(t.Context(), version, ""); err != nil {
			t.Fatal(err)
		}
		background, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		defer all.Wait()
		defer stop()
		for _, run := range []func(context.Context){w.Leases.Run, w.Database.Run, w.Admission.Run} {
			all.Go(func() { run(background) })
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		w.cancel = cancel
		defer cancel(nil)
		result := make(chan ended, 1)
		all.Go(func() {
			out, err := w.Run(ctx, Input{Tenant: tenant, Floor: 7, Before: before}, w)
			result <- ended{out, err}
		})
		test(w, result)
	})
}

// online is the connection of a session that has come up.
func (w *world) online() *line {
	w.t.Helper()
	l := <-w.lines
	l.events <- whatsapp.Event{Kind: whatsapp.Online}
	synctest.Wait()
	w.rows.set(func(r *rows) {
		if n := len(r.steps); n == 0 || r.steps[n-1].State != flowhq.Connected {
			w.t.Errorf("it recorded %+v; want to be online", r.steps)
		}
	})
	return l
}

// ends is how the session ended: it must have by now, and have given its lease back.
func (w *world) ends(result <-chan ended) ended {
	w.t.Helper()
	synctest.Wait()
	select {
	case e := <-result:
		return e
	default:
		w.t.Fatal("the session has not ended")
		return ended{}
	}
}
