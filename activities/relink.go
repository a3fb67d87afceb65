package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq/internal/whatsapp"
)

// eventUnlinked is the type of the event that the link to the phone was dropped.
const eventUnlinked = "SESSION_UNLINKED"

// relink drops the link to the phone and dials for a new code. If WhatsApp cannot be
// reached, or refuses the login, the keys go all the same: the phone drops a dead link by
// itself, and whoever asked wants another one. It may be repeated. What WhatsApp delivers
// meanwhile is recorded.
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
	if err := s.Store.Unlink(ctx, s.tenant, s.lease.epoch); err != nil {
		return fmt.Errorf("unlink: %w", err)
	}
	s.linked = false
	s.differs.Store(nil)
	s.note(run, eventUnlinked, how)
	return s.dial(ctx, "")
}

// dropLink removes the device from the phone, as far as that is possible, and deletes its
// keys. It says how that went, for an operator.
func (s *session) dropLink(host, run context.Context, device string) (how string, err error) {
	var handler whatsapp.Handler = s
	if s.differs.Load() != nil { // a stranger's phone: none of its messages is ours
		handler = mute{s.Leases, s.lease}
	}
	s.now.Waiting = "for WhatsApp to unlink the phone"
	defer func() { s.now.Waiting = "" }()
	ctx, cancel := context.WithTimeout(host, unlinkTimeout)
	defer cancel()
	closed, err := s.removeDevice(ctx, s.lease, s.pass.version, device, handler, func() { s.tell(host) })
	switch {
	case host.Err() != nil: // told to hang up: the next host does it
		return "", context.Cause(host)
	case s.Leases.valid(s.lease) != nil:
		return "", s.Leases.valid(s.lease)
	case !closed:
		return "", fmt.Errorf("unlink: %w", context.DeadlineExceeded)
	}
	how = "removed from the phone's linked devices"
	if err != nil {
		s.log.Warn("could not unlink the phone", "err", err)
		how = "WhatsApp did not remove it from the phone's linked devices: " + operatorText(err)
	}
	ctx, cancel = context.WithTimeout(run, writeTimeout)
	defer cancel()
	if err := s.Network.Forget(ctx, device); err != nil {
		return "", fmt.Errorf("forget device: %w", err)
	}
	return how, nil
}

// removeDevice logs a device in to have WhatsApp unlink it, under a lease of the caller's.
// closed is whether the connection is over, and the keys out of use.
func (a *Activities) removeDevice(ctx context.Context, l *lease, version, device string, h whatsapp.Handler, beat func()) (closed bool, err error) {
	conn, err := a.Network.DialAs(ctx, version, device, h)
	if err != nil {
		return true, err
	}
	a.Leases.onLoss(l, conn.HangUp)
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), hangUpTimeout)
		defer cancel()
		closed = conn.Close(closing) == nil
	}()
	tick := time.NewTicker(a.Timing.Heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-l.lost:
			return false, a.Leases.cause(l)
		case <-tick.C:
			beat()
		case ev, open := <-conn.Events():
			switch {
			case !open:
				return false, conn.Err()
			case ev.Kind == whatsapp.Online:
				return false, conn.Unlink(ctx)
			case ev.Kind == whatsapp.QR:
				return false, nil // its keys are gone, so there is nothing to unlink
			}
		}
	}
}
