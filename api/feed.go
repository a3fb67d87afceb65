package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/access"
	"github.com/flowhq/flowhq/internal/store"
)

// Feed is what happens to tenants, in its order.
type Feed interface {
	// FollowFeed reads what comes after now, of all tenants.
	FollowFeed(ctx context.Context) (*store.FeedReader, error)
	Feed(
		ctx context.Context, id flowhq.TenantID, p store.FeedPage,
	) ([]flowhq.FeedEvent, error)
	FeedOfAll(ctx context.Context, p store.FeedPage) ([]flowhq.FeedEvent, error)
	// StillIn returns those keys and sign-ins that have not ended.
	StillIn(ctx context.Context, keys []string, signIns []int64) (store.StillIn, error)
}

const (
	// maxCatchingUp is how many streams read older events at a time: each reads page by page.
	maxCatchingUp = 4
	// streamBeat is below the 60 s after which proxies close a connection that is silent.
	streamBeat = 15 * time.Second
	// streamWrite is how long a client may take to accept what is sent. The server's own limit is
	// of a whole answer.
	streamWrite = 10 * time.Second
	// lastEventID is where a browser says, when it connects again, what it had last.
	lastEventID = "Last-Event-ID"
	streamKey   = "stream" // true in the Gin context of an answer that lasts
)

// feedRoutes lists the endpoints of the feed. They are not under the deadline of a request: a
// stream lasts for as long as its client likes.
func (a *API) feedRoutes() {
	all := router{api: a, group: a.engine.Group("/admin"), reach: access.Installation}
	all.get("/events", flowhq.ScopeRead, a.feed)
	for path, reach := range map[string]access.Reach{
		namedPath: access.NamedTenant, ownPath: access.OwnTenant,
	} {
		of := router{api: a, group: a.engine.Group(path), reach: reach}
		of.get("/feed", flowhq.ScopeRead, a.feed)
	}
}

// feedRequest is GET /admin/events and GET /admin/tenants/:id/feed.
type feedRequest struct {
	Tenant flowhq.TenantID // "" = all
	Types  []flowhq.EventType
	After  int64 // 0 = from now on or, of a page, from the beginning
	Limit  int
}

func (r *feedRequest) bind(b *binder) {
	// An id that is there and empty, as in /admin/tenants//feed, is no tenant, and not all of them.
	if _, named := b.c.Params.Get("id"); named {
		r.Tenant = b.tenant()
	} else {
		r.Tenant = b.anyTenant()
	}
	// A misspelt type is refused: a client would wait for ever for events that never come.
	if given, _ := b.parameter("type"); given != "" {
		for t := range strings.SplitSeq(given, ",") {
			if !slices.Contains(flowhq.EventTypes, flowhq.EventType(t)) {
				b.wrong("type", "must be types of events, separated by commas, such as "+
					"MESSAGE_RECEIVED,ORDER_CREATED; the description lists them")
				break
			}
			r.Types = append(r.Types, flowhq.EventType(t))
		}
	}
	r.After = b.position("after")
	r.Limit = b.number("limit", defaultLimit, 1, maxLimit)
	// The header wins over the parameter: a browser that connects again sends the address of its
	// first time, with a position that is old by then.
	if id := b.c.GetHeader(lastEventID); id != "" {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil || n < 1 {
			b.wrong(lastEventID, "must be the id of an event that was sent before")
		}
		r.After = n
	}
}

// feedPage is one page of the feed, the oldest first.
type feedPage struct {
	Events []flowhq.FeedEvent `json:"events"`
	// Next is what to ask for "after", also while there is no more yet.
	Next string `json:"next"`
}

// feed handles GET /admin/events and GET /admin/tenants/:id/feed: a stream for who accepts one, and
// otherwise a page.
func (a *API) feed(c *gin.Context) {
	b := newBinder(c, a.QueryAuth)
	var req feedRequest
	req.bind(b)
	err := b.finish()
	// The deadline is for the look-up and for a page. A stream goes by the request's own context,
	// which ends with the connection.
	ctx, cancel := context.WithTimeout(c.Request.Context(), a.timeout)
	defer cancel()
	if err == nil && req.Tenant != "" {
		_, err = a.Tenants.Tenant(ctx, req.Tenant)
	}
	if err != nil {
		a.fail(c, err)
		return
	}
	if strings.Contains(c.GetHeader("Accept"), "text/event-stream") {
		a.stream(c, req)
		return
	}
	page, err := a.readFeed(ctx, req)
	if err != nil {
		a.fail(c, err)
		return
	}
	a.answer(c, http.StatusOK, page)
}

// readFeed reads a page. Whoever reads page after page misses nothing: a page ends before what is
// not written to the end yet.
func (a *API) readFeed(ctx context.Context, req feedRequest) (feedPage, error) {
	// The position is taken before the page is read. What is written meanwhile is above the
	// position, and so on a later page.
	reader, err := a.Feed.FollowFeed(ctx)
	if err != nil {
		return feedPage{}, err
	}
	events, err := a.feedAfter(ctx, req, reader.Position())
	if err != nil {
		return feedPage{}, err
	}
	p := access.From(ctx)
	for i := range events {
		events[i] = shownEvent(p, events[i])
	}
	// A page that is not full was read up to the position. A client whose filter selects little
	// goes on from there, and does not have the same rows searched each time.
	next := max(req.After, reader.Position())
	if len(events) == req.Limit {
		next = events[len(events)-1].ID
	}
	return feedPage{Events: list(events), Next: cursor(next)}, nil
}

// feedAfter reads the events that a request asks for, up to one that is final.
func (a *API) feedAfter(
	ctx context.Context, req feedRequest, upTo int64,
) ([]flowhq.FeedEvent, error) {
	page := store.FeedPage{Types: req.Types, After: req.After, UpTo: upTo, Limit: req.Limit}
	if req.Tenant == "" {
		return a.Feed.FeedOfAll(ctx, page)
	}
	return a.Feed.Feed(ctx, req.Tenant, page)
}

// stream answers with server-sent events until the client, the stream or the process ends.
func (a *API) stream(c *gin.Context, req feedRequest) {
	p := access.From(c.Request.Context())
	// A HEAD would take a place among the streams, and never be told anything.
	if c.Request.Method == http.MethodHead {
		c.Header("Content-Type", "text/event-stream")
		c.Status(http.StatusOK)
		return
	}
	s, err := a.streams.join(c.Request.Context(), p, req)
	if err != nil {
		a.fail(c, err)
		return
	}
	defer a.streams.leave(s)
	c.Set(streamKey, true)
	c.Header("Content-Type", "text/event-stream")
	c.Header("X-Accel-Buffering", "no") // nginx would keep events back until there are many
	c.Status(http.StatusOK)
	w := &streamWriter{c.Writer, http.NewResponseController(c.Writer)}
	// The server's deadline for the request would end the connection in 30 s. What does not take
	// one is a test's recorder.
	_ = w.control.SetReadDeadline(time.Time{})
	// A browser connects again two seconds after the end, by this line. The stream has joined
	// before it catches up: what happens meanwhile waits in its channel, so no event is missed in
	// between.
	if w.send("retry: 2000\n\n") != nil || !a.catchUp(c.Request.Context(), w, s, req) {
		return
	}
	beat := time.NewTicker(streamBeat)
	defer beat.Stop()
	for {
		select {
		case <-c.Request.Context().Done():
			return
		// The client is too slow or may not read any more, or the process ends. It asks again by
		// Last-Event-ID, and is refused then if it has to be.
		case <-s.cut:
			return
		case e := <-s.events:
			if w.send(s.waiting(e)) != nil {
				return
			}
		case <-beat.C:
			// A comment, which clients pass over.
			if w.send(":\n\n") != nil {
				return
			}
		}
	}
}

// catchUp sends what came after the client's last event and before the stream joined. It reports
// false if the stream is to end.
func (a *API) catchUp(
	ctx context.Context, w *streamWriter, s *feedStream, req feedRequest,
) bool {
	if req.After == 0 {
		return true
	}
	// While it waits, events gather in the channel. A stream that waits for too long is cut off,
	// and its client asks again.
	if !acquire(ctx, a.catchingUp) {
		return false
	}
	defer release(a.catchingUp)
	// Pages go up to s.from, and the channel has the events from there on, so none is sent twice.
	// The limit of the request is for pages.
	for req.Limit = maxLimit; ; {
		select {
		case <-s.cut: // by then it has missed an event, so it must not get later ones
			return false
		default:
		}
		events, err := a.feedAfter(ctx, req, s.from)
		if err != nil {
			return false
		}
		var all strings.Builder
		for _, e := range events {
			all.WriteString(eventText(shownEvent(s.principal, e)))
			req.After = e.ID
		}
		if len(events) > 0 && w.send(all.String()) != nil {
			return false
		}
		if len(events) < req.Limit {
			return true
		}
	}
}

// waiting returns an event with those that wait behind it. To send each by itself would be a system
// call for each event and stream.
func (s *feedStream) waiting(first string) string {
	if len(s.events) == 0 {
		return first
	}
	var all strings.Builder
	all.WriteString(first)
	// As many as there were: what comes meanwhile is for the next time, so this ends.
	for range len(s.events) {
		all.WriteString(<-s.events)
	}
	return all.String()
}

// A streamWriter sends parts of an answer, each at once.
type streamWriter struct {
	gin.ResponseWriter
	control *http.ResponseController
}

// send fails for a client that has gone, or that does not take what was sent.
func (w *streamWriter) send(text string) error {
	_ = w.control.SetWriteDeadline(time.Now().Add(streamWrite)) // a recorder takes none
	if _, err := w.WriteString(text); err != nil {
		return err
	}
	return w.control.Flush()
}

// eventText is an event as a stream has it. The type is a line of its own, by which a browser's
// listeners are chosen.
func eventText(e flowhq.FeedEvent) string {
	data, err := encode(e) // ends with a line feed, and has no other
	if err != nil {
		return "" // the data is JSON that PostgreSQL has checked
	}
	return "id: " + strconv.FormatInt(e.ID, 10) + "\nevent: " + string(e.Type) +
		"\ndata: " + string(data) + "\n"
}

// shownEvent is an event as a principal may see it.
func shownEvent(p flowhq.Principal, e flowhq.FeedEvent) flowhq.FeedEvent {
	h, ok := flowhq.FeedShape(e.Type).(*flowhq.HistoryEvent)
	if !ok || !p.Bound() {
		return e
	}
	// Data that cannot be read are replaced, as they might name an operator.
	if err := decodeData(e.Data, h); err == nil {
		h.Actor = access.Shown(p, h.Actor)
	}
	if data, err := encode(h); err == nil {
		e.Data = data
	}
	return e
}
