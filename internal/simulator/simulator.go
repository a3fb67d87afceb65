package simulator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options say where a simulator listens and where it keeps its state.
type Options struct {
	// Addr is for clients, Control for the JSON API: host:port each, with port 0
	// for any. Neither should leave the machine: anybody may command phones.
	Addr, Control string
	// Dir holds the state. It is created if need be, and must not be shared with
	// another simulator that runs. Clients find ca.pem and root.key in it.
	Dir string
	Log *slog.Logger
	// Ready, if not nil, is called once, with the addresses, when both ports
	// answer and customers can be spoken to.
	Ready func(addr, control string)
}

const (
	headerTimeout = 10 * time.Second // for a client to finish its HTTP request
	// shutdownTimeout bounds the wait for requests to the control API.
	shutdownTimeout = 3 * time.Second
)

// A server is a running simulator. See the package comment for its parts.
type server struct {
	log          *slog.Logger
	ctx          context.Context // of connections; ends after the customers
	cancel       context.CancelFunc
	db           *database
	secrets      *secrets
	certificates []byte // of the Noise key
	impostor     impostor
	started      time.Time
	running      sync.WaitGroup // connections

	mu        sync.Mutex // guards all below and what they hold
	ending    bool
	accounts  map[string]*account // by number, digits only
	lids      map[string]*account // by hidden identity
	conns     map[*conn]struct{}
	pairings  map[string]*conn     // by what is in their codes
	customers map[string]*customer // by number, digits only
	pool      *customerPool
	faults    faults
	stats     stats
	lastID    uint64
}

// Run runs a simulator until ctx is done, and then returns nil. It fails if it
// cannot listen, read its state or keep it.
func Run(ctx context.Context, o Options) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s, err := open(ctx, o)
	if err != nil {
		return fmt.Errorf("simulator in %s: %w", o.Dir, err)
	}
	defer func() { err = errors.Join(err, s.db.close()) }()
	defer s.cancel()
	go func() {
		select {
		case <-s.db.failed:
			cancel(s.db.failure())
		case <-ctx.Done():
		}
	}()
	if err = s.run(ctx, o); err != nil {
		return fmt.Errorf("simulator: %w", err)
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
		return fmt.Errorf("simulator: %w", cause)
	}
	return nil
}

// open reads or creates the state in o.Dir.
func open(ctx context.Context, o Options) (*server, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	secrets, err := loadSecrets(o.Dir)
	if err != nil {
		return nil, err
	}
	certificates, err := secrets.certificates()
	if err != nil {
		return nil, err
	}
	impostor, err := secrets.impostor()
	if err != nil {
		return nil, err
	}
	db, err := openDatabase(filepath.Join(o.Dir, databaseFile))
	if err != nil {
		return nil, err
	}
	s := &server{
		log: o.Log, db: db, secrets: secrets, certificates: certificates, impostor: impostor, started: time.Now(),
		accounts: map[string]*account{}, lids: map[string]*account{}, conns: map[*conn]struct{}{},
		pairings: map[string]*conn{}, customers: map[string]*customer{},
		faults: newFaults(),
	}
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err = s.load(); err != nil {
		s.cancel()
		return nil, errors.Join(err, db.close())
	}
	return s, nil
}

// run listens, starts the customers and serves until ctx is done.
func (s *server) run(ctx context.Context, o Options) error {
	config, err := s.secrets.serverTLS()
	if err != nil {
		return err
	}
	config.GetConfigForClient = s.chooseTLS
	clients, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return err
	}
	defer clients.Close()
	control, err := net.Listen("tcp", o.Control)
	if err != nil {
		return err
	}
	defer control.Close()

	if s.pool, err = s.newPool(clients.Addr().String()); err != nil {
		return err
	}
	wire := s.wireServer(config)
	api := &http.Server{Handler: s.controlAPI(), ReadHeaderTimeout: headerTimeout, ErrorLog: quiet(s.log)}
	defer s.stop(wire, api)
	if err = s.loadCustomers(); err != nil {
		return err
	}
	ended := make(chan error, 2)
	go func() { ended <- wire.ServeTLS(clients, "", "") }()
	go func() { ended <- api.Serve(control) }()
	s.running.Go(func() { s.sweep(s.ctx) })
	s.log.Info("simulator is ready", "addr", clients.Addr().String(), "control", control.Addr().String())
	if o.Ready != nil {
		o.Ready(clients.Addr().String(), control.Addr().String())
	}
	select {
	case <-ctx.Done():
		return nil
	case err = <-ended:
		return err
	}
}

// wireServer is the web server that clients upgrade their connections on.
func (s *server) wireServer(config *tls.Config) *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws/chat", s.upgrade)
	mux.HandleFunc("GET /{$}", s.webPage)
	return &http.Server{
		Handler: mux, TLSConfig: config, ReadHeaderTimeout: headerTimeout, ErrorLog: quiet(s.log),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if wrapped, ok := c.(*tls.Conn); ok {
				c = wrapped.NetConn()
			}
			tcp, _ := c.(*net.TCPConn)
			return context.WithValue(ctx, tcpKey{}, tcp)
		},
	}
}

// quiet returns a logger for net/http, whose complaints are about clients that
// hang up.
func quiet(logger *slog.Logger) *log.Logger {
	return slog.NewLogLogger(logger.Handler(), slog.LevelDebug)
}

// stop ends everything that runs, in the order that loses least: requests,
// customers, connections.
func (s *server) stop(wire, api *http.Server) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), shutdownTimeout)
	defer cancel()
	if api.Shutdown(ctx) != nil {
		_ = api.Close()
	}
	s.mu.Lock()
	s.ending = true
	s.mu.Unlock()
	s.pool.stop()
	_ = wire.Close() // connections are hijacked, hence not its own any more
	s.cancel()
	s.running.Wait()
}
