package session

import (
	"context"
	"log/slog"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/metrics"
	"github.com/flowhq/flowhq/internal/pipeline"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/whatsapp"
)

// A Process is what the sessions of one worker process share.
type Process struct {
	Store   Store
	Network Network
	Reports Reporter
	// Of the process, and the same for all its sessions.
	Leases      *hosting.Leases
	Database    *hosting.DatabaseWatch
	Admission   *hosting.Admission
	RateLimiter *hosting.RateLimiter
	Slots       *hosting.Slots
	Timing      hosting.Timing
	BurstWindow time.Duration // see pipeline.Options
	Assistant   pipeline.Assistant
	Metrics     *metrics.Worker
	Name        string // of the process, shown to operators
	Log         *slog.Logger
}

// A Store is what a session needs of the rows. *store.Store is one.
type Store interface {
	pipeline.Store
	Tenant(ctx context.Context, tenant flowhq.TenantID) (flowhq.Tenant, error)
	// TenantSnapshot reads what is wanted of a tenant.
	TenantSnapshot(
		ctx context.Context, tenant flowhq.TenantID, after int64,
	) (store.TenantSnapshot, error)
	// Device returns the linked device, "" if there is none.
	Device(ctx context.Context, tenant flowhq.TenantID) (string, error)
	// RelinkAsked reports whether the link to the phone is to be dropped.
	RelinkAsked(ctx context.Context, tenant flowhq.TenantID) (bool, error)
	// ConfirmNumber says whether the linked phone has the tenant's number.
	ConfirmNumber(ctx context.Context, tenant flowhq.TenantID, epoch int64) (store.Linking, error)
	// Link records a device before its pairing is confirmed, Unlink that it is gone.
	Link(
		ctx context.Context, tenant flowhq.TenantID, epoch int64, d store.Device,
	) (store.Linking, error)
	Unlink(ctx context.Context, tenant flowhq.TenantID, epoch int64) error
	// LinkCodeNumber returns the number to make a link code for, "" if nobody wants one.
	LinkCodeNumber(ctx context.Context, tenant flowhq.TenantID) (number string, err error)
	// QRAsked reports whether somebody has asked for the QR code lately.
	QRAsked(ctx context.Context, tenant flowhq.TenantID, within time.Duration) (bool, error)
	// SetSession records a step. It fails with code Fenced if a newer host owns the session.
	SetSession(
		ctx context.Context, tenant flowhq.TenantID, epoch int64,
		t flowhq.Transition, codes store.Codes,
	) error
	AddEvent(ctx context.Context, e flowhq.Event) error
	// Outbound finds a message that was sent. It fails with code NotFound.
	Outbound(ctx context.Context, tenant flowhq.TenantID, id string) (flowhq.Message, error)
	// MediaToSend and MediaBytes find media that are to be sent, and fail with code NotFound once
	// they have expired. SetMediaUpload notes where WhatsApp has them.
	MediaToSend(
		ctx context.Context, tenant flowhq.TenantID, id int64, kind flowhq.Media,
	) (store.MediaToSend, error)
	MediaBytes(ctx context.Context, tenant flowhq.TenantID, id int64) ([]byte, error)
	SetMediaUpload(
		ctx context.Context, tenant flowhq.TenantID, epoch, id int64, kind flowhq.Media,
		u flowhq.MediaUpload,
	) error
	// VersionRefused records that WhatsApp refused the client's version to the tenant.
	VersionRefused(
		ctx context.Context, tenant flowhq.TenantID, version string,
	) (store.Refusal, error)
	RenewLeases(
		ctx context.Context, leases []store.Lease, ttl time.Duration,
	) (renewed, locked []store.Lease, err error)
}

// A Network opens connections to WhatsApp. See [Dialer] for the real one.
type Network interface {
	// Dial opens a connection of the device, or of a new one if device is "", which shows
	// codes to link a phone. It fails with code Unavailable if the keys cannot be read.
	Dial(ctx context.Context, version, device string, h whatsapp.Handler) (Conn, error)
	// Forget deletes the keys of a device that is not linked any more.
	Forget(ctx context.Context, device string) error
}

// A Conn is one connection to WhatsApp. *whatsapp.Conn is one, and says more.
type Conn interface {
	Events() <-chan whatsapp.Event // closed when the connection is over
	Err() *whatsapp.EndError       // why it is over; nil while it is not
	CaughtUp() <-chan struct{}     // closed when all that waited for the login was delivered
	LastSeen() time.Time           // the last proof of life from WhatsApp
	// Send returns when WhatsApp has acknowledged the message.
	Send(ctx context.Context, m flowhq.Message) error
	// AskLinkCode has a link code drawn, which comes as an event.
	AskLinkCode(number string)
	// Unlink has WhatsApp remove the device from the phone, deletes its keys and closes.
	Unlink(ctx context.Context) error
	HangUp()                         // ends it without waiting
	Close(ctx context.Context) error // ends it, and waits until the keys are out of use
}

// A Dialer is a whatsapp.Network as a Network.
type Dialer struct{ Network *whatsapp.Network }

// Dial is [Network]'s.
func (d Dialer) Dial(
	ctx context.Context, version, device string, h whatsapp.Handler,
) (Conn, error) {
	// The version is what the fleet has agreed on, for each connection by itself.
	conn, err := d.Network.Dial(ctx, version, device, h)
	if err != nil {
		return nil, err // a nil *whatsapp.Conn would not be a nil Conn
	}
	return conn, nil
}

// Forget is [Network]'s.
func (d Dialer) Forget(ctx context.Context, device string) error {
	return d.Network.Keys.Forget(ctx, device)
}

// An Attempt is the activity that a session runs in, as far as the session needs Temporal.
type Attempt interface {
	// Beat says that the session is alive, and how. An order to end comes through the
	// activity's context, not from here.
	Beat(now hosting.Status)
	// Ask says the same past the SDK, which holds heartbeats back and gives up when it could
	// not deliver one in time. An error is Temporal's order to end if IsOrder says so, else
	// Temporal cannot be reached.
	Ask(ctx context.Context, now hosting.Status) error
	// IsOrder reports whether an error of Ask, or the cause of the context's end, is an order
	// to end rather than an outage.
	IsOrder(err error) bool
	// Lose ends the attempt in the place of a session that is stuck and so cannot.
	Lose(ctx context.Context, last hosting.Status) error
}
