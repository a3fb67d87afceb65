package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// A countingFeed counts who follows the feed.
type countingFeed struct {
	*store.Store
	readers atomic.Int64
}

func (f *countingFeed) FollowFeed(ctx context.Context) (*store.FeedReader, error) {
	f.readers.Add(1)
	return f.Store.FollowFeed(ctx)
}

// TestManyStreams: a hundred clients have one reader of the database, and each has every event once
// and in order, also if it connects again, by Last-Event-ID, while events go by.
func TestManyStreams(t *testing.T) {
	const streams, events, lost = 100, 300, 3 // connections that a client of the second half loses
	counting := &countingFeed{}
	f := setup(t, func(o *Options) { counting.Store = o.Feed.(*store.Store); o.Feed = counting })
	id := f.create()
	const path = "/admin/events?type=CODE_READ,REPLIES_DELAYED"
	all := make([]*reader, streams)
	for i := range all {
		all[i] = f.followFeed(path, nil)
	}
	// The first event tells each where it begins.
	f.note(id, flowhq.EventRepliesDelayed)
	for _, r := range all {
		r.wants(flowhq.EventRepliesDelayed)
	}
	var writing, reading sync.WaitGroup
	writing.Go(func() {
		for range events {
			f.note(id, flowhq.EventCodeRead)
		}
	})
	for i, r := range all {
		reading.Go(func() {
			last := position(r.last)
			for n := range events {
				if i >= streams/2 && n > 0 && n%(events/lost) == i%7 {
					r.stop()
					r = f.followFeed(path, http.Header{lastEventID: {strconv.FormatInt(last, 10)}})
				}
				kind, e := r.next()
				if kind != string(flowhq.EventCodeRead) || e.ID <= last {
					t.Errorf("stream %d has %q %d behind %d, as number %d", i, kind, e.ID, last, n)
					return
				}
				last = e.ID
			}
		})
	}
	writing.Wait()
	reading.Wait()
	if n := counting.readers.Load(); n != 1 {
		t.Errorf("the feed was followed %d times; want once for all streams", n)
	}
}

func position(id string) int64 {
	n, _ := strconv.ParseInt(id, 10, 64)
	return n
}

// TestStreamsAreBounded: who comes too late is told what is full and when to ask again, and gets a
// place when one is free.
func TestStreamsAreBounded(t *testing.T) {
	f := setup(t)
	id, other := f.create(), f.create()
	key := f.keyOf(id, "read")
	key.Set("Accept", "text/event-stream")
	var all []*reader
	for range maxTenantStreams {
		all = append(all, f.followFeed("/portal/tenant/feed", key))
	}
	refused := func(path string, header http.Header, want string) {
		t.Helper()
		a := f.send(call{method: "GET", path: path, header: header}, 503)
		detail, _ := a.json.(node)["detail"].(string)
		if after := a.Header.Get("Retry-After"); !strings.Contains(detail, want) || after == "" {
			t.Errorf("refused with %q and Retry-After %q; want %q and a time", detail, after, want)
		}
	}
	refused("/portal/tenant/feed", key, "50 streams")
	// The limit of one tenant is no other's, and no operator's.
	f.followFeed("/portal/tenant/feed", f.keyOf(other, "read")).stop()
	f.followFeed("/admin/tenants/"+string(id)+"/feed", nil).stop()
	all[0].stop()
	eventually(t, "the place of a client that has gone is free", func() bool {
		f.api.streams.mu.Lock()
		defer f.api.streams.mu.Unlock()
		return len(f.api.streams.all) < maxTenantStreams
	})
	f.followFeed("/portal/tenant/feed", key)

	// That all places are taken is made so: a thousand connections would be of no other use here.
	f.api.streams.mu.Lock()
	for range maxStreams {
		s := &feedStream{events: make(chan string, 1), cut: make(chan struct{})}
		f.api.streams.all[s] = struct{}{}
	}
	f.api.streams.mu.Unlock()
	refused("/admin/events", http.Header{"Accept": {"text/event-stream"}}, "1000 streams")
	f.api.EndStreams()
	refused("/admin/events", http.Header{"Accept": {"text/event-stream"}}, "ends")
}
