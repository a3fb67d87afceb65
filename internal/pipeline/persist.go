package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
)

// Pauses between the attempts of a write or a message that failed. They double from the
// first to the last. The last one is short, because customers wait meanwhile.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 2 * time.Second
)

// errEnded says that the pipeline ended before something was done. The rows are as they
// were, for the next host.
var errEnded = errors.New("the pipeline has ended")

// persist repeats a statement until the database has taken it. While the database is
// unavailable it goes on for as long as the pipeline lives: the message is safe in its row,
// and a host that cannot write is ended by its lease. It returns errEnded if the pipeline
// ended, or the error that the database has with this very statement.
func (p *Pipeline) persist(what string, write func(ctx context.Context) error) error {
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		err := write(p.ctx)
		switch flowhq.ErrorCode(err) {
		case "":
			return nil
		case flowhq.Fenced, flowhq.NotFound:
			p.fail(err)
			return errEnded
		}
		if p.ctx.Err() != nil {
			return errEnded
		}
		if flowhq.ErrorCode(err) != flowhq.Unavailable {
			return fmt.Errorf("%s: %w", what, err)
		}
		p.Log.Warn("could not write; trying again", "what", what, "err", err)
		if !p.pause(wait) {
			return errEnded
		}
	}
}

// pause waits, and returns false if the pipeline ended meanwhile. Stop waits for it: a
// message that is being handled is finished.
func (p *Pipeline) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// pauseUntilStop is pause for work that may be left to the next host: Stop ends it.
func (p *Pipeline) pauseUntilStop(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.stopping:
		return false
	case <-p.ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
