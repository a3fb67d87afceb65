package dev

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/flowhq/flowhq/internal/pages"
	"github.com/flowhq/flowhq/internal/phone"
)

// phoneHeaderTimeout bounds a caller who connects to the page and asks for nothing.
const phoneHeaderTimeout = 5 * time.Second

// servePhone serves the page on which people try the product, until s.end. It is part of this
// process: it needs nothing that outlives it, and it kills the worker that this process keeps. A
// page that cannot be served costs nobody the rest, so that is only said.
func (s *stack) servePhone(ctx context.Context) {
	addr := s.reserve(ctx, defaultPhone)
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		s.console.printf("The phone to try it with cannot be served: %v", err)
		return
	}
	// What the page logs is its own faults, which whoever works on it wants to read at once.
	log := slog.New(slog.NewTextHandler(s.console, &slog.HandlerOptions{Level: slog.LevelWarn}))
	site := phone.New(phone.Stand{
		API: s.api.Client, Simulator: s.simulator.Client, Log: log,
		WorkerPID: s.worker.pid.Load, KillWorker: s.worker.kill,
	})
	server := &http.Server{
		Handler:           withGallery(site, s.api.Base),
		ReadHeaderTimeout: phoneHeaderTimeout, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	s.phone, s.phoneURL = server, "http://"+addr+phone.Path
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.console.printf("The phone is gone: %v", err)
		}
	}()
}

// withGallery adds the page of all components, for who works on the product's pages. The links on it
// lead to those pages themselves, which the API at this address has.
func withGallery(phone http.Handler, api string) http.Handler {
	gallery, err := pages.Gallery()
	// Its templates are part of this program, and a test makes the page.
	if err != nil {
		return phone
	}
	mux := http.NewServeMux()
	mux.Handle("/", phone)
	mux.Handle("GET "+pages.GalleryPath, gallery)
	mux.Handle("GET /static/{hash}/{file}", gallery)
	elsewhere := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, api+r.URL.RequestURI(), http.StatusSeeOther)
	}
	mux.HandleFunc("GET /admin/", elsewhere)
	mux.HandleFunc("GET /admin", elsewhere)
	mux.HandleFunc("GET /app/", elsewhere)
	mux.HandleFunc("GET /app", elsewhere)
	return mux
}

// closePhone ends the page with its open streams. Nothing there needs a grace.
func (s *stack) closePhone() {
	if s.phone != nil {
		_ = s.phone.Close() // its listener was its only resource
	}
}

// errNoProcess is why a service that is between two processes cannot be killed.
var errNoProcess = errors.New("it is not running; it starts again in a moment")

// kill kills the process of a service as the kernel would when memory runs out. The supervisor
// starts another one, as it does whatever the process died of.
func (s *service) kill() error {
	pid := int(s.pid.Load())
	if pid == 0 {
		return errNoProcess
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return process.Signal(syscall.SIGKILL)
}
