package dev

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

const (
	// dialTimeout is how long a server of somebody else's has to accept a connection. A host
	// behind a firewall that drops packets would otherwise hold up the start for the system's
	// own limit, minutes on Linux.
	dialTimeout = 5 * time.Second
	// maxReserveTries bounds the ports that are tried if others reserve them first.
	maxReserveTries = 20
)

// apiAddr returns where the API listens and how this machine reaches it, after a check that the
// port is free. wanted is the value of HTTP_ADDR, "" for the default. Between the check and the
// start of the API another program may take the port; the API then ends with an error of its
// own.
func apiAddr(wanted string) (listen, local string, err error) {
	if wanted == "" {
		wanted = defaultAPI
	}
	// To listen is the surest test: the kernel refuses now what it would refuse the API.
	l, err := net.Listen("tcp", wanted)
	host, port, _ := net.SplitHostPort(wanted)
	if errors.Is(err, syscall.EADDRINUSE) {
		return "", "", fmt.Errorf("port %s is taken by another program: end that one, "+
			"or choose another port with HTTP_ADDR, such as HTTP_ADDR=%s", port, freeAddr(""))
	}
	if err != nil {
		return "", "", fmt.Errorf("HTTP_ADDR=%s: %w", wanted, err)
	}
	defer l.Close()
	addr := l.Addr().(*net.TCPAddr)
	// The host stays as it was asked for, every interface included. A port 0 has become a
	// real one, which others can be told.
	listen = net.JoinHostPort(host, strconv.Itoa(addr.Port))
	if addr.IP.IsUnspecified() {
		addr.IP = net.IPv4(127, 0, 0, 1)
	}
	return listen, addr.String(), nil
}

// freeAddr returns preferred if nobody listens there, or else a loopback address that is
// free now. If there is none, it returns preferred: whatever is started there will say
// what is wrong.
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
	return preferred
}

// reserve returns preferred, or another loopback address, on which nobody listens and
// which no other "flowhq-dev up" will give to its services either. Two that start at once
// would otherwise find the same port free. The reservation is the UDP port of the same
// number, which nobody else wants; it is held until release.
func (s *stack) reserve(ctx context.Context, preferred string) string {
	addr := preferred
	for range maxReserveTries {
		addr = freeAddr(preferred)
		held, err := new(net.ListenConfig).ListenPacket(ctx, "udp", addr)
		if err == nil {
			s.reserved = append(s.reserved, held)
			break
		}
		preferred = "" // reserved by another one, so any other
	}
	return addr
}

// release gives up what reserve holds. It is called when the stack has ended, as the supervisor
// may start a service on the same port again until then.
func (s *stack) release() {
	for _, held := range s.reserved {
		held.Close()
	}
}

// reachable returns an error of one sentence if nothing listens where a database URL leads.
// Whether the server lets us in, its first user finds out: the migrate command, whose error is
// shown.
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
		return fmt.Errorf("the database of DATABASE_URL at %s does not answer (%w): start it, "+
			"or unset DATABASE_URL to use a private one", addr, err)
	}
	return nil
}

// answers returns why no connection can be made to addr, without repeating the address, which
// its callers name together with the variable that holds it.
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
