package whatsapp

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"database/sql"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.mau.fi/util/dbutil"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/store/sqlstore"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq"
)

// dialTimeout bounds each of the TCP connect, the TLS handshake and the wait for
// the websocket upgrade.
const dialTimeout = 10 * time.Second

// dialect is the library's name for PostgreSQL reached through pgx.
const dialect = "pgx"

// Options of a Network.
type Options struct {
	// DB holds the library's tables, which Upgrade has brought up to date. It
	// stays the caller's to close.
	DB     *sql.DB
	Server *Server // nil means WhatsApp itself
	// Proxy, over HTTP or SOCKS5, is what all connections go through; it is asked for
	// WhatsApp's own names and has to lead to Server, if there is one. nil means what
	// the environment says, and none to a Server.
	Proxy      *url.URL
	Log        *slog.Logger
	DeviceName string // shown in the phone's list of linked devices; "" means "Flow HQ"
}

// A Network is what all connections of a process share: the stored keys, the
// trust in the server, and the transport.
type Network struct {
	db        *sql.DB
	keys      *dbutil.Database // db as the library sees it
	devices   *sqlstore.Container
	transport *http.Transport
	media     *http.Client
	log       *slog.Logger
	pace      pace
}

// Upgrade brings the library's tables in db up to date. The caller makes sure
// that only one process at a time does so.
func Upgrade(ctx context.Context, db *sql.DB) error {
	if err := sqlstore.NewWithDB(db, dialect, nil).Upgrade(ctx); err != nil {
		return fmt.Errorf("whatsmeow tables: %w", err)
	}
	return nil
}

// New returns a Network over up-to-date tables. It fails with code Unavailable
// if the database does not answer, and with Invalid if this process already
// talks to another server or uses another device name: the library knows only
// one of each.
func New(ctx context.Context, o Options) (*Network, error) {
	root := whatsappRoot
	if o.Server != nil {
		root = o.Server.RootKey
	}
	if err := configureProcess(root, cmp.Or(o.DeviceName, "Flow HQ")); err != nil {
		return nil, &flowhq.Error{Code: flowhq.Invalid, Message: err.Error()}
	}
	n, err := open(o.DB, o.Log)
	if err != nil {
		return nil, err
	}
	n.transport = newTransport(o.Server, o.Proxy)
	n.media = &http.Client{Transport: n.transport}
	const q = `select from whatsmeow_version limit 1`
	if _, err := o.DB.ExecContext(ctx, q); err != nil {
		return nil, &flowhq.Error{Code: flowhq.Unavailable, Message: "the WhatsApp key store cannot be read", Err: err}
	}
	return n, nil
}

// whatsappRoot is the library's built-in root, kept before anything changes it.
var whatsappRoot = whatsmeow.WACertPubKey

// open returns a Network over the library's tables in db, with no way to a server.
func open(db *sql.DB, log *slog.Logger) (*Network, error) {
	keys, err := dbutil.NewWithDB(db, dialect)
	if err != nil {
		return nil, fmt.Errorf("key store: %w", err)
	}
	devices := sqlstore.NewWithWrappedDB(keys, logger{log: log})
	return &Network{db: db, keys: keys, devices: devices, log: log, pace: defaultPace}, nil
}

// newTransport returns the transport of all connections. If server is not nil
// every connection goes to its address, or to the proxy that leads there, whatever
// host was asked for: the library's URLs are constants.
func newTransport(server *Server, proxy *url.URL) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	t := &http.Transport{
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    dialTimeout,
		ResponseHeaderTimeout:  dialTimeout,
		OnProxyConnectResponse: checkProxy,
		// A websocket is never reused, and media are fetched once per linked
		// phone, so idle connections would only accumulate.
		DisableKeepAlives: true,
	}
	if server != nil {
		t.TLSClientConfig = &tls.Config{RootCAs: server.RootCAs, MinVersion: tls.VersionTLS12}
	}
	switch {
	case proxy != nil:
		t.Proxy = http.ProxyURL(proxy)
	case server == nil:
		t.Proxy = http.ProxyFromEnvironment
	default:
		t.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, server.Addr)
		}
	}
	return t
}

// device returns the stored device, or a new one that is not linked to a phone
// if jid is "" or its keys are not there.
func (n *Network) device(ctx context.Context, jid string) (*store.Device, error) {
	if jid == "" {
		return n.devices.NewDevice(), nil
	}
	parsed, err := types.ParseJID(jid)
	if err != nil {
		return nil, &flowhq.Error{Code: flowhq.Invalid, Message: "the device's JID is malformed", Err: err}
	}
	device, err := n.devices.GetDevice(ctx, parsed)
	if err != nil {
		return nil, &flowhq.Error{Code: flowhq.Unavailable, Message: "the device's keys cannot be read", Err: err}
	}
	if device == nil {
		return n.devices.NewDevice(), nil
	}
	return device, nil
}

// Forget deletes the keys of a device and everything else the library stored for
// it. To forget an unknown device, or "", is not an error. No connection of the
// device may be open.
func (n *Network) Forget(ctx context.Context, device string) error {
	if device == "" {
		return nil
	}
	for deleted := int64(PruneBatch); deleted == PruneBatch; {
		var err error
		if deleted, err = n.forgetBuffer(ctx, device); err != nil {
			return err
		}
	}
	// Every other table of the library hangs on the device's row, with at most a few rows
	// of each contact.
	for _, statement := range []string{
		`delete from whatsmeow_device where jid = $1`,
		`delete from whatsmeow_privacy_tokens where our_jid = $1`,
	} {
		if _, err := n.db.ExecContext(ctx, statement, device); err != nil {
			return &flowhq.Error{Code: flowhq.Unavailable, Message: "the device's keys cannot be deleted", Err: err}
		}
	}
	return nil
}

// messageIDBytes is what comes after the prefix of a message id, in bytes; as in WhatsApp's own
// web client, where it is random.
const messageIDBytes = 9

// ReplyID returns the id to record and send a reply under: the same for one question and kind of
// reply. A question that is answered again, because an older database was restored, gets the
// answer under the id that it had, and a phone shows an id once. The row's number alone would
// not do: after a restore, other messages get numbers that were used before.
func ReplyID(tenant flowhq.TenantID, question flowhq.Message, kind flowhq.Kind) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %s %s", tenant, question.ID, kind, question.WAMessageID))
	return whatsmeow.WebMessageIDPrefix + strings.ToUpper(hex.EncodeToString(sum[:messageIDBytes]))
}
