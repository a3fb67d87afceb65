package pipeline

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// Store is what the pipeline needs of the rows. *store.Store is one.
type Store interface {
	Receive(ctx context.Context, tenant flowhq.TenantID, epoch int64, in store.Inbound) (id int64, isNew bool, err error)
	Unanswered(ctx context.Context, tenant flowhq.TenantID, after int64, limit int) ([]flowhq.Message, error)
	Unsent(ctx context.Context, tenant flowhq.TenantID) ([]flowhq.Message, error)
	RecentReplies(ctx context.Context, tenant flowhq.TenantID, since time.Time) ([]store.Reply, error)
	Conversation(ctx context.Context, tenant flowhq.TenantID, chat string) ([]byte, error)
	Answer(ctx context.Context, tenant flowhq.TenantID, epoch, id int64, o store.Outcome) (reply int64, done bool, err error)
	SetOutbound(ctx context.Context, tenant flowhq.TenantID, epoch int64, waID string, status flowhq.MessageStatus, reason string) error
	Receipts(ctx context.Context, tenant flowhq.TenantID, epoch int64, rs []store.Receipt) error
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
	Log   *slog.Logger
	Now   func() time.Time // nil = time.Now
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
	chats   map[string]*chat // the busy ones
	started bool
	stopped bool
}

// New returns a Pipeline that holds nothing and does nothing yet. ctx bounds its
// life.
func New(ctx context.Context, o Options) *Pipeline {
	if o.Now == nil {
		o.Now = time.Now
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &Pipeline{
		Options: o, limit: newLimiter(),
		ctx: ctx, cancel: cancel, failed: make(chan error, 1),
		config: o.Config, chats: make(map[string]*chat),
	}
	p.receipts = newReceipts(p)
	return p
}

// fillPage is how many rows Fill reads at a time.
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
	unsent, err := p.Store.Unsent(ctx, p.Tenant)
	if err != nil {
		return err
	}
	for _, m := range unsent {
		p.enqueue(job{resend: true, message: m})
	}
	for after := int64(0); ; {
		page, err := p.Store.Unanswered(ctx, p.Tenant, after, fillPage)
		if err != nil {
			return err
		}
		for _, m := range page {
			p.admit(ctx, m)
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
		p.work.Go(func() { p.serve(c) })
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

// persist runs a write until it succeeds. It returns false if the pipeline ended
// first: the row is then as it was, for the next host.
func (p *Pipeline) persist(what string, write func(ctx context.Context) error) bool {
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		err := write(p.ctx)
		switch flowhq.ErrorCode(err) {
		case "":
			return true
		case flowhq.Fenced, flowhq.NotFound:
			p.fail(err)
			return false
		}
		if p.ctx.Err() != nil {
			return false
		}
		p.Log.Warn("could not write; trying again", "what", what, "err", err)
		if !p.pause(wait) {
			return false
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
