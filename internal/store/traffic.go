package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// AddTraffic adds what a worker has counted to the stretch of now and to the tenants' counts of the
// day, which is that of UTC. Repeated after an unknown commit it counts twice, which a chart can
// bear; a worker that is killed takes with it what it has counted since the last call.
//
// Counting in the statement that receives or answers a message would be exact, and would have the
// messages of a tenant wait for each other's commits at one row.
func (s *Store) AddTraffic(ctx context.Context, worker string, t flowhq.Traffic) error {
	// The tenants' rows are locked in the order of their ids, and nobody else writes them but a
	// worker that has hosted the same tenant within the minute. A tenant that is gone is left out.
	const q = `
		with total as (
			insert into flowhq.traffic as old (at, worker, received, sent, replies)
			values (date_bin(@every::interval, now(), timestamptz 'epoch'), @worker, @received, @sent,
				@replies::integer[])
			on conflict (at, worker) do update set
				received = old.received + excluded.received, sent = old.sent + excluded.sent,
				replies = array(
					select coalesce(a, 0) + coalesce(b, 0)
					from unnest(old.replies, excluded.replies) with ordinality as u (a, b, n)
					order by n)
		), gone as (
			delete from flowhq.traffic where (at, worker) in (
				select at, worker from flowhq.traffic where at < now() - interval '2 days'
				order by at, worker limit 1000 for update skip locked)
		)
		insert into flowhq.message_counts as old (tenant_id, day, messages)
		select t.id, (now() at time zone 'UTC')::date, c.messages
		from unnest(@tenants::uuid[], @messages::integer[]) as c (tenant, messages)
		join flowhq.tenants t on t.id = c.tenant
		order by t.id
		on conflict (tenant_id) do update set
			day = excluded.day,
			messages = excluded.messages + case old.day when excluded.day then old.messages else 0 end`
	tenants, messages := []string{}, []int{}
	for id, n := range t.Messages {
		tenants, messages = append(tenants, string(id)), append(messages, n)
	}
	_, err := exec(ctx, s, q, named{
		"every": flowhq.TrafficEvery, "worker": worker, "received": t.Received, "sent": t.Sent,
		"replies": append([]int{}, t.Replies...), "tenants": tenants, "messages": messages,
	})
	if err != nil {
		return fmt.Errorf("traffic of worker %s: %w", worker, err)
	}
	return nil
}

// Traffic returns the stretches of the last day in which a worker ran, the oldest first, each as
// the sum of all workers. It reads a row of each worker and stretch: with 100 workers 14,400, which
// takes some 10 ms, however many messages there were.
func (s *Store) Traffic(ctx context.Context) ([]flowhq.Traffic, error) {
	sums := make([]string, len(flowhq.ReplyBounds)+1)
	for i := range sums {
		sums[i] = fmt.Sprintf("coalesce(sum(replies[%d]), 0)::integer", i+1)
	}
	q := `
		select at, sum(received)::integer, sum(sent)::integer, array[` + strings.Join(sums, ", ") + `]
		from flowhq.traffic
		where at > now() - interval '1 day'
		group by at
		order by at`
	all, err := many(ctx, s, q, none, func(row pgx.CollectableRow) (t flowhq.Traffic, err error) {
		err = row.Scan(&t.At, &t.Received, &t.Sent, &t.Replies)
		return t, err
	})
	if err != nil {
		return nil, fmt.Errorf("read traffic: %w", err)
	}
	return all, nil
}
