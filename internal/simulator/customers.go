package simulator

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waAdv"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/util/keys"
	waLog "go.mau.fi/whatsmeow/util/log"
)

const (
	maxDialing  = 16 // customers that connect at the same time
	sessionsTLS = 64 // TLS sessions remembered for quick reconnects
)

// A customerRecord is what a customer's client needs to log in again.
type customerRecord struct {
	Noise        []byte `json:"noise"`
	Identity     []byte `json:"identity"`
	Registration uint32 `json:"registration"`
	SignedID     uint32 `json:"signed_id"`
	Signed       []byte `json:"signed"`
	Signature    []byte `json:"signature"`
	AdvSecret    []byte `json:"adv_secret"`
}

// A customerPool runs the customers' clients.
type customerPool struct {
	server  *server
	http    *http.Client
	ctx     context.Context // ends when the customers are to hang up
	cancel  context.CancelFunc
	dialing chan struct{}
	running sync.WaitGroup
}

// trusting guards the one variable of the library that all clients of a process
// share. It is only written if it differs: other clients may be reading it.
var trusting sync.Mutex

func trustRoot(key [32]byte) {
	trusting.Lock()
	defer trusting.Unlock()
	if whatsmeow.WACertPubKey != key {
		whatsmeow.WACertPubKey = key
	}
}

// newPool makes a pool whose clients dial addr.
func (s *server) newPool(addr string) (*customerPool, error) {
	roots, err := s.secrets.roots()
	if err != nil {
		return nil, err
	}
	trustRoot(s.secrets.rootKey())
	p := &customerPool{server: s, dialing: make(chan struct{}, maxDialing)}
	p.http = loopbackClient(addr, &tls.Config{
		RootCAs: roots, ClientSessionCache: tls.NewLRUClientSessionCache(sessionsTLS),
	})
	p.ctx, p.cancel = context.WithCancel(s.ctx)
	return p, nil
}

// loadCustomers starts the customers of an earlier run. No connection is let in
// meanwhile: their inboxes come last.
func (s *server) loadCustomers() error {
	records := map[string]map[string][]byte{} // by number
	err := s.db.each(bucketSignal, func(key string, value []byte) error {
		number, name, _ := strings.Cut(key, "/")
		if records[number] == nil {
			records[number] = map[string][]byte{}
		}
		records[number][name] = value
		return nil
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.db.each(bucketCustomers, func(number string, value []byte) error {
		var r customerRecord
		if err := json.Unmarshal(value, &r); err != nil {
			return err
		}
		if s.accounts[number] == nil || !r.complete() {
			return errors.New("the record is damaged")
		}
		s.startCustomer(s.accounts[number], r, records[number])
		return nil
	})
	if err != nil {
		return err
	}
	return s.db.each(bucketInbox, s.loadLetter)
}

// complete reports whether all keys have their size.
func (r customerRecord) complete() bool {
	return len(r.Noise) == 32 && len(r.Identity) == 32 && len(r.Signed) == 32 && len(r.Signature) == 64
}

// loopbackClient returns an HTTP client that finds every host at addr.
func loopbackClient(addr string, config *tls.Config) *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:   config,
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
	}}
}

// stop ends all customers and waits for them.
func (p *customerPool) stop() {
	p.cancel()
	p.running.Wait()
}

// addCustomer creates an account whose only device is a client run here. It is
// registered by writing its keys into the books instead of by SMS. The caller
// holds mu.
func (s *server) addCustomer(number, name string) *customer {
	identity, noise := keys.NewKeyPair(), keys.NewKeyPair()
	signed := identity.CreateSignedPreKey(1)
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	r := customerRecord{
		Noise: noise.Priv[:], Identity: identity.Priv[:], Registration: randomID(),
		SignedID: signed.KeyID, Signed: signed.Priv[:], Signature: signed.Signature[:], AdvSecret: secret,
	}
	a := s.newAccount(number, name)
	a.Customer = true
	d := &device{
		ID: 0, Noise: noise.Pub[:], Identity: identity.Pub[:], Registration: r.Registration,
		Signed: preKey{signed.KeyID, signed.Pub[:]}, Signature: signed.Signature[:],
	}
	s.addDevice(a, d)
	s.db.change(changes{
		a.record(): encode(a), d.record(): encode(d), record{bucketCustomers, number}: encode(r),
	})
	return s.startCustomer(a, r, nil)
}

// startCustomer builds the client of an account and keeps it connected until the
// pool ends. The caller holds mu.
func (s *server) startCustomer(a *account, r customerRecord, records map[string][]byte) *customer {
	if records == nil {
		records = map[string][]byte{}
	}
	c := &customer{
		pool: s.pool, account: a, online: make(chan struct{}), lost: make(chan struct{}, 1), inbox: map[string]*letter{},
		signals: newSignalStore(records, func(changed map[string][]byte) { s.saveSignals(a.Number, changed) }),
	}
	_ = c.signals.PutLIDMapping(s.ctx, a.lid(), a.pn()) // its own; cannot fail
	c.client = newClient(r.device(a, c.signals), s.pool.http, waLog.Noop)
	c.client.EnableAutoReconnect = false // stayConnected does it
	c.client.UseRetryMessageStore = true
	c.client.SetForceActiveDeliveryReceipts(true)
	c.client.AddEventHandler(c.handle)
	s.customers[a.Number] = c
	s.pool.running.Add(1)
	go c.stayConnected()
	return c
}

// saveSignals writes what a customer's client remembers. It needs no lock but
// the caller's own, which keeps the changes of one customer in order.
func (s *server) saveSignals(number string, records map[string][]byte) {
	out := make(changes, len(records))
	for key, value := range records {
		out[record{bucketSignal, number + "/" + key}] = value
	}
	s.db.change(out)
}

// device returns the customer's device as the library wants it.
func (r customerRecord) device(a *account, signals *signalStore) *store.Device {
	id, lid := a.pn(), a.lid()
	signature := [64]byte(r.Signature)
	d := &store.Device{
		NoiseKey:       keys.NewKeyPairFromPrivateKey([32]byte(r.Noise)),
		IdentityKey:    keys.NewKeyPairFromPrivateKey([32]byte(r.Identity)),
		RegistrationID: r.Registration,
		SignedPreKey: &keys.PreKey{
			KeyPair: *keys.NewKeyPairFromPrivateKey([32]byte(r.Signed)), KeyID: r.SignedID, Signature: &signature,
		},
		AdvSecretKey: r.AdvSecret, ID: &id, LID: lid, Account: &waAdv.ADVSignedDeviceIdentity{},
		Platform: "android", PushName: a.Name, Initialized: true,
	}
	signals.attach(d)
	return d
}

// newClient returns a client with the settings without which messages get lost
// when something dies.
func newClient(d *store.Device, dialer *http.Client, log waLog.Logger) *whatsmeow.Client {
	client := whatsmeow.NewClient(d, log)
	client.SetWebsocketHTTPClient(dialer)
	client.SetPreLoginHTTPClient(dialer)
	client.SetMediaHTTPClient(dialer)
	client.EnableDecryptedEventBuffer = true // the guard and the store count on it
	client.SynchronousAck = true
	return client
}
