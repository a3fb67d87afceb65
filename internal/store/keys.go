package store

import (
	"crypto/sha256"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// A keyUse is one request under a key, or the first one that had it.
type keyUse struct {
	key, subject string // what the first one made
	hash         []byte
	same         bool // the first one was the same request
}

// newKeyUse is a request to do something with a body, which is to make subject.
func newKeyUse(key, what string, body []byte, subject string) *keyUse {
	sum := sha256.Sum256(append([]byte(what+"\x00"), body...))
	return &keyUse{key: clean(key), subject: subject, hash: sum[:]}
}

// batch is the statements of a request: they take the key, unless it is taken, do the
// work, which finds the key with this subject only if it is new, and read whose key it is.
// In the database of another installation they do nothing.
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

// refused is the error of a key that was used for something else, or nil.
func (u *keyUse) refused() error {
	if u.same {
		return nil
	}
	return flowhq.Errorf(flowhq.Conflict, "this key was used for another request, which made "+
		"%s; a new request needs a new key", u.subject)
}
