package simulator

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

const (
	// maxQueued bounds the stanzas that wait for one device. Beyond it senders
	// are refused, and receipts and notifications are dropped.
	maxQueued = 20_000
	// maxInFlight bounds the stanzas sent on a connection and not acknowledged.
	// It stays below the 2,048 that a client can hold in order.
	maxInFlight = 1024
)

// Classes of stanzas that are acknowledged, as the client spells them.
const (
	classMessage      = "message"
	classReceipt      = "receipt"
	classNotification = "notification"
)

var errQueueFull = errors.New("the queue of the recipient is full")

// A queue holds the stanzas a device has not acknowledged, oldest first. They
// are sent in this order on each of its connections, from the start. Guarded by
// server.mu.
type queue struct {
	entries []*entry
	last    uint64 // seq of the newest entry there ever was
}

// An entry is a stanza on its way to one device.
type entry struct {
	seq              uint64
	class, id, from  string // what its acknowledgement names; from is a user
	data             []byte // binary XML
	generation       uint64 // wait for it before sending; 0 = no need
	twice, transient bool   // send twice; forget when sent
	late             time.Duration
}

func (e *entry) key(d *device) string { return fmt.Sprintf("%s/%016x", d.key(), e.seq) }

// enqueue queues a stanza for d and starts delivery. It returns the generation
// after which the stanza is safe, and fails if the queue is full. The caller
// holds mu.
func (s *server) enqueue(d *device, n waBinary.Node) (uint64, error) {
	if d.phone() {
		return 0, nil
	}
	if len(d.queue.entries) >= maxQueued {
		return 0, errQueueFull
	}
	e := newEntry(n)
	d.queue.last++
	e.seq = d.queue.last
	saved := s.db.put(bucketQueue, e.key(d), e.data)
	if e.class == classMessage {
		e.generation = saved // see doc.go: nobody may see it before it is safe
		e.twice = s.faults.takeDuplicate(d)
		e.late = take(s.faults.late, d.account.Number)
	}
	d.queue.entries = append(d.queue.entries, e)
	s.deliver(d)
	return saved, nil
}

// pass sends a stanza that needs no acknowledgement if d is connected. The
// caller holds mu.
func (s *server) pass(d *device, n waBinary.Node) {
	if d.conn == nil || len(d.queue.entries) >= maxQueued {
		return
	}
	e := newEntry(n)
	d.queue.last++
	e.seq, e.transient = d.queue.last, true
	d.queue.entries = append(d.queue.entries, e)
	s.deliver(d)
}

func newEntry(n waBinary.Node) *entry {
	e := &entry{class: n.Tag, data: marshal(n)}
	e.id, _ = n.Attrs["id"].(string)
	if from, ok := n.Attrs["from"].(types.JID); ok {
		e.from = from.User
	}
	return e
}

// loadEntry restores one queued stanza; the database yields them in order.
func (s *server) loadEntry(key string, value []byte) error {
	cut := max(0, strings.LastIndexByte(key, '/'))
	d, err := s.deviceByKey(key[:cut])
	if err != nil {
		return err
	}
	n, err := unmarshal(value)
	if err != nil {
		return err
	}
	e := newEntry(*n)
	e.data = value
	if e.seq, err = strconv.ParseUint(key[cut+1:], 16, 64); err != nil {
		return err
	}
	d.queue.entries = append(d.queue.entries, e)
	d.queue.last = e.seq
	return nil
}

// acknowledged takes the oldest matching stanza that was sent on c out of the
// queue. from is the user the client named; "" matches any.
func (s *server) acknowledged(c *conn, class, id, from string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := c.device
	if d.conn != c {
		return // replaced: what it says no longer counts
	}
	for i, e := range d.queue.entries {
		if e.seq > c.sent {
			return
		}
		if e.class != class || e.id != id || (from != "" && !s.isUser(e.from, from)) {
			continue
		}
		s.db.remove(bucketQueue, e.key(d))
		d.queue.entries = slices.Delete(d.queue.entries, i, i+1)
		if class == classMessage {
			d.account.stats.acked++
		}
		s.deliver(d)
		return
	}
}

// deliver makes sure that a goroutine sends what d's queue holds, if d is
// connected and ready. The caller holds mu.
func (s *server) deliver(d *device) {
	c := d.conn
	if c == nil || !c.active || c.pumping {
		return
	}
	c.pumping = true
	c.workers.Add(1)
	go c.pump()
}

// pump sends queued stanzas until there is nothing more to send for now.
func (c *conn) pump() {
	defer c.workers.Done()
	for {
		e, offline := c.next()
		if e == nil {
			return
		}
		if c.server.db.wait(e.generation) != nil {
			c.kill() // the server is ending
			return
		}
		if e.late > 0 && !c.pause(e.late) {
			return
		}
		data := e.data
		if offline {
			data = withOffline(data)
		}
		for range e.times() {
			if c.write(c.server.addressed(e, data)) != nil {
				return // the reading side notices, too
			}
		}
	}
}

func (e *entry) times() int {
	if e.twice {
		return 2
	}
	return 1
}

// next returns the stanza to send next, and whether it waited for this login.
// With nil the pump is over.
func (c *conn) next() (e *entry, offline bool) {
	s, d := c.server, c.device
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.conn != c {
		return nil, false
	}
	i, _ := slices.BinarySearchFunc(d.queue.entries, c.sent+1, func(e *entry, seq uint64) int {
		return int(int64(e.seq) - int64(seq))
	})
	if c.backlog != nil && (i == len(d.queue.entries) || d.queue.entries[i].seq > c.backlog.last) {
		end := newEntry(waBinary.Node{Tag: "ib", Attrs: waBinary.Attrs{"from": types.ServerJID}, Content: []waBinary.Node{
			{Tag: "offline", Attrs: waBinary.Attrs{"count": c.backlog.count}},
		}})
		c.backlog = nil
		return end, false
	}
	if i == len(d.queue.entries) || i >= maxInFlight {
		c.pumping = false
		return nil, false
	}
	queued := d.queue.entries[i]
	c.sent = queued.seq
	if queued.transient {
		d.queue.entries = slices.Delete(d.queue.entries, i, i+1)
	}
	copied := *queued
	queued.twice, queued.late = false, 0
	return &copied, c.backlog != nil
}

// A backlog is what waited for a login.
type backlog struct {
	last  uint64 // seq of its newest stanza
	count int
}

// withOffline marks a stanza as one that has waited.
func withOffline(data []byte) []byte {
	n, err := unmarshal(data)
	if err != nil || n.Attrs == nil {
		return data
	}
	n.Attrs["offline"] = "0"
	return marshal(*n)
}
