package keystore

import (
	"context"
	"time"

	"github.com/flowhq/flowhq"
)

// PruneBatch is how many rows one call of a Prune method deletes at most. If it deletes
// as many, there may be more.
const PruneBatch = 1000

// How long rows of the library's buffer (whatsmeow_event_buffer) are kept.
const (
	// recordedFor is for a message that was recorded. Its row holds a hash, by which the
	// library recognises the message if it comes again. The library keeps it as long
	// (sqlstore/store.go, DeleteOldBufferedHashes).
	recordedFor = 14 * 24 * time.Hour
	// unrecordedFor is for a message that was not recorded. Its row holds the plaintext,
	// which nobody can decrypt again. WhatsApp delivers a message again for about a month
	// while it is not acknowledged.
	unrecordedFor = 35 * 24 * time.Hour
)

// pruneTimeout bounds one statement of this file. The tables are in use meanwhile.
const pruneTimeout = 5 * time.Second

// Devices returns at most limit devices whose keys are stored, in their order, beginning
// after the given one. "" is before the first.
func (s *Store) Devices(ctx context.Context, after string, limit int) ([]string, error) {
	const q = `select jid from whatsmeow_device where jid > $1 order by jid limit $2`
	ctx, cancel := context.WithTimeout(ctx, pruneTimeout)
	defer cancel()
	rows, err := s.db.QueryContext(ctx, q, after, limit)
	if err != nil {
		return nil, unreadable(err)
	}
	defer rows.Close()
	var devices []string
	for rows.Next() {
		var jid string
		if err := rows.Scan(&jid); err != nil {
			return nil, unreadable(err)
		}
		devices = append(devices, jid)
	}
	if err := rows.Err(); err != nil {
		return nil, unreadable(err)
	}
	return devices, nil
}

// PruneBuffer deletes the rows of the device's decrypted messages that WhatsApp does not
// deliver again. The device may be connected.
func (s *Store) PruneBuffer(ctx context.Context, device string) (deleted int64, err error) {
	const q = `
		delete from whatsmeow_event_buffer
		where our_jid = $1 and ciphertext_hash = any(array(
			select ciphertext_hash from whatsmeow_event_buffer
			where our_jid = $1 and insert_timestamp <
				case when plaintext is null then $2::bigint else $3::bigint end
			limit $4))`
	recorded, unrecorded := time.Now().Add(-recordedFor), time.Now().Add(-unrecordedFor)
	return s.prune(ctx, q, device, recorded.UnixMilli(), unrecorded.UnixMilli(), PruneBatch)
}

// PruneMACs deletes superseded checksums of the phone's settings, such as which chats are
// muted. The library adds a row at each change (sqlstore/store.go,
// PutAppStateMutationMACs) and reads the latest alone. The device may be connected.
func (s *Store) PruneMACs(ctx context.Context, device string) (deleted int64, err error) {
	const q = `
		with superseded as (
			select name, version, index_mac from (
				select name, version, index_mac,
					max(version) over (partition by name, index_mac) as latest
				from whatsmeow_app_state_mutation_macs
				where jid = $1
			) as m
			where version < latest
			limit $2
		)
		delete from whatsmeow_app_state_mutation_macs m using superseded s
		where m.jid = $1 and m.name = s.name and m.version = s.version
			and m.index_mac = s.index_mac`
	return s.prune(ctx, q, device, PruneBatch)
}

// Forget deletes the keys of a device and everything else the library stored for it. To
// forget an unknown device, or "", is not an error. No connection of the device may be
// open.
func (s *Store) Forget(ctx context.Context, device string) error {
	if device == "" {
		return nil
	}
	// There is a row for each message of the last weeks, so these go first, in batches.
	const buffered = `
		delete from whatsmeow_event_buffer
		where our_jid = $1 and ciphertext_hash = any(array(
			select ciphertext_hash from whatsmeow_event_buffer where our_jid = $1 limit $2))`
	for deleted := int64(PruneBatch); deleted == PruneBatch; {
		var err error
		if deleted, err = s.prune(ctx, buffered, device, PruneBatch); err != nil {
			return err
		}
	}
	// The other tables have a few rows of each contact at most. All but one reference the
	// device's row, and are deleted with it.
	for _, q := range []string{
		`delete from whatsmeow_device where jid = $1`,
		`delete from whatsmeow_privacy_tokens where our_jid = $1`,
	} {
		if _, err := s.db.ExecContext(ctx, q, device); err != nil {
			return &flowhq.Error{
				Code: flowhq.Unavailable, Message: "the device's keys cannot be deleted", Err: err,
			}
		}
	}
	return nil
}

// prune runs a statement that deletes a batch, and returns how many rows it deleted.
func (s *Store) prune(ctx context.Context, q string, args ...any) (deleted int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, pruneTimeout)
	defer cancel()
	result, err := s.db.ExecContext(ctx, q, args...)
	if err == nil {
		deleted, err = result.RowsAffected()
	}
	if err != nil {
		return 0, &flowhq.Error{
			Code: flowhq.Unavailable, Message: "the WhatsApp key store cannot be pruned", Err: err,
		}
	}
	return deleted, nil
}

// unreadable is the error of a read that the database did not answer.
func unreadable(err error) error {
	return &flowhq.Error{
		Code: flowhq.Unavailable, Message: "the WhatsApp key store cannot be read", Err: err,
	}
}
