package whatsapp

import (
	"context"
	"time"

	"github.com/flowhq/flowhq"
)

// PruneBatch is how many rows one call of a Prune method deletes at most, so that
// it holds no lock for long. If it deletes as many, there may be more.
const PruneBatch = 1000

// For how long the library's buffer is kept: of a message that was recorded, what it is
// recognised by if it comes again, for the library's own time; of one that was not, its
// plaintext, which cannot be decrypted again, for longer than the month in which
// WhatsApp delivers again what was not acknowledged.
const (
	bufferFor     = 14 * 24 * time.Hour
	unrecordedFor = 35 * 24 * time.Hour
)

// pruneTimeout bounds one statement of what follows.
const pruneTimeout = 5 * time.Second

// Devices returns at most limit devices whose keys are stored and that come after
// the given one, "" being before the first, in their order.
func (n *Network) Devices(ctx context.Context, after string, limit int) ([]string, error) {
	const q = `select jid from whatsmeow_device where jid > $1 order by jid limit $2`
	ctx, cancel := context.WithTimeout(ctx, pruneTimeout)
	defer cancel()
	rows, err := n.db.QueryContext(ctx, q, after, limit)
	if err != nil {
		return nil, unread(err)
	}
	defer rows.Close()
	var devices []string
	for rows.Next() {
		var jid string
		if err := rows.Scan(&jid); err != nil {
			return nil, unread(err)
		}
		devices = append(devices, jid)
	}
	if err := rows.Err(); err != nil {
		return nil, unread(err)
	}
	return devices, nil
}

func unread(err error) error {
	return &flowhq.Error{Code: flowhq.Unavailable, Message: "the WhatsApp key store cannot be read", Err: err}
}

// PruneBuffer forgets the device's decrypted messages that WhatsApp does not
// deliver again. The device may be connected.
func (n *Network) PruneBuffer(ctx context.Context, device string) (deleted int64, err error) {
	const q = `
		delete from whatsmeow_event_buffer
		where our_jid = $1 and ciphertext_hash = any(array(
			select ciphertext_hash from whatsmeow_event_buffer
			where our_jid = $1 and insert_timestamp < case when plaintext is null then $2::bigint else $3::bigint end
			limit $4))`
	now := time.Now()
	return n.prune(ctx, q, device, now.Add(-bufferFor).UnixMilli(), now.Add(-unrecordedFor).UnixMilli(), PruneBatch)
}

// forgetBuffer forgets a batch of the device's decrypted messages, of which there is one
// for each that came in the last weeks, whatever their age.
func (n *Network) forgetBuffer(ctx context.Context, device string) (deleted int64, err error) {
	const q = `
		delete from whatsmeow_event_buffer
		where our_jid = $1 and ciphertext_hash = any(array(
			select ciphertext_hash from whatsmeow_event_buffer where our_jid = $1 limit $2))`
	return n.prune(ctx, q, device, PruneBatch)
}

// PruneMACs forgets superseded checksums of the phone's settings, such as which
// chats are muted: the library adds one at each change and looks at the latest
// alone. The device may be connected.
func (n *Network) PruneMACs(ctx context.Context, device string) (deleted int64, err error) {
	const q = `
		with superseded as (
			select name, version, index_mac from (
				select name, version, index_mac, max(version) over (partition by name, index_mac) as latest
				from whatsmeow_app_state_mutation_macs
				where jid = $1
			) as m
			where version < latest
			limit $2
		)
		delete from whatsmeow_app_state_mutation_macs m using superseded s
		where m.jid = $1 and m.name = s.name and m.version = s.version and m.index_mac = s.index_mac`
	return n.prune(ctx, q, device, PruneBatch)
}

func (n *Network) prune(ctx context.Context, q string, args ...any) (deleted int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, pruneTimeout)
	defer cancel()
	result, err := n.db.ExecContext(ctx, q, args...)
	if err == nil {
		deleted, err = result.RowsAffected()
	}
	if err != nil {
		return 0, &flowhq.Error{Code: flowhq.Unavailable, Message: "the WhatsApp key store cannot be pruned", Err: err}
	}
	return deleted, nil
}
