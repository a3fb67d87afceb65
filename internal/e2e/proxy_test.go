package e2e

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// A proxy is an HTTP proxy that leads to the simulated WhatsApp, whatever it is asked
// for.
type proxy struct {
	*httptest.Server
	to string // host:port

	mu      sync.Mutex
	refuses bool
	tunnels []net.Conn
}

// newProxy starts a proxy that ends with the test.
func newProxy(t testing.TB, to string) *proxy {
	p := &proxy{to: to}
	p.Server = httptest.NewServer(p)
	t.Cleanup(func() {
		p.refuse(true)
		p.Close()
	})
	return p
}

// refuse has it cut all connections, and make none while that lasts.
func (p *proxy) refuse(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = yes
	for _, c := range p.tunnels {
		c.Close()
	}
	p.tunnels = nil
}

func (p *proxy) ServeHTTP(answer http.ResponseWriter, r *http.Request) {
	there, err := p.dial(r)
	if err != nil {
		http.Error(answer, err.Error(), http.StatusBadGateway)
		return
	}
	if there == nil {
		http.Error(answer, "not now", http.StatusForbidden)
		return
	}
	defer there.Close()
	answer.WriteHeader(http.StatusOK)
	here, buffered, err := http.NewResponseController(answer).Hijack()
	if err != nil {
		return
	}
	defer here.Close()
	go func() {
		_, _ = io.Copy(there, buffered) // until either end hangs up
		there.Close()
	}()
	_, _ = io.Copy(here, there)
}

// dial returns a connection to the simulator, or nil while it refuses.
func (p *proxy) dial(r *http.Request) (net.Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refuses || r.Method != http.MethodConnect {
		return nil, nil //nolint:nilnil // see above
	}
	c, err := new(net.Dialer).DialContext(r.Context(), "tcp", p.to)
	if err == nil {
		p.tunnels = append(p.tunnels, c)
	}
	return c, err
}
