package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/whatsapp"
)

// unlinkTimeout bounds the attempt to unlink a device, but for the wait for its messages. If
// WhatsApp cannot be reached, a tenant is erased or relinked all the same, and the phone
// drops the dead link by itself after two weeks.
const unlinkTimeout = 15 * time.Second

// errBehind says that a connection ended before all that waited was delivered.
var errBehind = errors.New("messages may still wait at WhatsApp")

// Unlink logs a tenant's device out on WhatsApp, under a claim of its own so that no host can
// be online at the same time. What waits for the device is lost. While it waits it calls
// beat once in a renewal interval or more often. It fails with code Unavailable if reconnects are
// paused or WhatsApp does not answer.
func (p *Process) Unlink(
	ctx context.Context, tenant flowhq.TenantID, device string, beat func(),
) error {
	ctx, cancel := context.WithTimeout(ctx, unlinkTimeout)
	defer cancel()
	// An erasure does not wait for the end of a pause: the phone drops a dead link by itself.
	fleet := p.Admission.State()
	if fleet.Paused {
		return flowhq.Errorf(flowhq.Unavailable, "the fleet is paused")
	}
	if err := p.RateLimiter.Wait(ctx, p.Timing.Renewal, func(int) { beat() }); err != nil {
		return err
	}
	lease, err := p.Leases.Claim(ctx, tenant, 0, p.Name, beat)
	if err != nil {
		return err
	}
	r := removal{
		network: p.Network, version: fleet.Version, device: device, lease: lease,
		handler: discardHandler{lease}, every: p.Timing.Renewal, beat: beat, log: p.Log,
	}
	// Only a connection that is over makes room for the next host at once.
	closed, err := r.run(ctx)
	if closed {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), hangUpTimeout)
		defer cancel()
		lease.Release(closing)
	} else { // the connection may still be using the keys
		lease.Drop()
	}
	return err
}

// A removal is what it takes to have WhatsApp unlink a device: a login of that device.
type removal struct {
	network         Network
	version, device string
	lease           *hosting.Lease
	handler         whatsapp.Handler
	// patience bounds the wait until handler has had all that waits for the device; 0 if
	// that may be lost.
	patience time.Duration
	every    time.Duration // between two calls of beat
	beat     func()
	log      *slog.Logger
}

// run logs the device in, waits for what is to be delivered, and has WhatsApp unlink it.
// closed is whether the connection is over, and the keys are out of use. The error is an
// errBehind if the connection was cut off while there was something to wait for.
func (r removal) run(ctx context.Context) (closed bool, err error) {
	// The caller has the lease, so no host can be online with the same keys.
	conn, err := r.network.Dial(ctx, r.version, r.device, r.handler)
	if err != nil {
		return true, err
	}
	r.lease.OnLoss(conn.HangUp)
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), hangUpTimeout)
		defer cancel()
		closed = conn.Close(closing) == nil
	}()
	// The login is bounded apart from the wait for messages, which may be much longer.
	tick := time.NewTicker(r.every)
	defer tick.Stop()
	login := time.NewTimer(unlinkTimeout)
	defer login.Stop()
	var caughtUp <-chan struct{} // nil before the login
	var tired <-chan time.Time   // fires when patience is over
	for {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-r.lease.Lost():
			return false, r.lease.Err()
		case <-tick.C:
			r.beat()
		case <-login.C:
			return false, flowhq.Errorf(flowhq.Unavailable, "WhatsApp did not answer")
		case <-caughtUp:
			return false, conn.Unlink(ctx)
		case <-tired:
			r.log.Warn("unlinking a phone though messages may still wait at WhatsApp",
				"tenant", string(r.lease.Tenant))
			return false, conn.Unlink(ctx)
		case ev, open := <-conn.Events():
			switch {
			// A login that was cut off: what waits may still be fetched by another one.
			case !open && caughtUp != nil && !conn.Err().Ending.Unlinks():
				return false, fmt.Errorf("%w: %w", errBehind, conn.Err())
			case !open:
				return false, conn.Err()
			case ev.Kind == whatsapp.Online && r.patience == 0: // nothing is waited for
				return false, conn.Unlink(ctx)
			case ev.Kind == whatsapp.Online:
				login.Stop()
				patience := time.NewTimer(r.patience)
				defer patience.Stop()
				caughtUp, tired = conn.CaughtUp(), patience.C
			case ev.Kind == whatsapp.QR:
				return false, nil // its keys are gone, so there is nothing to unlink
			}
		}
	}
}
