package activities

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/pipeline"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/whatsapp"
)

// writeTimeout bounds a write of the session's state. It is short, because the
// loop that beats waits for it.
const writeTimeout = 2 * time.Second

// session is a Host while it runs. Its fields belong to the loop in serve;
// the [whatsapp.Handler] methods run on the library's goroutine and only touch
// what is set before the dial.
type session struct {
	*Activities
	tenant flowhq.TenantID
	floor  int64 // the newest epoch that the workflow knows
	log    *slog.Logger
	slot   *hosting.Slot
	// version is the one of WhatsApp's client that this session connects as.
	version string

	lease    *hosting.Lease
	pipeline *pipeline.Pipeline
	conn     *whatsapp.Conn

	now       hosting.Status
	told      time.Time // when Temporal was told of now last
	linked    bool      // a device is recorded
	away      bool      // the SDK has lost touch with Temporal
	online    time.Time // zero = not yet
	wasStable bool      // the attempt before this one was
	// before is how that one ended; it may not have been able to tell.
	before   flowhq.EndReason
	reported bool // the workflow has heard of this host
	// differs is how the session ends if a phone of another number was linked.
	differs atomic.Pointer[whatsapp.EndError]

	shown     step      // the codes that are shown, while there are any
	roundEnds time.Time // when the connection has no further code
	toLink    string    // number to ask a link code for, once there is a QR code

	unread     bool  // the config has changed and could not be read
	unrecorded *step // the newest step, if it is not in Postgres yet
	reports    *reports
}

// A step is a transition of the session, as its host makes it.
type step struct {
	flowhq.Transition
	codes  store.Codes // that link a phone: they go to the database, and nowhere else
	silent bool        // the workflow learns of it in another way
}

// become takes a step: in Postgres, in the heartbeat and, unless it is only a step on the
// way, in the workflow. It fails only if this host is fenced.
func (s *session) become(run context.Context, to step) error {
	to.Counts = s.now.Counts
	if to.State != s.now.State {
		s.Metrics.Session(s.now.State, to.State)
		s.now.State, s.now.Since = to.State, time.Now()
		s.log.Info("session changed", "state", to.State, "reason", to.Reason, "ending", to.End, "epoch", s.lease.Epoch)
		if to.State != flowhq.Connecting && !to.silent {
			s.report(run, to.Transition)
		}
	}
	s.unrecorded = &to
	return s.record(run)
}

// waited says of a tenant that was told to wait that it no longer does.
func (s *session) waited(run context.Context, reason string) error {
	if !Waits(reason) {
		return nil
	}
	return s.become(run, step{Transition: flowhq.Transition{State: flowhq.Connecting, Reason: "connecting"}})
}

// report tells the workflow of a step, or of how the attempt before this one ended where
// this one has not ended itself.
func (s *session) report(run context.Context, t flowhq.Transition) {
	s.reported = true
	t.Counts = s.now.Counts
	r := Report{Epoch: s.lease.Epoch, Worker: s.Name, Transition: t, At: time.Now().UTC()}
	if t.End == "" {
		r.Earlier, s.before = s.before, ""
	}
	s.reports.send(run, r)
}

// note adds an event to the tenant's history, as far as the database can be
// reached. It is not fenced: what has happened may be told by whoever was there.
func (s *session) note(run context.Context, event flowhq.EventType, reason string) {
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	err := s.Store.AddEvent(ctx, flowhq.Event{Tenant: s.tenant, Type: event, Actor: "host", Reason: reason})
	if err != nil && flowhq.ErrorCode(err) != flowhq.NotFound {
		s.log.Warn("could not record an event", "event", event, "err", err)
	}
}

// record writes the newest step if it is not in Postgres yet. While the database
// is away it stays to be written with a later beat: whether we may go on
// without it is for the lease to say.
func (s *session) record(run context.Context) error {
	if s.unrecorded == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	err := s.Store.SetSession(ctx, s.tenant, s.lease.Epoch, s.unrecorded.Transition, s.unrecorded.codes)
	switch flowhq.ErrorCode(err) {
	case "":
		s.unrecorded = nil
		return nil
	case flowhq.Fenced, flowhq.NotFound:
		return err
	default:
		s.log.Warn("could not record the session's state; trying again", "err", err)
		return nil
	}
}

// reload passes a changed config on to the pipeline.
func (s *session) reload(run context.Context) {
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	tenant, err := s.Store.Tenant(ctx, s.tenant)
	if err != nil {
		s.log.Warn("could not read the changed config; trying again with the next beat", "err", err)
		s.unread = true
		return
	}
	s.unread = false
	s.pipeline.SetConfig(tenant.Config)
}

// refill has the pipeline look for rows that somebody made ready for it.
func (s *session) refill(run context.Context) {
	ctx, cancel := context.WithTimeout(run, writeTimeout)
	defer cancel()
	if err := s.pipeline.Refill(ctx); err != nil {
		s.log.Warn("could not look for new work; trying again with the next beat", "err", err)
		s.lease.RetryWork()
	}
}

// stable reports whether the session has been online for long enough that its
// loss is routine.
func (s *session) stable() bool { return s.wasStable || s.isStable() }

// isStable reports whether the session has been online for that long on this host.
func (s *session) isStable() bool {
	return !s.online.IsZero() && time.Since(s.online) >= flowhq.StableFor
}

// send is the pipeline's way out. A host whose lease has run out sends nothing.
func (s *session) send(ctx context.Context, chat, id, text string, timer flowhq.Timer) error {
	if err := s.lease.Valid(); err != nil {
		return err
	}
	return s.conn.Send(ctx, chat, id, text, timer)
}

// Link records the device that a phone is about to confirm. See
// [whatsapp.Handler].
func (s *session) Link(ctx context.Context, d whatsapp.Device) error {
	l, err := s.Store.Link(ctx, s.tenant, s.lease.Epoch, store.Device{JID: d.JID, Number: d.Number})
	if err == nil {
		s.checkNumber(l)
	}
	return err
}

// Receive makes a customer's message durable, but for those to a number that may not be
// the tenant's: they stay with WhatsApp.
func (s *session) Receive(ctx context.Context, in whatsapp.Inbound) error {
	if differs := s.differs.Load(); differs != nil {
		return differs
	}
	return s.pipeline.Receive(ctx, store.Inbound{
		LID: in.LID, Number: in.Number, Name: in.Name, WAID: in.ID,
		Kind: in.Kind, Text: in.Text, SentAt: in.SentAt, Undecryptable: in.Undecryptable,
		Wordless: in.Wordless, Silent: in.Silent, Album: in.Album, Timer: in.Timer,
	})
}

// Receipt notes how far sent messages have come.
func (s *session) Receipt(r whatsapp.Receipt) {
	for _, id := range r.IDs {
		s.pipeline.Receipt(store.Receipt{WAID: id, Status: r.Status, At: r.At})
	}
}

// SentText finds a sent message in our own log, so that a customer's phone can
// ask for it again after any number of restarts.
func (s *session) SentText(ctx context.Context, id string) (string, flowhq.Timer, bool, error) {
	text, timer, err := s.Store.OutboundText(ctx, s.tenant, id)
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		return "", timer, false, nil
	}
	return text, timer, err == nil, err
}

// Revise keeps what a customer made of a message.
func (s *session) Revise(ctx context.Context, r whatsapp.Revision) error {
	return s.pipeline.Revise(ctx, store.Inbound{LID: r.LID, Number: r.Number, WAID: r.ID}, store.Revision{
		At: r.At, Revoked: r.Revoked, Text: r.Text, Wordless: r.Wordless, Kind: r.Kind,
	})
}

// SetTimer keeps after how long the messages of a chat disappear.
func (s *session) SetTimer(ctx context.Context, who whatsapp.Person, t flowhq.Timer) error {
	return s.pipeline.SetTimer(ctx, store.Inbound{LID: who.LID, Number: who.Number}, t)
}

// Holds reports whether this host's lease has not run out.
func (s *session) Holds() bool { return s.lease.Valid() == nil }

// Fence keeps a host that has been replaced from changing the keys.
func (s *session) Fence(ctx context.Context, tx whatsapp.Tx) error {
	return store.Fence(ctx, tx, s.tenant, s.lease.Epoch)
}

// mute handles a connection that is only made to unlink the device.
type mute struct{ lease *hosting.Lease }

func (mute) Link(context.Context, whatsapp.Device) error {
	return flowhq.Errorf(flowhq.Conflict, "this tenant is being erased")
}
func (mute) Receive(context.Context, whatsapp.Inbound) error { return nil }
func (mute) Receipt(whatsapp.Receipt)                        {}
func (mute) Revise(context.Context, whatsapp.Revision) error { return nil }
func (mute) SetTimer(context.Context, whatsapp.Person, flowhq.Timer) error {
	return nil
}
func (mute) SentText(context.Context, string) (string, flowhq.Timer, bool, error) {
	return "", flowhq.Timer{}, false, nil
}
func (m mute) Holds() bool { return m.lease.Valid() == nil }
func (m mute) Fence(ctx context.Context, tx whatsapp.Tx) error {
	return store.Fence(ctx, tx, m.lease.Tenant, m.lease.Epoch)
}
