package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/serviceerror"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// unreachable says in one sentence why there is no connection to Temporal, and what to
// do about it. own is what we speak TLS with, nil if we do not.
func unreachable(ctx context.Context, address string, own *tls.Config, err error) error {
	_, denied := errors.AsType[*serviceerror.PermissionDenied](err)
	if denied || status.Code(err) == codes.Unauthenticated {
		return fmt.Errorf("Temporal at %s refuses the TEMPORAL_API_KEY or client certificate, "+
			"or that there is none: %w", address, err)
	}
	said := shakeHands(ctx, address, own)
	meaning := meaningOf(said, own)
	if meaning == "" {
		return fmt.Errorf("Temporal at %s does not answer: start it, "+
			"or set TEMPORAL_ADDRESS to where it is: %w", address, err)
	}
	if said == nil {
		said = err
	}
	return fmt.Errorf("Temporal at %s %s: %w", address, meaning, said)
}

// shakeHands returns what goes wrong when TLS is spoken to an address, nil if nothing
// does. gRPC does not always tell: what a server refuses, it may learn of as a connection
// that has ended.
func shakeHands(ctx context.Context, address string, own *tls.Config) error {
	const within = 2 * time.Second
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	config := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // nothing is said but hello
	if own != nil {
		config = own.Clone()
	}
	config.NextProtos = []string{"h2"}
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	deadline, _ := ctx.Deadline()
	_ = conn.SetReadDeadline(deadline)
	if _, err = conn.Read(make([]byte, 1)); err != nil && strings.Contains(err.Error(), "tls: ") {
		return err // about our certificate, which is judged after the handshake
	}
	return nil
}

// meaningOf says what an operator can do about a handshake, "" if it tells nothing.
func meaningOf(err error, own *tls.Config) string {
	if own == nil {
		if err == nil || strings.Contains(err.Error(), "remote error: tls: ") {
			return "speaks TLS: set TEMPORAL_TLS to true"
		}
		return ""
	}
	if err == nil {
		return ""
	}
	if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown {
		return "has a certificate of an authority that is not trusted here: " +
			"set TEMPORAL_TLS_SERVER_CA_CERT_PATH to that authority's"
	}
	if _, other := errors.AsType[x509.HostnameError](err); other {
		return "has a certificate for another name: set TEMPORAL_TLS_SERVER_NAME to the one in it"
	}
	if _, invalid := errors.AsType[x509.CertificateInvalidError](err); invalid {
		return "has a certificate that is not valid"
	}
	if _, plain := errors.AsType[tls.RecordHeaderError](err); plain {
		return "does not speak TLS: set TEMPORAL_TLS to false if that is intended"
	}
	if !strings.Contains(err.Error(), "remote error: tls: ") {
		return ""
	}
	if len(own.Certificates) == 0 {
		return "wants a client certificate: " +
			"set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH"
	}
	return "does not accept the client certificate of TEMPORAL_TLS_CLIENT_CERT_PATH"
}
