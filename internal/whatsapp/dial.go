package whatsapp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/flowhq/flowhq"
)

// errProxyRefused is why a proxy did not connect us: its answer's status.
type errProxyRefused struct{ status string }

func (e errProxyRefused) Error() string { return "the proxy answered " + e.status }

// checkProxy turns a proxy's refusal into an error that unreached knows. The
// transport's own would only quote the answer.
func checkProxy(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return errProxyRefused{answer.Status}
}

// unverified is how the library's error begins when the chain of Noise certificates
// is wrong; it has no type.
const unverified = "failed to verify server cert"

// unreached is the end of a connection that could not be made. Which of the ends it
// is tells the operator where to look: at the network, a proxy, or somebody in
// between who answers in WhatsApp's place.
func unreached(err error) *EndError {
	if refused, ok := errors.AsType[errProxyRefused](err); ok {
		return &EndError{Reason: flowhq.EndProxy, Text: "the HTTP proxy refuses to connect to WhatsApp: " + refused.status, Err: err}
	}
	if failed, ok := errors.AsType[*net.OpError](err); ok && (failed.Op == "proxyconnect" || strings.HasPrefix(failed.Op, "socks")) {
		return &EndError{Reason: flowhq.EndProxy, Text: "the HTTP proxy cannot be reached", Err: err}
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return &EndError{Reason: flowhq.EndCertificate, Text: "the TLS certificate of the server is not WhatsApp's", Err: err}
	}
	if strings.Contains(err.Error(), unverified) {
		return &EndError{Reason: flowhq.EndCertificate, Text: "the Noise certificates of the server are not WhatsApp's", Err: err}
	}
	return &EndError{Reason: flowhq.EndUnreachable, Text: "WhatsApp cannot be reached", Err: err}
}
