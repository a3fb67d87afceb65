package assistant

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/flowhq/flowhq/internal/reply"
)

// Bounds on what is asked.
const (
	// Timeout bounds a call, the reading of its answer included. Customers wait for it. The bot's
	// own answer follows then, as if there were no model.
	Timeout = 3 * time.Second
	// maxCalls is how many calls a process makes at once. One more is not made, rather than
	// waiting: each holds up a customer. Tenants share the places, so one tenant's customers can
	// use them up; the others get the bot's own answers meanwhile.
	maxCalls = 16
	// maxAnswer bounds an answer, in bytes. What is asked for has less than one KiB. More is an
	// endpoint's error page, or an endpoint that fills our memory.
	maxAnswer = 64 << 10
	// breakAfter is how many calls in a row fail before none is made for breakFor. An endpoint that
	// is away would otherwise cost every customer the whole Timeout.
	breakAfter = 5
	breakFor   = 30 * time.Second
)

// Providers of language models, by the form of their endpoints.
const (
	Anthropic = "anthropic"
	OpenAI    = "openai"
)

// Options says where the model is.
type Options struct {
	Provider string // Anthropic or OpenAI
	URL      string // of the endpoint
	Model    string
	Key      string // "" = none; it is never logged
	Log      *slog.Logger
}

// A Client asks a model. It is safe for concurrent use.
type Client struct {
	o     Options
	http  *http.Client
	calls chan struct{} // holds one for each call under way

	mu       sync.Mutex
	failures int       // in a row
	until    time.Time // no call is made before

	// Tests set these two.
	now     func() time.Time
	timeout time.Duration
}

// New returns a client. It connects to nothing before the first call. The caller has checked the
// provider and the URL.
func New(o Options) *Client {
	transport := &http.Transport{
		// The connections are no more than the calls, and idle ones are kept, since a new handshake
		// would take much of the Timeout. The bound on headers is the answer's: an endpoint
		// controls both.
		Proxy: http.ProxyFromEnvironment, MaxConnsPerHost: maxCalls, MaxIdleConnsPerHost: maxCalls,
		IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: maxAnswer, ForceAttemptHTTP2: true,
	}
	return &Client{
		o: o, calls: make(chan struct{}, maxCalls), now: time.Now, timeout: Timeout,
		http: &http.Client{
			Transport: transport,
			// A redirect would carry the key and the chat to a place that nobody has chosen.
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			},
		},
	}
}

// Why no call is made, and why one failed.
const (
	// Each is a label of a metric and is stored with the message, so a changed word breaks
	// dashboards.
	FailureBusy        = "busy"         // too many calls at once; nothing was asked
	FailureBroken      = "broken"       // too many have failed of late; nothing was asked
	FailureBudget      = "budget"       // the tenant's requests of the day are used up
	FailureInterrupted = "interrupted"  // the process ended, or is ending
	FailureTimeout     = "timeout"      // no whole answer in time
	FailureUnreachable = "unreachable"  // no connection, or it broke
	FailureRateLimited = "rate_limited" // the endpoint's status was 429
	FailureRefused     = "refused"      // any other status than 200
	FailureTooLong     = "too_long"     // the answer is over the bound
	FailureFormat      = "format"       // the answer is not what was asked for
)

// Failures lists the failures. Metrics have a series for each from the start.
var Failures = []string{
	FailureBusy, FailureBroken, FailureBudget, FailureInterrupted, FailureTimeout,
	FailureUnreachable, FailureRateLimited, FailureRefused, FailureTooLong, FailureFormat,
}

// Reserve takes one of the few places for a call, before the call is counted anywhere. failure says
// why there is none, "" if there is; then release must be called. The place comes first because the
// request is counted in the database before it is made: a count without a call would use up the
// tenant's day for nothing.
func (c *Client) Reserve() (release func(), failure string) {
	c.mu.Lock()
	broken := c.now().Before(c.until)
	c.mu.Unlock()
	if broken {
		return nil, FailureBroken
	}
	select {
	case c.calls <- struct{}{}:
		return func() { <-c.calls }, ""
	// Waiting for a place would hold up the customer for a guess.
	default:
		return nil, FailureBusy
	}
}

// Suggest asks the model, once. It cannot fail otherwise than by a Suggestion with a Failure, and
// returns within Timeout, or sooner if ctx ends. The caller holds a place; see Reserve.
//
// It is not repeated: a second try would need another Timeout, and the first may have been paid
// for.
func (c *Client) Suggest(ctx context.Context, q Question) reply.Suggestion {
	// asked and ctx are told apart below: the one ends by our bound, the other because the process
	// stops.
	asked, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	s := reply.Suggestion{}
	text, failure := c.call(asked, q)
	if failure == "" {
		s, failure = parse(text)
	}
	switch {
	case failure == "":
	// The error of the call says neither, since a cancelled request looks like a broken connection.
	case ctx.Err() != nil:
		failure = FailureInterrupted
	case asked.Err() != nil:
		failure = FailureTimeout
	}
	c.note(failure)
	if failure != "" {
		// Half a suggestion is none.
		s = reply.Suggestion{Failure: failure}
	}
	// The customer may change the message while the model thinks. The reply follows a suggestion
	// only for the text that it was made for.
	s.For = reply.Fingerprint(q.Text)
	return s
}

// note counts failures in a row. An answer of the wrong form counts: a model that has lost its
// mind costs customers their time as one that is away does.
func (c *Client) note(failure string) {
	if failure == FailureInterrupted {
		return // that was us
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if failure == "" {
		c.failures = 0
		return
	}
	// The count starts anew, so one good answer after the pause is enough, and five bad ones pause
	// again.
	if c.failures++; c.failures >= breakAfter {
		c.failures, c.until = 0, c.now().Add(breakFor)
		// Only the failure is logged: no text of a chat, and no key.
		c.o.Log.Warn("the language model failed several times in a row; not asking it for a while",
			"failure", failure, "for", breakFor)
	}
}
