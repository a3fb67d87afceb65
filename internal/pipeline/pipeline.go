package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/metrics"
	"github.com/flowhq/flowhq/internal/store"
)

// Store is what the pipeline needs of the rows. *store.Store is one.
type Store interface {
	Receive(ctx context.Context, tenant flowhq.TenantID, epoch int64, in store.Inbound) (store.Received, error)
	InboundID(ctx context.Context, tenant flowhq.TenantID, in store.Inbound) (id int64, other bool, err error)
	Revise(ctx context.Context, tenant flowhq.TenantID, epoch, id int64, r store.Revision) error
	SetTimer(ctx context.Context, tenant flowhq.TenantID, epoch int64, in store.Inbound, t flowhq.Timer) (store.Received, error)
	Unanswered(ctx context.Context, tenant flowhq.TenantID, after int64, limit int) ([]flowhq.Message, error)
	Unsent(ctx context.Context, tenant flowhq.TenantID, after int64, limit int) ([]flowhq.Message, error)
	RecentReplies(ctx context.Context, tenant flowhq.TenantID, since time.Time) ([]store.Reply, error)
	WordlessAnswered(ctx context.Context, tenant flowhq.TenantID, id int64, within time.Duration) (bool, error)
	Conversation(ctx context.Context, tenant flowhq.TenantID, id int64) (store.Conversation, error)
	Answer(ctx context.Context, tenant flowhq.TenantID, epoch, id int64, o store.Outcome) (reply int64, done bool, err error)
	SetOutbound(ctx context.Context, tenant flowhq.TenantID, epoch int64, waID string, status flowhq.MessageStatus, reason string) error
	Receipts(ctx context.Context, tenant flowhq.TenantID, epoch int64, rs []store.Receipt) error
	Try(ctx context.Context, tenant flowhq.TenantID, epoch, id int64) (tries int, err error)
	SetAside(ctx context.Context, tenant flowhq.TenantID, epoch, id int64, reason string) error
	Mute(ctx context.Context, tenant flowhq.TenantID, epoch, id int64, length time.Duration, reason string) (until time.Time, err error)
	AddEventEvery(ctx context.Context, every time.Duration, e flowhq.Event) error
}

// Options is what a Pipeline is made of.
type Options struct {
	Tenant flowhq.TenantID
	Epoch  int64 // of the host; carried by every write
	Config flowhq.Config
	Store  Store
	// Send hands one text to WhatsApp under the given id and timer, when its turn has come. nil
	// means that the server acknowledged it, code Refused that it never will, Unsent
	// that its turn did not come; after any other error the outcome is unknown. It is
	// called again with the same id. It bounds its attempt, but for the wait until
	// its turn, which lasts as long as the session.
	Send func(ctx context.Context, chat, id, text string, timer flowhq.Timer) error
	// ReplyID is the WhatsApp id of what answers a message, always the same for one
	// message and kind; see [whatsapp.ReplyID].
	ReplyID func(question flowhq.Message, kind flowhq.Kind) string
	// Metrics counts what becomes of the messages; nil = nobody reads it.
	Metrics *metrics.Worker
	Log     *slog.Logger
	Now     func() time.Time // nil = time.Now
}

// A Pipeline handles one tenant's messages. Make it with New, then call Fill,
// then let messages in through Receive, then Start, and Stop in the end.
type Pipeline struct {
	Options
	limit     *limiter
	exchanges exchanges
	receipts  *receipts

	ctx    context.Context // ends when Stop runs out of patience
	cancel context.CancelFunc
	work   sync.WaitGroup // one per busy chat, and the receipts
	failed chan error     // room for the first failure

	refilling sync.Mutex    // held by the one Refill that reads
	stopping  chan struct{} // closed by Stop

	mu      sync.Mutex
	config  flowhq.Config
	chats   map[int64]*chat // the busy ones, by contact
	merged  map[int64]int64 // contacts that do not exist any more, and which they are now
	inHand  map[int64]bool  // ids of the messages that are queued or being handled
	writing map[int64]bool  // ids of the questions whose replies are being written
	over    finished
	started bool
	stopped bool
	owed    bool // a Refill is
	paying  bool // somebody sees to that

	delayNoted time.Time // when the operator was told that replies wait
}

// New returns a Pipeline that holds nothing and does nothing yet. ctx bounds its
// life.
func New(ctx context.Context, o Options) *Pipeline {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewWorker(metrics.NewRegistry())
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &Pipeline{
		Options: o, limit: newLimiter(o.Config, o.Now),
		ctx: ctx, cancel: cancel, failed: make(chan error, 1), stopping: make(chan struct{}),
		config: o.Config, chats: make(map[int64]*chat), merged: make(map[int64]int64), inHand: make(map[int64]bool),
		writing: make(map[int64]bool),
	}
	p.receipts = newReceipts(p)
	return p
}

// Start lets the queued messages be handled. Call it when the session is online;
// a second call changes nothing.
func (p *Pipeline) Start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started || p.stopped {
		return
	}
	p.started = true
	for _, c := range p.chats {
		p.begin(c)
	}
}

// Stop takes no further message from the queues and waits for those in hand.
// When ctx ends first they are cut off, and left to the next host. No goroutine
// is left when it returns. It may be repeated.
func (p *Pipeline) Stop(ctx context.Context) {
	p.mu.Lock()
	if !p.stopped {
		p.stopped = true
		close(p.stopping)
	}
	p.mu.Unlock()
	p.limit.stop()
	p.receipts.stop()
	idle := make(chan struct{})
	go func() { p.work.Wait(); close(idle) }()
	select {
	case <-idle:
	case <-ctx.Done():
	}
	p.cancel()
	<-idle
}

// Failed delivers the error that ended the pipeline, at most once.
func (p *Pipeline) Failed() <-chan error { return p.failed }

// SetConfig changes the config from the next message on.
func (p *Pipeline) SetConfig(c flowhq.Config) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.config = c
	p.limit.configure(c)
}

func (p *Pipeline) currentConfig() flowhq.Config {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.config
}

// fail ends the pipeline. Only the first failure is told.
func (p *Pipeline) fail(err error) {
	select {
	case p.failed <- err:
		if code := flowhq.ErrorCode(err); code != flowhq.Fenced && code != flowhq.NotFound {
			p.Log.Error("the pipeline failed", "err", err)
		}
	default:
	}
	p.cancel()
}

// Retries of a write whose failure may pass.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 2 * time.Second
)

// errEnded says that the pipeline ended before something was done. The rows are as
// they were, for the next host.
var errEnded = errors.New("the pipeline has ended")

// persist runs a write until the database has taken it. It fails with errEnded, or
// with what the database has against this very write.
func (p *Pipeline) persist(what string, write func(ctx context.Context) error) error {
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		err := write(p.ctx)
		switch flowhq.ErrorCode(err) {
		case "":
			return nil
		case flowhq.Fenced, flowhq.NotFound:
			p.fail(err)
			return errEnded
		}
		if p.ctx.Err() != nil {
			return errEnded
		}
		if flowhq.ErrorCode(err) != flowhq.Unavailable {
			return fmt.Errorf("%s: %w", what, err)
		}
		p.Log.Warn("could not write; trying again", "what", what, "err", err)
		if !p.pause(wait) {
			return errEnded
		}
	}
}

// rest is pause for what need not be finished before a stop.
func (p *Pipeline) rest(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.stopping:
		return false
	case <-p.ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// pause waits, and returns false if the pipeline ended meanwhile.
func (p *Pipeline) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
