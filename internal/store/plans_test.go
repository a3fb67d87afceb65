package store_test

import (
	"fmt"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// TestFewRowsPerMessage: what handling a message costs must not grow with the
// tenant's history. The planner is given the worst of reasons to go wrong:
// statistics from before the first reply.
func TestFewRowsPerMessage(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	const history, rounds, rowsPerRound = 3000, 5, 30
	fill := func(direction, kind, status string) {
		b.exec(t, `insert into flowhq.message_logs (tenant_id, direction, chat, kind, text, wa_message_id, status)
			select $1, $2, '41@lid', $3, 'x', $2 || n, $4 from generate_series(1, $5) n`, tenant, direction, kind, status, history)
	}
	fill("IN", "TEXT", "ANSWERED")
	b.exec(t, `analyze flowhq.message_logs`)
	fill("OUT", "REPLY", "SENT")
	s := must(store.Open(t.Context(), b.url, silent))(t)
	before := b.rowsRead(t)
	for i := range rounds {
		in, out := fmt.Sprint("in-", i), fmt.Sprint("out-", i)
		id, isNew, err := s.Receive(t.Context(), tenant, epoch, text(in))
		if err != nil || !isNew {
			t.Fatalf("Receive = %v, %v", isNew, err)
		}
		must(s.Conversation(t.Context(), tenant, "41@lid"))(t)
		ok(t, second(s.Answer(t.Context(), tenant, epoch, id, answer(out))))
		ok(t, s.SetOutbound(t.Context(), tenant, epoch, out, flowhq.Sent, ""))
		ok(t, s.Receipts(t.Context(), tenant, epoch, []store.Receipt{
			{WAID: out, Status: flowhq.Delivered, At: noon}, {WAID: out, Status: flowhq.Read, At: noon},
		}))
		must(s.OutboundText(t.Context(), tenant, out))(t)
		must(s.Unsent(t.Context(), tenant, 0, 50))(t)
		must(s.Unanswered(t.Context(), tenant, 0, 50))(t)
	}
	s.Close() // its counts are only certain to be in when its connections end
	eventually(t, "the counts", func() bool { return b.rowsRead(t) > before })
	if read := b.rowsRead(t) - before; read > rounds*rowsPerRound {
		t.Errorf("%d messages read %d rows of %d; want at most %d each", rounds, read, 2*history, rowsPerRound)
	}
}

// rowsRead returns how many rows of messages have been fetched so far.
func (b *bench) rowsRead(t testing.TB) int64 {
	t.Helper()
	return scalar[int64](t, b, `select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_user_tables
		where schemaname = 'flowhq' and relname = 'message_logs'`)
}
