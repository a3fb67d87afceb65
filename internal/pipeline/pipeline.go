package pipeline

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/metrics"
	"github.com/flowhq/flowhq/internal/reply"
	"github.com/flowhq/flowhq/internal/store"
)

// Store is what the pipeline needs of the database. *store.Store is one. Each method is one
// round trip or, where a contact has to be found out, one transaction. A method that takes
// an epoch writes nothing for a host that is not the newest, and fails with code Fenced.
type Store interface {
	// Receive records a message. It is where duplicates are found: a message that WhatsApp
	// delivers again is not New.
	Receive(
		ctx context.Context, tenant flowhq.TenantID, epoch int64, in store.Inbound,
	) (store.Received, error)
	// InboundID finds a message of a person, 0 if there is none; other says that another
	// person has one with this WhatsApp id.
	InboundID(
		ctx context.Context, tenant flowhq.TenantID, in store.Inbound,
	) (id int64, other bool, err error)
	// Revise records that the customer has changed or deleted a message.
	Revise(
		ctx context.Context, tenant flowhq.TenantID, epoch, id int64, r store.Revision,
	) error
	// SetTimer records the timer of a chat's disappearing messages.
	SetTimer(
		ctx context.Context, tenant flowhq.TenantID, epoch int64, in store.Inbound,
		t flowhq.DisappearingTimer,
	) (store.Received, error)
	// Unanswered and Unsent page through what is due: rows that are RECEIVED, and rows that
	// are PENDING or UNKNOWN.
	Unanswered(
		ctx context.Context, tenant flowhq.TenantID, after int64, limit int,
	) ([]flowhq.Message, error)
	Unsent(
		ctx context.Context, tenant flowhq.TenantID, after int64, limit int,
	) ([]flowhq.Message, error)
	// RecentReplies is what the rate limiter counts of earlier hosts.
	RecentReplies(
		ctx context.Context, tenant flowhq.TenantID, since time.Time,
	) ([]store.Reply, error)
	// WordlessAnswered reports whether the writer of a message was told within a time that
	// only text is read.
	WordlessAnswered(
		ctx context.Context, tenant flowhq.TenantID, id int64, within time.Duration,
	) (bool, error)
	// Conversation is the state that the writer of a message left, and until when that
	// contact is muted.
	Conversation(
		ctx context.Context, tenant flowhq.TenantID, id int64,
	) (store.Conversation, error)
	// SetTranscript stores what is said in a voice note.
	SetTranscript(
		ctx context.Context, tenant flowhq.TenantID, epoch, id int64, text string,
	) error
	// Profile is what the owner has told.
	Profile(ctx context.Context, tenant flowhq.TenantID) (flowhq.Profile, error)
	// ReceiveOwn records what the owner wrote to a customer, and hands the chat over.
	ReceiveOwn(
		ctx context.Context, tenant flowhq.TenantID, epoch int64, m store.Own,
	) (store.Received, error)
	// DueHandOvers are the hand-overs whose time is over, and after how long the next one's is;
	// EndHandOver ends one.
	DueHandOvers(
		ctx context.Context, tenant flowhq.TenantID, limit int,
	) (due []store.DueHandOver, next time.Duration, err error)
	EndHandOver(
		ctx context.Context, tenant flowhq.TenantID, epoch, id int64, news *store.Outbound,
	) error
	// Answer is the outbox: outcome, reply, conversation and facts in one statement. done is
	// false if the message was handled before. Code Conflict says that what was decided does not
	// hold any more.
	Answer(
		ctx context.Context, tenant flowhq.TenantID, epoch, id int64, o store.Outcome,
	) (reply int64, done bool, err error)
	// SetOutbound and Receipts move the rows of replies on, never back.
	SetOutbound(
		ctx context.Context, tenant flowhq.TenantID, epoch int64, waID string,
		status flowhq.MessageStatus, reason string,
	) error
	Receipts(
		ctx context.Context, tenant flowhq.TenantID, epoch int64, rs []store.Receipt,
	) error
	// Consult counts a request to the language model before it is made, and SetSuggestion
	// stores what it said before the message is answered.
	Consult(
		ctx context.Context, tenant flowhq.TenantID, epoch int64, c store.Consulting,
	) (store.Consultation, error)
	SetSuggestion(
		ctx context.Context, tenant flowhq.TenantID, epoch, id int64, suggestion []byte,
	) error
	// CountAttempt counts an attempt before it begins, WithdrawAttempt takes that back, and
	// DeadLetter gives a message up.
	CountAttempt(
		ctx context.Context, tenant flowhq.TenantID, epoch, id int64,
	) (attempts int, err error)
	WithdrawAttempt(ctx context.Context, tenant flowhq.TenantID, epoch, id int64) error
	DeadLetter(
		ctx context.Context, tenant flowhq.TenantID, epoch, id int64, reason string,
	) error
	// Mute has the writer of a message not answered for a while.
	Mute(
		ctx context.Context, tenant flowhq.TenantID, epoch, id int64,
		length time.Duration, reason string,
	) (until time.Time, err error)
	// AddEventEvery adds an event unless one of its type was added within a time.
	AddEventEvery(ctx context.Context, every time.Duration, e flowhq.Event) error
}

// Options is what a Pipeline is made of.
type Options struct {
	Tenant flowhq.TenantID
	// Epoch is the host's. Every write carries it.
	Epoch  int64
	Config flowhq.Config
	Store  Store
	// Send hands one message to WhatsApp, under the id and disappearing-message timer of its row.
	// nil means that the server acknowledged it. Code Refused means that the server never
	// will, and Unsent that the session had no room to begin. After any other error the
	// outcome is unknown, and Send is called again with the same id. Send bounds the
	// attempt itself; waiting for room is bounded by the session's life only.
	Send func(ctx context.Context, m flowhq.Message) error
	// ReplyID is the WhatsApp id of the reply to a question. It is always the same for one
	// question and kind, so that a database restored from a backup, which has forgotten a
	// reply, sends it again under an id that the phone has shown; see [whatsapp.ReplyID].
	ReplyID func(question flowhq.Message, kind flowhq.Kind) string
	// Decide is what the bot makes of a message; nil = reply.Decide. It must be pure: it is called
	// again after a crash. Tests of a message's way have a bot that answers whatever it is told.
	Decide func(reply.Input) reply.Turn
	// BurstWindow is within how long of each other the lines of a chat are read as one text;
	// 0 = each is read by itself.
	BurstWindow time.Duration
	// Transcriber puts voice notes into words; nil = nobody does.
	Transcriber Transcriber
	// Assistant is asked about what the bot does not understand, of tenants that want it; nil =
	// nobody is.
	Assistant Assistant
	// Metrics counts what becomes of the messages; nil = nobody reads it.
	Metrics *metrics.Worker
	Log     *slog.Logger
	// Now is the clock; nil = time.Now. Tests set it forward to meet limits and ages.
	Now func() time.Time
}

// A Pipeline handles one tenant's messages. Make it with New, then call Fill, let messages
// in through Receive, Start it when the session is online, and Stop it in the end.
type Pipeline struct {
	Options
	limiter   *replyLimiter
	detectors loopDetectors
	receipts  *receipts

	// ctx ends when the pipeline failed, or Stop waits no longer.
	ctx    context.Context
	cancel context.CancelFunc
	// work counts the goroutines: one for each busy chat, for receipts and for a refill.
	work sync.WaitGroup
	// failed has room for one error: the first failure.
	failed chan error

	// known is what the owner has told, as it was compiled last; nil = not yet. compiling is held
	// by the one chat that compiles it.
	known     atomic.Pointer[known]
	compiling sync.Mutex
	// handOvers has watchHandOvers look at the rows. It has room for one.
	handOvers chan struct{}

	// refilling is held by the one Refill that reads rows. Two at once would only read
	// the same rows twice.
	refilling sync.Mutex
	// stopping is closed by Stop.
	stopping chan struct{}

	// mu guards what follows. It is held for moments only, never over a call of Store or
	// Send: one slow chat must not hold up the others.
	mu     sync.Mutex
	config flowhq.Config
	// chats are the busy ones, by contact.
	chats map[int64]*chat
	// merged leads from a contact that is gone to the one that it became.
	merged map[int64]int64
	// inFlight are the ids of the messages that are queued or being handled.
	inFlight map[int64]bool
	// committing are the ids of the questions whose replies are being written, and whether a refill
	// has left one out meanwhile.
	committing map[int64]bool
	finished   finishedJobs
	started    bool
	startTime  time.Time
	stopped    bool
	// refillDue says that rows were left behind that nobody has queued, and refillRunning
	// that a goroutine sees to them.
	refillDue, refillRunning bool
	// delayReported is when the operator was last told that replies wait.
	delayReported time.Time
}

// New returns a Pipeline that holds nothing and does nothing yet. ctx bounds its life.
func New(ctx context.Context, o Options) *Pipeline {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewWorker(metrics.NewRegistry())
	}
	if o.Decide == nil {
		o.Decide = reply.Decide
	}
	ctx, cancel := context.WithCancel(ctx)
	p := &Pipeline{
		Options: o, limiter: newReplyLimiter(o.Config, o.Now),
		ctx: ctx, cancel: cancel, failed: make(chan error, 1), stopping: make(chan struct{}),
		config: o.Config, chats: make(map[int64]*chat), merged: make(map[int64]int64),
		inFlight: make(map[int64]bool), committing: make(map[int64]bool),
		handOvers: make(chan struct{}, 1),
	}
	p.receipts = newReceipts(p)
	return p
}

// Start lets the queued messages be handled. Call it when the session is online: before,
// a reply could not be sent. A second call changes nothing.
func (p *Pipeline) Start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started || p.stopped {
		return
	}
	p.started, p.startTime = true, p.Now()
	p.work.Go(p.watchHandOvers)
	for _, c := range p.chats { // that Fill has made
		p.begin(c)
	}
}

// isStarted reports whether messages are handled as they come.
func (p *Pipeline) isStarted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.started && !p.stopped
}

// startedAt is when the session was online first.
func (p *Pipeline) startedAt() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.startTime
}

// Stop takes no further message from the queues and waits for those that are being
// handled. When ctx ends first they are cut off, and left to the next host. No goroutine
// of the pipeline is left when Stop returns. It may be repeated.
func (p *Pipeline) Stop(ctx context.Context) {
	p.mu.Lock()
	if !p.stopped {
		p.stopped = true
		close(p.stopping)
	}
	p.mu.Unlock()
	p.limiter.stop()
	p.receipts.stop()
	idle := make(chan struct{})
	go func() { p.work.Wait(); close(idle) }()
	select {
	case <-idle:
	case <-ctx.Done():
	}
	p.cancel()
	<-idle // soon: every wait of the pipeline ends with its context
}

// Failed delivers the error that ended the pipeline, at most once. Its host must then end
// the session: with nobody to answer, messages must stay with WhatsApp.
func (p *Pipeline) Failed() <-chan error { return p.failed }

// SetConfig changes the config from the next message on.
func (p *Pipeline) SetConfig(c flowhq.Config) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.config = c
	p.limiter.configure(c)
}

// currentConfig is the config as SetConfig set it last. Each step asks anew: an operator may
// raise a limit, or switch the language, while a question waits.
func (p *Pipeline) currentConfig() flowhq.Config {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.config
}

// fail ends the pipeline. Only the first failure is reported. Fenced and NotFound are not
// errors of this program: a newer host has taken over, or the tenant was deleted.
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

// failIfFenced ends the pipeline if err says that a newer host owns the session, and
// returns err.
func (p *Pipeline) failIfFenced(err error) error {
	if flowhq.ErrorCode(err) == flowhq.Fenced {
		p.fail(err)
	}
	return err
}
