package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Bounds of one attempt.
const (
	// Timeout is of the whole attempt. Standard Webhooks advises 15 to 30 s.
	Timeout     = 15 * time.Second
	dialTimeout = 5 * time.Second
	// maxResponse is how much of an answer is read, so that its connection can be used again.
	maxResponse = 16 << 10
	maxHeader   = 32 << 10
	idlePerHost = 2 // connections that are kept for the next event
	idleFor     = 30 * time.Second
	// maxRetryAfter bounds how long a receiver may ask to be left alone.
	maxRetryAfter = time.Hour
)

// A Sender posts events. It is safe for concurrent use, and one does for a process.
type Sender struct {
	guard  Guard
	client *http.Client
}

// NewSender returns a Sender that reaches what the guard lets it reach. Its connections are shared
// by all webhooks, as the guard has checked the address of each.
func NewSender(g Guard) *Sender {
	dialer := &net.Dialer{Timeout: dialTimeout, Control: g.Control}
	transport := &http.Transport{
		// A proxy would dial for us, and no guard would see the address.
		Proxy:                  nil,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    dialTimeout,
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        idleFor,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // a small answer could unpack to a large one
	}
	return &Sender{guard: g, client: &http.Client{
		Transport: transport,
		// The address that a redirect names is not the one that was agreed on.
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}}
}

// A Posting is one attempt to deliver.
type Posting struct {
	URL     string
	ID      string // of the event
	Body    []byte
	Secrets []string // the newest first
}

// A Result is what came of a Posting.
type Result struct {
	Accepted bool
	// Gone says that the receiver wants no more, ever: it answered 410.
	Gone       bool
	Code       int    // of the answer; 0 = there was none
	Reason     string // why it was not accepted; nothing that the receiver wrote
	Duration   time.Duration
	RetryAfter time.Duration // that the receiver asks for
}

// Post makes one attempt. It never fails: what went wrong is the Result's reason.
func (s *Sender) Post(ctx context.Context, p Posting) (r Result) {
	began := time.Now()
	defer func() { r.Duration = time.Since(began) }()
	// The settings may have changed since the address was accepted.
	if wrong := s.guard.CheckURL(p.URL); wrong != "" {
		return Result{Reason: "the address " + wrong}
	}
	// A receiver that answers slowly, byte by byte, is cut off by the same bound.
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(
		ctx, http.MethodPost, p.URL, bytes.NewReader(p.Body))
	if err != nil {
		return Result{Reason: "the address cannot be used"}
	}
	// The time is part of what is signed, so that a receiver can refuse an old request that is
	// sent again.
	timestamp := strconv.FormatInt(began.Unix(), 10)
	for name, value := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "FlowHQ-Webhooks/1",
		"Webhook-Id": p.ID, "Webhook-Timestamp": timestamp,
		"Webhook-Signature": Signature(p.ID, timestamp, p.Body, p.Secrets),
	} {
		req.Header.Set(name, value)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return Result{Reason: reason(err)}
	}
	defer func() { _ = resp.Body.Close() }()
	// Read, so that the connection can be used again. What it says is of no use to us, and may
	// repeat what a customer wrote.
	_, _ = io.CopyN(io.Discard, resp.Body, maxResponse)
	r = Result{
		Code: resp.StatusCode, Gone: resp.StatusCode == http.StatusGone,
		Accepted: resp.StatusCode >= 200 && resp.StatusCode < 300,
	}
	// The body of the answer is not part of the reason: an owner reads reasons in a list, and a
	// receiver may repeat in its answer what a customer has written.
	if !r.Accepted {
		r.Reason = fmt.Sprintf("the receiver answered %d %s",
			resp.StatusCode, http.StatusText(resp.StatusCode))
		// Only a refusal can ask for a pause; a success has nothing to repeat.
		r.RetryAfter = retryAfter(resp)
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		r.Reason += "; redirects are not followed"
	}
	return r
}

// retryAfter reads for how long a receiver asks to be left alone.
func retryAfter(resp *http.Response) time.Duration {
	text := resp.Header.Get("Retry-After")
	if text == "" {
		return 0
	}
	// RFC 9110 §10.2.3 allows both forms. What is neither asks for nothing.
	wait := time.Duration(0)
	if seconds, err := strconv.Atoi(text); err == nil {
		wait = time.Duration(min(max(seconds, 0), int(maxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = time.Until(at)
	}
	return min(max(wait, 0), maxRetryAfter)
}

// reason tells an owner why nothing was answered. The address is left out: it may hold a token, and
// the owner knows it.
func reason(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("there was no answer within %v", Timeout)
	}
	// The outer error repeats the address.
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return "the name " + dns.Name + " cannot be found"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Err != nil {
		return "could not connect: " + op.Err.Error()
	}
	return "could not connect: " + err.Error()
}
