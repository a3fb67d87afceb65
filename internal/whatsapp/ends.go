package whatsapp

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"go.mau.fi/whatsmeow/types/events"

	"github.com/flowhq/flowhq"
)

// An EndError says why a connection is over.
type EndError struct {
	// Ending is one of those that a connection can see for itself. That another host of
	// ours took over, or that the number is not the tenant's, only the caller can tell.
	Ending flowhq.Ending
	Reason string    // for an operator; holds no secret and no message text
	Until  time.Time // with flowhq.EndTempBanned: when the ban ends
	Err    error     // the cause, for the log; may be nil
}

// Error returns the text followed by the cause.
func (e *EndError) Error() string {
	if e.Err == nil {
		return e.Reason
	}
	return e.Reason + ": " + e.Err.Error()
}

// Unwrap returns the cause, which may be nil.
func (e *EndError) Unwrap() error { return e.Err }

// explainsLoss reports whether this is a better reason for the loss of a connection than
// EndLost: one that WhatsApp gave, not one that the loss has caused in this program.
func (e *EndError) explainsLoss() bool {
	switch e.Ending {
	case flowhq.EndLost, flowhq.EndFailed, flowhq.EndNotRecorded:
		return false
	default:
		return true
	}
}

// endOf returns the reason that an event gives for the end of a connection, or nil if it
// gives none.
func endOf(evt any) *EndError {
	switch e := evt.(type) {
	// Why it was lost is not said: the peer may have closed it, or the network has.
	case *events.Disconnected:
		return &EndError{Ending: flowhq.EndLost, Reason: "the connection to WhatsApp was lost"}
	case *events.StreamError:
		return &EndError{
			Ending: flowhq.EndLost, Reason: "WhatsApp closed the connection with error " + e.Code,
		}
	// One ping may be lost while the machine or the network is busy.
	case *events.KeepAliveTimeout:
		if e.ErrorCount >= missedPings {
			return &EndError{
				Ending: flowhq.EndUnresponsive,
				Reason: fmt.Sprintf("WhatsApp left %d pings unanswered", e.ErrorCount),
			}
		}
	// WhatsApp allows one connection per device, and the latest one wins.
	case *events.StreamReplaced:
		return &EndError{
			Ending: flowhq.EndReplacedByStranger,
			Reason: "another connection of the same device took over",
		}
	case *events.LoggedOut:
		return loggedOut(e)
	case *events.TemporaryBan:
		return banned(e)
	// The version is too old, or something in between answers in WhatsApp's place. The fleet tells
	// which, by whether a second tenant is refused.
	case *events.ClientOutdated:
		return &EndError{
			Ending: flowhq.EndOutdated,
			Reason: "WhatsApp no longer accepts this version of the client",
		}
	case *events.ConnectFailure:
		return loginRefused(e)
	case *events.PairError:
		return &EndError{
			Ending: flowhq.EndPairFailed, Reason: "the linking was not completed", Err: e.Error,
		}
	// The passkey is in a browser or in a phone: nothing here can answer for it.
	case *events.PairPasskeyRequest:
		return &EndError{
			Ending: flowhq.EndPasskey,
			Reason: "WhatsApp asks for the account's passkey, which only a browser can answer",
		}
	case *events.PairPasskeyError:
		return &EndError{
			Ending: flowhq.EndPasskey,
			Reason: "WhatsApp asked for the account's passkey in a way that is not understood",
			Err:    e.Error,
		}
	}
	return nil
}

// loggedOut tells an unlinked device from an account that is blocked. The library calls
// all of these a log-out. What 403 and 406 mean is taken from WhatsApp's web client, which
// calls them "locked" and "banned"; the library's names for them are older.
func loggedOut(e *events.LoggedOut) *EndError {
	switch {
	case !e.OnConnect:
		return &EndError{
			Ending: flowhq.EndDeviceRemoved,
			Reason: "the device was removed from the phone's linked devices",
		}
	case e.Reason == events.ConnectFailureUnknownLogout:
		return &EndError{Ending: flowhq.EndBanned, Reason: "WhatsApp has banned the account (406)"}
	case e.Reason == events.ConnectFailureMainDeviceGone:
		return &EndError{
			Ending: flowhq.EndLocked,
			Reason: "WhatsApp has locked the account, or it is no longer on its phone (403)",
		}
	default:
		return &EndError{
			Ending: flowhq.EndLoggedOut,
			Reason: fmt.Sprintf("the phone logged the device out while it was away (%d)",
				int(e.Reason)),
		}
	}
}

// banned tells a ban that ends from one that does not name its end, for which there is
// nothing to wait.
func banned(e *events.TemporaryBan) *EndError {
	text := "WhatsApp has banned the account for some time: " + e.Code.String()
	if e.Expire <= 0 {
		return &EndError{Ending: flowhq.EndBanned, Reason: text}
	}
	return &EndError{Ending: flowhq.EndTempBanned, Reason: text, Until: time.Now().Add(e.Expire)}
}

// loginRefused tells trouble on WhatsApp's side, reasons from 500, from a refusal.
func loginRefused(e *events.ConnectFailure) *EndError {
	text := "WhatsApp refused the login: " + e.Reason.String()
	if int(e.Reason) >= http.StatusInternalServerError {
		return &EndError{Ending: flowhq.EndLost, Reason: text}
	}
	return &EndError{Ending: flowhq.EndRefused, Reason: text}
}

// unverified is how the library's error begins when the chain of Noise certificates is
// wrong (handshake.go, doHandshake). The error has no type.
const unverified = "failed to verify server cert"

// unreached is the end of a connection that could not be made. Its reason tells the
// operator where to look: at the network, a proxy, or somebody in between who answers in
// WhatsApp's place.
func unreached(err error) *EndError {
	if refused, ok := errors.AsType[errProxyRefused](err); ok {
		return &EndError{
			Ending: flowhq.EndProxy,
			Reason: "the HTTP proxy refuses to connect to WhatsApp: " + refused.status, Err: err,
		}
	}
	if failed, ok := errors.AsType[*net.OpError](err); ok &&
		(failed.Op == "proxyconnect" || strings.HasPrefix(failed.Op, "socks")) {
		return &EndError{
			Ending: flowhq.EndProxy, Reason: "the HTTP proxy cannot be reached", Err: err,
		}
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return &EndError{
			Ending: flowhq.EndCertificate,
			Reason: "the TLS certificate of the server is not WhatsApp's", Err: err,
		}
	}
	if strings.Contains(err.Error(), unverified) {
		return &EndError{
			Ending: flowhq.EndCertificate,
			Reason: "the Noise certificates of the server are not WhatsApp's", Err: err,
		}
	}
	return &EndError{Ending: flowhq.EndUnreachable, Reason: "WhatsApp cannot be reached", Err: err}
}
