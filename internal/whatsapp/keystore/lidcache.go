package keystore

import (
	"context"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
)

const (
	// knownFor is how long a connection relies on a mapping without asking the database. A
	// customer who is talking names the same one with each message, and each answer needs it.
	knownFor = time.Minute
	// maxKnown bounds how many mappings one connection remembers, at some 150 bytes each.
	maxKnown = 512
)

// A lidCache is LIDs for one connection, and so for one tenant. Of the round trips for a message
// and its answer, two are spared: whether the mapping in a message is stored, and the number
// of the LID that is answered.
//
// It remembers only what is stored, so what another process learns of an unknown LID is seen at
// once. That a number has become another LID's may be seen after knownFor. Until then this
// connection has heard nothing from the other LID, or the cache would know, and its tenant has
// the number under the old one as well.
type lidCache struct {
	LIDs
	mu      sync.Mutex
	numbers map[string]knownNumber // by the LID's user
}

// A knownNumber is the number that a LID has, for a while.
type knownNumber struct {
	user  string
	until time.Time
}

// GetPNForLID returns the number of a LID, empty if it is not known.
func (c *lidCache) GetPNForLID(ctx context.Context, lid types.JID) (types.JID, error) {
	if number := c.number(lid); number != "" {
		return types.JID{User: number, Server: types.DefaultUserServer, Device: lid.Device}, nil
	}
	number, err := c.LIDs.GetPNForLID(ctx, lid)
	if err == nil && !number.IsEmpty() {
		c.remember(lid, number)
	}
	return number, err
}

// GetLIDForPN returns the LID of a number, empty if it is not known. The database is asked.
func (c *lidCache) GetLIDForPN(ctx context.Context, number types.JID) (types.JID, error) {
	lid, err := c.LIDs.GetLIDForPN(ctx, number)
	if err == nil && !lid.IsEmpty() {
		c.remember(lid, number)
	}
	return lid, err
}

// PutLIDMapping stores which LID has which number, unless that is known to be stored.
func (c *lidCache) PutLIDMapping(ctx context.Context, lid, number types.JID) error {
	if number.User != "" && isMapping(lid, number) && c.number(lid) == number.User {
		return nil
	}
	c.forget(lid, number) // whatever comes of it
	err := c.LIDs.PutLIDMapping(ctx, lid, number)
	if err == nil {
		c.remember(lid, number)
	}
	return err
}

// PutManyLIDMappings stores several of them, all or none.
func (c *lidCache) PutManyLIDMappings(ctx context.Context, mappings []store.LIDMapping) error {
	for _, m := range mappings {
		c.forget(m.LID, m.PN)
	}
	return c.LIDs.PutManyLIDMappings(ctx, mappings)
}

// number returns the number that a LID is known to have, or "".
func (c *lidCache) number(lid types.JID) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.numbers[lid.User]
	if lid.Server != types.HiddenUserServer || !time.Now().Before(known.until) {
		return ""
	}
	return known.user
}

// remember keeps a mapping that is stored. It forgets all others when there would be too many.
func (c *lidCache) remember(lid, number types.JID) {
	c.forget(lid, number)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.numbers == nil || len(c.numbers) >= maxKnown {
		c.numbers = make(map[string]knownNumber)
	}
	c.numbers[lid.User] = knownNumber{number.User, time.Now().Add(knownFor)}
}

// forget drops what is known of a LID and of a number, which may have been another LID's.
func (c *lidCache) forget(lid, number types.JID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.numbers[lid.User]; ok && known.user == number.User {
		delete(c.numbers, lid.User) // no other LID has the number
		return
	}
	for user, known := range c.numbers {
		if user == lid.User || known.user == number.User {
			delete(c.numbers, user)
		}
	}
}
