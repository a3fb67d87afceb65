package whatsapp

import (
	"context"
	"io"
	"net/http"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/store"

	"github.com/flowhq/flowhq"
)

// builtIn is the version that the library comes with. The library keeps the version in
// package variables that every login reads without a lock (store/clientpayload.go), so
// nothing is set there: each connection sends its own, see Conn.payload.
var builtIn = store.GetWAVersion()

// BuiltInVersion is the version of WhatsApp's web client that this program was made for.
func BuiltInVersion() string { return builtIn.String() }

// Bounds on looking up the newest version.
const (
	lookUpTimeout = 30 * time.Second
	maxPage       = 8 << 20 // bytes of the page that are read
)

// LatestVersion asks WhatsApp's web page which version of the web client is the newest. It
// fails with code Unavailable.
func (n *Network) LatestVersion(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, lookUpTimeout)
	defer cancel()
	v, err := whatsmeow.GetLatestVersion(ctx, &http.Client{Transport: shortened{n.transport}})
	if err != nil {
		return "", &flowhq.Error{
			Code:    flowhq.Unavailable,
			Message: "the newest version of WhatsApp's client could not be found out", Err: err,
		}
	}
	return v.String(), nil
}

// shortened cuts answers off. The library reads a page of any length into memory
// (update.go, GetLatestVersion).
type shortened struct{ http.RoundTripper }

// RoundTrip returns the answer with no more than maxPage bytes of its body.
func (s shortened) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := s.RoundTripper.RoundTrip(req)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxPage), resp.Body}
	}
	return resp, err
}

// parseVersion returns the version that text names, or the built-in one for "".
func parseVersion(text string) (store.WAVersionContainer, error) {
	if text == "" {
		return builtIn, nil
	}
	v, err := store.ParseVersion(text)
	if err != nil {
		return v, &flowhq.Error{
			Code:    flowhq.Invalid,
			Message: "the version of WhatsApp's client is malformed", Err: err,
		}
	}
	return v, nil
}
