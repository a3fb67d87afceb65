package api

import (
	"context"
	"time"

	"github.com/flowhq/flowhq"
)

// A stretch is how many messages there were within some minutes, and how fast the bot replied.
type stretch struct {
	At       time.Time `json:"at"`
	Received int       `json:"received"`
	Sent     int       `json:"sent"`
	// Median and P95 are the times within which so many of the replies were sent; nil: there were
	// none.
	Median *float64 `json:"reply_seconds_median"`
	P95    *float64 `json:"reply_seconds_p95"`
}

// trafficAnswer is the last day.
type trafficAnswer struct {
	Minutes   int       `json:"stretch_minutes"`
	Stretches []stretch `json:"stretches"`
}

// readTraffic handles GET /admin/traffic. Counts of reply times stay inside: what a client wants of
// them are the two figures.
func (a *API) readTraffic(ctx context.Context, _ nothing) (trafficAnswer, error) {
	all, err := a.Fleet.Traffic(ctx)
	answer := trafficAnswer{
		Minutes: int(flowhq.TrafficEvery / time.Minute), Stretches: []stretch{},
	}
	for _, t := range all {
		answer.Stretches = append(answer.Stretches, stretch{
			At: t.At, Received: t.Received, Sent: t.Sent,
			Median: t.ReplyTime(.5), P95: t.ReplyTime(.95),
		})
	}
	return answer, err
}
