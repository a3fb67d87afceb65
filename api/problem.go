package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/flowhq/flowhq"
)

// Codes of failures that only HTTP knows.
const (
	unauthorized flowhq.Code = "unauthorized"
	noSuchMethod flowhq.Code = "method_not_allowed"
	// notCurrent refuses a change of a version that somebody else has changed meanwhile.
	notCurrent  flowhq.Code = "precondition_failed"
	tooLarge    flowhq.Code = "content_too_large"
	unsupported flowhq.Code = "unsupported_media_type"
	tooMany     flowhq.Code = "too_many_requests"
	// notConfigured refuses what the installation has no setting for.
	notConfigured flowhq.Code = "not_configured"
	// tooSlow refuses a body that did not arrive within the time of a request.
	tooSlow flowhq.Code = "request_timeout"
	// hungUp is only for the log: nobody reads the answer.
	hungUp flowhq.Code = "hung_up"
)

// statusHungUp is what nginx and others log for a caller who hung up.
const statusHungUp = 499

// statuses gives each code its status. A code that is missing here is a bug and
// is answered like one.
var statuses = map[flowhq.Code]int{
	flowhq.Invalid:     http.StatusBadRequest,
	flowhq.NotFound:    http.StatusNotFound,
	flowhq.Forbidden:   http.StatusForbidden,
	flowhq.Conflict:    http.StatusConflict,
	flowhq.Fenced:      http.StatusConflict,
	flowhq.Refused:     http.StatusUnprocessableEntity,
	flowhq.Unsent:      http.StatusServiceUnavailable,
	flowhq.Unavailable: http.StatusServiceUnavailable,
	flowhq.Internal:    http.StatusInternalServerError,
	unauthorized:       http.StatusUnauthorized,
	noSuchMethod:       http.StatusMethodNotAllowed,
	notCurrent:         http.StatusPreconditionFailed,
	tooLarge:           http.StatusRequestEntityTooLarge,
	unsupported:        http.StatusUnsupportedMediaType,
	tooMany:            http.StatusTooManyRequests,
	notConfigured:      http.StatusInternalServerError,
	tooSlow:            http.StatusRequestTimeout,
	hungUp:             statusHungUp,
}

// retryAfter is when to try again if something that the API needs is down: PostgreSQL and
// Temporal restart within seconds.
const retryAfter = 5 * time.Second

// A problem is the body of every error (RFC 9457). Its type is always about:blank, which makes
// title the name of the status; programs tell problems apart by code. request_id is what an
// operator finds the failure by in the log.
type problem struct {
	Type      string              `json:"type"`
	Title     string              `json:"title"`
	Status    int                 `json:"status"`
	Detail    string              `json:"detail"`
	Code      flowhq.Code         `json:"code"`
	Errors    []flowhq.FieldError `json:"errors,omitempty"`
	RequestID string              `json:"request_id"`
	// Error is the detail again, where existing portals look for it; only they get it.
	Error string `json:"error,omitempty"`
}

// internal is the answer to every failure that nobody classified. The failure's own text may
// hold anything, such as SQL or a customer's number.
var internal = flowhq.Errorf(flowhq.Internal,
	"something went wrong here; the log tells more under this request_id")

// notJSON refuses a body that was not sent as JSON.
func notJSON() error {
	return flowhq.Errorf(unsupported,
		"the body must be JSON in UTF-8, sent with Content-Type: application/json")
}

// fail answers with err and ends the request. What the caller does not see of err goes to
// the log; of other errors the access log has the code.
func (a *API) fail(c *gin.Context, err error) {
	if w, ok := errors.AsType[*waitError](err); ok {
		c.Header("Retry-After", seconds(w.wait))
		c.Header("RateLimit-Policy", w.limit.policy())
		c.Header("RateLimit", w.limit.exhausted(w.wait))
	}
	// Other errors are the caller's: logged at a level that is always on, they would let a stranger
	// fill the log.
	e := classify(c.Request.Context(), err)
	if e.Code == flowhq.Internal {
		a.logFailure(c, slog.LevelError, err)
	} else if e.Code == flowhq.Unavailable {
		a.logFailure(c, slog.LevelWarn, err)
	}
	answerProblem(c, e)
}

// logFailure logs what the caller does not see of an error.
func (a *API) logFailure(c *gin.Context, level slog.Level, err error) {
	a.Log.LogAttrs(c.Request.Context(), level, "request failed",
		append(about(c), slog.Any("err", err))...)
}

// classify returns the error to show for err. An error of a request whose time is over is
// Unavailable, because most of what failed then failed of that. A client may repeat such a request
// with its key; without one it should look first.
func classify(ctx context.Context, err error) *flowhq.Error {
	// net/http takes a read that ends at its deadline for a caller who hung up, and cancels.
	if slow, ok := errors.AsType[*flowhq.Error](err); ok && slow.Code == tooSlow {
		return slow
	}
	// The context is asked first: a statement that failed because the caller hung up is no failure
	// of the database. One that deadline ended has another cause.
	if errors.Is(context.Cause(ctx), context.Canceled) {
		return flowhq.Errorf(hungUp, "the caller hung up")
	}
	// A code that has no status is a bug, and the text of its error may not be for the caller.
	e, ok := errors.AsType[*flowhq.Error](err)
	if ok && e.Code != flowhq.Internal && statuses[e.Code] != 0 {
		return e
	}
	if ctx.Err() != nil {
		return flowhq.Errorf(flowhq.Unavailable,
			"this took too long; whether it was done is not known")
	}
	return internal
}

// answerProblem sends e and ends the request.
func answerProblem(c *gin.Context, e *flowhq.Error) {
	status := statuses[e.Code]
	c.Set(codeKey, string(e.Code))
	if e.Code == flowhq.Unavailable {
		c.Header("Retry-After", seconds(retryAfter))
	}
	// Validate may name more fields than one answer has room for.
	p := problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: e.Message,
		Code: e.Code, Errors: e.Fields[:min(len(e.Fields), maxFieldErrors)],
		RequestID: requestID(c),
	}
	if c.GetBool(portalKey) {
		p.Error = e.Message
	}
	body, _ := encode(p) // strings and a number always encode
	c.Data(status, "application/problem+json", body)
	// No handler of the chain may run after the answer, as it would write a second one.
	c.Abort()
}

// noRoute answers a request for a path that does not exist.
func (a *API) noRoute(c *gin.Context) {
	a.fail(c, flowhq.Errorf(flowhq.NotFound,
		"there is nothing at this address; GET /openapi.yaml describes what there is"))
}

// noMethod answers a request whose path exists for other methods. OPTIONS is the question for them,
// which needs nobody to be known: openapi.yaml says the same to everybody.
func (a *API) noMethod(c *gin.Context) {
	allow := c.Writer.Header().Get("Allow")
	c.Header("Allow", allow+", "+http.MethodOptions)
	// A preflight is another site's page asking to get in, which is not answered.
	if c.Request.Method == http.MethodOptions &&
		c.GetHeader("Access-Control-Request-Method") == "" {
		c.AbortWithStatus(http.StatusNoContent)
		return
	}
	a.fail(c, flowhq.Errorf(noSuchMethod, "this address does not take %s, but %s",
		c.Request.Method, allow))
}

// seconds returns d for a header, rounded up. Rounded down, a client that obeys would come too
// early.
func seconds(d time.Duration) string {
	return strconv.Itoa(int((d + time.Second - 1) / time.Second))
}
