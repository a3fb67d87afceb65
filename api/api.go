// Package api serves the admin REST API over HTTP. openapi.yaml describes it,
// and a test keeps the two the same.
//
// A handler is a func(ctx, Req) (Resp, error) that knows neither Gin nor HTTP.
// Its request type reads itself from a [binder], which collects everything that
// is wrong with a request; its error is answered as application/problem+json
// with the status of the error's code. Both happen in [handle].
package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/config"
	"github.com/flowhq/flowhq/internal/metrics"
	"github.com/flowhq/flowhq/internal/store"
)

// Tenants creates, finds and changes tenants. Changes are recorded in the
// tenant's history under the name of the actor.
type Tenants interface {
	CreateTenantOnce(ctx context.Context, key string, n flowhq.NewTenant, actor string) (flowhq.Tenant, error)
	Tenant(ctx context.Context, id flowhq.TenantID) (flowhq.Tenant, error)
	Tenants(ctx context.Context, f store.TenantFilter) (tenants []flowhq.Tenant, next string, err error)
	Selected(ctx context.Context, f store.TenantFilter, limit int) ([]flowhq.TenantID, error)
	UpdateTenant(ctx context.Context, id flowhq.TenantID, c flowhq.TenantChange, actor string) (flowhq.Tenant, error)
}

// Logs reads what happened to a tenant, newest first, and adds to it.
type Logs interface {
	Messages(ctx context.Context, id flowhq.TenantID, f store.MessageFilter) (messages []flowhq.Message, next int64, err error)
	Retry(ctx context.Context, id flowhq.TenantID, message int64, actor string) (flowhq.Message, error)
	Unmute(ctx context.Context, id flowhq.TenantID, message int64, actor string) error
	Events(ctx context.Context, id flowhq.TenantID, limit int) ([]flowhq.Event, error)
	AddEvent(ctx context.Context, e flowhq.Event) error
}

// Codes finds the code that links a tenant's phone. An expired one is "".
type Codes interface {
	QR(ctx context.Context, id flowhq.TenantID) (flowhq.QR, error)
	// AskLinkCode asks for a code to be typed into the phone, which LinkCode then
	// finds.
	AskLinkCode(ctx context.Context, id flowhq.TenantID) (flowhq.QR, error)
	LinkCode(ctx context.Context, id flowhq.TenantID) (flowhq.QR, error)
}

// Commands gives commands to tenants and tells what has come of them. A command is durable
// once it is given, which is before it is applied; one with a key that was given before is
// that one.
type Commands interface {
	Command(ctx context.Context, id flowhq.TenantID, c store.NewCommand) (given flowhq.TenantCommand, name string, err error)
	TenantCommand(ctx context.Context, id flowhq.TenantID, command int64) (flowhq.TenantCommand, error)
	TenantCommands(ctx context.Context, id flowhq.TenantID, before int64, limit int) (page []flowhq.TenantCommand, next int64, err error)
	Deletion(ctx context.Context, id flowhq.TenantID) (flowhq.TenantCommand, error)
}

// A Nudger has whoever applies a tenant's commands look for them now.
type Nudger interface {
	Nudge(ctx context.Context, id flowhq.TenantID, name string) error
}

// Pinger reports whether something that the API cannot do without answers.
type Pinger interface {
	Ping(ctx context.Context) error
}

// Options are what an API is made of. All but QueryAuth, TrustedProxies and CodecOrigin
// are required.
type Options struct {
	Tenants  Tenants
	Logs     Logs
	Codes    Codes
	Commands Commands
	Nudges   Nudger
	Bulks    Bulks
	Asked    AskedBulks
	Fleet    Fleet
	Database Pinger
	Temporal Pinger
	Metrics  metrics.Registry

	Codec       Codec
	CodecOrigin string // of Temporal's Web UI, whose pages may use the codec; "" = no page may

	Password  config.Secret // of the admin
	QueryAuth bool          // also accept the password as the query parameter "password"
	// TrustedProxies are addresses and networks whose X-Forwarded-For says where a
	// request comes from. Without them, behind a proxy, all callers are one to the
	// limit on guessing.
	TrustedProxies []string

	Log *slog.Logger
}

// An API is the http.Handler of everything this package serves.
type API struct {
	Options
	gate   *gate
	alarms *alarms
	engine *gin.Engine
	within time.Duration // for one request

	readiness   readyCache
	nudgeFailed atomic.Pointer[time.Time] // when Temporal did not answer; nil: it did
	codecTurn   chan struct{}             // taken while payloads are worked on
	count       *metrics.API
}

// actor is who an admin's actions are attributed to.
const actor = "admin"

// New returns an API. It fails without a password rather than serve everybody.
func New(o Options) (*API, error) {
	if o.Password == "" {
		return nil, errors.New("the admin API needs a password")
	}
	if o.QueryAuth {
		o.Log.Warn("the admin password is accepted as a query parameter, where proxies and browsers may keep it",
			"setting", "ADMIN_QUERY_AUTH")
	}
	gin.SetMode(gin.ReleaseMode) // else Gin prints its routes to standard output
	a := &API{
		Options: o, gate: newGate(o.Password, o.QueryAuth), alarms: newAlarms(o.Fleet, o.Log),
		engine: gin.New(), within: handleWithin, count: metrics.NewAPI(o.Metrics),
		readiness: readyCache{turn: make(chan struct{}, 1), keep: readyFor}, codecTurn: make(chan struct{}, 1),
	}
	a.engine.HandleMethodNotAllowed = true
	a.engine.RedirectTrailingSlash = false
	a.engine.RemoteIPHeaders = []string{"X-Forwarded-For"} // and no other, which a proxy might pass on as it came
	if err := a.engine.SetTrustedProxies(o.TrustedProxies); err != nil {
		return nil, fmt.Errorf("TRUSTED_PROXIES: %w", err)
	}
	a.routes()
	return a, nil
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.engine.ServeHTTP(w, r) }

// routes lists every endpoint. Only a tenant is called :id, for the log takes it as one.
func (a *API) routes() {
	a.engine.Use(a.begin, a.logAccess, a.recoverPanic, a.shareCodec)
	a.engine.NoRoute(a.noRoute)
	a.engine.NoMethod(a.noMethod)

	public := a.engine.Group("", a.deadline)
	get(public, "/healthz", handle(a, http.StatusOK, a.health))
	get(public, "/readyz", handle(a, http.StatusOK, a.ready))
	get(public, "/openapi.yaml", handle(a, http.StatusOK, a.openAPI))

	codec := a.engine.Group(codecPath, a.deadline, a.admit, a.atOnce(maxRecoding))
	codec.POST("/encode", handle(a, http.StatusOK, a.encode))
	codec.POST("/decode", handle(a, http.StatusOK, a.decode))

	get(a.engine.Group("", a.deadline, a.admit), "/metrics", handle(a, http.StatusOK, a.metrics))

	admin := a.engine.Group("/admin", a.deadline, a.admit)
	admin.POST("/tenants", handle(a, http.StatusCreated, a.createTenant))
	get(admin, "/tenants", handle(a, http.StatusOK, a.listTenants))
	get(admin, "/tenants/:id", handle(a, http.StatusOK, a.readTenant))
	admin.PUT("/tenants/:id", handle(a, http.StatusOK, a.changeTenant))
	admin.DELETE("/tenants/:id", handle(a, http.StatusAccepted, a.deleteTenant))

	admin.POST("/tenants/:id/session/start", handle(a, http.StatusAccepted, a.command(flowhq.Start)))
	admin.POST("/tenants/:id/session/stop", handle(a, http.StatusAccepted, a.command(flowhq.Stop)))
	admin.POST("/tenants/:id/session/restart", handle(a, http.StatusAccepted, a.command(flowhq.Restart)))
	admin.POST("/tenants/:id/session/force-restart", handle(a, http.StatusAccepted, a.command(flowhq.ForceRestart)))
	admin.POST("/tenants/:id/session/relink", handle(a, http.StatusAccepted, a.command(flowhq.Relink)))

	get(admin, "/tenants/:id/commands", handle(a, http.StatusOK, a.listCommands))
	get(admin, "/tenants/:id/commands/:command", handle(a, http.StatusOK, a.readCommand))

	admin.POST("/bulk", handle(a, http.StatusAccepted, a.startBulk))
	get(admin, "/bulk", handle(a, http.StatusOK, a.listBulks))
	get(admin, "/bulk/:bulk", handle(a, http.StatusOK, a.readBulk))
	admin.DELETE("/bulk/:bulk", handle(a, http.StatusAccepted, a.cancelBulk))

	get(admin, "/tenants/:id/qr", handle(a, http.StatusOK, a.qr))
	get(admin, "/tenants/:id/qr.png", handle(a, http.StatusOK, a.qrPicture))
	admin.POST("/tenants/:id/pair-code", handle(a, http.StatusOK, a.pairCode))
	get(admin.Group("", a.atOnce(maxPages)), "/tenants/:id/logs", handle(a, http.StatusOK, a.messages))
	admin.POST("/tenants/:id/logs/:message/retry", handle(a, http.StatusAccepted, a.retryMessage))
	admin.POST("/tenants/:id/logs/:message/unmute", handle(a, http.StatusOK, a.unmuteContact))
	get(admin, "/tenants/:id/events", handle(a, http.StatusOK, a.events))

	get(admin, "/workers", handle(a, http.StatusOK, a.listWorkers))
	get(admin, "/fleet", handle(a, http.StatusOK, a.readFleet))
	admin.PUT("/fleet", handle(a, http.StatusOK, a.changeFleet))
}

// get registers h for GET and, as HTTP requires, for HEAD.
func get(g *gin.RouterGroup, path string, h gin.HandlerFunc) {
	g.GET(path, h)
	g.HEAD(path, h)
}
