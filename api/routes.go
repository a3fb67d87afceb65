package api

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/access"
)

// ownPath is where the routes of a tenant are for those who belong to it, and namedPath where they
// are for those who name it.
const (
	ownPath   = "/portal/tenant"
	namedPath = "/admin/tenants/:id"
)

// maxOpen is how many requests are handled at a time, those of streams and strangers apart. More
// wait: the bodies of so many have some 16 MiB together, and the database's pool has far fewer
// connections anyway.
const maxOpen = 256

// A router registers routes, each beside the scope that it needs. There is no way to register a
// route without one but routes, where the few are that need nobody to be known.
type router struct {
	api   *API
	group *gin.RouterGroup
	// reach is what the routes are about.
	reach access.Reach
	// identify makes the principal of a request; nil: the API's own ways.
	identify func(*gin.Context) (flowhq.Principal, error)
	// slots bounds how many requests are handled at a time; nil: no bound but that of open.
	slots gin.HandlerFunc
	// open bounds how many requests of all routes together are handled at a time; nil: streams,
	// which have a bound of their own.
	open gin.HandlerFunc
}

// about returns a router of the same path for routes that are about something else.
func (r router) about(reach access.Reach) router {
	r.reach = reach
	return r
}

// limited returns a router whose requests are handled a few at a time. Others wait, but only those
// that may be handled at all: a stranger must not be able to take the slots.
func (r router) limited(slots gin.HandlerFunc) router {
	r.slots = slots
	return r
}

func (r router) get(path string, s flowhq.Scope, h gin.HandlerFunc) {
	r.handle(http.MethodGet, path, s, h)
	r.handle(http.MethodHead, path, s, h) // which net/http answers without the body
}

func (r router) post(path string, s flowhq.Scope, h gin.HandlerFunc) {
	r.handle(http.MethodPost, path, s, h)
}

func (r router) put(path string, s flowhq.Scope, h gin.HandlerFunc) {
	r.handle(http.MethodPut, path, s, h)
}

func (r router) patch(path string, s flowhq.Scope, h gin.HandlerFunc) {
	r.handle(http.MethodPatch, path, s, h)
}

func (r router) delete(path string, s flowhq.Scope, h gin.HandlerFunc) {
	r.handle(http.MethodDelete, path, s, h)
}

// handle registers a route. Who asks is found out first, then whether they may, and only then is a
// slot taken or a byte of the body read.
func (r router) handle(method, path string, s flowhq.Scope, h gin.HandlerFunc) {
	need := access.Need{Scope: s, Reach: r.reach}
	identify := r.identify
	if identify == nil {
		identify = r.api.identify
	}
	// The slot comes after require: who may not ask for the route would else keep others from it.
	chain := []gin.HandlerFunc{r.api.authenticate(identify), r.api.require(need)}
	if r.slots != nil {
		chain = append(chain, r.slots)
	}
	// Who waits for a slot of a route keeps nobody from the others.
	if r.open != nil {
		chain = append(chain, r.open)
	}
	r.group.Handle(method, path, append(chain, h)...)
	// A route without a need would be for everybody, which TestNeedsStandBesideRoutes finds.
	r.api.needs[method+" "+strings.TrimSuffix(r.group.BasePath(), "/")+path] = need
}

// require lets a request go on if its principal may ask for this. It is the one place where that is
// decided.
//
// A route about the principal's own tenant has that tenant as its id from here on, as if the path
// had named it. So one handler serves both kinds of path, and cannot take a tenant from anywhere
// else.
func (a *API) require(n access.Need) gin.HandlerFunc {
	return func(c *gin.Context) {
		p := access.From(c.Request.Context())
		if err := access.Allow(p, n, flowhq.TenantID(c.Param("id"))); err != nil {
			a.fail(c, err)
			return
		}
		if n.Reach == access.OwnTenant {
			c.Params = append(c.Params, gin.Param{Key: "id", Value: string(p.Tenant)})
		}
		c.Next()
	}
}

// locationFor returns where something is found by whoever asks: under the path of the principal's
// own tenant, if the request went to a path that names none.
func locationFor(c *gin.Context, location string) string {
	if !strings.HasPrefix(c.FullPath(), portalPath+"/") {
		return location
	}
	// A user who is sent to the path of operators would get 403 there.
	named := strings.Replace(namedPath, ":id", c.Param("id"), 1)
	if rest, ok := strings.CutPrefix(location, named); ok {
		return ownPath + rest
	}
	return location
}

// routes lists every endpoint. Only a tenant may be called :id: the access log takes it as
// the tenant that a record belongs to.
//
// TestRoutesAreDescribed compares the routes with openapi.yaml in both directions, and
// TestWhoMayAskWhat asks each one as every kind of principal. So a route that is added
// here alone, or past a router, fails a test.
func (a *API) routes() {
	// begin is first, so that every answer has its id and headers. logAccess is before
	// recoverPanic, and so logs the status that a panic is answered with.
	a.engine.Use(a.begin, a.logAccess, a.recoverPanic, a.allowUI)
	a.engine.NoRoute(a.noRoute)
	a.engine.NoMethod(a.noMethod)

	// Probes and the description need nobody to be known.
	public := a.engine.Group("", a.deadline)
	get(public, "/healthz", handle(a, http.StatusOK, a.health))
	get(public, "/readyz", handle(a, http.StatusOK, a.ready))
	get(public, "/openapi.yaml", handle(a, http.StatusOK, a.openAPI))
	get(public, "/docs", handle(a, http.StatusOK, a.docsPage))
	get(public, "/docs/:file", handle(a, http.StatusOK, a.docsFile))
	// Nor do those by which one becomes known. A page of another site may not use them: it could
	// sign a browser in as somebody else.
	door := public.Group("", a.refuseForeign)
	door.POST("/auth/sign-in", handle(a, http.StatusOK, a.signIn))
	door.POST("/auth/link", handle(a, http.StatusOK, a.useLink))
	door.POST("/auth/forgot", handle(a, http.StatusAccepted, a.forgot))
	provider := door.Group("", a.limitConcurrency(maxOpenID))
	get(provider, "/auth/openid", handle(a, http.StatusSeeOther, a.beginOpenID))
	get(provider, OpenIDPath, handle(a, http.StatusSeeOther, a.finishOpenID))

	open := a.limitConcurrency(maxOpen)
	all := router{api: a, group: public, reach: access.Installation, open: open}
	a.selfRoutes(all.about(access.Self))
	all.get("/metrics", flowhq.ScopeMetrics, handle(a, http.StatusOK, a.metrics))
	// Requests for the codec are large.
	codec := all.limited(a.limitConcurrency(maxCodecRequests))
	codec.post(codecPath+"/encode", flowhq.ScopeCodec, handle(a, http.StatusOK, a.encode))
	codec.post(codecPath+"/decode", flowhq.ScopeCodec, handle(a, http.StatusOK, a.decode))

	admin := router{
		api: a, group: public.Group("/admin"), reach: access.Installation, open: open,
	}
	a.installationRoutes(admin)
	a.accountRoutes(admin, "/operators", flowhq.ScopeOwn, flowhq.OperatorRoles)
	a.keyRoutes(admin, flowhq.ScopeOwn, flowhq.KeyScopes)

	// A stream is no route of public, whose deadline would end it after handleTimeout.
	a.feedRoutes()
	// Made once, so that operators and users share the slots: memory does not care who asks.
	slots := tenantSlots{
		profiles: a.limitConcurrency(maxProfiles), logs: a.limitConcurrency(maxPages),
		facts: a.limitConcurrency(maxPages),
	}
	named := router{
		api: a, group: public.Group(namedPath), reach: access.NamedTenant, open: open,
	}
	a.operatorsRoutes(named.about(access.Operators))
	a.tenantRoutes(named, slots)
	own := router{api: a, group: public.Group(ownPath), reach: access.OwnTenant, open: open}
	a.tenantRoutes(own, slots)
	own.group = public.Group(portalPath)
	a.portalReplyRoutes(own)
	a.portalRoutes(own)
}

// installationRoutes lists what is about all tenants at once.
func (a *API) installationRoutes(r router) {
	const read, operate = flowhq.ScopeRead, flowhq.ScopeOperate
	r.post("/tenants", operate, handle(a, http.StatusCreated, a.createTenant))
	r.get("/tenants", read, handle(a, http.StatusOK, a.listTenants))

	r.post("/bulk", operate, handle(a, http.StatusAccepted, a.startBulk))
	r.get("/bulk", read, handle(a, http.StatusOK, a.listBulks))
	r.get("/bulk/:bulk", read, handle(a, http.StatusOK, a.readBulk))
	r.delete("/bulk/:bulk", operate, handle(a, http.StatusAccepted, a.cancelBulk))

	a.setupRoutes(r)
	r.get("/dead-letters", read, handle(a, http.StatusOK, a.listAllDeadLetters))
	r.post("/dead-letters/retry", flowhq.ScopeSend,
		handle(a, http.StatusAccepted, a.retryAllDeadLetters))
	// A delivery shows what a receiver answered, which is for whoever may change webhooks.
	r.get("/webhook-deliveries", operate, handle(a, http.StatusOK, a.listAside))
	r.post("/webhook-deliveries/retry", operate, handle(a, http.StatusAccepted, a.retryAside))
	r.get("/audit", read, handle(a, http.StatusOK, a.listAudit))
	r.get("/audit.csv", read, a.exportAudit)
	r.get("/workers", read, handle(a, http.StatusOK, a.listWorkers))
	r.post("/workers/:worker/drain", operate, handle(a, http.StatusOK, a.drainWorker))
	r.post("/workers/:worker/undrain", operate, handle(a, http.StatusOK, a.undrainWorker))
	r.get("/traffic", read, handle(a, http.StatusOK, a.readTraffic))
	r.get("/fleet", read, handle(a, http.StatusOK, a.readFleet))
	r.patch("/fleet", operate, handle(a, http.StatusOK, a.changeFleet))
	// The same, and what GET gives besides.
	r.put("/fleet", operate, handle(a, http.StatusOK, a.changeFleet))
}

// operatorsRoutes lists what only operators do to a tenant. Its own users do not: they would change
// their limits, or take a number that was not agreed on.
func (a *API) operatorsRoutes(r router) {
	const operate = flowhq.ScopeOperate
	r.patch("", operate, handle(a, http.StatusOK, a.changeTenant))
	// The same, and what GET gives besides.
	r.put("", operate, handle(a, http.StatusOK, a.changeTenant))
	r.delete("", operate, handle(a, http.StatusAccepted, a.deleteTenant))
	force := "/session/" + string(flowhq.ForceRestart)
	r.post(force, operate, handle(a, http.StatusAccepted, a.command(flowhq.ForceRestart)))
}

// tenantSlots bound how many requests with large bodies or answers are handled at a time, of
// tenants' users and operators together.
type tenantSlots struct{ profiles, logs, facts gin.HandlerFunc }

// tenantRoutes lists the endpoints of one tenant, which are there twice: under a path that names
// the tenant, and under the path of the principal's own.
func (a *API) tenantRoutes(r router, slots tenantSlots) {
	const read, operate, send = flowhq.ScopeRead, flowhq.ScopeOperate, flowhq.ScopeSend
	r.get("", read, handle(a, http.StatusOK, a.readTenant))
	a.profileRoutes(r.limited(slots.profiles))
	for _, c := range []flowhq.Command{flowhq.Start, flowhq.Stop, flowhq.Restart, flowhq.Relink} {
		r.post("/session/"+string(c), operate, handle(a, http.StatusAccepted, a.command(c)))
	}
	r.get("/commands", read, handle(a, http.StatusOK, a.listCommands))
	r.get("/commands/:command", read, handle(a, http.StatusOK, a.readCommand))

	// A code links any phone to the tenant, so to see one is to operate.
	r.get("/qr", operate, handle(a, http.StatusOK, a.qr))
	r.get("/qr.png", operate, handle(a, http.StatusOK, a.qrPicture))
	r.post("/pair-code", operate, handle(a, http.StatusOK, a.pairCode))

	r.limited(slots.logs).get("/logs", read, handle(a, http.StatusOK, a.messages))
	r.limited(slots.logs).get("/logs.csv", read, a.exportMessages)
	r.limited(slots.logs).get("/logs/:message", read, handle(a, http.StatusOK, a.readMessage))
	r.get("/intake", read, handle(a, http.StatusOK, a.readIntake))
	r.get("/dead-letters", read, handle(a, http.StatusOK, a.listDeadLetters))
	r.post("/dead-letters/retry", send, handle(a, http.StatusAccepted, a.retryDeadLetters))
	r.post("/logs/:message/retry", send, handle(a, http.StatusAccepted, a.retryMessage))
	r.post("/logs/:message/unmute", send, handle(a, http.StatusOK, a.unmuteContact))
	r.get("/follow-ups", read, handle(a, http.StatusOK, a.listFollowUps))
	r.delete("/follow-ups/:followup", send, handle(a, http.StatusOK, a.cancelFollowUp))
	r.get("/events", read, handle(a, http.StatusOK, a.events))

	a.webhookRoutes(r)
	a.replyRoutes(r)
	a.mediaRoutes(r)
	a.ownSetupRoutes(r)
	a.factRoutes(r.limited(slots.facts))
	a.accountRoutes(r, "/users", flowhq.ScopeManage, flowhq.UserRoles)
	a.keyRoutes(r, flowhq.ScopeManage, flowhq.TenantKeyScopes)
}

// profileRoutes lists the endpoints of what owners have told. Their bodies and answers may be as
// large as a profile, so few are handled at a time.
func (a *API) profileRoutes(r router) {
	const read, operate, profile = flowhq.ScopeRead, flowhq.ScopeOperate, "/profile"
	r.get(profile, read, handle(a, http.StatusOK, a.readProfile))
	r.put(profile, operate, handle(a, http.StatusOK, a.replaceProfile))
	r.patch(profile, operate, handle(a, http.StatusOK, a.mergeProfile))
	r.get(profile+"/missing", read, handle(a, http.StatusOK, a.missingInProfile))
	r.get(profile+"/versions", read, handle(a, http.StatusOK, a.listProfileVersions))
	r.get(profile+"/versions/:version", read, handle(a, http.StatusOK, a.readProfileVersion))
	r.post(profile+"/versions/:version/restore", operate,
		handle(a, http.StatusOK, a.restoreProfile))
	r.post(profile+"/import", operate, handle(a, http.StatusOK, a.importList))
	r.get(profile+"/export", read, handle(a, http.StatusOK, a.exportList))
	// A preview sends and writes nothing.
	r.post("/preview", read, handle(a, http.StatusOK, a.preview))
}

// get registers h for GET and, as HTTP requires, for HEAD, which net/http answers without the
// body. It is for routes that need nobody to be known.
func get(g *gin.RouterGroup, path string, h gin.HandlerFunc) {
	g.GET(path, h)
	g.HEAD(path, h)
}
