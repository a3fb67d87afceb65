package workers

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

const (
	// webhookAgain is after how long a webhook is looked at again that nobody has seen to.
	webhookAgain = 30 * time.Second
	// webhooksAtOnce is how many one look finds; the next look finds the rest.
	webhooksAtOnce = 200
)

// webhookNotices are the notices that an event has made a webhook due. All workers get them, and
// the one that reconciles acts.
type webhookNotices struct {
	note chan struct{}
	mine *atomic.Bool // it is this process that reconciles
}

// newWebhookNotices returns notices of which there are none yet.
func newWebhookNotices() webhookNotices {
	return webhookNotices{note: make(chan struct{}, 1), mine: new(atomic.Bool)}
}

// Notice leaves a note. One that is there already says the same.
func (n webhookNotices) Notice(notice store.Notice) {
	// The other processes need no note. Should this one end, a pass of the next finds the webhook.
	if notice.Kind != store.WebhookDue || !n.mine.Load() {
		return
	}
	select {
	case n.note <- struct{}{}:
	default:
	}
}

// followWebhooks looks after webhooks as soon as an event has made one due, until ctx ends. It does
// not wait for a pass of the reconciler: after an outage one takes long, and a bot that answers
// customers is behind a webhook.
func (r *reconciler) followWebhooks(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.due.note:
		}
		if err := r.webhooks(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn("could not have webhooks seen to; trying again", "err", err)
		}
	}
}

// webhooks signals the workflows of webhooks that are due: an event has come, or their workflow is
// late, because it was lost with Temporal or ended by hand. While all is well, a workflow goes by
// its own timer. One that could not be signalled is signalled later: the claim has moved the row
// on. While there is nothing to do, a look is one statement that finds no row in an index.
func (r *reconciler) webhooks(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, webhookAgain)
	defer cancel()
	for {
		// Another process may look at the same time, after a notice or a lease that ran out: each
		// webhook is claimed by one of them.
		due, err := r.store.ClaimWebhooks(ctx, r.every, webhookAgain, webhooksAtOnce)
		if err != nil {
			return err
		}
		var group errgroup.Group
		group.SetLimit(reconcileAtOnce)
		var row atomic.Int32 // of errors: after many, Temporal is away
		for _, d := range due {
			if row.Load() >= mostErrors {
				break
			}
			group.Go(func() error {
				if err := r.control.Webhook(ctx, d.Tenant, d.Webhook); err != nil {
					// The other workflows of the page are signalled all the same.
					row.Add(1)
					return fmt.Errorf("tenant %s: webhook %s: %w", d.Tenant, d.Webhook, err)
				}
				row.Store(0)
				return nil
			})
		}
		// A full page says that there may be more. An error leaves them to the next look.
		if err := group.Wait(); err != nil || len(due) < webhooksAtOnce {
			return err
		}
	}
}

// forwardedAtOnce is how many messages one pass gives up that no program has answered.
const forwardedAtOnce = 500

// forwarded hands those chats over to a person that a program of others has not answered in time:
// it, or the webhook that leads to it, may be dead, or it has nothing to say.
func (r *reconciler) forwarded(ctx context.Context) error {
	given, err := r.store.GiveUpForwarded(ctx, flowhq.AnswerByWebhookWithin, forwardedAtOnce)
	if given > 0 {
		r.log.Warn("handed chats over that no program has answered", "messages", given)
	}
	return err
}
