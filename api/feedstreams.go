package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// Bounds on the streams of a process.
const (
	maxStreams       = 1000
	maxTenantStreams = 50 // of the users and keys of one tenant
	// streamRoom is how many events wait for a client before it is cut off. The reader hands over
	// up to 500 at once, after a command to the whole fleet for one, and a client that keeps up
	// must not be cut off for that.
	streamRoom = 1024
	// feedEvery is how often the feed is read for all streams, while there are any. The database
	// could notify instead, but it commits transactions that notify one after the other, and each
	// message would.
	feedEvery = 300 * time.Millisecond
	// checkEvery is how often it is asked who may still read.
	checkEvery = 5 * time.Second
)

// feedStreams are the streams of one process. One reader of the feed serves them all, and runs only
// while there are any.
type feedStreams struct {
	feed Feed
	log  *slog.Logger

	mu     sync.Mutex // guards what follows, and from of each stream
	all    map[*feedStream]struct{}
	closed bool
	ready  chan struct{} // closed once the reader has begun; nil: there is none
	at     int64         // up to which event the streams have all
}

// A feedStream is one client that reads.
type feedStream struct {
	principal flowhq.Principal
	request   feedRequest
	from      int64         // events after this one come through events
	events    chan string   // as they are sent
	cut       chan struct{} // closed when the stream is to end
}

// join adds a stream, and returns when it gets every event from s.from on. It fails with code
// Unavailable at the end of the process, and if there are too many.
func (f *feedStreams) join(
	ctx context.Context, p flowhq.Principal, req feedRequest,
) (*feedStream, error) {
	s := &feedStream{
		principal: p, request: req, events: make(chan string, streamRoom),
		cut: make(chan struct{}),
	}
	f.mu.Lock()
	ofTenant := 0
	// Those of one tenant have a limit of their own: pages that leak streams must not take the
	// places of all others.
	for other := range f.all {
		if p.Bound() && other.principal.Tenant == p.Tenant {
			ofTenant++
		}
	}
	if err := f.full(ofTenant); err != nil {
		f.mu.Unlock()
		return nil, err
	}
	f.all[s] = struct{}{}
	// If the reader has not begun yet, begin sets the position anew.
	s.from = f.at
	if f.ready == nil {
		f.ready = make(chan struct{})
		// The reader is for those that join later, too. Each statement has the store's deadline.
		go f.run(outlasting(ctx), f.ready)
	}
	ready := f.ready
	f.mu.Unlock()
	// A database that is away keeps the reader from beginning, and the client waits for no longer
	// than it likes.
	select {
	case <-ready:
		return s, nil
	case <-s.cut:
	case <-ctx.Done():
	}
	f.leave(s)
	return nil, flowhq.Errorf(flowhq.Unavailable, "the feed cannot be read now")
}

// full says why no further stream is let in, nil if one is. The caller holds mu.
func (f *feedStreams) full(ofTenant int) error {
	switch {
	case f.closed:
		return flowhq.Errorf(flowhq.Unavailable, "this process ends; connect again")
	case ofTenant >= maxTenantStreams:
		return flowhq.Errorf(flowhq.Unavailable, "this tenant's people and keys have %d streams "+
			"open here, which is the limit; close one", maxTenantStreams)
	case len(f.all) >= maxStreams:
		return flowhq.Errorf(flowhq.Unavailable, "this process has %d streams open, which is its "+
			"limit; try again later, or ask another process", maxStreams)
	default:
		return nil
	}
}

// leave takes a stream away, which may have been cut off already.
func (f *feedStreams) leave(s *feedStream) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.all, s)
}

// close ends all streams at once, and lets no other begin.
func (f *feedStreams) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for s := range f.all {
		f.cut(s)
	}
}

// cut ends a stream. The caller holds mu.
func (f *feedStreams) cut(s *feedStream) {
	if _, there := f.all[s]; there {
		delete(f.all, s)
		close(s.cut)
	}
}

// run reads the feed until no stream is left.
func (f *feedStreams) run(ctx context.Context, ready chan struct{}) {
	var reader *store.FeedReader
	tick := time.NewTicker(feedEvery)
	defer tick.Stop()
	checked := time.Now()
	for {
		// A reader that has failed once goes on from its position, so an outage of the database
		// skips no event.
		var err error
		if reader == nil {
			if reader, err = f.feed.FollowFeed(ctx); err == nil {
				f.begin(reader.Position(), ready)
			}
		}
		if err == nil {
			err = f.pass(ctx, reader)
		}
		if err == nil && time.Since(checked) >= checkEvery {
			checked = time.Now()
			err = f.check(ctx)
		}
		if err != nil {
			f.log.Warn("could not read the feed for the streams; trying again", "err", err)
		}
		<-tick.C
		if f.idle() {
			return
		}
	}
}

// begin lets those go on that wait in join. What was written before this position is for catchUp.
func (f *feedStreams) begin(at int64, ready chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = at
	for s := range f.all {
		s.from = at
	}
	close(ready)
}

// idle reports whether there is no stream, and then forgets the reader. Both are under mu: a stream
// that joins at this moment either keeps the reader or starts another one.
func (f *feedStreams) idle() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.all) > 0 {
		return false
	}
	f.ready = nil
	return true
}

// pass hands what is new to the streams. A client that is too slow is cut off: it connects again
// and catches up from the database, and nobody waits for it.
func (f *feedStreams) pass(ctx context.Context, r *store.FeedReader) error {
	for more := true; more; {
		events, again, err := r.Next(ctx)
		if err != nil {
			return err
		}
		more = again
		// The position and its events change under one lock. A stream that joins in between would
		// else miss a batch, or have it twice.
		f.mu.Lock()
		f.at = r.Position()
		for _, e := range events {
			f.hand(e)
		}
		f.mu.Unlock()
	}
	return nil
}

// hand gives an event to each stream that wants it. The caller holds mu.
func (f *feedStreams) hand(e flowhq.FeedEvent) {
	var texts [2]string // as operators see it, and as those of the tenant do
	// Each text is made once, however many streams there are.
	for s := range f.all {
		if s.request.Tenant != "" && s.request.Tenant != e.Tenant ||
			len(s.request.Types) > 0 && !slices.Contains(s.request.Types, e.Type) {
			continue
		}
		kind := 0
		if s.principal.Bound() {
			kind = 1
		}
		if texts[kind] == "" {
			texts[kind] = eventText(shownEvent(s.principal, e))
		}
		select {
		case s.events <- texts[kind]:
		default:
			f.cut(s)
		}
	}
}

// check cuts off whose key was revoked, whose sign-in has ended, or who has another role by now:
// all in one statement.
func (f *feedStreams) check(ctx context.Context) error {
	f.mu.Lock()
	var keys []string
	var signIns []int64
	for s := range f.all {
		switch p := s.principal; {
		case p.Kind == flowhq.PrincipalAPIKey:
			keys = append(keys, p.ID)
		case p.SignIn != 0:
			signIns = append(signIns, p.SignIn)
		}
	}
	// The statement runs without the lock, since join and leave must not wait for the database.
	f.mu.Unlock()
	if len(keys)+len(signIns) == 0 {
		return nil
	}
	in, err := f.feed.StillIn(ctx, keys, signIns)
	// Nobody is cut off for a database that does not answer: all clients would connect again at
	// once.
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.all {
		p := s.principal
		key := p.Kind == flowhq.PrincipalAPIKey
		// Who has joined since was known a moment ago, and is looked at the next time.
		if key && slices.Contains(keys, p.ID) && !slices.Contains(in.Keys, p.ID) ||
			p.SignIn != 0 && slices.Contains(signIns, p.SignIn) &&
				!slices.Contains(in.SignIns, strconv.FormatInt(p.SignIn, 10)+" "+string(p.Role)) {
			f.cut(s)
		}
	}
	return nil
}

// decodeData reads the data of an event.
func decodeData(data json.RawMessage, into any) error { return json.Unmarshal(data, into) }
