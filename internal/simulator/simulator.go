// Package simulator is a loopback WhatsApp: a server, phones that bots are linked to, and
// customers who write to them.
//
// The unmodified client (whatsmeow) talks to it over TLS and websocket, with the real
// Noise handshake, binary XML and Signal encryption. So whatever hosts a bot on WhatsApp
// can be run, tested and broken here without changing a line of it: only the address that
// it dials and the two roots that it trusts differ.
//
// This package starts and ends the parts. They import each other downwards only:
//
//	simulator            wires the parts, in the order in which they start and end
//	  control            the JSON API by which everything is commanded
//	    server           accounts, devices, linking, queues, routing, faults
//	    customers        the people, each with a real client and an inbox
//	      signalstore    what one client remembers
//	        wire         handshake, frames, stanzas, certificates
//	        database     all of the above in one file, written behind
//
// server and customers do not import each other. A customer dials the server like any
// client, and registers its account through an interface.
//
// All state is held in memory and written behind, in the order in which it changed. A
// change becomes visible to another process only once it is in the file, so killing the
// process at any instant loses nothing that was acknowledged.
package simulator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/flowhq/flowhq/internal/simulator/control"
	"github.com/flowhq/flowhq/internal/simulator/customers"
	"github.com/flowhq/flowhq/internal/simulator/database"
	"github.com/flowhq/flowhq/internal/simulator/server"
	"github.com/flowhq/flowhq/internal/simulator/wire"
)

// Options say where a simulator listens and where it keeps its state.
type Options struct {
	// Addr is for clients, Control for the JSON API: host:port each, with port 0 for any.
	// Neither should leave the machine: anybody may command phones.
	Addr, Control string
	// Dir holds the state. It is created if need be, and must not be shared with another
	// simulator that runs. Clients find ca.pem and root.key in it.
	Dir string
	Log *slog.Logger
	// Ready, if not nil, is called once, with the addresses, when both ports answer and
	// customers can be spoken to.
	Ready func(addr, control string)
}

const (
	databaseFile = "state.db" // in Options.Dir
	// shutdownTimeout bounds the wait for requests to the control API. A scan takes
	// longer, and is cut off.
	shutdownTimeout = 3 * time.Second
)

// Run runs a simulator until ctx is done, and then returns nil. It fails if it cannot
// listen, read its state or keep it.
func Run(ctx context.Context, o Options) error {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return fmt.Errorf("simulator: %w", err)
	}
	db, err := database.Open(filepath.Join(o.Dir, databaseFile))
	if err != nil {
		return fmt.Errorf("simulator in %s: %w", o.Dir, err)
	}
	if err = errors.Join(run(ctx, o, db), db.Close()); err != nil {
		return fmt.Errorf("simulator in %s: %w", o.Dir, err)
	}
	return nil
}

// run listens, starts the parts and serves until ctx is done or something fails.
func run(ctx context.Context, o Options, db *database.DB) error {
	identity, err := wire.LoadIdentity(o.Dir)
	if err != nil {
		return err
	}
	clients, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return err
	}
	defer clients.Close()
	commands, err := net.Listen("tcp", o.Control)
	if err != nil {
		return err
	}
	defer commands.Close()

	// What follows ends in the reverse order, which loses least: requests, customers,
	// connections. Customers need their connections to hang up in good order, so these
	// do not end with ctx.
	lasting := context.WithoutCancel(ctx)
	s, err := server.New(lasting, identity, db, o.Log)
	if err != nil {
		return err
	}
	defer s.Close()
	people, err := customers.NewPool(lasting, clients.Addr().String(), identity, db, s)
	if err != nil {
		return err
	}
	defer people.Stop()
	if err = people.Load(); err != nil {
		return err
	}
	api := &http.Server{
		Handler:           control.New(s, people),
		ReadHeaderTimeout: wire.HeaderTimeout, ErrorLog: wire.DebugLog(o.Log),
	}
	defer shutDown(lasting, api)

	failed := make(chan error, 2)
	go func() { failed <- s.Serve(clients) }()
	go func() { failed <- api.Serve(commands) }()
	addr, controlAddr := clients.Addr().String(), commands.Addr().String()
	o.Log.Info("simulator is ready", "addr", addr, "control", controlAddr)
	if o.Ready != nil {
		o.Ready(addr, controlAddr)
	}
	select {
	case <-ctx.Done():
		return nil
	case <-db.Failed():
		return db.Failure()
	case err := <-failed:
		return err
	}
}

// shutDown ends the control API and waits a little for the requests that it serves.
func shutDown(ctx context.Context, api *http.Server) {
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	if api.Shutdown(ctx) != nil {
		_ = api.Close()
	}
}
