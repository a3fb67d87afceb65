// Package api serves the admin REST API over HTTP. openapi.yaml describes it,
// and a test keeps the two the same.
//
// A handler is a func(ctx, Req) (Resp, error) that knows neither Gin nor HTTP.
// Its request type reads itself from a [binder], which collects everything that
// is wrong with a request; its error is answered as application/problem+json
// with the status of the error's code. Both happen in [handle].
//
// The API is stateless: any process answers any request. What each process counts for
// itself are brakes: wrong passwords of an address, mails, requests and streams at a time,
// and how long ago it noted that a code was read.
//
// A request type that ends in Ref names one thing, nearly always in its path. One that ends in
// Body is the JSON of a request, which the request's own type reads or has in it.
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
	"github.com/flowhq/flowhq/internal/access"
	"github.com/flowhq/flowhq/internal/config"
	"github.com/flowhq/flowhq/internal/metrics"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/webhook"
)

// Tenants creates, finds and changes tenants. Changes are recorded in the
// tenant's history under the name of the actor.
type Tenants interface {
	// CreateTenantOnce creates a tenant. Called again with the same key and tenant, it
	// returns the first one; with another tenant it fails with code Conflict.
	CreateTenantOnce(
		ctx context.Context, key string, n flowhq.NewTenant, actor string,
	) (flowhq.Tenant, error)
	// Tenant fails with code NotFound for an id that is no tenant.
	Tenant(ctx context.Context, id flowhq.TenantID) (flowhq.Tenant, error)
	// Tenants returns one page; next is "" after the last one.
	Tenants(
		ctx context.Context, f store.TenantFilter,
	) (tenants []flowhq.Tenant, next string, err error)
	// Selected returns the ids of all tenants that a filter selects.
	Selected(ctx context.Context, f store.TenantFilter, limit int) ([]flowhq.TenantID, error)
	// UpdateTenantAt changes the fields that c gives and leaves the others as they are.
	// It fails with code Conflict for a tenant that was not updated at this time last; nil is any.
	UpdateTenantAt(
		ctx context.Context, id flowhq.TenantID, c flowhq.TenantChange, at *time.Time, actor string,
	) (flowhq.Tenant, error)
}

// Logs reads what happened to a tenant, newest first, and adds to it.
type Logs interface {
	// Messages returns one page; next is 0 after the last one, else what the next page begins
	// before.
	Messages(
		ctx context.Context, id flowhq.TenantID, f store.MessageFilter,
	) (messages []flowhq.Message, next int64, err error)
	// MessageHistory returns a message with what became of it.
	MessageHistory(
		ctx context.Context, id flowhq.TenantID, message int64,
	) (flowhq.MessageHistory, error)
	// Intake counts what customers have written since a time.
	Intake(
		ctx context.Context, id flowhq.TenantID, since time.Time,
	) (flowhq.Intake, error)
	// DeadLetters returns one page of the messages that have FAILED, and DeadLetterReasons counts
	// them by their reasons.
	DeadLetters(
		ctx context.Context, f store.FailureFilter,
	) (page []flowhq.DeadLetter, next int64, err error)
	DeadLetterReasons(
		ctx context.Context, f store.FailureFilter,
	) ([]flowhq.DeadLetterReason, error)
	// Retry makes a message ready to be handled again. It fails with code Conflict for a
	// message that was not given up.
	Retry(
		ctx context.Context, id flowhq.TenantID, message int64, actor string,
	) (flowhq.Message, error)
	// Unmute has the writer of a message answered again.
	Unmute(ctx context.Context, id flowhq.TenantID, message int64, actor string) error
	// Events returns the newest events; there are no further pages.
	// EventsBefore returns one page, the newest first, and where the next one begins, 0 for nowhere.
	EventsBefore(
		ctx context.Context, id flowhq.TenantID, before int64, limit int,
	) (page []flowhq.Event, next int64, err error)
	AddEvent(ctx context.Context, e flowhq.Event) error
}

// FollowUps are the messages that customers are to get who have not written.
type FollowUps interface {
	// FollowUps returns one page; next is 0 after the last one, else what the next page begins
	// before.
	FollowUps(
		ctx context.Context, id flowhq.TenantID, f store.FactFilter,
	) (page []flowhq.FollowUp, next int64, err error)
	// CancelFollowUp ends one that is PENDING. It fails with code Conflict for one that was sent.
	CancelFollowUp(
		ctx context.Context, id flowhq.TenantID, followUp int64, actor string,
	) (flowhq.FollowUp, error)
}

// Codes finds the code that links a tenant's phone. An expired one is "".
type Codes interface {
	// QR is the code to scan. That somebody asks keeps codes coming.
	QR(ctx context.Context, id flowhq.TenantID) (flowhq.QR, error)
	// AskLinkCode asks the tenant's host for a code to be typed into the phone. LinkCode
	// finds it once the host has one.
	AskLinkCode(ctx context.Context, id flowhq.TenantID) (flowhq.QR, error)
	LinkCode(ctx context.Context, id flowhq.TenantID) (flowhq.QR, error)
}

// Commands records commands to tenants, and knows what has come of them.
type Commands interface {
	// Command records a command, which is durable from then on and applied later. With a
	// key that was used before it returns the first command; if that was another one, it
	// fails with code Conflict. name is the tenant's.
	Command(
		ctx context.Context, id flowhq.TenantID, c store.NewCommand,
	) (given flowhq.TenantCommand, name string, err error)
	// TenantCommand finds a command of a tenant, which may have been deleted since, or fails with
	// code NotFound.
	TenantCommand(
		ctx context.Context, id flowhq.TenantID, command int64,
	) (flowhq.TenantCommand, error)
	// TenantCommands returns the newest commands whose ids are below before; 0 is for the first
	// page.
	TenantCommands(
		ctx context.Context, id flowhq.TenantID, before int64, limit int,
	) (page []flowhq.TenantCommand, next int64, err error)
	// Deletion returns the command that deleted a tenant.
	Deletion(ctx context.Context, id flowhq.TenantID) (flowhq.TenantCommand, error)
}

// A Signaler has a tenant's workflow look for commands now. Without it the reconciler of the
// workers does so some seconds later. A failed signal is therefore logged, but no error to the
// client.
type Signaler interface {
	Signal(ctx context.Context, id flowhq.TenantID, name string) error
}

// Pinger reports whether something that the API cannot do without answers. An implementation must
// return when ctx ends, else /readyz would hang with what it asks.
type Pinger interface {
	Ping(ctx context.Context) error
}

// Profiles are what the owners of tenants have told, in versions.
type Profiles interface {
	// Profile returns the current one; of a tenant whose owner has told nothing, an empty one of
	// version 0.
	Profile(ctx context.Context, id flowhq.TenantID) (flowhq.Profile, error)
	// ProfileAt returns that of a version, or fails with code NotFound.
	ProfileAt(ctx context.Context, id flowhq.TenantID, version int64) (flowhq.Profile, error)
	// ProfileVersions returns one page of versions, the newest first, below before; 0 is for the
	// first page.
	ProfileVersions(
		ctx context.Context, id flowhq.TenantID, before int64, limit int,
	) (page []flowhq.ProfileVersion, next int64, err error)
	// ChangeProfile makes a new version. It fails with code Conflict if the version in the profile
	// is not current.
	ChangeProfile(
		ctx context.Context, id flowhq.TenantID, c store.ProfileChange,
	) (flowhq.Profile, error)
}

// Options are what an API is made of. All but ApproveSetups, Mail, OpenID, PortalKey, QueryAuth,
// TrustedProxies, PublicURL and CodecOrigin are required.
type Options struct {
	Tenants  Tenants
	Profiles Profiles
	Facts    Facts
	Contacts Contacts
	Logs     Logs
	// FollowUps and Feed are the store's, too.
	FollowUps FollowUps
	Feed      Feed
	Codes     Codes
	Commands  Commands
	Signals   Signaler
	Bulks     Bulks
	// BulkRecords is the database's side of bulks, and Bulks Temporal's.
	BulkRecords BulkRecords
	Fleet       FleetStore
	Audit       AuditLog
	Database    Pinger
	Temporal    Pinger
	Metrics     metrics.Registry

	// Webhooks are the store's, and WebhookGuard says which addresses they may have.
	Webhooks     Webhooks
	WebhookGuard webhook.Guard

	// Media is the store's, and Fetcher fetches what callers name by an address.
	Media   MediaStore
	Fetcher Fetcher

	// Accounts, Keys and Setups are the store's.
	Accounts Accounts
	Keys     Keys
	Setups   Setups
	// ApproveSetups has each setup request approved as soon as it is submitted.
	ApproveSetups bool

	Codec Codec
	// CodecOrigin is the origin of Temporal's Web UI, whose pages may use the codec; "" = no
	// page may.
	CodecOrigin string

	// Mail sends the links by which people set passwords; nil = they are shown to who makes them.
	Mail Mailer
	// OpenID is the provider with which people sign in besides their passwords; nil = none.
	OpenID OpenID

	// PortalKey is what the server of a portal shows, a web application with a sign-in of its own;
	// "" = there is none.
	PortalKey config.Secret

	// Password is the admin's.
	Password config.Secret
	// QueryAuth has the password accepted as the query parameter "password" as well.
	QueryAuth bool
	// PublicURL is the origin under which people reach the installation, for the links that they
	// are given; "" gives links without one.
	PublicURL string
	// TrustedProxies are addresses and networks whose X-Forwarded-For says where a
	// request comes from. Without them, behind a proxy, all callers count as one for the
	// limit on wrong passwords.
	TrustedProxies []string

	Log *slog.Logger
}

// An API is the http.Handler of everything this package serves.
type API struct {
	Options
	auth   *authenticator
	portal portalLock
	// forgotten are the links that were asked for lately, and forgotSlots those under way.
	forgotten   *access.Recent
	forgotSlots chan struct{}
	logins      *loginRecorder
	hasher      *access.Hasher
	// noted is what was recorded lately, and need not be again.
	noted *access.Recent
	// needs is what each route needs that is not for everybody, by method and path.
	needs  map[string]access.Need
	engine *gin.Engine
	// timeout bounds the handling of one request. It is handleTimeout; tests set it shorter.
	timeout time.Duration
	// slow is slowAfter; tests set it shorter.
	slow time.Duration

	readiness readyCache
	// signalFailed is when Temporal did not answer last; nil: it answered. It spares the next
	// clients the wait; see signal.
	signalFailed atomic.Pointer[time.Time]
	// codecSlot holds a value while the codec works on payloads. One body may take many times its
	// size when it is decoded (TestCodecOneAtATime).
	codecSlot chan struct{}
	// mediaWork holds a value for each upload and fetch; see maxMediaRequests.
	mediaWork chan struct{}
	// streams follow the feed, and catchingUp holds a value for each that reads older events.
	streams    *feedStreams
	catchingUp chan struct{}
	// count has what /metrics shows of this API: answers by status, and logins that failed.
	count *metrics.API
}

// actor is whom what a request does is attributed to. It is never read from a body or a parameter:
// nobody may act in another's name.
func actor(ctx context.Context) string { return access.From(ctx).Actor() }

// shownActor is an actor as whoever asks may see it, see access.Shown.
func shownActor(ctx context.Context, actor string) string {
	return access.Shown(access.From(ctx), actor)
}

// New returns an API. Without a password it fails: it would serve everybody. It asks neither the
// database nor Temporal, so a process starts while either is down, and says so at /readyz.
func New(o Options) (*API, error) {
	if o.Password == "" {
		return nil, errors.New("the admin API needs a password")
	}
	if o.QueryAuth {
		o.Log.Warn("the admin password is accepted as a query parameter, "+
			"where proxies and browsers may keep it", "setting", "ADMIN_QUERY_AUTH")
	}
	gin.SetMode(gin.ReleaseMode) // else Gin prints its routes to standard output
	a := &API{
		Options: o, auth: newAuthenticator(o.Password, o.QueryAuth),
		portal: newPortalLock(o.PortalKey), forgotten: access.NewRecent(time.Now),
		forgotSlots: make(chan struct{}, maxForgotWaiting),
		logins:      newLoginRecorder(o.Fleet, o.Log),
		hasher:      access.NewHasher(),
		noted:       access.NewRecent(time.Now), needs: map[string]access.Need{},
		engine: gin.New(), timeout: handleTimeout, slow: slowAfter,
		mediaWork: make(chan struct{}, maxMediaRequests),
		count:     metrics.NewAPI(o.Metrics),
		readiness: readyCache{slot: make(chan struct{}, 1), keep: readyFor},
		codecSlot: make(chan struct{}, 1),
		streams: &feedStreams{
			feed: o.Feed, log: o.Log, all: map[*feedStream]struct{}{},
		},
		catchingUp: make(chan struct{}, maxCatchingUp),
	}
	// Else Gin answers a wrong method with 404, as if the address did not exist.
	a.engine.HandleMethodNotAllowed = true
	// Each path is spelled in one way, as openapi.yaml has it.
	a.engine.RedirectTrailingSlash = false
	// A proxy might pass any other header on as the caller sent it.
	a.engine.RemoteIPHeaders = []string{"X-Forwarded-For"}
	// Gin trusts every peer unless it is told whom, and any caller could then claim to be another
	// and guess passwords as often as there are addresses. An empty list trusts nobody.
	if err := a.engine.SetTrustedProxies(o.TrustedProxies); err != nil {
		return nil, fmt.Errorf("TRUSTED_PROXIES: %w", err)
	}
	a.routes()
	return a, nil
}

// EndStreams ends at once what would go on for as long as its clients like, and lets no other
// stream begin. It is called when the process is told to end.
func (a *API) EndStreams() { a.streams.close() }

// ServeHTTP answers one request. It is safe for concurrent use.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.engine.ServeHTTP(w, r) }
