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
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// temporalBackoff is how soon a lost connection to Temporal is tried again. The SDK's own goes
// up to ten seconds, and for as long every command after an outage would still find Temporal
// unavailable. With jitter, a fleet does not come back in one moment.
var temporalBackoff = backoff.Config{
	BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second,
}

const (
	// temporalConnectTimeout bounds one attempt to connect. It is gRPC's own default, which has
	// to be repeated where the backoff is set.
	temporalConnectTimeout = 20 * time.Second
	// handshakeTimeout bounds the question why there is no connection, which is asked once,
	// before the process gives up.
	handshakeTimeout = 2 * time.Second
)

// dialTemporal connects to Temporal, or says what to do about it. identity is the name of this
// process in Temporal's Web UI, beside each task that it has taken. The connection is closed
// with the process.
func (p *process) dialTemporal(ctx context.Context, identity string) error {
	options := p.config.TemporalAccess.Options()
	options.HostPort, options.Namespace = p.config.TemporalAddress, p.config.TemporalNamespace
	options.Identity = identity
	options.Logger = logFilter{log.NewStructuredLogger(p.log)}
	// Without keys too: a process that has none must not drop what others have encrypted.
	options.DataConverter = p.codec.Converter()
	// These parameters replace gRPC's as a whole, so the timeout is among them.
	options.ConnectionOptions.DialOptions = []grpc.DialOption{
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: temporalBackoff, MinConnectTimeout: temporalConnectTimeout,
		}),
	}
	if p.codec.Encrypts() { // the texts of failures as well: they may name customers
		options.FailureConverter = temporal.NewDefaultFailureConverter(
			temporal.DefaultFailureConverterOptions{
				DataConverter: options.DataConverter, EncodeCommonAttributes: true,
			})
	}
	// It fails if Temporal is away: a process that starts into nothing would look healthy.
	// Once connected, the client connects again by itself.
	c, err := client.DialContext(ctx, options)
	if err != nil {
		return unreachable(ctx, p.config.TemporalAddress, options.ConnectionOptions.TLS, err)
	}
	p.temporal = c
	p.closers = append(p.closers, c.Close)
	return nil
}

// unreachable returns an error that says in one sentence why there is no connection to
// Temporal, and what to do about it. own is what we speak TLS with, nil if we do not. The cause
// stays in the chain, for whoever needs gRPC's own words.
func unreachable(ctx context.Context, address string, own *tls.Config, err error) error {
	// Temporal itself answers one, and what guards it, such as Temporal Cloud, the other.
	_, denied := errors.AsType[*serviceerror.PermissionDenied](err)
	if denied || status.Code(err) == codes.Unauthenticated {
		return fmt.Errorf("Temporal at %s refuses the TEMPORAL_API_KEY or client certificate, "+
			"or that there is none: %w", address, err)
	}
	// gRPC's own error is "context deadline exceeded" for nearly everything that is wrong with
	// TLS, so the handshake is done once more to see it.
	refusal := shakeHands(ctx, address, own)
	// Where the handshake explains nothing, Temporal itself does not answer.
	advice := tlsAdvice(refusal, own)
	if advice == "" {
		return fmt.Errorf("Temporal at %s does not answer: start it, "+
			"or set TEMPORAL_ADDRESS to where it is: %w", address, err)
	}
	// The cause of a handshake that went well is the one that gRPC gave.
	if refusal == nil {
		refusal = err
	}
	return fmt.Errorf("Temporal at %s %s: %w", address, advice, refusal)
}

// shakeHands speaks TLS to an address and returns what goes wrong, nil if nothing does. gRPC
// does not always say: a refusal of ours by the server reaches it as a connection that has
// ended. The connection is closed again; nothing but the handshake is sent.
func shakeHands(ctx context.Context, address string, own *tls.Config) error {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	config := &tls.Config{InsecureSkipVerify: true} //nolint:gosec // nothing is sent but hello
	if own != nil {
		// own is also the SDK's, so a copy is changed.
		config = own.Clone()
	}
	config.NextProtos = []string{"h2"} // without which a gRPC server hangs up
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	// In TLS 1.3 the server checks our certificate after the handshake has succeeded for us.
	// What it thinks of it comes with the first byte that is read.
	// A server that is content says nothing, so the read ends with the deadline, which is no
	// failure: only an alert from the server is.
	deadline, _ := ctx.Deadline()
	_ = conn.SetReadDeadline(deadline)
	if _, err = conn.Read(make([]byte, 1)); err != nil && isFromServer(err) {
		return err
	}
	return nil
}

// isFromServer reports whether err is an alert that the other side sent. Package tls keeps its
// type for alerts to itself, so the text must do: "remote error" is what net.OpError makes of
// it.
func isFromServer(err error) bool {
	return strings.Contains(err.Error(), "remote error: tls: ")
}

// tlsAdvice says what an operator can do about a handshake, "" if the handshake does not
// explain why there is no connection. The sentences name the variable to set, and go on after
// "Temporal at <address>".
func tlsAdvice(err error, own *tls.Config) string {
	if own == nil {
		// A server that answers a TLS hello in TLS, if only to refuse it, speaks TLS.
		if err == nil || isFromServer(err) {
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
	if !isFromServer(err) {
		return ""
	}
	// The server refused us. It does not say why, so what we have sent must tell.
	if len(own.Certificates) == 0 {
		return "wants a client certificate: " +
			"set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH"
	}
	return "does not accept the client certificate of TEMPORAL_TLS_CLIENT_CERT_PATH"
}
