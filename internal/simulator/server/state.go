package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/simulator/database"
	"github.com/flowhq/flowhq/internal/simulator/wire"
)

// A state is everything the server knows of accounts and connections. [Server.do] lends
// it to one function at a time. Pointers to accounts, devices, queues and links are part
// of it: they stay within that function.
//
// Changes are put into the database while the state is lent, so that the file sees them
// in the order in which they were made.
type state struct {
	// server is for its database, faults, ids and counters, which have locks of their own.
	// None of them calls back, so no order of locks can deadlock.
	server   *Server
	accounts map[string]*account // by number, digits only
	byLID    map[string]*account // by hidden identity
	links    map[*conn]*link     // of every open connection, logged in or not
	refs     map[string]*link    // of clients that show codes, by what is in the codes
	isEnding bool                // no connection is admitted any more
}

// A link is a connection's part of the state. A device has at most one. A connection keeps
// its link until it is over, also after another one has taken the device.
type link struct {
	conn   *conn
	device *device // nil until it has logged in

	// While the client waits to be linked:
	pairing    *pairing  // its registration, with the codes that it shows
	isScanning bool      // a phone is linking it
	code       *linkCode // its offer to be linked by code; nil = none

	// After its login:
	isActive  bool     // the client has said that it wants its queue
	isPumping bool     // a goroutine sends the queue
	sent      uint64   // seq of the last queued stanza that was sent
	backlog   *backlog // what waited for the login, until that has been sent
	successor *login   // the login that threw this connection out; nil = none
}

// newState returns a state without accounts.
func newState(s *Server) *state {
	return &state{
		server: s, accounts: map[string]*account{}, byLID: map[string]*account{},
		links: map[*conn]*link{}, refs: map[string]*link{},
	}
}

// resolve returns the account that a JID belongs to, in any of its forms, or nil. Clients
// use the forms side by side: by number before they have learnt a LID, by LID after.
func (st *state) resolve(jid types.JID) *account {
	switch jid.Server {
	case types.DefaultUserServer, types.LegacyUserServer:
		return st.accounts[jid.User]
	case types.HiddenUserServer:
		return st.byLID[jid.User]
	default:
		return nil
	}
}

// resolveDevice returns the device that a JID names, or nil. A JID without a device means
// device 0.
func (st *state) resolveDevice(jid types.JID) *device {
	if a := st.resolve(jid); a != nil {
		return a.devices[jid.Device]
	}
	return nil
}

// phone returns the phone with a number. It fails with [flowhq.NotFound], also for a
// customer's number: nothing can be linked to a customer.
func (st *state) phone(number string) (*account, error) {
	if a := st.accounts[number]; a != nil && !a.Customer {
		return a, nil
	}
	return nil, flowhq.Errorf(flowhq.NotFound, "there is no phone +%s", number)
}

// current returns the device that speaks on a connection, or nil if what the client says
// no longer counts: it was replaced or unlinked, or has not logged in. Whatever changes the
// state on behalf of a client asks this first, with the state lent, so that no message of
// the old host is taken after the new one has logged in.
func (st *state) current(c *conn) *device {
	if l := st.links[c]; l != nil && l.device != nil && l.device.link == l {
		return l.device
	}
	return nil
}

// checkRoom refuses an account too many. Some lists are walked with the state lent, and
// a loop that makes accounts must not fill the disk.
func (st *state) checkRoom() error {
	if len(st.accounts) >= maxAccounts {
		return flowhq.Errorf(flowhq.Conflict, "there are %d numbers already", maxAccounts)
	}
	return nil
}

// newAccount draws the hidden identity of an account and adds it, without devices. The
// caller saves it, together with the devices that it adds: an account without them would
// be of no use after a crash.
func (st *state) newAccount(p profile) *account {
	a := &account{profile: p, NextDevice: 1}
	for a.LID == "" || st.byLID[a.LID] != nil {
		a.LID = randomDigits(lidDigits)
	}
	st.register(a)
	return a
}

// register makes an account known, with the maps that are not saved with it.
func (st *state) register(a *account) {
	a.devices = map[uint16]*device{}
	a.askers = map[*device]struct{}{}
	st.accounts[a.Number] = a
	st.byLID[a.LID] = a
}

// addDevice adds a device to an account. The caller saves it, in one change with what
// belongs to it.
func (st *state) addDevice(a *account, id uint16, keys wire.DeviceKeys) *device {
	d := &device{
		account: a, ID: id, DeviceKeys: keys,
		LinkedAt: time.Now().UTC(), loggedIn: make(chan struct{}),
	}
	a.devices[id] = d
	return d
}

// removeDevice forgets a device with everything queued for it. Its connection, if any, is
// the caller's to end. Its id is not used again: contacts may have sessions with it.
func (st *state) removeDevice(d *device) {
	delete(d.account.devices, d.ID)
	gone := database.Changes{d.key(): nil, d.preKeysKey(): nil}
	for _, e := range d.queue.entries {
		gone[e.key(d)] = nil
	}
	d.queue.entries = nil
	// Nobody is notified on behalf of a device that is gone. Unlinking is rare, so a walk
	// through all accounts is cheaper than a second index.
	for _, a := range st.accounts {
		delete(a.askers, d)
	}
	st.server.db.Change(gone)
}

// release forgets a connection that is over. Its goroutine calls it once, so the link is
// there.
func (st *state) release(c *conn) {
	l := st.links[c]
	delete(st.links, c)
	if l.device != nil && l.device.link == l { // it was not replaced
		l.device.link, l.device.left = nil, time.Now()
	}
	if l.pairing != nil {
		for _, ref := range l.pairing.refs {
			delete(st.refs, ref)
		}
	}
}

// encode returns what is saved of an account, a device or a login: its exported fields.
func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("marshal %T: %v", v, err)) // plain structs: cannot fail
	}
	return data
}

// load reads what an earlier run has left. Each bucket refers to those before it. What does
// not fit together is an error: the simulator would otherwise lose what it has acknowledged.
func (st *state) load() error {
	for _, bucket := range []struct {
		name string
		load func(key string, value []byte) error
	}{
		{database.Accounts, st.loadAccount},
		{database.Devices, st.loadDevice},
		{database.PreKeys, st.loadPreKeys},
		{database.Logins, st.loadLogin},
		{database.Queue, st.loadEntry},
	} {
		if err := st.server.db.Each(bucket.name, bucket.load); err != nil {
			return err
		}
	}
	return nil
}

// loadAccount restores an account. Its devices follow from their own bucket.
func (st *state) loadAccount(_ string, value []byte) error {
	var a account
	if err := json.Unmarshal(value, &a); err != nil {
		return err
	}
	st.register(&a)
	return nil
}

// loadDevice restores a device, without its one-time keys and its queue.
func (st *state) loadDevice(key string, value []byte) error {
	d := &device{loggedIn: make(chan struct{})}
	if err := json.Unmarshal(value, d); err != nil {
		return err
	}
	number, _, _ := strings.Cut(key, "/")
	if d.account = st.accounts[number]; d.account == nil {
		return errors.New("no such account")
	}
	d.account.devices[d.ID] = d
	return nil
}

// loadPreKeys restores a device's one-time keys. It checks their size here, because what
// hands them out slices them unchecked.
func (st *state) loadPreKeys(key string, value []byte) error {
	d, err := st.deviceByName(key)
	if err != nil {
		return err
	}
	if len(value)%preKeyBytes != 0 || d.Taken > len(value)/preKeyBytes {
		return fmt.Errorf("%d bytes are not a list of keys", len(value))
	}
	d.preKeys = value
	return nil
}

// deviceByName inverts device.name. An unknown one means that the file is damaged.
func (st *state) deviceByName(name string) (*device, error) {
	number, index, _ := strings.Cut(name, "/")
	id, err := strconv.ParseUint(index, 10, 16)
	if err != nil {
		return nil, err
	}
	if a := st.accounts[number]; a != nil && a.devices[uint16(id)] != nil {
		return a.devices[uint16(id)], nil
	}
	return nil, errors.New("no such device")
}
