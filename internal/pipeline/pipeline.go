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
	Unanswered(ctx context.Context, tenant flowhq.TenantID, after int64, limit int) ([]flowhq.Message, error)
	Unsent(ctx context.Context, tenant flowhq.TenantID, after int64, limit int) ([]flowhq.Message, error)
	RecentReplies(ctx context.Context, tenant flowhq.TenantID, since time.Time) ([]store.Reply, error)
	Conversation(ctx context.Context, tenant flowhq.TenantID, id int64) ([]byte, error)
	Answer(ctx context.Context, tenant flowhq.TenantID, epoch, id int64, o store.Outcome) (reply int64, done bool, err error)
	SetOutbound(ctx context.Context, tenant flowhq.TenantID, epoch int64, waID string, status flowhq.MessageStatus, reason string) error
	Receipts(ctx context.Context, tenant flowhq.TenantID, epoch int64, rs []store.Receipt) error
	Try(ctx context.Context, tenant flowhq.TenantID, epoch, id int64) (tries int, err error)
	SetAside(ctx context.Context, tenant flowhq.TenantID, epoch, id int64, reason string) error
}

// Options is what a Pipeline is made of.
type Options struct {
	Tenant flowhq.TenantID
	Epoch  int64 // of the host; carried by every write
	Config flowhq.Config
	Store  Store
	// Send hands one text to WhatsApp under the given id. nil means that the
	// server acknowledged it, code Refused that it never will; after any other
	// error the outcome is unknown and it is called again with the same id.
	Send  func(ctx context.Context, chat, id, text string) error
	NewID func() string // a fresh WhatsApp message id
	// Metrics counts what becomes of the messages; nil = nobody reads it.
	Metrics *metrics.Worker
	Log     *slog.Logger
	Now     func() time.Time // nil = time.Now
}

// A Pipeline handles one tenant's messages. Make it with New, then call Fill,
// then let messages in through Receive, then Start, and Stop in the end.
type Pipeline struct {
	Options
	limit    *limiter
	receipts *receipts

	ctx    context.Context // ends when Stop runs out of patience
	cancel context.CancelFunc
	work   sync.WaitGroup // one per busy chat, and the receipts
	failed chan error     // room for the first failure

	mu      sync.Mutex
	config  flowhq.Config
	chats   map[int64]*chat // the busy ones, by contact
	merged  map[int64]int64 // contacts that do not exist any more, and which they are now
	inHand  map[int64]bool  // ids of the messages that are queued or being handled
	started bool
	stopped bool
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
		Options: o, limit: newLimiter(),
		ctx: ctx, cancel: cancel, failed: make(chan error, 1),
		config: o.Config, chats: make(map[int64]*chat), merged: make(map[int64]int64), inHand: make(map[int64]bool),
	}
	p.receipts = newReceipts(p)
	return p
}

// fillPage is how many rows are read at a time to fill the queues.
const fillPage = 500

// Fill queues what earlier hosts left: replies that were written but perhaps not
// sent, then messages that were recorded but not answered. It must be called
// before the session connects, so that older rows are queued before newer ones.
func (p *Pipeline) Fill(ctx context.Context) error {
	recent, err := p.Store.RecentReplies(ctx, p.Tenant, p.Now().Add(-flowhq.ContactWindow))
	if err != nil {
		return err
	}
	p.limit.refill(recent)
	return p.Refill(ctx)
}

// Refill queues what is in the rows and not in hand, as after an operator had a
// message tried again: first replies to send, then messages to answer.
func (p *Pipeline) Refill(ctx context.Context) error {
	err := pages(func(after int64) ([]flowhq.Message, error) {
		return p.Store.Unsent(ctx, p.Tenant, after, fillPage)
	}, func(m flowhq.Message) { p.enqueue(job{reply: &m, found: true}) })
	if err != nil {
		return err
	}
	return pages(func(after int64) ([]flowhq.Message, error) {
		return p.Store.Unanswered(ctx, p.Tenant, after, fillPage)
	}, func(m flowhq.Message) { p.admit(ctx, job{question: m, found: true}) })
}

// pages calls each with every message of a list that is read in pages by id.
func pages(read func(after int64) ([]flowhq.Message, error), each func(flowhq.Message)) error {
	for after := int64(0); ; {
		page, err := read(after)
		if err != nil {
			return err
		}
		for _, m := range page {
			each(m)
			after = m.ID
		}
		if len(page) < fillPage {
			return nil
		}
	}
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
	p.stopped = true
	p.mu.Unlock()
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
