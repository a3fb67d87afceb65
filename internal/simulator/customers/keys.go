package customers

import (
	"net/http"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waAdv"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"
	waLog "go.mau.fi/whatsmeow/util/log"

	"github.com/flowhq/flowhq/internal/simulator/signalstore"
	"github.com/flowhq/flowhq/internal/simulator/wire"
)

const (
	keyBytes       = 32 // of every private key
	signatureBytes = 64
)

// clientKeys are the private keys that a customer's client needs to log in again, as they
// are saved. They are drawn once and never change.
type clientKeys struct {
	Noise        []byte `json:"noise"`
	Identity     []byte `json:"identity"`
	Registration uint32 `json:"registration"`
	SignedID     uint32 `json:"signed_id"`
	Signed       []byte `json:"signed"`
	Signature    []byte `json:"signature"`
	AdvSecret    []byte `json:"adv_secret"`
}

// newClientKeys draws the keys of a new customer.
func newClientKeys() clientKeys {
	// The signed key is made with the identity: the bot refuses a session whose signature does not
	// fit.
	identity := keys.NewKeyPair()
	signed := identity.CreateSignedPreKey(1)
	return clientKeys{
		Noise: keys.NewKeyPair().Priv[:], Identity: identity.Priv[:],
		Registration: wire.NewRegistration(),
		SignedID:     signed.KeyID, Signed: signed.Priv[:], Signature: signed.Signature[:],
		AdvSecret: wire.Random(keyBytes),
	}
}

// isComplete reports whether all keys have their size: what reads them next would panic.
func (k clientKeys) isComplete() bool {
	return len(k.Noise) == keyBytes && len(k.Identity) == keyBytes &&
		len(k.Signed) == keyBytes && len(k.Signature) == signatureBytes
}

// pair returns the key pair of a private key. Only private halves are saved.
func pair(private []byte) *keys.KeyPair {
	return keys.NewKeyPairFromPrivateKey([keyBytes]byte(private))
}

// public returns what the server has to know: a real phone would register it by SMS.
func (k clientKeys) public() wire.DeviceKeys {
	return wire.DeviceKeys{
		Noise: pair(k.Noise).Pub[:], Identity: pair(k.Identity).Pub[:],
		Registration: k.Registration,
		Signed:       wire.PreKey{ID: k.SignedID, Key: pair(k.Signed).Pub[:]},
		Signature:    k.Signature,
	}
}

// device returns the customer's device as the library wants it. Account is empty: it is
// what a phone says of its companions, and a customer is a phone itself.
func (k clientKeys) device(p person, memory *signalstore.Store) *store.Device {
	id := p.jid()
	signature := [signatureBytes]byte(k.Signature)
	d := &store.Device{
		NoiseKey:       pair(k.Noise),
		IdentityKey:    pair(k.Identity),
		RegistrationID: k.Registration,
		SignedPreKey: &keys.PreKey{
			KeyPair: *pair(k.Signed), KeyID: k.SignedID, Signature: &signature,
		},
		AdvSecretKey: k.AdvSecret, ID: &id, LID: p.hiddenJID(),
		Account:  &waAdv.ADVSignedDeviceIdentity{},
		Platform: "android", PushName: p.name, Initialized: true,
	}
	memory.Attach(d)
	return d
}

// A person is the account of a customer, as the server has it. It never changes.
type person struct{ number, lid, name string } // number and lid are digits only

// jid and hiddenJID name the account by number and by LID.
func (p person) jid() types.JID       { return types.NewJID(p.number, types.DefaultUserServer) }
func (p person) hiddenJID() types.JID { return types.NewJID(p.lid, types.HiddenUserServer) }

// NewClient returns a client with the settings without which messages get lost when a
// process dies. A message is acknowledged only after its handler has returned
// (SynchronousAck). Its plaintext is kept until then, because its key is used up by the
// decryption (EnableDecryptedEventBuffer).
func NewClient(d *store.Device, dialer *http.Client, log waLog.Logger) *whatsmeow.Client {
	client := whatsmeow.NewClient(d, log)
	// The library has one HTTP client for each purpose. Without the second, a client that
	// is not linked yet would dial the real WhatsApp.
	client.SetWebsocketHTTPClient(dialer)
	client.SetPreLoginHTTPClient(dialer)
	client.SetMediaHTTPClient(dialer)
	client.EnableDecryptedEventBuffer = true
	client.SynchronousAck = true
	return client
}
