package workers

import (
	"context"
	"time"
)

// Bounds on the writing of what a worker has counted.
const (
	// trafficEvery is how often it is written, and so how much of it a kill loses.
	trafficEvery = time.Minute
	// trafficTimeout bounds the last write, for which the process waits.
	trafficTimeout = 3 * time.Second
)

// writeTraffic writes what this process has counted until ctx ends, and once more then. What cannot
// be written is tried again with the next minute's: the figures are for charts, and nobody waits.
func (p *process) writeTraffic(ctx context.Context) {
	tick := time.NewTicker(trafficEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
			p.flushTraffic(ctx)
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), trafficTimeout)
	defer cancel()
	p.flushTraffic(last)
}

// flushTraffic writes what was counted since the last time. A worker without messages writes its
// zeros, too: a stretch without a row is one in which no worker ran.
func (p *process) flushTraffic(ctx context.Context) {
	counted := p.Metrics.TakeTraffic()
	if err := p.Store.AddTraffic(ctx, p.Name, counted); err != nil {
		p.Metrics.ReturnTraffic(counted)
		p.Log.Info("could not write how many messages there were; the next minute tries again",
			"err", err)
	}
}
