package api

import (
	"fmt"
	"time"
)

// A limit is how much of something a caller has in a while, for the headers of
// draft-ietf-httpapi-ratelimit-headers, which tell a client more than Retry-After: what it ran into.
// They come with 429 alone. On each answer they would tell a guesser how many tries are left.
type limit struct {
	name   string
	quota  int
	window time.Duration
}

// policy is the header RateLimit-Policy: so many in a window of so many seconds, by name.
func (l limit) policy() string {
	return fmt.Sprintf("%q;q=%d;w=%s", l.name, l.quota, seconds(l.window))
}

// exhausted is the header RateLimit of a caller who has nothing left for a while.
func (l limit) exhausted(wait time.Duration) string {
	return fmt.Sprintf("%q;r=0;t=%s", l.name, seconds(wait))
}
