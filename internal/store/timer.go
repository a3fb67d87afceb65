package store

import (
	"context"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// timerArgs are the arguments of a statement that takes over a timer unless a later one is
// known. A timer that is unknown has a time of null: it compares as later with nothing, so the
// statement keeps what is there.
func timerArgs(t *flowhq.DisappearingTimer) (seconds int, setAt *time.Time) {
	if t == nil {
		return 0, nil
	}
	return t.Seconds, &t.SetAt
}

// SetTimer records that the messages of a person's chat disappear after a while, or do
// not any more, unless a later setting is known. The person's addresses are those of m,
// of which nothing else counts; see Receive for what that returns. A person who is not known
// yet becomes a contact.
//
// It is a transaction, and not the one statement of a message: a setting comes by itself, once
// in a chat's life, and may be the first that is heard of the person. It may be repeated: the
// same setting is taken over again. A Fenced error means that a newer host owns the session.
func (s *Store) SetTimer(
	ctx context.Context, tenant flowhq.TenantID, epoch int64, m Inbound, t flowhq.DisappearingTimer,
) (r Received, err error) {
	const q = `
		update flowhq.contacts set
			timer_seconds = case
				when @timer_set_at >= coalesce(timer_set_at, '-infinity') then @timer_seconds
				else timer_seconds end,
			timer_set_at = greatest(timer_set_at, @timer_set_at)
		where tenant_id = @tenant and id = @id`
	// Without a message's id the person is found by the addresses alone.
	m = Inbound{LID: clean(m.LID), Number: clean(m.Number)}
	set := func(ctx context.Context, tx pgx.Tx, who identity) error {
		r = Received{Contact: who.ID, Merged: who.merged, Chat: who.chat(), Number: who.Number}
		seconds, setAt := timerArgs(&t)
		_, err := tx.Exec(ctx, q, named{
			"tenant": tenant, "id": who.ID, "timer_seconds": seconds, "timer_set_at": setAt,
		})
		return err
	}
	if err = s.recognise(ctx, tenant, epoch, m, set); err != nil {
		return Received{}, fmt.Errorf("timer of a chat: %w", classify(err))
	}
	return r, nil
}
