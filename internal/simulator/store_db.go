package simulator

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

const (
	// maxPending bounds the changes waiting to be written; beyond it, put waits.
	maxPending = 50_000
	// writeDelay is how long a change may wait for company if nobody waits for it.
	writeDelay = 20 * time.Millisecond
	// openTimeout bounds the wait for the file lock of a process that is ending.
	openTimeout = 5 * time.Second
)

// Buckets of the database file.
const (
	bucketAccounts  = "accounts"
	bucketDevices   = "devices"
	bucketPreKeys   = "prekeys"
	bucketQueue     = "queue"
	bucketCustomers = "customers"
	bucketSignal    = "signal"
	bucketInbox     = "inbox"
	bucketLogins    = "logins"
)

var buckets = []string{
	bucketAccounts, bucketDevices, bucketPreKeys, bucketQueue,
	bucketCustomers, bucketSignal, bucketInbox, bucketLogins,
}

var errClosed = errors.New("database is closed")

// A database writes records behind, in order: whatever has been written, all
// that was put before it has been written too. Its owner keeps the records in
// memory and reads the file only at start.
//
// It survives the death of the process at any instant, not that of the machine:
// nothing is ever flushed to the disk by force.
type database struct {
	bolt    *bbolt.DB
	stopped chan struct{} // closed when the writer has ended
	failed  chan struct{} // closed when a write failed; see err

	mu        sync.Mutex
	changed   *sync.Cond // any field below changed
	pending   changes
	collected uint64 // generation that pending will be written as
	written   uint64 // generation last written
	waited    uint64 // highest generation somebody waits for
	due       bool   // pending is older than writeDelay
	closing   bool
	err       error // the first write that failed; final
}

type record struct{ bucket, key string }

// changes are made together: all of them or, if the process dies, none. A nil
// value deletes.
type changes map[record][]byte

// openDatabase opens or creates the file and starts its writer, which runs
// until close.
func openDatabase(path string) (*database, error) {
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
	db := &database{
		bolt: bolt, stopped: make(chan struct{}), failed: make(chan struct{}),
		pending: changes{}, collected: 1,
	}
	db.changed = sync.NewCond(&db.mu)
	go db.write()
	return db, nil
}

// put stores value under key, soon. It returns the generation to hand to wait.
// The caller must not change value afterwards.
func (db *database) put(bucket, key string, value []byte) uint64 {
	if value == nil {
		value = []byte{}
	}
	return db.change(changes{{bucket, key}: value})
}

// remove deletes the record under key, soon; it need not exist.
func (db *database) remove(bucket, key string) uint64 {
	return db.change(changes{{bucket, key}: nil})
}

// change makes all changes, soon, and returns the generation to hand to wait.
func (db *database) change(all changes) uint64 {
	db.mu.Lock()
	defer db.mu.Unlock()
	for len(db.pending) >= maxPending && db.err == nil && !db.closing {
		db.changed.Wait()
	}
	if len(db.pending) == 0 {
		time.AfterFunc(writeDelay, db.hurry)
	}
	maps.Copy(db.pending, all)
	return db.collected
}

func (db *database) hurry() {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.due = len(db.pending) > 0
	db.changed.Broadcast()
}

// wait returns once generation is in the file, or with the reason why it never
// will be.
func (db *database) wait(generation uint64) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.written >= generation {
		return nil
	}
	db.waited = max(db.waited, generation)
	db.changed.Broadcast()
	for db.written < generation {
		if db.err != nil {
			return db.err
		}
		db.changed.Wait()
	}
	return nil
}

// write is the writer's loop: everything that has been collected goes into one
// transaction while the next is being collected.
func (db *database) write() {
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

// collect waits until something must be written and takes it. more is false if
// it was the last.
func (db *database) collect() (batch changes, generation uint64, more bool) {
	db.mu.Lock()
	defer db.mu.Unlock()
	for !db.closing && !db.due && db.waited < db.collected {
		db.changed.Wait()
	}
	batch, generation = db.pending, db.collected
	db.pending, db.due = changes{}, false
	if len(batch) == 0 {
		db.written = generation // somebody waits for nothing
	}
	db.collected++
	db.changed.Broadcast()
	return batch, generation, !db.closing && db.err == nil
}

func (db *database) commit(batch changes) error {
	return db.bolt.Update(func(tx *bbolt.Tx) error {
		for r, value := range batch {
			bucket := tx.Bucket([]byte(r.bucket))
			var err error
			if value == nil {
				err = bucket.Delete([]byte(r.key))
			} else {
				err = bucket.Put([]byte(r.key), value)
			}
			if err != nil {
				return fmt.Errorf("%s %q: %w", r.bucket, r.key, err)
			}
		}
		return nil
	})
}

func (db *database) finish(generation uint64, err error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if err != nil && db.err == nil {
		db.err = fmt.Errorf("write database: %w", err)
		close(db.failed)
	} else if err == nil {
		db.written = generation
	}
	db.changed.Broadcast()
}

// flush returns once all changes made before the call are in the file.
func (db *database) flush() error {
	db.mu.Lock()
	generation := db.collected
	if len(db.pending) == 0 {
		generation--
	}
	db.mu.Unlock()
	return db.wait(generation)
}

// failure returns the write error that closed failed.
func (db *database) failure() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.err
}

// each calls fn for every record of the bucket in the file, by ascending key.
// It does not see changes that wait to be written, so it is for start-up only.
func (db *database) each(bucket string, fn func(key string, value []byte) error) error {
	return db.bolt.View(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucket)).ForEach(func(k, v []byte) error {
			if err := fn(string(k), append([]byte(nil), v...)); err != nil {
				return fmt.Errorf("read %s %q: %w", bucket, k, err)
			}
			return nil
		})
	})
}

// close writes what is pending and closes the file. Later changes are lost, and
// waiting for them fails.
func (db *database) close() error {
	db.mu.Lock()
	db.closing = true
	db.changed.Broadcast()
	db.mu.Unlock()
	<-db.stopped
	db.mu.Lock()
	err := db.err
	if err == nil {
		db.err = errClosed
	}
	db.changed.Broadcast()
	db.mu.Unlock()
	return errors.Join(err, db.bolt.Close())
}
