package whatsapp

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"
)

// dialTimeout bounds each of the TCP connect, the TLS handshake and the wait for the
// websocket upgrade.
const dialTimeout = 10 * time.Second

// newTransport returns the transport of all connections. If server is not nil, every
// connection goes to its address, or to the proxy that leads there, whatever host was
// asked for: the library's URLs are constants (socket/constants.go).
func newTransport(server *Server, proxy *url.URL) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	t := &http.Transport{
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    dialTimeout,
		ResponseHeaderTimeout:  dialTimeout,
		OnProxyConnectResponse: checkProxy,
		// A websocket is never reused, and media are fetched once per linked phone, so
		// idle connections would only accumulate.
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
	default: // a proxy of the environment would not lead to a test server
		t.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, server.Addr)
		}
	}
	return t
}

// errProxyRefused is why a proxy did not connect us: its answer's status.
type errProxyRefused struct{ status string }

func (e errProxyRefused) Error() string { return "the proxy answered " + e.status }

// checkProxy turns a proxy's refusal into an error with a type. The transport's own would
// only quote the answer.
func checkProxy(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return errProxyRefused{answer.Status}
}
