package server

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"time"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"

	"github.com/flowhq/flowhq/internal/simulator/database"
	"github.com/flowhq/flowhq/internal/simulator/wire"
)

const (
	maxAccounts   = 50_000 // phones and customers together
	maxCompanions = 4      // devices linked to one phone, as on WhatsApp
	maxDeviceID   = 255    // what fits into a device JID on the wire
	// lidDigits is how long hidden identities are. They are drawn at random, so that no
	// test can take one for the number that it stands for.
	lidDigits = 15
)

// An account is one number: a phone with its companions, or a customer. It is part of the
// [state].
type account struct {
	profile
	NextDevice uint16 `json:"next_device"` // ids are never used twice

	devices map[uint16]*device
	askers  map[*device]struct{} // devices that hold our device list
	counts  numberCounts
	logins  []*login // of companions, oldest first, at most maxLogins
	came    int      // logins there have ever been
}

// A profile is what never changes of an account. Copies of it may leave the state.
type profile struct {
	Number   string `json:"number"` // digits only
	LID      string `json:"lid"`    // digits only
	Name     string `json:"name"`
	Customer bool   `json:"customer"`
	// Identity and Registration are the phone's own. A customer's are in its client.
	Identity     []byte `json:"identity,omitempty"` // private
	Registration uint32 `json:"registration,omitempty"`
}

// A device is one end of a Signal session. Device 0 is the phone or customer itself, the
// others are companions. It is part of the [state].
type device struct {
	account *account

	wire.DeviceKeys
	ID       uint16    `json:"id"`
	Taken    int       `json:"taken"` // one-time keys handed out since the last upload
	LinkedAt time.Time `json:"linked_at"`

	// preKeys are the one-time keys of the last upload, preKeyBytes each. The first Taken
	// are used up: counting them is a smaller change to save than removing one.
	preKeys  []byte
	queue    queue
	link     *link         // its connection; nil = offline
	left     time.Time     // when it went offline; zero = not since the server's start
	loggedIn chan struct{} // closed at the first login
}

// numberCounts count for one account since the server's start.
type numberCounts struct {
	logins   int
	replaced int // live connections that a login threw out
	acked    int // messages its devices have acknowledged
}

// pn and lid name the account by number and by hidden identity.
func (p profile) pn() types.JID  { return types.NewJID(p.Number, types.DefaultUserServer) }
func (p profile) lid() types.JID { return types.NewJID(p.LID, types.HiddenUserServer) }

// devicePN and deviceLID name one of the account's devices.
func (p profile) devicePN(id uint16) types.JID {
	jid := p.pn()
	jid.Device = id
	return jid
}

// deviceLID is the other address of a device, which tells nobody the number.
func (p profile) deviceLID(id uint16) types.JID {
	jid := p.lid()
	jid.Device = id
	return jid
}

// identity returns the key pair that a phone signs its companions with.
func (p profile) identity() *keys.KeyPair {
	return keys.NewKeyPairFromPrivateKey([32]byte(p.Identity))
}

// e164 returns the number as people write it.
func (p profile) e164() string { return "+" + p.Number }

// key names the account in the database.
func (a *account) key() database.Key {
	return database.Key{Bucket: database.Accounts, Name: a.Number}
}

// sorted returns the account's devices by id.
func (a *account) sorted() []*device {
	out := make([]*device, 0, len(a.devices))
	for _, d := range a.devices {
		out = append(out, d)
	}
	slices.SortFunc(out, func(x, y *device) int { return int(x.ID) - int(y.ID) })
	return out
}

// connected counts the account's connections.
func (a *account) connected() (n int) {
	for _, d := range a.devices {
		if d.link != nil {
			n++
		}
	}
	return n
}

// pn and lid name the device in its two forms.
func (d *device) pn() types.JID  { return d.account.devicePN(d.ID) }
func (d *device) lid() types.JID { return d.account.deviceLID(d.ID) }

// name identifies the device in the database, where names of one account sort by id.
func (d *device) name() string { return fmt.Sprintf("%s/%05d", d.account.Number, d.ID) }

// key is where the device is stored. Its one-time keys are apart, at preKeysKey: they are long (812
// of 36 bytes), and the device is saved whenever one is handed out.
func (d *device) key() database.Key {
	return database.Key{Bucket: database.Devices, Name: d.name()}
}

// preKeysKey is where the device's one-time keys are stored.
func (d *device) preKeysKey() database.Key {
	return database.Key{Bucket: database.PreKeys, Name: d.name()}
}

// isPhone reports whether this is a simulated phone, which has no client and never
// connects.
func (d *device) isPhone() bool { return d.Noise == nil }

// jids returns the hidden JIDs of devices.
func jids(list []*device) []types.JID {
	out := make([]types.JID, len(list))
	for i, d := range list {
		out[i] = d.lid()
	}
	return out
}

// randomDigits returns a number of n digits that does not begin with zero, as LIDs do not.
func randomDigits(n int64) string {
	low := new(big.Int).Exp(big.NewInt(10), big.NewInt(n-1), nil)
	v, err := rand.Int(rand.Reader, new(big.Int).Mul(low, big.NewInt(9)))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return v.Add(v, low).String()
}
