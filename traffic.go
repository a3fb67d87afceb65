package flowhq

import "time"

// TrafficEvery is the length of the stretches by which messages are counted. A day has 144 of them,
// which is as many points as a chart of its width shows.
const TrafficEvery = 10 * time.Minute

// ReplyBounds are the upper bounds, in seconds, by which reply times are counted; there is one
// count more, of what is longer than the last. A reply takes some ten milliseconds, seconds if its
// host had to be replaced, and minutes if the tenant's limit has held it back.
var ReplyBounds = []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}

// Traffic is what a worker has counted within some time.
type Traffic struct {
	At       time.Time // when its stretch begins; a worker's own count has none
	Received int       // messages of customers
	Sent     int       // replies, warnings and what people of the business wrote
	// Replies counts reply times by ReplyBounds. It is nil or has one more entry than those.
	Replies []int
	// Messages are those of each tenant, in both directions. Only a worker's own count has them.
	Messages map[TenantID]int
}

// ReplyTime is the time, in seconds, within which a part of the replies was sent, such as .5 for
// the median. It is nil if there were none. Within two bounds it takes the times for evenly spread,
// so it is as exact as the bounds are close.
func (t Traffic) ReplyTime(part float64) *float64 {
	total := 0
	for _, n := range t.Replies {
		total += n
	}
	if total == 0 {
		return nil
	}
	rank, below := part*float64(total), 0.0
	for i, n := range t.Replies {
		if below+float64(n) < rank || n == 0 {
			below += float64(n)
			continue
		}
		low, high := 0.0, ReplyBounds[len(ReplyBounds)-1]
		if i > 0 {
			low = ReplyBounds[i-1]
		}
		// What is longer than the last bound has no end; the bound is said of it.
		if i < len(ReplyBounds) {
			high = ReplyBounds[i]
		}
		at := low + (high-low)*(rank-below)/float64(n)
		return &at
	}
	return nil
}
