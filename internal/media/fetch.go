package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/webhook"
)

// fetchTimeout bounds a fetch from the name's look-up to the last byte. With what comes after it,
// that is less than the server's 30 s for an answer.
const fetchTimeout = 20 * time.Second

// A Fetcher fetches media from addresses of callers. It goes to public addresses alone, which are
// checked as they are dialled, and follows no redirect: where that leads was said by nobody.
type Fetcher struct {
	guard  webhook.Guard
	client *http.Client
}

// NewFetcher returns a fetcher of what the guard lets it reach.
func NewFetcher(guard webhook.Guard) *Fetcher {
	dialer := &net.Dialer{Timeout: fetchTimeout, Control: guard.Control}
	return &Fetcher{guard, &http.Client{
		Timeout: fetchTimeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, DisableKeepAlives: true,
			MaxResponseHeaderBytes: 64 << 10,
			// A small answer may unpack to any size, and media are packed already.
			DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// CheckURL says what is wrong with an address, as the end of a sentence about it; "" is nothing.
func (f *Fetcher) CheckURL(address string) string { return f.guard.CheckURL(address) }

// Fetch returns the bytes that an address leads to. Its error has code Invalid, and says why it
// could not be had: only the caller can do something about that.
func (f *Fetcher) Fetch(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, unfetched("is no address")
	}
	req.Header.Set("User-Agent", "FlowHQ")
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, unfetched(why(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, unfetched(fmt.Sprintf("answered %d; it must be 200, and redirects are not "+
			"followed", resp.StatusCode))
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, flowhq.MaxMediaBytes+1))
	switch {
	case err != nil:
		return nil, unfetched(why(err))
	case len(data) > flowhq.MaxMediaBytes:
		return nil, unfetched(fmt.Sprintf("leads to more than %d bytes", flowhq.MaxMediaBytes))
	case len(data) == 0:
		return nil, unfetched("leads to nothing")
	}
	return data, nil
}

// unfetched is the error of a fetch, as the end of a sentence about the address.
func unfetched(reason string) error { return flowhq.Errorf(flowhq.Invalid, "%s", reason) }

// why puts the failure of a request into words. The error itself may tell of the network that this
// program runs in.
func why(err error) string {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, webhook.ErrNotPublic):
		return "leads to an address that is not public"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("did not answer whole within %d seconds", int(fetchTimeout.Seconds()))
	default:
		return "could not be reached"
	}
}
