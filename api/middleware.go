package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/access"
	"github.com/flowhq/flowhq/internal/headers"
)

// handleTimeout bounds the handling of one request, database and Temporal included. It is well
// below what proxies wait, such as the 60 s of nginx, so a client gets a 503 with a reason in place
// of the proxy's 504.
const handleTimeout = 10 * time.Second

// slowAfter is how long a request goes on before the database is asked whether it answers at all.
// Nearly every answer is there sooner. With the time that the database has for that question, who
// asks for a page of a database that hangs is told within some four seconds
// (TestFrozenDatabaseIsToldSoon).
const slowAfter = 2 * time.Second

// errAway ends a request whose database does not answer. It is the cause of the end of its context.
var errAway = flowhq.Errorf(flowhq.Unavailable, "the database does not answer")

// What is known of a request, in the Gin context.
const (
	requestIDKey     = "request_id"    // its id
	authenticatedKey = "authenticated" // true if it came with the password
	codeKey          = "code"          // why it failed
)

// begin gives the request an id of its own and sets the headers of every answer. The id is never
// the caller's: it is what an operator searches the log for.
func (a *API) begin(c *gin.Context) {
	id := uuid.NewString()
	c.Set(requestIDKey, id)
	c.Writer.Header().Set("X-Request-Id", id)
	headers.Set(c.Writer.Header(), c.Request, headers.Data)
}

// requestID returns the id that begin gave the request.
func requestID(c *gin.Context) string { return c.GetString(requestIDKey) }

// deadline bounds how long the request may take. What it calls ends with the context. The clock
// starts before authenticate, so the wait of a password for its turn is part of the time.
//
// A request that is slow because it has much to read keeps its time. One whose database does not
// answer would only use it up: it ends as soon as that is known.
func (a *API) deadline(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), a.timeout)
	defer cancel()
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	slow := time.AfterFunc(a.slow, func() {
		// Of one that has ended meanwhile nobody asks any more. Those under way share one question.
		r, err := a.ready(ctx, nothing{})
		if err == nil && r.Checks.Database != usable {
			giveUp(errAway)
		}
	})
	defer slow.Stop()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
}

// outlasting returns a context for what goes on after the request of ctx, and for others too. It is
// nobody's: under the principal of whoever began it, the store would show the rows of one tenant.
func outlasting(ctx context.Context) context.Context {
	return access.With(context.WithoutCancel(ctx), flowhq.Principal{})
}

// logAccess counts each request once it is answered, and logs it: at DEBUG, because there is
// one for each request, but at INFO if it failed here.
func (a *API) logAccess(c *gin.Context) {
	start := time.Now()
	c.Next()
	if !c.GetBool(streamKey) { // which would count as an answer that took hours
		a.count.Answered(c.Writer.Status(), time.Since(start))
	}
	level := slog.LevelDebug
	if c.Writer.Status() >= http.StatusInternalServerError {
		level = slog.LevelInfo
	}
	// Most installations do not log DEBUG, and need not pay for the attributes.
	if !a.Log.Enabled(c.Request.Context(), level) {
		return
	}
	attrs := append(about(c),
		slog.Int("status", c.Writer.Status()), slog.Int("bytes", max(c.Writer.Size(), 0)),
		slog.Duration("took", time.Since(start)), slog.String("from", caller(c).String()))
	if code := c.GetString(codeKey); code != "" {
		attrs = append(attrs, slog.String("code", code))
	}
	a.Log.LogAttrs(c.Request.Context(), level, "request answered", attrs...)
}

// about returns what identifies a request in the log. The query string is left out, because
// it may hold the password. So is a tenant's id that any stranger may have made up: each
// tenant's records go to a file of its own, and a stranger must not be able to make files.
func about(c *gin.Context) []slog.Attr {
	const maxPath = 200 // bytes
	path := c.Request.URL.Path
	attrs := []slog.Attr{
		slog.String("request_id", requestID(c)), slog.String("method", c.Request.Method),
		slog.String("path", path[:min(len(path), maxPath)]),
	}
	id := flowhq.TenantID(c.Param("id"))
	// A tenant that is not found may never have been one.
	known := c.GetBool(authenticatedKey) && c.Writer.Status() != http.StatusNotFound
	if id.Valid() && known {
		attrs = append(attrs, slog.String("tenant", string(id)))
	}
	return attrs
}

// recoverPanic answers a panic like any other failure nobody classified. The client sees 500 with a
// request_id and nothing of the panic (TestFailures).
func (a *API) recoverPanic(c *gin.Context) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(p) // net/http's own way to hang up
		}
		a.Log.LogAttrs(c.Request.Context(), slog.LevelError, "handler panicked",
			append(about(c), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))...)
		if c.Writer.Written() {
			panic(http.ErrAbortHandler) // half an answer must not look like a whole one
		}
		answerProblem(c, internal)
	}()
	c.Next()
}
