// Package database keeps the simulator's records in one file, written behind.
//
// Its owners keep their records in memory, read the file only at start, and put each
// Change into it as they make it. Changes are collected and written together, in the
// order in which they were put: when a change is in the file, so is every earlier one.
// So a process that dies leaves a state that there has been.
//
// A change must not become visible to another process before it is in the file, or a
// client would remember what the simulator has forgotten. [DB.Put] therefore returns a
// generation, and [DB.Wait] returns once that generation is in the file.
//
// The file survives the death of the process at any instant, but not that of the machine:
// nothing is flushed to the disk by force. A flush takes milliseconds, and a simulator
// that loses its state with the machine is only started again.
package database

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

const (
	// maxPending bounds the changes waiting to be written, in records. Beyond it,
	// [DB.Put] waits.
	maxPending = 50_000
	// writeDelay is how long a change may wait for others to be written with it. One
	// that somebody waits for is written at once.
	writeDelay = 20 * time.Millisecond
	// openTimeout bounds the wait for the file lock of a process that is ending.
	openTimeout = 5 * time.Second
)

// Buckets of the file. Each belongs to one package: the first four and the last two
// to server, the others to customers.
const (
	Accounts  = "accounts"
	Devices   = "devices"
	PreKeys   = "prekeys"
	Queue     = "queue"
	Customers = "customers"
	Signal    = "signal"
	Inbox     = "inbox"
	Outbox    = "outbox"
	Logins    = "logins"
	Media     = "media"
)

var buckets = []string{
	Accounts, Devices, PreKeys, Queue,
	Customers, Signal, Inbox, Outbox, Logins, Media,
}

// ErrClosed is why waiting fails after [DB.Close].
var ErrClosed = errors.New("database is closed")

// A DB is an open file and the goroutine that writes it. It is safe for concurrent use.
type DB struct {
	bolt    *bbolt.DB
	stopped chan struct{} // closed when the writer has ended
	failed  chan struct{} // closed when a write failed; see err

	mu        sync.Mutex // guards all below
	changed   *sync.Cond // any field below changed
	pending   Changes
	collected uint64 // generation that pending will be written as
	written   uint64 // generation last written
	waited    uint64 // highest generation somebody waits for
	isDue     bool   // pending is older than writeDelay
	isClosing bool
	err       error // the first write that failed; final
}

// A Key names a record.
type Key struct{ Bucket, Name string }

// Changes are records to write or, with a nil value, to delete. They are made together:
// all of them or, if the process dies, none.
type Changes map[Key][]byte

// Open opens or creates the file and starts its writer, which runs until [DB.Close].
func Open(path string) (*DB, error) {
	bolt, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout: openTimeout, NoSync: true, NoGrowSync: true,
		NoFreelistSync: true, FreelistType: bbolt.FreelistMapType,
	})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	err = bolt.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create buckets: %w", err), bolt.Close())
	}
	db := &DB{
		bolt: bolt, stopped: make(chan struct{}), failed: make(chan struct{}),
		pending: Changes{}, collected: 1,
	}
	db.changed = sync.NewCond(&db.mu)
	go db.write()
	return db, nil
}

// Put stores a value under a name, soon. It returns the generation to hand to [DB.Wait].
// The caller must not change value afterwards.
func (db *DB) Put(bucket, name string, value []byte) uint64 {
	if value == nil {
		value = []byte{}
	}
	return db.Change(Changes{{bucket, name}: value})
}

// Remove deletes a record, soon. The record need not exist.
func (db *DB) Remove(bucket, name string) uint64 {
	return db.Change(Changes{{bucket, name}: nil})
}

// Change makes all changes, soon, and returns the generation to hand to [DB.Wait]. It
// blocks only while the writer is too far behind.
func (db *DB) Change(all Changes) uint64 {
	db.mu.Lock()
	defer db.mu.Unlock()
	for len(db.pending) >= maxPending && db.err == nil && !db.isClosing {
		db.changed.Wait()
	}
	if len(db.pending) == 0 {
		time.AfterFunc(writeDelay, db.markDue)
	}
	maps.Copy(db.pending, all)
	return db.collected
}

// markDue has pending changes written for which nobody waits.
func (db *DB) markDue() {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.isDue = len(db.pending) > 0
	db.changed.Broadcast()
}

// Wait returns once a generation is in the file, or with the reason why it never will be.
// Generation zero is always in the file.
func (db *DB) Wait(generation uint64) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.written >= generation {
		return nil
	}
	db.waited = max(db.waited, generation)
	db.changed.Broadcast()
	// A failure is final, so waiting always ends: the generation is written, or never.
	for db.written < generation {
		if db.err != nil {
			return db.err
		}
		db.changed.Wait()
	}
	return nil
}

// write is the writer's loop. Everything that has been collected goes into one
// transaction, while the next is being collected. So the busier the simulator, the more
// changes share a transaction.
func (db *DB) write() {
	defer close(db.stopped)
	for {
		batch, generation, more := db.collect()
		if len(batch) > 0 {
			db.finish(generation, db.commit(batch))
		}
		if !more {
			return
		}
	}
}

// collect waits until something must be written and takes it. more is false if it was
// the last.
func (db *DB) collect() (batch Changes, generation uint64, more bool) {
	db.mu.Lock()
	defer db.mu.Unlock()
	for !db.isClosing && !db.isDue && db.waited < db.collected {
		db.changed.Wait()
	}
	batch, generation = db.pending, db.collected
	db.pending, db.isDue = Changes{}, false
	if len(batch) == 0 {
		db.written = generation // somebody waits for a generation without changes
	}
	db.collected++
	db.changed.Broadcast()
	return batch, generation, !db.isClosing && db.err == nil
}

// commit writes a batch in one transaction.
func (db *DB) commit(batch Changes) error {
	return db.bolt.Update(func(tx *bbolt.Tx) error {
		for r, value := range batch {
			bucket := tx.Bucket([]byte(r.Bucket))
			var err error
			if value == nil {
				err = bucket.Delete([]byte(r.Name))
			} else {
				err = bucket.Put([]byte(r.Name), value)
			}
			if err != nil {
				return fmt.Errorf("%s %q: %w", r.Bucket, r.Name, err)
			}
		}
		return nil
	})
}

// finish notes what became of a batch. After a failure nothing counts as written any more:
// a later batch that succeeded would hide the gap.
func (db *DB) finish(generation uint64, err error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if err != nil && db.err == nil {
		db.err = fmt.Errorf("write database: %w", err)
		close(db.failed)
	} else if db.err == nil {
		db.written = generation
	}
	db.changed.Broadcast()
}

// Flush returns once all changes made before the call are in the file.
func (db *DB) Flush() error {
	db.mu.Lock()
	generation := db.collected
	if len(db.pending) == 0 {
		generation--
	}
	db.mu.Unlock()
	return db.Wait(generation)
}

// Failed returns a channel that is closed when a write fails. [DB.Failure] says why.
func (db *DB) Failed() <-chan struct{} { return db.failed }

// Failure returns the first write error, nil if there was none.
func (db *DB) Failure() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.err
}

// Each calls fn for every record of the bucket in the file, by ascending name. It does not
// see changes that wait to be written, so it is for the start only.
func (db *DB) Each(bucket string, fn func(name string, value []byte) error) error {
	return db.bolt.View(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucket)).ForEach(func(k, v []byte) error {
			if err := fn(string(k), append([]byte(nil), v...)); err != nil {
				return fmt.Errorf("read %s %q: %w", bucket, k, err)
			}
			return nil
		})
	})
}

// Close writes what is pending and closes the file. Later changes are lost, and waiting
// for them fails with [ErrClosed].
func (db *DB) Close() error {
	db.mu.Lock()
	db.isClosing = true
	db.changed.Broadcast()
	db.mu.Unlock()
	<-db.stopped
	db.mu.Lock()
	err := db.err
	if err == nil {
		db.err = ErrClosed
	}
	db.changed.Broadcast()
	db.mu.Unlock()
	return errors.Join(err, db.bolt.Close())
}
