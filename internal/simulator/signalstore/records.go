package signalstore

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// maxRemembered bounds the sent messages that are kept for repetition, and the received
// ones that are recognised when they come again: 512 of each. A phone repeats what it has
// not acknowledged within seconds, so this is minutes of the busiest test.
const maxRemembered = 512

// changes are records to write or, with a nil value, to delete.
type changes = map[string][]byte

// records is the map of a store's records with its lock. What it holds is reachable only
// through its methods, each of which takes the lock.
type records struct {
	save func(changes) // may be nil

	mu      sync.Mutex
	content content
}

// A content is what records guards. Its methods are called by functions that were passed
// to [records.update].
type content struct {
	values  map[string][]byte
	events  []string // names of received messages, oldest first
	sent    []string // names of sent messages, oldest first
	lastKey uint32   // id of the newest one-time key
}

// newRecords finds the lists and the counter in the records of an earlier store. They are
// not saved themselves: a record's first bytes say when it was made.
func newRecords(values map[string][]byte, save func(changes)) *records {
	c := content{values: values}
	for name := range values {
		switch {
		case strings.HasPrefix(name, prefixEvent):
			c.events = append(c.events, name)
		case strings.HasPrefix(name, prefixSent):
			c.sent = append(c.sent, name)
		case strings.HasPrefix(name, prefixPreKey):
			var id uint32
			if _, err := fmt.Sscanf(name[len(prefixPreKey):], "%x", &id); err == nil {
				c.lastKey = max(c.lastKey, id)
			}
		}
	}
	byAge := func(a, b string) int {
		return slices.Compare(values[a][:stampBytes], values[b][:stampBytes])
	}
	slices.SortFunc(c.events, byAge)
	slices.SortFunc(c.sent, byAge)
	return &records{content: c, save: save}
}

// get returns a record, or nil. Values are replaced as a whole, never changed in place, so
// the caller may keep them.
func (r *records) get(name string) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.content.values[name]
}

// clone returns a copy of all records.
func (r *records) clone() map[string][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.content.values)
}

// deletions returns what deletes all records whose names begin with prefix.
func (r *records) deletions(prefix string) changes {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := changes{}
	for name := range r.content.values {
		if strings.HasPrefix(name, prefix) {
			out[name] = nil
		}
	}
	return out
}

// update makes the changes that f decides on, and has them saved before anybody else can
// change the same records: the order in which they are saved is the order in which they
// were made.
func (r *records) update(f func(*content) changes) {
	r.mu.Lock()
	defer r.mu.Unlock()
	changed := f(&r.content)
	for name, value := range changed {
		if value == nil {
			delete(r.content.values, name)
		} else {
			r.content.values[name] = value
		}
	}
	if r.save != nil && len(changed) > 0 {
		r.save(changed)
	}
}

// rememberEvents enters the received messages among the changes of a decryption into
// their list, and adds to the changes the deletion of those that are too old.
func (c *content) rememberEvents(changed changes) {
	for name := range changed {
		if strings.HasPrefix(name, prefixEvent) {
			c.events = remember(c.events, name, changed)
		}
	}
}

// remember appends a name to a list. It drops the oldest if the list is too long, and
// adds its deletion to the changes.
func remember(list []string, name string, changed changes) []string {
	list = append(list, name)
	if len(list) > maxRemembered {
		changed[list[0]] = nil
		list = slices.Delete(list, 0, 1)
	}
	return list
}
