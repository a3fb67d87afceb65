package customers

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"

	"go.mau.fi/whatsmeow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/simulator/database"
	"github.com/flowhq/flowhq/internal/simulator/wire"
)

const (
	// maxDialing bounds the customers that connect at the same time. Hundreds would do so
	// at the start, and a handshake takes milliseconds of processor time on both sides.
	maxDialing = 16
	// maxTLSSessions bounds the TLS sessions remembered for quick reconnects. All
	// customers dial one address, so a few serve all.
	maxTLSSessions = 64
)

// Accounts is what customers need of the server's accounts. Everything else they do over the
// wire, like any client.
type Accounts interface {
	// RegisterCustomer makes an account whose only device has the given keys, and saves
	// it together with more changes. It returns the account's hidden identity, and fails
	// with [flowhq.Conflict] if somebody has the number.
	RegisterCustomer(
		number, name string, keys wire.DeviceKeys, more database.Changes,
	) (lid string, err error)
	// CustomerAccount returns the hidden identity and the name of a customer's account.
	CustomerAccount(number string) (lid, name string, err error)
}

// A Pool runs the customers' clients. It is safe for concurrent use. Customers are never
// removed: their numbers are on WhatsApp for good.
type Pool struct {
	accounts Accounts
	db       *database.DB
	dialer   *http.Client
	ctx      context.Context // ends when the customers are to hang up
	cancel   context.CancelFunc
	// connected is the context of connections. It ends after ctx: a client needs its
	// connection to hang up in good order.
	connected context.Context
	dialing   chan struct{} // one element for each customer that connects
	running   sync.WaitGroup

	mu       sync.Mutex           // guards all below
	isEnding bool                 // nobody is added any more
	byNumber map[string]*Customer // digits only
}

// NewPool returns a pool whose clients dial addr and end with ctx at the latest.
func NewPool(
	ctx context.Context, addr string, identity *wire.Identity, db *database.DB, accounts Accounts,
) (*Pool, error) {
	roots, err := identity.Roots()
	if err != nil {
		return nil, err
	}
	TrustRoot(identity.RootKey()) // before any client of the pool connects
	p := &Pool{
		accounts: accounts, db: db, connected: ctx,
		dialing: make(chan struct{}, maxDialing), byNumber: map[string]*Customer{},
	}
	// All clients share one dialer, and with it the TLS sessions.
	p.dialer = wire.NewClient(addr, &tls.Config{
		RootCAs: roots, ClientSessionCache: tls.NewLRUClientSessionCache(maxTLSSessions),
	})
	p.ctx, p.cancel = context.WithCancel(ctx)
	return p, nil
}

// trusting guards the one variable of the library that all clients of a process share.
var trusting sync.Mutex

// TrustRoot has all clients of this process trust a root of Noise certificates. The
// variable is written only if it differs: clients that run already read it without a lock.
func TrustRoot(key [32]byte) {
	trusting.Lock()
	defer trusting.Unlock()
	if whatsmeow.WACertPubKey != key {
		whatsmeow.WACertPubKey = key
	}
}

// Load starts the customers of an earlier run. It is called before the server accepts
// connections, because a customer's inbox is read after its client was started: nothing
// may be delivered into it before that.
func (p *Pool) Load() error {
	records := map[string]map[string][]byte{} // of the signal stores, by number
	// The records of all customers are in one bucket, under the customers' numbers.
	err := p.db.Each(database.Signal, func(key string, value []byte) error {
		number, name, _ := strings.Cut(key, "/")
		// The name may contain slashes itself; the number does not.
		if records[number] == nil {
			records[number] = map[string][]byte{}
		}
		records[number][name] = value
		return nil
	})
	if err != nil {
		return err
	}
	err = p.db.Each(database.Customers, func(number string, value []byte) error {
		var k clientKeys
		if err := json.Unmarshal(value, &k); err != nil {
			return err
		}
		lid, name, err := p.accounts.CustomerAccount(number)
		if err != nil {
			return err
		}
		if !k.isComplete() { // better found out at the start than by a panic later
			return errors.New("the record is damaged")
		}
		// It dials at once, and waits in the listener's backlog until the server accepts.
		c := p.newCustomer(person{number, lid, name}, k, records[number])
		p.mu.Lock()
		defer p.mu.Unlock()
		p.byNumber[number] = c
		p.running.Go(c.stayConnected)
		return nil
	})
	if err != nil {
		return err
	}
	// Letters last: each looks for its customer.
	if err := p.db.Each(database.Inbox, p.loadLetter); err != nil {
		return err
	}
	return p.db.Each(database.Outbox, p.loadSent)
}

// loadLetter restores one letter. The database yields them in order. Their customers were
// loaded before.
func (p *Pool) loadLetter(key string, value []byte) error {
	number, index, _ := strings.Cut(key, "/")
	c, err := p.Customer(number)
	if err != nil {
		return err
	}
	return c.inbox.load(index, value)
}

// loadSent restores one message that a customer has sent, as loadLetter does.
func (p *Pool) loadSent(key string, value []byte) error {
	number, index, _ := strings.Cut(key, "/")
	c, err := p.Customer(number)
	if err != nil {
		return err
	}
	return c.outbox.load(index, value)
}

// Add returns the customer with a number, and makes it if there is none. It fails with
// [flowhq.Conflict] if the number is a phone's, and with [flowhq.Unavailable] while the
// pool ends. When it returns, the customer is in the file, but not yet connected.
func (p *Pool) Add(number, name string) (c *Customer, isNew bool, err error) {
	// The flush covers a customer that another request has added just before, too.
	if c, isNew, err = p.add(number, name); err != nil {
		return nil, false, err
	}
	return c, isNew, p.db.Flush()
}

// add is Add without waiting for the file, which would keep others from the pool.
func (p *Pool) add(number, name string) (c *Customer, isNew bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.byNumber[number]; c != nil {
		return c, false, nil
	}
	if p.isEnding {
		return nil, false, flowhq.Errorf(flowhq.Unavailable, "the simulator is ending")
	}
	k := newClientKeys()
	record, err := json.Marshal(k)
	if err != nil {
		return nil, false, err
	}
	// The private keys are saved with the account, all or none. The pool's lock is held
	// meanwhile, so that two requests for one number make one customer.
	lid, err := p.accounts.RegisterCustomer(number, name, k.public(), database.Changes{
		{Bucket: database.Customers, Name: number}: record,
	})
	if err != nil {
		return nil, false, err
	}
	c = p.newCustomer(person{number, lid, name}, k, nil)
	p.byNumber[number] = c
	p.running.Go(c.stayConnected)
	return c, true, nil
}

// Customer returns the customer with a number, connected or not. It fails with
// [flowhq.NotFound].
func (p *Pool) Customer(number string) (*Customer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.byNumber[number]; c != nil {
		return c, nil
	}
	return nil, flowhq.Errorf(flowhq.NotFound, "there is no customer +%s", number)
}

// Stop ends all customers and waits for them. They hang up in good order, so that a server
// which is started again does not count a connection as replaced.
func (p *Pool) Stop() {
	p.mu.Lock()
	p.isEnding = true
	p.mu.Unlock()
	p.cancel()
	p.running.Wait()
}
