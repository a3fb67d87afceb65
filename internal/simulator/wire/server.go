package wire

import (
	"context"
	"crypto/tls"
	"log"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// HeaderTimeout is how long a client may take to finish the header of an HTTP request.
const HeaderTimeout = 10 * time.Second

// tcpKey is where the context of a request holds its TCP connection.
type tcpKey struct{}

// NewServer returns the web server that clients upgrade their connections on. It calls connect for
// each connection, page for GET /, on which clients look up the newest version, and media for what
// they upload and fetch. connect must return at once: until it does, net/http keeps the buffers of
// the request. The connections outlive the server and end with ctx.
func NewServer(
	ctx context.Context, config *tls.Config, log *slog.Logger,
	connect func(*Conn), page http.HandlerFunc, media http.Handler,
) *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws/chat", func(w http.ResponseWriter, r *http.Request) {
		if c, err := accept(ctx, w, r); err == nil {
			connect(c)
		}
	})
	mux.HandleFunc("GET /{$}", page)
	mux.Handle("/mms/", media)
	mux.Handle("/v/", media)
	return &http.Server{
		Handler: mux, TLSConfig: config,
		ReadHeaderTimeout: HeaderTimeout, ErrorLog: DebugLog(log),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if wrapped, ok := c.(*tls.Conn); ok {
				c = wrapped.NetConn()
			}
			tcp, _ := c.(*net.TCPConn)
			return context.WithValue(ctx, tcpKey{}, tcp)
		},
	}
}

// DebugLog returns a logger for net/http, at the debug level: it complains of clients that
// hang up, which is what many tests are about.
func DebugLog(logger *slog.Logger) *log.Logger {
	return slog.NewLogLogger(logger.Handler(), slog.LevelDebug)
}

// NewClient returns an HTTP client that finds every host at addr. The library dials fixed
// host names, so redirecting the dial is the only way to lead it here.
func NewClient(addr string, config *tls.Config) *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:   config,
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	}}
}
