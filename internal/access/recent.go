package access

import (
	"sync"
	"time"
)

// maxRecent bounds what a Recent remembers, at some 200 bytes each.
const maxRecent = 4096

// A Recent tells the first time that something happens within a while from further ones. What is
// worth an event once would otherwise be one with each request of a page that refreshes itself.
type Recent struct {
	now  func() time.Time
	mu   sync.Mutex
	seen map[string]time.Time // until when
}

// NewRecent returns a Recent that has seen nothing. now is the clock.
func NewRecent(now func() time.Time) *Recent {
	return &Recent{now: now, seen: map[string]time.Time{}}
}

// First reports whether what was not seen within this while, and remembers it.
func (r *Recent) First(what string, while time.Duration) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if now.Before(r.seen[what]) {
		return false
	}
	if len(r.seen) >= maxRecent {
		// An event too many does no harm.
		MakeRoom(r.seen, maxRecent, func(until time.Time) bool { return !now.Before(until) })
	}
	r.seen[what] = now.Add(while)
	return true
}
