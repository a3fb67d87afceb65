package server

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	waBinary "go.mau.fi/whatsmeow/binary"

	"github.com/flowhq/flowhq/internal/simulator/database"
	"github.com/flowhq/flowhq/internal/simulator/wire"
)

const (
	// maxQueued bounds the stanzas that wait for one device. Beyond it senders are
	// refused, and receipts and notifications are dropped.
	maxQueued = 20_000
	// maxInFlight bounds the stanzas sent on a connection and not acknowledged. It stays
	// below the 2,048 that a client can hold in order.
	maxInFlight = 1024
)

// A stanza's way through a queue:
//
//   - enqueue puts it into the list and, in the same moment, into the file.
//   - pump, a goroutine of the device's connection, sends it once it is in the file.
//   - acknowledge removes it when the client says that it has it. Until then it stays, and
//     every later connection of the device is sent it again.
//
// The client may thus get a stanza twice, and must recognise it, as with WhatsApp.

// Classes of stanzas that are acknowledged, as the client spells them.
const (
	classMessage      = "message"
	classReceipt      = "receipt"
	classNotification = "notification"
)

// errQueueFull refuses a stanza. The sender of a message gets 503 and may try again.
var errQueueFull = errors.New("the queue of the recipient is full")

// A queue holds the stanzas that a device has not acknowledged, oldest first. They are
// sent in this order on each of its connections, from the start. It is part of the
// [state].
type queue struct {
	entries []*entry // by seq, without gaps but for what was acknowledged or passed
	last    uint64   // seq of the newest entry there ever was
}

// An entry is a stanza on its way to one device.
type entry struct {
	seq             uint64 // counts the device's stanzas
	class, id, from string // what its acknowledgement names; from is a user
	data            []byte // binary XML
	// generation is in the file before the stanza is sent. Otherwise a bot could answer a
	// message that the server forgets in a crash, together with the answer. 0 = no need to
	// wait.
	generation  uint64
	isTwice     bool          // a fault: send it twice
	isTransient bool          // forget it when it has been sent
	delay       time.Duration // a fault: send it late
}

// newEntry encodes a stanza once, however often it will be sent. The encoded form is also
// what is saved.
func newEntry(n waBinary.Node) *entry {
	return &entry{
		class: n.Tag, data: wire.Marshal(n), id: wire.String(&n, "id"),
		from: wire.JID(&n, "from").User,
	}
}

// key names the entry in the database, where entries of one device sort by age: that is the
// order in which they are loaded.
func (e *entry) key(d *device) database.Key {
	return database.Key{
		Bucket: database.Queue, Name: fmt.Sprintf("%s/%016x", d.name(), e.seq),
	}
}

// times returns how often the entry is sent, one after the other.
func (e *entry) times() int {
	if e.isTwice {
		return 2
	}
	return 1
}

// enqueue queues a stanza for d and starts delivery. It returns the generation after
// which the stanza is in the file, and fails if the queue is full.
func (st *state) enqueue(d *device, n waBinary.Node) (saved uint64, err error) {
	if d.isPhone() { // nobody would ever acknowledge it
		return 0, nil
	}
	if len(d.queue.entries) >= maxQueued {
		return 0, errQueueFull
	}
	e := newEntry(n)
	d.queue.last++
	e.seq = d.queue.last
	saved = st.server.db.Change(database.Changes{e.key(d): e.data})
	if e.class == classMessage {
		e.generation = saved // receipts and notifications may be lost with the process
		e.isTwice, e.delay = st.server.Faults.takeDelivery(d.account.Number, d.ID != 0)
	}
	d.queue.entries = append(d.queue.entries, e)
	st.deliver(d)
	return saved, nil
}

// pass sends a stanza that needs no acknowledgement, if d is connected. It goes through
// the queue, so that it does not overtake the messages before it, but not into the file.
func (st *state) pass(d *device, n waBinary.Node) {
	// Nobody misses it later: it says what is going on now.
	if d.link == nil || len(d.queue.entries) >= maxQueued {
		return
	}
	e := newEntry(n)
	d.queue.last++
	e.seq, e.isTransient = d.queue.last, true
	d.queue.entries = append(d.queue.entries, e)
	st.deliver(d)
}

// loadEntry restores one queued stanza. The database yields them in order. A fault that was
// to befall it is forgotten, like all faults.
func (st *state) loadEntry(name string, value []byte) error {
	cut := max(0, strings.LastIndexByte(name, '/'))
	d, err := st.deviceByName(name[:cut])
	if err != nil {
		return err
	}
	n, err := wire.Unmarshal(value)
	if err != nil {
		return err
	}
	e := newEntry(*n)
	e.data = value // what newEntry has encoded is the same, as a second copy
	if e.seq, err = strconv.ParseUint(name[cut+1:], 16, 64); err != nil {
		return err
	}
	d.queue.entries = append(d.queue.entries, e)
	d.queue.last = e.seq
	return nil
}

// acknowledge takes the oldest matching stanza that was sent on a connection out of the
// queue. from is the user that the client named; "" matches any.
func (c *conn) acknowledge(class, id, from string) {
	c.server.do(func(st *state) {
		d := st.current(c)
		if d == nil {
			return // replaced: what it says no longer counts
		}
		for i, e := range d.queue.entries {
			if e.seq > d.link.sent {
				return // the client cannot mean what it was not sent
			}
			if e.class != class || e.id != id || (from != "" && !st.isUser(e.from, from)) {
				continue
			}
			c.server.db.Change(database.Changes{e.key(d): nil})
			d.queue.entries = slices.Delete(d.queue.entries, i, i+1)
			if class == classMessage {
				d.account.counts.acked++
			}
			st.deliver(d) // there is room in flight again
			return
		}
	})
}

// isUser reports whether a client that names a user means the one in an entry. The entry has
// the LID. The client acknowledges under the address that the delivery had, which may have
// been the number (addresses.go).
func (st *state) isUser(entry, named string) bool {
	if entry == named {
		return true
	}
	a := st.byLID[entry]
	return a != nil && a.Number == named
}

// deliver makes sure that a goroutine sends what d's queue holds, if d is connected and
// ready.
func (st *state) deliver(d *device) {
	l := d.link
	if l == nil || !l.isActive || l.isPumping {
		return
	}
	// The goroutine ends when there is nothing to send: most of the time, of most bots.
	l.isPumping = true
	l.conn.workers.Go(l.conn.pump)
}

// pump sends queued stanzas until there is nothing more to send for now. It waits for the
// file, for faults and for the client without holding the state.
func (c *conn) pump() {
	for {
		var e *entry
		var isBacklog bool
		c.server.do(func(st *state) { e, isBacklog = st.next(c) })
		if e == nil {
			return
		}
		// Most often it is in the file already. Otherwise this takes a few milliseconds.
		if c.server.db.Wait(e.generation) != nil {
			c.Cut() // the server is ending
			return
		}
		// What comes after a late one waits as well: a chat's order is never broken.
		if e.delay > 0 && !c.pause(e.delay) {
			return
		}
		data := e.data
		if isBacklog {
			data = withOffline(data)
		}
		for range e.times() {
			if c.Write(c.server.addressed(e, data)) != nil {
				return // the goroutine that reads notices, too
			}
		}
	}
}

// next returns a copy of the stanza to send next on a connection, and whether it has
// waited for this login. With nil the pump is over: the connection was replaced, or there
// is nothing to send, or enough is in flight.
func (st *state) next(c *conn) (e *entry, isBacklog bool) {
	d := st.current(c)
	if d == nil {
		return nil, false
	}
	l, entries := d.link, d.queue.entries
	// The first that was not sent on this connection. Those before it wait for their
	// acknowledgements, and i counts them.
	i, _ := slices.BinarySearchFunc(entries, l.sent+1, func(e *entry, seq uint64) int {
		return int(int64(e.seq) - int64(seq))
	})
	if l.backlog != nil && (i == len(entries) || entries[i].seq > l.backlog.last) {
		end := newEntry(serverInfo(waBinary.Node{
			Tag: "offline", Attrs: waBinary.Attrs{"count": l.backlog.count},
		}))
		l.backlog = nil // sent once
		return end, false
	}
	if i == len(entries) || i >= maxInFlight {
		l.isPumping = false // in one step with looking, or the next stanza would be missed
		return nil, false
	}
	queued := entries[i]
	l.sent = queued.seq
	if queued.isTransient {
		d.queue.entries = slices.Delete(d.queue.entries, i, i+1)
	}
	copied := *queued
	queued.isTwice, queued.delay = false, 0 // a fault befalls one delivery
	return &copied, l.backlog != nil
}

// A backlog is what waited for a login. Stanzas up to its last one are marked as such, and
// followed by a stanza that says that these were all.
type backlog struct {
	last  uint64 // seq of its newest stanza
	count int
}

// withOffline marks a stanza as one that has waited. The client shows by it how far it is.
func withOffline(data []byte) []byte {
	n, err := wire.Unmarshal(data)
	if err != nil || n.Attrs == nil {
		return data
	}
	n.Attrs["offline"] = "0"
	return wire.Marshal(*n)
}
