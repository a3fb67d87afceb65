package server

import (
	"crypto/tls"
	"errors"
	"time"

	"github.com/flowhq/flowhq/internal/simulator/wire"
)

// A client must find out that it does not talk to WhatsApp, at whichever step: when it
// cannot connect, when TLS shows another root, and in the handshake after that. Each is a
// fault that lasts until a time. Connections that are open already do not notice.

// An untrusted is an identity that clients do not trust, with which the server answers
// while that fault lasts. It is made at the start, because making keys takes a while.
type untrusted struct {
	tls   *tls.Config
	noise []byte // certificates for the server's own key, from another root
}

// newUntrusted makes an impostor of an identity.
func newUntrusted(identity *wire.Identity) (u untrusted, err error) {
	other, err := identity.Impostor()
	if err != nil {
		return u, err
	}
	if u.tls, err = other.TLS(); err != nil {
		return u, err
	}
	u.noise, err = other.Certificates()
	return u, err
}

// errUnreachable ends a handshake on which the server has hung up.
var errUnreachable = errors.New("the server is unreachable")

// SetUnreachable has the server hang up on whoever connects, until a time.
func (f *Faults) SetUnreachable(until time.Time) {
	f.change(func(a *activeFaults) { a.unreachable = until })
}

// ShowWrongTLS has the server show a TLS certificate that nobody trusts, until a time.
func (f *Faults) ShowWrongTLS(until time.Time) {
	f.change(func(a *activeFaults) { a.wrongTLS = until })
}

// ShowWrongNoise has the server show Noise certificates that nobody trusts, until a time.
func (f *Faults) ShowWrongNoise(until time.Time) {
	f.change(func(a *activeFaults) { a.wrongNoise = until })
}

// chooseTLS returns the configuration that answers a client, nil for the usual one.
func (s *Server) chooseTLS(hello *tls.ClientHelloInfo) (config *tls.Config, err error) {
	s.Faults.change(func(a *activeFaults) {
		switch now := time.Now(); {
		case now.Before(a.unreachable):
			err = errUnreachable
		case now.Before(a.wrongTLS):
			config = s.untrusted.tls
		}
	})
	if err != nil {
		_ = hello.Conn.Close()
	}
	return config, err
}

// noiseChain returns the certificates to show in the next handshake.
func (s *Server) noiseChain() []byte {
	chain := s.certificates
	s.Faults.change(func(a *activeFaults) {
		if time.Now().Before(a.wrongNoise) {
			chain = s.untrusted.noise
		}
	})
	return chain
}
