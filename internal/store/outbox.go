package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// Unsent returns at most limit messages that are to be sent, or of which WhatsApp
// has not said whether they arrived, and that came after the one with ID afterID,
// oldest first. A host sends them again under the ids in their rows, which a phone shows once.
// message_logs_unsent_idx holds no other rows, so the cost does not grow with the log.
func (s *Store) Unsent(
	ctx context.Context, tenant flowhq.TenantID, afterID int64, limit int,
) ([]flowhq.Message, error) {
	const q = `
		select ` + messageColumns + `
		from flowhq.message_logs
		where tenant_id = @tenant and status in ('PENDING', 'UNKNOWN') and id > @after
		order by id
		limit @limit`
	args := named{"tenant": tenant, "after": afterID, "limit": clampLimit(limit)}
	ms, err := many(ctx, s, q, args, pgx.RowToStructByName[flowhq.Message])
	if err != nil {
		return nil, fmt.Errorf("unsent messages of tenant %s: %w", tenant, err)
	}
	return ms, nil
}

// SetOutbound moves the message with this WhatsApp id on to status, and keeps
// its reason if reason is "". A message that is as far already, or unknown, is
// left alone. SENT sets the time of sending.
//
// The host calls it after each attempt to send. A receipt may come before it and have moved the
// row further; the rank keeps the row from going back, and makes a repetition harmless. If the
// write is lost, the row stays PENDING and the next host sends it again under the same id. A
// Fenced error means that a newer host owns the session, and sends what is left.
func (s *Store) SetOutbound(
	ctx context.Context, tenant flowhq.TenantID, epoch int64, waID string,
	status flowhq.MessageStatus, reason string,
) error {
	const q = `
		with fence as (
			select from flowhq.fence(@tenant, @epoch)
		), moved as (
			update flowhq.message_logs m set
				status = @status,
				reason = coalesce(nullif(@reason::text, ''), reason),
				sent_at = case @status when 'SENT' then now() else sent_at end
			from fence
			where m.tenant_id = @tenant and m.wa_message_id = @wa_id and m.direction = 'OUT'
				and flowhq.outbound_rank(m.status) < flowhq.outbound_rank(@status)
		)
		select exists (select from fence)`
	err := fencedExec(ctx, s, q, tenant, epoch, named{
		"wa_id": clean(waID), "status": status, "reason": clean(reason),
	})
	if err != nil {
		return fmt.Errorf("outbound %s: %w", waID, err)
	}
	return nil
}

// A Receipt says that a message we sent reached the customer.
type Receipt struct {
	WAID   string
	Status flowhq.MessageStatus // DELIVERED or READ
	At     time.Time
}

// Receipts moves the messages on that the receipts are about, all or none. A
// message that was read has been sent and delivered. Receipts for messages that
// are as far already, or unknown, change nothing.
//
// It is one round trip of one statement per receipt: the planner cannot tell how
// many messages a tenant has, and would read them all for a join. Each statement finds its row
// by message_logs_outbound_key; TestFewRowsPerMessage guards that.
//
// The host collects receipts for a moment and calls it once for all. A failure costs the times
// of delivery and nothing else, so the host does not repeat the call. A Fenced error means that
// a newer host owns the session: every statement has the fence, and none has written.
func (s *Store) Receipts(
	ctx context.Context, tenant flowhq.TenantID, epoch int64, receipts []Receipt,
) error {
	const q = `
		with fence as (
			select from flowhq.fence(@tenant, @epoch)
		), moved as (
			update flowhq.message_logs m set
				status = @status,
				sent_at = coalesce(sent_at, @at),
				delivered_at = coalesce(delivered_at, @at),
				read_at = case @status when 'READ' then @at else read_at end
			from fence
			where m.tenant_id = @tenant and m.wa_message_id = @wa_id and m.direction = 'OUT'
				and flowhq.outbound_rank(m.status) < flowhq.outbound_rank(@status)
		)
		select exists (select from fence)`
	if len(receipts) == 0 {
		return nil
	}
	// Each statement answers the same: the first has locked the host's row, or a newer host was
	// there before it.
	current := true
	batch := &pgx.Batch{}
	for _, r := range inOrder(receipts) {
		batch.Queue(q, named{
			"tenant": tenant, "epoch": epoch,
			"wa_id": clean(r.WAID), "status": r.Status, "at": r.At,
		}).QueryRow(func(row pgx.Row) error { return row.Scan(&current) })
	}
	err := send(ctx, s, batch)
	if err == nil && !current {
		err = fenced(tenant, epoch)
	}
	if err != nil {
		return fmt.Errorf("%d receipts: %w", len(receipts), err)
	}
	return nil
}

// inOrder sorts receipts by message, so that two batches that lock the same rows
// do so in one order, and DELIVERED before READ, so that both times are kept: after READ a
// DELIVERED changes nothing. Without the order the batches would deadlock, see
// TestReceiptsAtOnceDoNotDeadlock.
func inOrder(receipts []Receipt) []Receipt {
	sorted := slices.Clone(receipts)
	slices.SortStableFunc(sorted, func(a, b Receipt) int {
		return cmp.Or(
			cmp.Compare(a.WAID, b.WAID), cmp.Compare(a.Status, b.Status), a.At.Compare(b.At))
	})
	return sorted
}

// Outbound returns the message that was sent under this WhatsApp id, for a recipient who asks for
// it again, or a NotFound error. A phone asks when it could not decrypt the message. After the
// retention the row is gone, and the phone gets none.
func (s *Store) Outbound(
	ctx context.Context, tenant flowhq.TenantID, waID string,
) (flowhq.Message, error) {
	// message_logs_outbound_key finds the one row.
	const q = `
		select ` + messageColumns + ` from flowhq.message_logs
		where tenant_id = @tenant and wa_message_id = @wa_id and direction = 'OUT'`
	args := named{"tenant": tenant, "wa_id": clean(waID)}
	m, err := one(ctx, s, q, args, pgx.RowToStructByName[flowhq.Message])
	if err != nil {
		return flowhq.Message{}, fmt.Errorf("outbound %s: %w", waID, noSuch("message", err))
	}
	return m, nil
}

// A Reply is an answer or warning that a customer was or will be sent, as the
// reply limits count it.
type Reply struct {
	Contact int64
	Kind    flowhq.Kind
	Warning string // of a warning: the Reason it was recorded with
	At      time.Time
}

// maxRecent bounds what RecentReplies returns, in rows; the newest are kept. It is 2,000 replies
// a minute for the ten minutes of flowhq.ContactWindow. A limit may be higher; such a tenant's
// next host counts too few for its first minutes.
const maxRecent = 20_000

// RecentReplies returns the replies and warnings recorded since then, oldest
// first, to fill a new host's limits with what the last one counted. Without them each change
// of hosts would give every customer another set of replies. It reads the newest rows of
// message_logs_replies_idx, which is by time.
func (s *Store) RecentReplies(
	ctx context.Context, tenant flowhq.TenantID, since time.Time,
) ([]Reply, error) {
	const q = `
		select contact_id, kind, case kind when 'WARNING' then reason else '' end, created_at
		from flowhq.message_logs
		where tenant_id = @tenant and kind in ('REPLY', 'WARNING') and created_at >= @since
		order by created_at desc
		limit @limit`
	args := named{"tenant": tenant, "since": since, "limit": maxRecent}
	rs, err := many(ctx, s, q, args, pgx.RowToStructByPos[Reply])
	if err != nil {
		return nil, fmt.Errorf("recent replies of tenant %s: %w", tenant, err)
	}
	slices.Reverse(rs)
	return rs, nil
}
