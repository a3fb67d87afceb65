package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// newerTimer are the assignments by which a contact, c, takes over a timer, unless a
// later one is known. timerArgs gives their arguments.
const newerTimer = `
	timer_seconds = case when @timer_set_at >= coalesce(c.timer_set_at, '-infinity') then @timer_seconds else c.timer_seconds end,
	timer_set_at = greatest(c.timer_set_at, @timer_set_at)`

// timerArgs are the arguments of newerTimer. Nothing is newer than a timer that is
// unknown.
func timerArgs(t *flowhq.Timer) (seconds int, setAt *time.Time) {
	if t == nil {
		return 0, nil
	}
	return t.Seconds, &t.SetAt
}

// SetTimer records that the messages of a person's chat disappear after a while, or do
// not any more, unless a later setting is known. The person's addresses are those of m,
// of which nothing else counts; see Receive for what that returns.
func (s *Store) SetTimer(ctx context.Context, tenant flowhq.TenantID, epoch int64, m Inbound, t flowhq.Timer) (r Received, err error) {
	const q = `update flowhq.contacts c set ` + newerTimer + ` where c.tenant_id = @tenant and c.id = @id`
	m = Inbound{LID: clean(m.LID), Number: clean(m.Number)}
	err = s.recognise(ctx, tenant, epoch, m, func(ctx context.Context, tx pgx.Tx, who identity) error {
		r = Received{Contact: who.ID, Merged: who.merged, Chat: who.chat(), Number: who.Number}
		seconds, setAt := timerArgs(&t)
		_, err := tx.Exec(ctx, q, pgx.StrictNamedArgs{
			"tenant": tenant, "id": who.ID, "timer_seconds": seconds, "timer_set_at": setAt,
		})
		return err
	})
	if err != nil {
		return Received{}, fmt.Errorf("timer of a chat: %w", classify(err))
	}
	return r, nil
}
