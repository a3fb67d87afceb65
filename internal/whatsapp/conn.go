package whatsapp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.mau.fi/whatsmeow"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/sessionlock"
)

// A Conn is one connection to WhatsApp, from the dial to its end, for one device.
// It is over when Events is closed, which happens for exactly one reason, see Err.
// Its owner calls Close in any case.
type Conn struct {
	network *Network
	version store.WAVersionContainer // that it passes for
	handler Handler
	client  atomic.Pointer[whatsmeow.Client]
	wire    *wire
	guard   *sessionlock.Lock
	known   identities    // of contacts
	calls   *calls        // of the handler, in progress
	sending chan struct{} // capacity 1: full while a message is being sent

	// ctx is the life of the connection. It is kept here because the library
	// takes it once, when connecting, and the connection outlives every call.
	ctx    context.Context
	cancel context.CancelFunc

	events  chan Event
	signals chan any      // from the library's goroutines to run
	ended   chan struct{} // closed when the reason is known
	better  chan struct{} // closed when a better reason than Lost has come
	over    chan struct{} // closed when everything has stopped
	// letGo is closed when the library has let go of the lost websocket.
	letGo     chan struct{}
	letGoOnce sync.Once
	// caughtUp is closed when the handler has had all that waited for the login.
	caughtUp     chan struct{}
	caughtUpOnce sync.Once

	mu      sync.Mutex // guards what follows
	end     *EndError
	device  Device
	pairing bool // the phone has scanned; the outcome is open or good
	linked  bool // the device is linked: from the start, or since pairing
}

// Dial opens a connection for device, or for a new device if device is "" or its keys
// are gone; that one shows QR codes to be linked by a phone. version is the version of
// WhatsApp's web client to log in as, "" being the built-in one. Dial only reads the keys,
// which ctx bounds: connecting and all that follows is reported by Events.
//
// It fails with code Unavailable if the key store cannot be reached, and with Invalid if
// version or device is malformed.
func (n *Network) Dial(ctx context.Context, version, device string, h Handler) (*Conn, error) {
	v, err := parseVersion(version)
	if err != nil {
		return nil, err
	}
	d, err := n.device(ctx, device)
	if err != nil {
		return nil, err
	}
	c := n.conn(ctx, v, d, h)
	go c.run()
	return c, nil
}

// conn returns a connection that is not running yet.
func (n *Network) conn(ctx context.Context, version store.WAVersionContainer, device *store.Device, h Handler) *Conn {
	c := &Conn{
		network: n,
		version: version,
		handler: h,
		wire:    &wire{transport: n.transport, holds: h.Holds},
		guard:   sessionlock.New(),
		calls:   newCalls(),
		sending: make(chan struct{}, 1),
		events:  make(chan Event, maxEvents),
		signals: make(chan any, maxSignals),
		ended:   make(chan struct{}),
		better:  make(chan struct{}),
		over:    make(chan struct{}),
		letGo:   make(chan struct{}),

		caughtUp: make(chan struct{}),

		device: deviceOf(device),
		linked: device.ID != nil,
	}
	c.caughtUp = make(chan struct{})
	c.ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	c.protect(device)
	c.client.Store(c.newClient(device))
	return c
}

// newClient returns the library's client for device, set up so that nothing is
// acknowledged before the handlers are done and nothing reconnects by itself.
func (c *Conn) newClient(device *store.Device) *whatsmeow.Client {
	client := whatsmeow.NewClient(device, logger{log: c.logger(), silenced: c.isOver})
	client.SetWebsocketHTTPClient(&http.Client{Transport: c.wire})
	client.SetPreLoginHTTPClient(&http.Client{Transport: c.wire})
	client.SetMediaHTTPClient(c.network.media)
	client.SetForceActiveDeliveryReceipts(true) // or customers never see the second tick
	// One at a time, so that a lease of the guard has one possible holder.
	client.SetMaxParallelRetryReceiptHandling(1)
	client.BackgroundEventCtx = c.ctx
	client.SynchronousAck = true
	client.EnableDecryptedEventBuffer = true
	client.ManualHistorySyncDownload = true // or a long history fills the memory
	client.AutoTrustIdentity = true         // or a customer's new phone is not understood
	client.SendReportingTokens = true       // as WhatsApp's own clients do
	client.EnableAutoReconnect = false
	client.DisableLoginAutoReconnect = true // see restart
	client.GetClientPayload = func() *waWa6.ClientPayload { return c.payload(device) }
	client.GetMessageForRetry = c.sentMessage
	client.AddEventHandlerWithSuccessStatus(c.handle)
	return client
}

// Events returns the steps of the connection. The channel is closed when it is
// over. Nothing waits for its reader.
func (c *Conn) Events() <-chan Event { return c.events }

// CaughtUp is closed when WhatsApp has delivered all that waited for this login, and the
// handler has had it. It stays open if the connection ends before.
func (c *Conn) CaughtUp() <-chan struct{} { return c.caughtUp }

// Err returns why the connection is over, or nil while it is not.
func (c *Conn) Err() *EndError {
	select {
	case <-c.over:
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.end
	default:
		return nil
	}
}

// LastSeen returns when WhatsApp last sent anything. On a healthy connection
// that is at most 40 s ago, for the library sends a ping every 20 to 30 s.
func (c *Conn) LastSeen() time.Time { return c.wire.lastSeen() }

// Close hangs up and waits until no call of the handler is running and the keys
// are out of use, so that another connection of the device may be opened. It
// returns ctx's error if that takes longer than ctx allows; the connection then
// still ends by itself. Closing a connection that is over does nothing.
func (c *Conn) Close(ctx context.Context) error {
	c.HangUp()
	select {
	case <-c.over:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// HangUp ends the connection without waiting: nothing is sent from here on, and
// Events is closed soon. Close still has to be called.
//
// Whoever hangs up knows why, and needs no reason from here. One who did not, and finds
// the connection closed, finds EndFailed and dials again. It must not be EndStopped: that
// would leave the tenant alone as if an operator had stopped it.
func (c *Conn) HangUp() { c.finish(&EndError{Reason: flowhq.EndFailed, Text: closedText}) }

// closedText is the text of an end that this program brought about.
const closedText = "this program closed the connection"

// logoutTimeout bounds the request to WhatsApp to unlink a device.
const logoutTimeout = 10 * time.Second

// Unlink removes the device from the phone's list of linked devices, deletes its
// keys and closes the connection. If WhatsApp does not confirm, it returns an
// error of code Unavailable, and the keys are still there.
func (c *Conn) Unlink(ctx context.Context) error {
	if err := c.removeDevice(ctx); err != nil {
		return &flowhq.Error{Code: flowhq.Unavailable, Message: "WhatsApp did not confirm that the device is unlinked", Err: err}
	}
	if err := c.Close(ctx); err != nil {
		return err
	}
	return c.network.Forget(ctx, c.linkedDevice().JID)
}

// removeDevice asks WhatsApp to unlink the device. The library's Logout would
// also disconnect, in a way that can leave its reader stuck (see wire.cut).
func (c *Conn) removeDevice(ctx context.Context) error {
	jid, err := types.ParseJID(c.linkedDevice().JID)
	if err != nil || !c.isLinked() {
		return whatsmeow.ErrNotLoggedIn
	}
	ctx, cancel := context.WithTimeout(ctx, logoutTimeout)
	defer cancel()
	//nolint:staticcheck // marked deprecated as a warning; there is no other way to send only the request
	_, err = c.client.Load().DangerousInternals().SendIQ(ctx, whatsmeow.DangerousInfoQuery{
		Namespace: "md", Type: "set", To: types.ServerJID,
		Content: []waBinary.Node{{
			Tag:   "remove-companion-device",
			Attrs: waBinary.Attrs{"jid": jid, "reason": "user_initiated"},
		}},
	})
	return err
}

// linkedDevice returns the device as far as it is known.
func (c *Conn) linkedDevice() Device {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.device
}

// logger returns the log, with the device as soon as it is known.
func (c *Conn) logger() *slog.Logger {
	if jid := c.linkedDevice().JID; jid != "" {
		return c.network.log.With("device", jid)
	}
	return c.network.log
}

// isLinked reports whether the device is linked for good: WhatsApp has confirmed.
func (c *Conn) isLinked() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.linked
}

// isOver reports whether the connection has ended, even if not all has stopped.
func (c *Conn) isOver() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// finish ends the connection for the given reason. The first reason counts,
// except that what WhatsApp has to say beats Lost. It never blocks: run does the
// work.
func (c *Conn) finish(end *EndError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.end == nil:
		c.end = end
		c.wire.mute.Store(true)
		close(c.ended)
	case c.end.Reason == flowhq.EndLost && end.Reason != flowhq.EndLost && end.Reason != flowhq.EndFailed && end.Reason != flowhq.EndNotRecorded:
		c.end = end
	default:
		return
	}
	if end.Reason != flowhq.EndLost {
		close(c.better)
	}
}

// notStored ends the connection because the database failed under the library,
// and returns the error to give to it.
func (c *Conn) notStored(err error) error {
	c.finish(&EndError{Reason: flowhq.EndNotRecorded, Text: "the key store failed", Err: err})
	return errors.Join(errOver, err)
}
