package store

import (
	"crypto/sha256"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// A keyUse is one request under a key. A client that does not know whether its request was
// heard sends the same key again, and gets what the first request made. The keys are for
// requests about no tenant yet; commands have theirs in their own table.
type keyUse struct {
	key string
	// subject is the id of what the request is to make, a UUID. After the batch has run it is
	// the id of what the first request under the key has made.
	subject string
	hash    []byte // of the request, to tell a repetition from another request
	same    bool   // after the batch: the first request was the same
}

// newKeyUse is a request to do something with a body, which is to make subject. The hash is of
// what and body, so one key cannot serve two endpoints.
func newKeyUse(key, what string, body []byte, subject string) *keyUse {
	sum := sha256.Sum256(append([]byte(what+"\x00"), body...))
	return &keyUse{key: clean(key), subject: subject, hash: sum[:]}
}

// batch is the statements of a request: they take the key, unless it is taken, do the
// work, which finds the key with this subject only if it is new, and read whose key it is.
// In the database of another installation they take no key and do nothing, and the last one
// finds no row: the batch is NotFound, of which missing makes Unavailable.
//
// Of two requests under one key that come at once, the second waits in the first statement for
// the first request's commit, at the primary key of request_keys. Its own work then finds
// another subject and does nothing, and its last statement reads what the first has made. All
// of it is one transaction: a key is never taken without its work.
func (u *keyUse) batch(installation string, work func(*pgx.Batch)) *pgx.Batch {
	const take = `
		insert into flowhq.request_keys (key, request_hash, subject)
		select @key, @hash, @subject from flowhq.installation where id = @installation
		on conflict (key) do nothing`
	const read = `
		select subject::text, request_hash = @hash from flowhq.request_keys where key = @key`
	batch := &pgx.Batch{}
	batch.Queue(take, named{
		"key": u.key, "hash": u.hash, "subject": u.subject, "installation": installation,
	})
	work(batch)
	batch.Queue(read, named{"key": u.key, "hash": u.hash}).
		QueryRow(func(row pgx.Row) error { return row.Scan(&u.subject, &u.same) })
	return batch
}

// refused is the error of a key that was used for something else, or nil: code Conflict, which
// names what the key has made. Call it after the batch has run.
func (u *keyUse) refused() error {
	if u.same {
		return nil
	}
	return flowhq.Errorf(flowhq.Conflict, "this key was used for another request, which made "+
		"%s; a new request needs a new key", u.subject)
}
