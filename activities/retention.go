package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/whatsapp/keystore"
)

const (
	// pruneLimit bounds one night's Prune with all its retries. It ends before the
	// next one begins, which goes on with what is left.
	pruneLimit = 20 * time.Hour
	// pruneSilence is longer than any batch of Prune may take.
	pruneSilence = 10 * time.Second
	// prunePage is how many tenants or devices Prune reads at a time.
	prunePage = 100
)

// PruneOptions is how a workflow schedules Prune.
func PruneOptions(t hosting.Timing) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		ScheduleToCloseTimeout: pruneLimit,
		HeartbeatTimeout:       silence(t),
		Summary:                "delete what is older than the retention",
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute,
		},
	}
}

// Pruned is how many rows Prune has deleted, by table. The last seconds of a worker
// that was killed are not counted.
type Pruned struct {
	Tenants       int   `json:"tenants"` // that were gone through
	Messages      int64 `json:"message_logs"`
	Conversations int64 `json:"conversations"`
	Contacts      int64 `json:"contacts"`
	Facts         int64 `json:"facts"` // bookings, orders, tickets, hand-overs, questions
	Events        int64 `json:"portal_event_logs"`
	Commands      int64 `json:"commands"`
	FleetEvents   int64 `json:"fleet_events"`
	Feed          int64 `json:"feed"`
	Deliveries    int64 `json:"webhook_deliveries"`
	Media         int64 `json:"media"`
	Keys          int64 `json:"request_keys"`
	Buffered      int64 `json:"whatsmeow_event_buffer"`
	MACs          int64 `json:"whatsmeow_app_state_mutation_macs"`
	// Resealed is how many webhooks have their secrets under the newest key since. Once it is 0
	// with a new key in place, the key before may go.
	Resealed int64 `json:"webhooks_resealed"`
}

// A pruning is one attempt at Prune.
type pruning struct {
	*Activities
	progress
}

// progress is Prune's heartbeat: where the next attempt goes on.
type progress struct {
	Tenant flowhq.TenantID `json:"tenant"` // the last that is done; "" before the first
	Device string          `json:"device"` // likewise
	Pruned Pruned          `json:"pruned"`
}

// Prune deletes, of every tenant, what is older than its retention, then what is
// left of tenants that were erased longer ago than the default and the events of the
// fleet that are older than it, then what WhatsApp's library keeps of every device and
// does not look at any more. It does so in small transactions of their own, between
// which it beats, and may be ended and begun again at any of them.
func (a *Activities) Prune(ctx context.Context) (Pruned, error) {
	p := &pruning{Activities: a}
	// An attempt goes on where the one before was, if that could say so.
	if activity.HasHeartbeatDetails(ctx) {
		if err := activity.GetHeartbeatDetails(ctx, &p.progress); err != nil {
			// Of another version: it begins again, which costs a few statements for each tenant.
			p.progress = progress{}
		}
	}
	// In this order: what is left of tenants that are gone, and what no tenant owns, comes last.
	for _, step := range []func(context.Context) error{p.tenants, p.erased, p.fleet, p.devices} {
		if err := step(ctx); err != nil {
			return Pruned{}, err
		}
	}
	n := p.Pruned
	a.Log.Info("deleted what was older than the retention", "tenants", n.Tenants,
		"messages", n.Messages, "conversations", n.Conversations, "contacts", n.Contacts,
		"facts", n.Facts, "events", n.Events, "commands", n.Commands, "fleet_events", n.FleetEvents,
		"feed", n.Feed, "deliveries", n.Deliveries,
		"keys", n.Keys, "buffered", n.Buffered, "macs", n.MACs)
	return n, nil
}

// tenants prunes every tenant, in the order of their ids. A tenant that is created meanwhile has
// nothing that is old enough.
func (p *pruning) tenants(ctx context.Context) error {
	return p.repeat(ctx, func() (more bool, err error) {
		page, err := p.Store.TenantIDs(ctx, p.Tenant, prunePage)
		if err != nil {
			return false, err
		}
		for _, tenant := range page {
			if err := p.tenant(ctx, tenant); err != nil {
				return false, err
			}
			// Only after the tenant is done: an attempt that is cut off begins this one again.
			p.Tenant = tenant
			p.Pruned.Tenants++
		}
		return len(page) == prunePage, nil
	})
}

// tenant prunes what one tenant has, batch by batch; each kind goes on where it has come to.
func (p *pruning) tenant(ctx context.Context, tenant flowhq.TenantID) error {
	// Each page begins after the last row of the one before: rows that stay, as they are not
	// old enough, would be read again and again.
	var message, event, command, conversation, contact int64 // where the next page begins
	for _, batch := range []func() (bool, error){
		func() (bool, error) {
			n, next, err := p.Store.PruneMessages(ctx, tenant, message)
			message = next
			p.Pruned.Messages += n
			return next != 0, err
		},
		func() (bool, error) {
			n, next, err := p.Store.PruneConversations(ctx, tenant, conversation)
			conversation = next
			p.Pruned.Conversations += n
			return next != 0, err
		},
		// PruneFacts goes through all of its pages itself: they are few.
		func() (bool, error) {
			n, err := p.Store.PruneFacts(ctx, tenant)
			p.Pruned.Facts += n
			return false, err
		},
		// A contact goes only when nothing refers to it any more, so it comes after all that does.
		func() (bool, error) {
			n, next, err := p.Store.PruneContacts(ctx, tenant, contact)
			contact = next
			p.Pruned.Contacts += n
			return next != 0, err
		},
		func() (bool, error) {
			n, next, err := p.Store.PruneEvents(ctx, tenant, event)
			event = next
			p.Pruned.Events += n
			return next != 0, err
		},
		// A full batch of deliveries says that there may be more; there is no place to go on from.
		func() (bool, error) {
			n, err := p.Store.PruneDeliveries(ctx, tenant)
			p.Pruned.Deliveries += n
			return n == store.PruneBatch, err
		},
		func() (bool, error) {
			n, next, err := p.Store.PruneCommands(ctx, tenant, command)
			command = next
			p.Pruned.Commands += n
			return next != 0, err
		},
	} {
		if err := p.repeat(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// erased prunes what is left of tenants that are gone: the event that they were deleted, and the
// command that did it. A repeated deletion is answered by the command, so it stays as long as the
// event does.
func (p *pruning) erased(ctx context.Context) error {
	err := p.repeat(ctx, func() (bool, error) {
		n, err := p.Store.PruneErased(ctx)
		p.Pruned.Events += n
		return n == store.PruneBatch, err
	})
	if err != nil {
		return err
	}
	return p.repeat(ctx, func() (bool, error) {
		n, err := p.Store.PruneDeletions(ctx)
		p.Pruned.Commands += n
		return n == store.PruneBatch, err
	})
}

// fleet prunes what happened to all, the feed, and the keys of requests about no tenant. None has
// a tenant whose retention would count. At last it seals what an older key has sealed.
func (p *pruning) fleet(ctx context.Context) error {
	err := p.repeat(ctx, func() (bool, error) {
		n, err := p.Store.PruneFleetEvents(ctx)
		p.Pruned.FleetEvents += n
		return n == store.PruneBatch, err
	})
	if err != nil {
		return err
	}
	err = p.repeat(ctx, func() (bool, error) {
		n, err := p.Store.PruneFeed(ctx)
		p.Pruned.Feed += n
		return n == store.PruneBatch, err
	})
	if err != nil {
		return err
	}
	err = p.repeat(ctx, func() (bool, error) {
		n, err := p.Store.PruneMedia(ctx)
		p.Pruned.Media += n
		return n == store.PruneBatch, err
	})
	if err != nil {
		return err
	}
	err = p.repeat(ctx, func() (bool, error) {
		n, err := p.Store.PruneKeys(ctx)
		p.Pruned.Keys += n
		return n == store.PruneBatch, err
	})
	if err != nil {
		return err
	}
	return p.repeat(ctx, func() (bool, error) {
		n, err := p.Store.ResealWebhooks(ctx)
		p.Pruned.Resealed += n
		return n == store.PruneBatch, err
	})
}

// devices prunes the keys of every linked device, in the order of their JIDs.
func (p *pruning) devices(ctx context.Context) error {
	return p.repeat(ctx, func() (more bool, err error) {
		page, err := p.Network.Keys.Devices(ctx, p.Device, prunePage)
		if err != nil {
			return false, err
		}
		// The library's tables know devices and no tenants: a device whose tenant is gone is pruned
		// like any other.
		for _, device := range page {
			if err := p.device(ctx, device); err != nil {
				return false, err
			}
			p.Device = device
		}
		return len(page) == prunePage, nil
	})
}

// device prunes what the library keeps of one device and does not look at any more. A batch that
// is not full was the last one.
func (p *pruning) device(ctx context.Context, device string) error {
	err := p.repeat(ctx, func() (bool, error) {
		n, err := p.Network.Keys.PruneBuffer(ctx, device)
		p.Pruned.Buffered += n
		return n == keystore.PruneBatch, err
	})
	if err != nil {
		return err
	}
	return p.repeat(ctx, func() (bool, error) {
		n, err := p.Network.Keys.PruneMACs(ctx, device)
		p.Pruned.MACs += n
		return n == keystore.PruneBatch, err
	})
}

// repeat calls batch until there is no more, and beats after each. It stops early
// if Prune was told to end or its process is stopping.
func (p *pruning) repeat(ctx context.Context, batch func() (more bool, err error)) error {
	// A batch is a transaction of its own: a kill loses no more than one.
	for more := true; more; {
		var err error
		if more, err = batch(); err != nil {
			return err
		}
		activity.RecordHeartbeat(ctx, p.progress)
		// A process that stops leaves the rest to another one, which is told how far it came.
		select {
		case <-activity.GetWorkerStopChannel(ctx):
			return errDraining
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
	}
	return nil
}
