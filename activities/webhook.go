package activities

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/failpoint"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/webhook"
)

// Bounds on Deliver.
const (
	// deliverFor is for how long one Deliver begins attempts. What is left is for the next one,
	// whose worker may be another.
	deliverFor = 30 * time.Second
	// deliverLimit has room for the last attempts, and for a database that is slow.
	deliverLimit = deliverFor + 2*webhook.Timeout + 30*time.Second
	// chatsAtOnce is how many chats of one webhook are delivered at a time.
	chatsAtOnce = 8
	// chatRun is how many events of a chat follow each other before other chats have their turn.
	chatRun = 20
	// readEvery is how often the feed is read while attempts are under way.
	readEvery = 500 * time.Millisecond
	// inHand is for how long nobody else looks after a webhook that a Deliver has in hand. It is
	// renewed each time that the feed is read.
	inHand = time.Minute
	// A receiver is down that has failed so many times in a row, in so many chats: it is then asked
	// with one event at a time. With fewer chats one event may be what it does not accept.
	downAfter, downChats = 5, 5
)

// A Poster makes one attempt to deliver. webhook.Sender is one.
type Poster interface {
	Post(ctx context.Context, p webhook.Posting) webhook.Result
}

// A WebhookInput names a webhook. It is all that its workflow knows.
type WebhookInput struct {
	Tenant  flowhq.TenantID `json:"tenant"`
	Webhook string          `json:"webhook"`
	// Installation is whose tenant it is.
	Installation string `json:"installation,omitempty"`
}

// WebhookNext is when there is something to do again.
type WebhookNext struct {
	At   time.Time `json:"at,omitzero"`    // zero: when an event comes
	More bool      `json:"more,omitempty"` // now
}

// DeliverOptions is how a workflow schedules Deliver: until it succeeds.
func DeliverOptions(t hosting.Timing) workflow.ActivityOptions {
	o := short(deliverLimit, "deliver what waits, and find out what is next")
	o.TaskQueue, o.HeartbeatTimeout = WebhookQueue, silence(t)
	return o
}

// Deliver reads the feed for a webhook and delivers what the webhook asks for, chat by chat in the
// order of the events, until nothing is due, and returns when the next attempt is.
//
// Each outcome is a row before the next event of the chat is sent. So whatever ends a Deliver, the
// next one sends what was not recorded as accepted, and nothing that comes after that. Two that
// overlap, as one of a worker that was frozen does, send some events twice; but an event is sent
// for the first time only after all before it in the chat were accepted.
func (a *Activities) Deliver(ctx context.Context, in WebhookInput) (WebhookNext, error) {
	// As with FollowUp: a worker of another installation must not end the workflow.
	if ours := a.Store.Installation(); in.Installation != "" && in.Installation != ours {
		return WebhookNext{}, flowhq.Errorf(flowhq.Unavailable,
			"tenant %s is of another installation, %s; this worker serves %s",
			in.Tenant, in.Installation, ours)
	}
	// ended has room for all chats, so that no goroutine waits for somebody to read.
	d := &delivering{
		Activities: a, in: in, busy: map[int64]bool{}, ended: make(chan chatEnd, chatsAtOnce),
		until: time.Now().Add(deliverFor), stop: activity.GetWorkerStopChannel(ctx),
	}
	next, err := d.run(ctx)
	// Chats that are under way end before the activity does, or the next one would overlap them.
	for len(d.busy) > 0 {
		delete(d.busy, (<-d.ended).contact)
	}
	return next, err
}

// delivering is one Deliver. Its fields belong to the goroutine of run; chats have goroutines of
// their own, and report to it.
type delivering struct {
	*Activities
	in    WebhookInput
	until time.Time       // no attempt begins later
	stop  <-chan struct{} // nor once this is closed
	busy  map[int64]bool  // contacts whose chat is under way
	ended chan chatEnd

	failures, failingChats int // of the webhook, as recorded last
}

// A chatEnd is what a chat's goroutine reports at its end.
type chatEnd struct {
	contact int64
	tried   bool // whether there was an attempt
	result  webhook.Result
	outcome store.AttemptOutcome
	err     error
}

// run is Deliver's loop.
func (d *delivering) run(ctx context.Context) (WebhookNext, error) {
	tick := time.NewTicker(readEvery)
	defer tick.Stop()
	again, err := d.read(ctx)
	for err == nil && !again.Gone {
		activity.RecordHeartbeat(ctx)
		began := 0
		if !d.over(ctx) {
			if began, err = d.begin(ctx); err != nil {
				break
			}
		}
		switch {
		case len(d.busy) == 0 && d.over(ctx):
			return d.unfinished(ctx)
		case len(d.busy) == 0 && began == 0:
			// Nothing is under way and nothing is due: what is new is read, or else it rests.
			if again, err = d.read(ctx); err != nil || again.Gone || again.Rows > 0 {
				continue
			}
			at, rests, err := d.Store.RestWebhook(ctx, d.in.Tenant, d.in.Webhook, 0)
			if err != nil || rests {
				return WebhookNext{At: at}, err
			}
			continue
		}
		// A new event in another chat must not wait for a receiver that takes 15 s for this one.
		select {
		case <-ctx.Done():
			return WebhookNext{}, ctx.Err()
		case e := <-d.ended:
			delete(d.busy, e.contact)
			next, ends, err := d.learn(ctx, e)
			if err != nil || ends {
				return next, err
			}
			// It may have been disabled meanwhile, and what is due would stay so.
			if !e.tried {
				if again, err = d.read(ctx); err != nil {
					return WebhookNext{}, err
				}
			}
		case <-tick.C:
			again, err = d.read(ctx)
		}
	}
	return WebhookNext{}, err
}

// over reports whether no attempt may begin any more.
func (d *delivering) over(ctx context.Context) bool {
	select {
	case <-d.stop:
		return true
	default:
		return ctx.Err() != nil || time.Now().After(d.until)
	}
}

// unfinished ends a Deliver whose time is over: the workflow schedules another one at once.
func (d *delivering) unfinished(ctx context.Context) (WebhookNext, error) {
	select {
	case <-d.stop:
		return WebhookNext{}, errDraining
	default:
		return WebhookNext{More: true}, ctx.Err()
	}
}

// read reads the feed.
func (d *delivering) read(ctx context.Context) (store.WebhookReading, error) {
	r, err := d.Store.ReadForWebhook(ctx, d.in.Tenant, d.in.Webhook, inHand)
	failpoint.Hit("webhook.read")
	if err == nil {
		d.failures, d.failingChats = r.Failures, r.FailingChats
	}
	return r, err
}

// down reports whether the receiver accepts nothing.
func (d *delivering) down() bool {
	return d.failures >= downAfter && d.failingChats >= downChats
}

// begin begins those chats that are due, as far as there is room. A receiver that is down is tried
// with one event, whose time has come by the webhook's.
func (d *delivering) begin(ctx context.Context) (began int, err error) {
	room, probe := chatsAtOnce-len(d.busy), d.down()
	if probe {
		room = 1 - len(d.busy)
	}
	if room < 1 {
		return 0, nil
	}
	// A chat that is under way has its next event read by its own goroutine, after the outcome of
	// the one before.
	busy := make([]int64, 0, len(d.busy))
	for contact := range d.busy {
		busy = append(busy, contact)
	}
	chats, err := d.Store.WaitingChats(ctx, d.in.Tenant, d.in.Webhook, busy, probe, room)
	if err != nil {
		return 0, err
	}
	for _, contact := range chats {
		d.busy[contact] = true
		go func() { d.ended <- d.chat(ctx, contact, probe) }()
	}
	return len(chats), nil
}

// learn takes note of the end of a chat's goroutine. It reports whether this Deliver ends.
func (d *delivering) learn(
	ctx context.Context, e chatEnd,
) (next WebhookNext, ends bool, err error) {
	if e.err != nil || !e.tried {
		return next, false, e.err
	}
	// Both counts are of the rows, so they hold over the end of a Deliver, and of a worker.
	wasDown := d.down()
	d.failures, d.failingChats = e.outcome.Failures, e.outcome.FailingChats
	switch {
	case e.result.Gone:
		return next, true, d.Store.DisableWebhook(ctx, d.in.Tenant, d.in.Webhook, e.result.Reason)
	case e.result.Accepted && wasDown:
		return next, false, d.Store.HastenDeliveries(ctx, d.in.Tenant, d.in.Webhook)
	case !d.down():
		return next, false, nil
	}
	// What has waited for a day is not tried one by one.
	reason := "no event was accepted for a day; the last time: " + e.result.Reason
	if err := d.Store.SetAsideExpired(ctx, d.in.Tenant, d.in.Webhook, reason); err != nil {
		return next, true, err
	}
	// The pauses of the webhook begin when it counts as down, whatever the single chats have
	// waited for until then.
	pause := max(jitter(flowhq.WebhookPause(d.failures-downAfter+1)), e.result.RetryAfter)
	next.At, _, err = d.Store.RestWebhook(ctx, d.in.Tenant, d.in.Webhook, pause)
	return next, true, err
}

// jitter spreads what has failed at the same time. Without it, all chats that a receiver has
// failed would come back in one moment.
func jitter(pause time.Duration) time.Duration {
	const part = 10 // a tenth more or less
	return pause - pause/part + rand.N(2*pause/part)
}

// chat delivers what is due in one chat, in order, until an attempt fails. A probe is one event.
func (d *delivering) chat(ctx context.Context, contact int64, probe bool) (e chatEnd) {
	e.contact = contact
	for range chatRun {
		due, there, err := d.Store.NextDelivery(ctx, d.in.Tenant, d.in.Webhook, contact, probe)
		if err != nil || !there {
			e.err = err
			return e
		}
		e.result, e.err = d.post(ctx, due)
		if e.err != nil {
			return e
		}
		failpoint.Hit("webhook.posted")
		e.outcome, e.err = d.Store.RecordAttempt(ctx, d.in.Tenant, d.in.Webhook, due.ID,
			store.WebhookAttempt{
				Accepted: e.result.Accepted, Final: due.Gone, Reason: e.result.Reason,
				Code: e.result.Code, Duration: e.result.Duration,
				Wait: max(jitter(flowhq.WebhookPause(due.Attempts+1)), e.result.RetryAfter),
			})
		e.tried = true
		// After a failure the chat stops, or a later event would overtake the one that failed.
		if e.err != nil || !e.result.Accepted && !due.Gone || probe || d.over(ctx) {
			return e
		}
	}
	return e
}

// post makes one attempt. An error means that there was none, or that nobody knows what came of it:
// then the event is sent again.
func (d *delivering) post(ctx context.Context, due store.DueDelivery) (webhook.Result, error) {
	if due.Gone {
		return webhook.Result{Reason: "the event is older than the feed is kept"}, nil
	}
	// The text is read from the row just now and is in no history of Temporal's, so it is erased
	// with the row.
	body, err := webhookBody(d.in.Webhook, due)
	if err != nil {
		return webhook.Result{}, err
	}
	r := d.Poster.Post(ctx, webhook.Posting{
		URL: due.URL, ID: webhook.EventID(due.Event), Body: body, Secrets: due.Secrets,
	})
	// An attempt that was cut off because this process ends is not the receiver's failure.
	return r, ctx.Err()
}

// webhookBody is what is sent of an event.
func webhookBody(id string, due store.DueDelivery) ([]byte, error) {
	e := webhook.Event{
		ID: webhook.EventID(due.Event), Type: due.Event.Type, At: due.Event.At,
		Tenant: due.Event.Tenant, Data: due.Event.Data, Fact: due.Fact,
	}
	// The feed names who has tested it, which is not the receiver's concern.
	if e.Type == flowhq.EventWebhookTested {
		e.Data, _ = json.Marshal(map[string]string{"webhook_id": id})
	}
	var err error
	if due.Message != nil {
		err = json.Unmarshal(due.Message, &e.Message)
	}
	if due.Contact != nil {
		err = errors.Join(err, json.Unmarshal(due.Contact, &e.Contact))
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(e)
}
