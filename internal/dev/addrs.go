package dev

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"syscall"
	"time"
)

// dialTimeout is how long somebody else's server has to accept a connection.
const dialTimeout = 5 * time.Second

// freeAddr returns preferred if nobody listens there, or a loopback address that
// is free now.
func freeAddr(preferred string) string {
	for _, addr := range []string{preferred, "127.0.0.1:0"} {
		if addr == "" {
			continue
		}
		if l, err := net.Listen("tcp", addr); err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	return preferred // who listens there will say what is wrong
}

// claimTries bounds the ports tried when others claim them first.
const claimTries = 20

// claim returns preferred, or another loopback address, on which nobody listens
// and which no other "flowhq-dev up" will give to its parts either. Those that
// start at once would otherwise find the same port free. The token is the UDP
// port of the same number, which nobody else wants; it is held until release.
func (d *dev) claim(ctx context.Context, preferred string) string {
	addr := preferred
	for range claimTries {
		addr = freeAddr(preferred)
		if token, err := new(net.ListenConfig).ListenPacket(ctx, "udp", addr); err == nil {
			d.claims = append(d.claims, token)
			break
		}
		preferred = ""
	}
	return addr
}

func (d *dev) release() {
	for _, token := range d.claims {
		token.Close()
	}
}

func inUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }

// reachable returns an error of one sentence if nothing listens where a database
// URL leads. Whether the server lets us in is found out by the parts.
func reachable(ctx context.Context, databaseURL string) error {
	u, err := url.Parse(databaseURL)
	if err != nil || u.Hostname() == "" {
		return nil // a socket, or a form that only PostgreSQL's clients read
	}
	port := u.Port()
	if port == "" {
		port = "5432"
	}
	addr := net.JoinHostPort(u.Hostname(), port)
	if err := answers(ctx, addr); err != nil {
		return fmt.Errorf("the database of DATABASE_URL at %s does not answer (%w): start it, or unset DATABASE_URL to use a private one", addr, err)
	}
	return nil
}

// answers returns why no connection can be made to addr, without repeating the
// address.
func answers(ctx context.Context, addr string) error {
	conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", addr)
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	if err != nil {
		return err
	}
	return conn.Close()
}
