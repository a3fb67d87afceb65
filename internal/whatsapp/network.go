package whatsapp

import (
	"cmp"
	"context"
	"database/sql"
	"log/slog"
	"net/http"
	"net/url"

	"go.mau.fi/whatsmeow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/whatsapp/keystore"
)

// Options of a Network.
type Options struct {
	// DB holds the library's tables, which [Upgrade] has brought up to date. It
	// stays the caller's to close.
	DB     *sql.DB
	Server *Server // nil means WhatsApp itself
	// Proxy, over HTTP or SOCKS5, is what all connections go through. It is asked for
	// WhatsApp's own names and has to lead to Server, if there is one. nil means what the
	// environment says, and none to a Server.
	Proxy      *url.URL
	Log        *slog.Logger
	DeviceName string // shown in the phone's list of linked devices; "" means "Flow HQ"
}

// A Network is what all connections of a process share: the stored keys, the trust in the
// server, and the transport.
type Network struct {
	Keys      *keystore.Store // of all devices
	transport *http.Transport // of websockets, and of media
	media     *http.Client    // over transport; the websockets go through a wire each
	uploads   chan struct{}   // an element for each upload; see maxUploads
	log       *slog.Logger
	timing    timing
}

// Upgrade brings the tables of the key store in db up to date, see [keystore.Upgrade].
func Upgrade(ctx context.Context, db *sql.DB) error { return keystore.Upgrade(ctx, db) }

// whatsappRoot is the library's built-in root, kept before anything changes it.
var whatsappRoot = whatsmeow.WACertPubKey

// New returns a Network over up-to-date tables. It fails with code Unavailable if the
// database does not answer, and with Invalid if this process already talks to another
// server or uses another device name: the library knows only one of each.
func New(ctx context.Context, o Options) (*Network, error) {
	root := whatsappRoot
	if o.Server != nil {
		root = o.Server.RootKey
	}
	if err := configureProcess(root, cmp.Or(o.DeviceName, "Flow HQ")); err != nil {
		return nil, &flowhq.Error{Code: flowhq.Invalid, Message: err.Error()}
	}
	keys, err := keystore.New(o.DB, logger{log: o.Log})
	if err != nil {
		return nil, err
	}
	if err := keys.Ping(ctx); err != nil {
		return nil, err
	}
	transport := newTransport(o.Server, o.Proxy)
	return &Network{
		Keys:      keys,
		transport: transport,
		media:     &http.Client{Transport: transport},
		uploads:   make(chan struct{}, maxUploads),
		log:       o.Log,
		timing:    defaultTiming,
	}, nil
}
