package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/whatsapp"
)

const (
	// catchUpTimeout bounds the wait until WhatsApp has delivered what waits for a device
	// that is about to be removed: with it, what is left would be lost.
	catchUpTimeout = 2 * time.Minute
	// maxCatchUps is how many attempts in a row may be cut off before that.
	maxCatchUps = 3
)

// errBehind says that a connection ended before all that waited was delivered.
var errBehind = errors.New("messages may still wait at WhatsApp")

// relink drops the link to the phone and dials for a new code. If WhatsApp cannot be
// reached, or refuses the login, the keys go all the same: the phone drops a dead link by
// itself, and whoever asked wants another one. It may be repeated. What waits at WhatsApp is
// recorded first, to be answered over the new link.
func (s *session) relink(host, run context.Context, device string) error {
	how := "no device was linked"
	if device != "" {
		var err error
		if how, err = s.dropLink(host, run, device); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	if err := s.Store.Unlink(ctx, s.tenant, s.lease.Epoch); err != nil {
		return fmt.Errorf("unlink: %w", err)
	}
	s.linked = false
	s.differs.Store(nil)
	s.note(run, flowhq.EventSessionUnlinked, how)
	return s.dial(ctx, "")
}

// dropLink removes the device from the phone, as far as that is possible, and deletes its
// keys. It says how that went, for an operator.
func (s *session) dropLink(host, run context.Context, device string) (how string, err error) {
	var handler whatsapp.Handler = s
	patience := catchUpTimeout
	if s.differs.Load() != nil { // a stranger's phone: none of its messages is ours
		handler, patience = mute{s.lease}, 0
	}
	s.now.Waiting = "for WhatsApp to unlink the phone"
	defer func() { s.now.Waiting = "" }()
	moving, stay := untilClosing(host, s.slot.Leave())
	defer stay()
	ctx, cancel := context.WithTimeout(moving, patience+unlinkTimeout)
	defer cancel()
	closed, err := s.removeDevice(ctx, s.lease, removal{
		version: s.version, device: device, handler: handler, patience: patience, beat: func() { s.tell(host) },
	})
	switch {
	case host.Err() != nil: // told to hang up: the next host does it
		return "", context.Cause(host)
	case moving.Err() != nil:
		return "", errDraining
	case s.lease.Valid() != nil:
		return "", s.lease.Valid()
	case !closed:
		return "", fmt.Errorf("unlink: %w", context.DeadlineExceeded)
	case errors.Is(err, errBehind) && s.now.Failures < maxCatchUps:
		return "", err // the next host goes on with what is left
	}
	how = "removed from the phone's linked devices"
	if err != nil {
		s.log.Warn("could not unlink the phone", "err", err)
		how = "WhatsApp did not remove it from the phone's linked devices: " + operatorText(err)
	}
	ctx, cancel = context.WithTimeout(run, writeTimeout)
	defer cancel()
	if err := s.Network.Keys.Forget(ctx, device); err != nil {
		return "", fmt.Errorf("forget device: %w", err)
	}
	return how, nil
}

// A removal is what it takes to have WhatsApp unlink a device.
type removal struct {
	version, device string
	handler         whatsapp.Handler
	// patience bounds the wait until handler has had all that waits for the device; 0 if
	// that may be lost.
	patience time.Duration
	beat     func()
}

// removeDevice logs a device in to have WhatsApp unlink it, under a lease of the caller's.
// closed is whether the connection is over, and the keys out of use. The error is an
// errBehind if the connection was cut off while there was something to wait for.
func (a *Activities) removeDevice(ctx context.Context, l *hosting.Lease, r removal) (closed bool, err error) {
	conn, err := a.Network.Dial(ctx, r.version, r.device, r.handler)
	if err != nil {
		return true, err
	}
	l.OnLoss(conn.HangUp)
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), hangUpTimeout)
		defer cancel()
		closed = conn.Close(closing) == nil
	}()
	tick := time.NewTicker(a.Timing.Heartbeat)
	defer tick.Stop()
	login := time.NewTimer(unlinkTimeout)
	defer login.Stop()
	var caughtUp <-chan struct{} // nil before the login
	var tired <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-l.Lost():
			return false, l.Err()
		case <-tick.C:
			r.beat()
		case <-login.C:
			return false, flowhq.Errorf(flowhq.Unavailable, "WhatsApp did not answer")
		case <-caughtUp:
			return false, conn.Unlink(ctx)
		case <-tired:
			a.Log.Warn("unlinking a phone though messages may still wait at WhatsApp", "tenant", string(l.Tenant))
			return false, conn.Unlink(ctx)
		case ev, open := <-conn.Events():
			switch {
			case !open && caughtUp != nil && !unlinked(conn.Err().Reason):
				return false, fmt.Errorf("%w: %w", errBehind, conn.Err())
			case !open:
				return false, conn.Err()
			case ev.Kind == whatsapp.Online && r.patience == 0:
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
