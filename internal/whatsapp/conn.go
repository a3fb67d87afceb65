package whatsapp

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.mau.fi/whatsmeow"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/whatsapp/keystore"
)

// A Conn is one connection to WhatsApp, from the dial to its end, for one device. It is
// over when Events is closed, which happens for exactly one reason, see Err. Its owner
// calls Close in any case.
type Conn struct {
	network *Network
	version store.WAVersionContainer // of WhatsApp's web client, that it logs in as
	handler Handler
	client  atomic.Pointer[whatsmeow.Client] // replaced once, after a pairing
	wire    *wire
	keys    *keystore.Keys
	calls   *calls        // that the library's goroutines make in this connection's name
	sending chan struct{} // capacity 1: full while a message is being sent

	// ctx lasts as long as the connection. It is kept here because the library takes it
	// once, when connecting, and the connection outlives every call.
	ctx    context.Context
	cancel context.CancelFunc

	events  chan Event
	signals chan any // from the library's goroutines to run

	ended     chan struct{} // closed when the reason of the end is known
	explained chan struct{} // closed when that reason is a better one than EndLost
	stopped   chan struct{} // closed when nothing of the connection is running any more

	// released is closed when the library has let go of a lost websocket.
	released     chan struct{}
	releasedOnce sync.Once
	// caughtUp is closed when the handler has had all that waited for the login.
	caughtUp     chan struct{}
	caughtUpOnce sync.Once

	mu        sync.Mutex // guards what follows
	end       *EndError
	device    Device // zero until a phone has scanned
	isPairing bool   // a phone has scanned; whether that succeeds is open, or it has
	isLinked  bool   // the device is linked: from the start, or WhatsApp has confirmed it
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
	d, err := n.Keys.Device(ctx, device)
	if err != nil {
		return nil, err
	}
	c := n.newConn(ctx, v, d, h)
	go c.run()
	return c, nil
}

// newConn returns a connection that is not running yet.
func (n *Network) newConn(
	ctx context.Context, v store.WAVersionContainer, device *store.Device, h Handler,
) *Conn {
	c := &Conn{
		network: n,
		version: v,
		handler: h,
		wire:    &wire{transport: n.transport, holds: h.Holds},
		calls:   newCalls(),
		sending: make(chan struct{}, 1),

		events:  make(chan Event, maxEvents),
		signals: make(chan any, maxSignals),

		ended:     make(chan struct{}),
		explained: make(chan struct{}),
		stopped:   make(chan struct{}),
		released:  make(chan struct{}),
		caughtUp:  make(chan struct{}),

		device:   deviceOf(device),
		isLinked: device.ID != nil,
	}
	// The connection outlives the call of Dial that ctx belongs to.
	c.ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	// The stores are wrapped before there is a client that could use them.
	c.keys = n.Keys.Use(device, keyUser{c})
	c.client.Store(c.newClient(device))
	return c
}

// Events returns the steps of the connection. The channel is closed when it is over.
// Nothing waits for its reader.
func (c *Conn) Events() <-chan Event { return c.events }

// CaughtUp is closed when WhatsApp has delivered all that waited for this login, and the
// handler has had it. It stays open if the connection ends before.
func (c *Conn) CaughtUp() <-chan struct{} { return c.caughtUp }

// Err returns why the connection is over, or nil while it is not.
func (c *Conn) Err() *EndError {
	select {
	case <-c.stopped:
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.end
	default:
		return nil
	}
}

// LastSeen returns when WhatsApp last sent anything. On a healthy connection that is at
// most 40 s ago: the library sends a ping every 20 to 30 s and waits 10 s for the answer.
func (c *Conn) LastSeen() time.Time { return c.wire.lastSeen() }

// Close hangs up and waits until no call of the handler is running and the keys are out
// of use, so that another connection of the device may be opened. It returns ctx's error
// if that takes longer than ctx allows; the connection then still ends by itself. Closing
// a connection that is over does nothing.
func (c *Conn) Close(ctx context.Context) error {
	c.HangUp()
	select {
	case <-c.stopped:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// HangUp ends the connection without waiting: nothing is sent from here on, and Events is
// closed soon. Close still has to be called.
//
// Whoever hangs up knows why, and needs no reason from here. One who did not, and finds
// the connection closed, finds EndFailed and dials again. It must not be EndStopped: that
// would leave the tenant alone as if an operator had stopped it.
func (c *Conn) HangUp() {
	c.finish(&EndError{Ending: flowhq.EndFailed, Reason: "this program closed the connection"})
}

// logoutTimeout bounds the request to WhatsApp to unlink a device.
const logoutTimeout = 10 * time.Second

// Unlink removes the device from the phone's list of linked devices, deletes its keys and
// closes the connection. If WhatsApp does not confirm, it returns an error of code
// Unavailable, and the keys are still there.
func (c *Conn) Unlink(ctx context.Context) error {
	if err := c.removeDevice(ctx); err != nil {
		return &flowhq.Error{
			Code:    flowhq.Unavailable,
			Message: "WhatsApp did not confirm that the device is unlinked", Err: err,
		}
	}
	if err := c.Close(ctx); err != nil {
		return err
	}
	return c.network.Keys.Forget(ctx, c.knownDevice().JID)
}

// removeDevice asks WhatsApp to unlink the device. The library's Logout (client.go) would
// also disconnect, which can leave its reader stuck for good, see wire.cut.
func (c *Conn) removeDevice(ctx context.Context) error {
	jid, err := types.ParseJID(c.knownDevice().JID)
	if err != nil || !c.hasLinked() {
		return whatsmeow.ErrNotLoggedIn
	}
	ctx, cancel := context.WithTimeout(ctx, logoutTimeout)
	defer cancel()
	//nolint:staticcheck // deprecated as a warning; nothing else sends only the request
	_, err = c.client.Load().DangerousInternals().SendIQ(ctx, whatsmeow.DangerousInfoQuery{
		Namespace: "md", Type: "set", To: types.ServerJID,
		Content: []waBinary.Node{{
			Tag:   "remove-companion-device",
			Attrs: waBinary.Attrs{"jid": jid, "reason": "user_initiated"},
		}},
	})
	return err
}
