package server

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowhq/flowhq/internal/simulator/database"
	"github.com/flowhq/flowhq/internal/simulator/wire"
)

const (
	// idleTimeout ends connections that have gone silent. Clients ping every 20 to 30
	// seconds.
	idleTimeout = 3 * time.Minute
	// sweepInterval is how often they are looked for. A sweep reads one number of each.
	sweepInterval = 30 * time.Second
)

// A Server is a running WhatsApp server. It is safe for concurrent use.
type Server struct {
	// Faults are what the server does wrong on demand. They are forgotten with the
	// process, unlike everything else.
	Faults *Faults

	log          *slog.Logger
	ctx          context.Context // of connections
	cancel       context.CancelFunc
	db           *database.DB
	identity     *wire.Identity
	certificates []byte    // that prove the identity's Noise key
	untrusted    untrusted // shown instead of identity, as a fault
	media        *mediaHost
	ids          stanzaIDs
	counts       counters
	running      sync.WaitGroup // the goroutines of connections, and sweep
	web          *http.Server   // set by Serve, with the state lent

	mu    sync.Mutex // guards state
	state *state
}

// New returns a server with the accounts that an earlier one has left in the file. Its
// connections live until [Server.Close], whatever becomes of ctx.
func New(
	ctx context.Context, identity *wire.Identity, db *database.DB, log *slog.Logger,
) (*Server, error) {
	certificates, err := identity.Certificates()
	if err != nil {
		return nil, err
	}
	untrusted, err := newUntrusted(identity)
	if err != nil {
		return nil, err
	}
	s := &Server{
		Faults: newFaults(), log: log, db: db, identity: identity,
		certificates: certificates, untrusted: untrusted,
		ids: stanzaIDs{prefix: strconv.FormatInt(time.Now().Unix(), 10)},
	}
	if s.media, err = newMediaHost(db, s.Faults); err != nil {
		return nil, err
	}
	s.state = newState(s) // no other goroutine knows it yet, so load needs no lock
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err = s.state.load(); err != nil {
		s.cancel()
		return nil, err
	}
	return s, nil
}

// do calls f with the server's state, which nobody else sees or changes meanwhile. f must
// not block on the network: one slow client would stop everybody. f must not call do, which
// would wait for itself.
func (s *Server) do(f func(*state)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s.state)
}

// Serve accepts clients until it fails or [Server.Close] is called, when it returns
// [http.ErrServerClosed]. It is called once, after the customers were loaded.
func (s *Server) Serve(listener net.Listener) error {
	config, err := s.identity.TLS()
	if err != nil {
		return err
	}
	config.GetConfigForClient = s.chooseTLS
	// Close may be called at any time, also before this.
	s.do(func(st *state) {
		s.web = wire.NewServer(s.ctx, config, s.log, s.connect, s.webPage, s.media)
		if st.isEnding {
			_ = s.web.Close() // has ServeTLS return at once
			return
		}
		s.running.Go(s.sweep)
	})
	return s.web.ServeTLS(listener, "", "")
}

// Close ends all connections and waits for them. It comes after the customers have ended,
// who would dial again, and before the database is closed: acknowledgements that are on
// their way in are still written.
func (s *Server) Close() {
	s.do(func(st *state) {
		st.isEnding = true
		if s.web != nil {
			_ = s.web.Close() // stops listening; the connections are hijacked, so not its own
		}
	})
	s.cancel()
	s.running.Wait()
}

// connect takes over a client's connection, unless the server is ending. It gives the
// connection a goroutine of its own and returns, so that net/http frees its buffers.
func (s *Server) connect(w *wire.Conn) {
	c := &conn{Conn: w, server: s, done: make(chan struct{})}
	isAdmitted := false // nothing is sent to a client that comes too late
	s.do(func(st *state) {
		// In one step with Close's noting the end, so that Close waits for this one, too.
		if !st.isEnding {
			isAdmitted = true
			st.links[c] = &link{conn: c}
			s.running.Go(c.serve)
		}
	})
	if !isAdmitted {
		c.Cut()
	}
}

// sweep ends silent connections until the server ends. A client whose machine is gone
// sends no end; its number would look connected for ever.
func (s *Server) sweep() {
	tick := time.NewTicker(sweepInterval)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
			isSilent := func(l *link) bool { return l.conn.Idle() > idleTimeout }
			for _, c := range s.connections(isSilent) {
				c.Cut()
			}
		}
	}
}

// connections returns the connections whose links match, for callers that then write to
// them or cut them, which must not happen with the state lent.
func (s *Server) connections(match func(*link) bool) (out []*conn) {
	s.do(func(st *state) {
		for c, l := range st.links {
			if match(l) {
				out = append(out, c)
			}
		}
	})
	return out
}

// stanzaIDs draws ids for stanzas of the server's own: notifications and queries. Messages
// and receipts keep the ids that their senders gave them.
type stanzaIDs struct {
	prefix string // of this run, so that no id of an earlier one comes again
	last   atomic.Uint64
}

// next returns an id that was never returned before.
func (i *stanzaIDs) next() string {
	return i.prefix + "-" + strconv.FormatUint(i.last.Add(1), 10)
}

// counters count since the server's start. They are not part of the state, because a
// refused login is counted without it.
type counters struct {
	logins   atomic.Int64 // of devices
	replaced atomic.Int64 // live connections that a login threw out
	routed   atomic.Int64 // messages
	refused  atomic.Int64 // logins and pairings
}
