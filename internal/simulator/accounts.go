package simulator

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"time"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
)

const (
	maxAccounts   = 50_000 // phones and customers together
	maxCompanions = 4      // devices linked to one phone, as on WhatsApp
	lidDigits     = 15     // of the hidden identity that stands for a number
)

// An account is one number: a phone with its companions, or a customer. Its
// fields are guarded by server.mu; Number, LID, Customer and the keys never
// change.
type account struct {
	Number     string `json:"number"` // digits only
	LID        string `json:"lid"`    // digits only
	Name       string `json:"name"`
	Customer   bool   `json:"customer"`
	NextDevice uint16 `json:"next_device"` // ids are never used twice
	// Identity and Registration are the phone's own; a customer's live in its
	// client's store.
	Identity     []byte `json:"identity,omitempty"`
	Registration uint32 `json:"registration,omitempty"`

	devices map[uint16]*device
	askers  map[*device]struct{} // devices that hold our device list
	stats   numberStats
	logins  []*login // of companions, oldest first, at most maxLogins
	came    int      // logins there have ever been
}

// A device is one end of a Signal session: device 0 is the phone or customer
// itself, the others are companions. Its fields are guarded by server.mu.
type device struct {
	account *account

	ID           uint16    `json:"id"`
	Noise        []byte    `json:"noise,omitempty"` // who logs in; nil = nobody can
	Identity     []byte    `json:"identity"`
	Registration uint32    `json:"registration"`
	Signed       preKey    `json:"signed_prekey"`
	Signature    []byte    `json:"signature"` // of Signed, by Identity
	Taken        int       `json:"taken"`     // one-time keys handed out since the last upload
	LinkedAt     time.Time `json:"linked_at"`

	preKeys  []byte // as of the last upload, preKeyBytes each; the first Taken are used up
	queue    queue
	conn     *conn         // nil = offline
	left     time.Time     // when it went offline; zero = not since the simulator's start
	loggedIn chan struct{} // closed at the first login
}

// A preKey is the public half of a key that starts Signal sessions.
type preKey struct {
	ID  uint32 `json:"id"`
	Key []byte `json:"key"`
}

func (a *account) pn() types.JID  { return types.NewJID(a.Number, types.DefaultUserServer) }
func (a *account) lid() types.JID { return types.NewJID(a.LID, types.HiddenUserServer) }

// identity returns the key pair a phone signs its companions with.
func (a *account) identity() *keys.KeyPair {
	return keys.NewKeyPairFromPrivateKey([32]byte(a.Identity))
}

// e164 returns the number as people write it.
func (a *account) e164() string { return "+" + a.Number }

func (d *device) pn() types.JID {
	jid := d.account.pn()
	jid.Device = d.ID
	return jid
}

func (d *device) lid() types.JID {
	jid := d.account.lid()
	jid.Device = d.ID
	return jid
}

// key names the device in the database; keys of one account sort by id.
func (d *device) key() string { return fmt.Sprintf("%s/%05d", d.account.Number, d.ID) }

// phone reports whether this is a simulated phone, which nobody drives.
func (d *device) phone() bool { return d.Noise == nil }

// sorted returns the account's devices by id.
func (a *account) sorted() []*device {
	out := make([]*device, 0, len(a.devices))
	for _, d := range a.devices {
		out = append(out, d)
	}
	slices.SortFunc(out, func(x, y *device) int { return int(x.ID) - int(y.ID) })
	return out
}

// resolve returns the account a JID belongs to, in any of its forms, or nil.
// The caller holds mu.
func (s *server) resolve(jid types.JID) *account {
	switch jid.Server {
	case types.DefaultUserServer, types.LegacyUserServer:
		return s.accounts[jid.User]
	case types.HiddenUserServer:
		return s.lids[jid.User]
	default:
		return nil
	}
}

// addPhone creates a phone, whose device 0 can sign companions but is never
// connected. The caller holds mu.
func (s *server) addPhone(number, name string) *account {
	identity := keys.NewKeyPair()
	a := s.newAccount(number, name)
	a.Identity = identity.Priv[:]
	a.Registration = randomID()
	signed := identity.CreateSignedPreKey(1)
	d := &device{
		ID: 0, Identity: identity.Pub[:], Registration: a.Registration,
		Signed: preKey{signed.KeyID, signed.Pub[:]}, Signature: signed.Signature[:],
	}
	s.addDevice(a, d)
	s.db.change(changes{a.record(): encode(a), d.record(): encode(d)})
	return a
}

// newAccount registers an account without devices and does not save it yet. The
// caller holds mu.
func (s *server) newAccount(number, name string) *account {
	a := &account{Number: number, Name: name, NextDevice: 1}
	for a.LID == "" || s.lids[a.LID] != nil {
		a.LID = randomDigits(lidDigits)
	}
	s.register(a)
	return a
}

func (s *server) register(a *account) {
	a.devices = map[uint16]*device{}
	a.askers = map[*device]struct{}{}
	s.accounts[a.Number] = a
	s.lids[a.LID] = a
}

// addDevice attaches a device to its account and does not save it yet. The
// caller holds mu.
func (s *server) addDevice(a *account, d *device) {
	d.account = a
	d.LinkedAt = time.Now().UTC()
	d.loggedIn = make(chan struct{})
	a.devices[d.ID] = d
}

// removeDevice forgets a device with everything queued for it. Its connection,
// if any, is the caller's to end. The caller holds mu.
func (s *server) removeDevice(d *device) {
	delete(d.account.devices, d.ID)
	gone := changes{d.record(): nil, record{bucketPreKeys, d.key()}: nil}
	for _, e := range d.queue.entries {
		gone[record{bucketQueue, e.key(d)}] = nil
	}
	d.queue.entries = nil
	for _, a := range s.accounts {
		delete(a.askers, d)
	}
	s.db.change(gone)
}

func (a *account) record() record { return record{bucketAccounts, a.Number} }
func (d *device) record() record  { return record{bucketDevices, d.key()} }

// encode returns what is saved of an account, a device and the like.
func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("marshal %T: %v", v, err)) // plain structs: cannot fail
	}
	return data
}

// load reads what an earlier run has left.
func (s *server) load() error {
	err := s.db.each(bucketAccounts, func(_ string, value []byte) error {
		var a account
		if err := json.Unmarshal(value, &a); err != nil {
			return err
		}
		s.register(&a)
		return nil
	})
	if err != nil {
		return err
	}
	if err = s.db.each(bucketDevices, s.loadDevice); err != nil {
		return err
	}
	if err = s.db.each(bucketPreKeys, s.loadPreKeys); err != nil {
		return err
	}
	if err = s.db.each(bucketLogins, s.loadLogin); err != nil {
		return err
	}
	return s.db.each(bucketQueue, s.loadEntry)
}

func (s *server) loadDevice(key string, value []byte) error {
	d := &device{loggedIn: make(chan struct{})}
	if err := json.Unmarshal(value, d); err != nil {
		return err
	}
	if d.account = s.accounts[key[:max(0, len(key)-6)]]; d.account == nil {
		return fmt.Errorf("no such account")
	}
	d.account.devices[d.ID] = d
	return nil
}

func (s *server) loadPreKeys(key string, value []byte) error {
	d, err := s.deviceByKey(key)
	if err != nil {
		return err
	}
	if len(value)%preKeyBytes != 0 || d.Taken > len(value)/preKeyBytes {
		return fmt.Errorf("%d bytes are not a list of keys", len(value))
	}
	d.preKeys = value
	return nil
}

// deviceByKey inverts device.key.
func (s *server) deviceByKey(key string) (*device, error) {
	cut := max(0, len(key)-6)
	id, err := strconv.ParseUint(key[min(cut+1, len(key)):], 10, 16)
	if err != nil {
		return nil, err
	}
	if a := s.accounts[key[:cut]]; a != nil && a.devices[uint16(id)] != nil {
		return a.devices[uint16(id)], nil
	}
	return nil, fmt.Errorf("no such device")
}

// randomDigits returns a number of n digits that does not begin with zero.
func randomDigits(n int64) string {
	low := new(big.Int).Exp(big.NewInt(10), big.NewInt(n-1), nil)
	v, err := rand.Int(rand.Reader, new(big.Int).Mul(low, big.NewInt(9)))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return v.Add(v, low).String()
}

// randomID returns a Signal registration id.
func randomID() uint32 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint32(b[:])&0x3fff + 1
}
