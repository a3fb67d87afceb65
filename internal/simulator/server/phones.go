package server

import (
	"slices"
	"strings"

	"go.mau.fi/whatsmeow/util/keys"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/simulator/database"
	"github.com/flowhq/flowhq/internal/simulator/wire"
)

// A Phone is an account that bots can be linked to, as it is shown. A phone is silent:
// what is sent to itself and not to its companions is dropped.
type Phone struct {
	Number  string   `json:"number"` // E.164
	Name    string   `json:"name"`
	LID     string   `json:"lid"`
	Devices []Device `json:"devices"` // companions only
}

// A Device is a companion of a phone, as it is shown.
type Device struct {
	ID  int    `json:"id"`
	JID string `json:"jid"`
	// Connected says that the server has not seen the end of its connection yet.
	Connected bool `json:"connected"`
	// Queued counts the stanzas that it has not acknowledged. 0 means that it has everything.
	Queued int `json:"queued"`
}

// A Customer is the account of a person, as it is shown. Its client is in package
// customers, and known here only by its connection.
type Customer struct {
	Number    string `json:"number"` // E.164
	Name      string `json:"name"`
	LID       string `json:"lid"`
	Connected bool   `json:"connected"`
}

// phoneView describes a phone. The phone itself, device 0, is not among its devices.
func (a *account) phoneView() Phone {
	v := Phone{Number: a.e164(), Name: a.Name, LID: a.lid().String(), Devices: []Device{}}
	for _, d := range a.sorted() {
		if d.ID > 0 {
			v.Devices = append(v.Devices, Device{
				ID: int(d.ID), JID: d.pn().String(),
				Connected: d.link != nil, Queued: len(d.queue.entries),
			})
		}
	}
	return v
}

// customerView describes a customer. Between two connections it is not connected, though
// its client is about to dial again.
func (a *account) customerView() Customer {
	return Customer{
		Number: a.e164(), Name: a.Name, LID: a.lid().String(), Connected: a.connected() > 0,
	}
}

// byNumber returns all customers, or all phones. The order is for people who read lists.
func (st *state) byNumber(isCustomer bool) (out []*account) {
	for _, a := range st.accounts {
		if a.Customer == isCustomer {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b *account) int { return strings.Compare(a.Number, b.Number) })
	return out
}

// What follows is what the control API asks and commands. Numbers are digits only.

// AddPhone returns the phone with a number, and makes it if there is none. It fails with
// [flowhq.Conflict] if the number is a customer's or there is no room. When it returns,
// the phone is in the file.
func (s *Server) AddPhone(number, name string) (v Phone, isNew bool, err error) {
	s.do(func(st *state) {
		a := st.accounts[number]
		switch {
		case a == nil:
			if err = st.checkRoom(); err != nil {
				return
			}
			a, isNew = st.addPhone(number, name), true
		// A name that differs is no conflict: demos name their phones anew each time.
		case a.Customer:
			err = flowhq.Errorf(flowhq.Conflict, "+%s is a customer", number)
			return
		}
		v = a.phoneView()
	})
	if err != nil {
		return Phone{}, false, err
	}
	return v, isNew, s.db.Flush()
}

// addPhone makes a phone, with keys of its own. Its device 0 can sign companions and is
// never connected.
func (st *state) addPhone(number, name string) *account {
	identity := keys.NewKeyPair()
	// Nobody writes to the phone itself, but clients ask for its keys all the same: a
	// message to an account is encrypted for each of its devices.
	a := st.newAccount(profile{
		Number: number, Name: name,
		Identity: identity.Priv[:], Registration: wire.NewRegistration(),
	})
	signed := identity.CreateSignedPreKey(1) // the private half is never used
	d := st.addDevice(a, 0, wire.DeviceKeys{
		Identity: identity.Pub[:], Registration: a.Registration,
		Signed:    wire.PreKey{ID: signed.KeyID, Key: signed.Pub[:]},
		Signature: signed.Signature[:],
	})
	st.server.db.Change(database.Changes{a.key(): encode(a), d.key(): encode(d)})
	return a
}

// RegisterCustomer makes the account of a customer, whose only device has the given keys.
// WhatsApp would send an SMS first. More changes are saved with it, all or none: an
// account without its client's private keys could never be used again. It returns the
// hidden identity and fails as [Server.AddPhone] does.
func (s *Server) RegisterCustomer(
	number, name string, keys wire.DeviceKeys, more database.Changes,
) (lid string, err error) {
	s.do(func(st *state) {
		if st.accounts[number] != nil {
			err = flowhq.Errorf(flowhq.Conflict, "+%s is a phone", number)
			return
		}
		if err = st.checkRoom(); err != nil {
			return
		}
		a := st.newAccount(profile{Number: number, Name: name, Customer: true})
		d := st.addDevice(a, 0, keys)
		// It is connected later: the client logs in like any other.
		all := database.Changes{a.key(): encode(a), d.key(): encode(d)}
		// Buckets differ, so nothing of the caller's replaces what is above.
		for key, value := range more {
			all[key] = value
		}
		s.db.Change(all)
		lid = a.LID
	})
	return lid, err
}

// CustomerAccount returns the hidden identity and the name of a customer. It fails with
// [flowhq.NotFound], also if the number is a phone's.
func (s *Server) CustomerAccount(number string) (lid, name string, err error) {
	s.do(func(st *state) {
		if a := st.accounts[number]; a != nil && a.Customer {
			lid, name = a.LID, a.Name
			return
		}
		err = flowhq.Errorf(flowhq.NotFound, "there is no customer +%s", number)
	})
	return lid, name, err
}

// Phones returns all phones by number. The list is never nil, so that JSON has [] for it.
func (s *Server) Phones() []Phone {
	list := []Phone{}
	s.do(func(st *state) {
		for _, a := range st.byNumber(false) {
			list = append(list, a.phoneView())
		}
	})
	return list
}

// Phone returns the phone with a number. It fails with [flowhq.NotFound].
func (s *Server) Phone(number string) (v Phone, err error) {
	s.do(func(st *state) {
		var a *account
		if a, err = st.phone(number); err == nil {
			v = a.phoneView()
		}
	})
	return v, err
}

// Customers returns all customers by number, in a list that is never nil.
func (s *Server) Customers() []Customer {
	list := []Customer{}
	s.do(func(st *state) {
		for _, a := range st.byNumber(true) {
			list = append(list, a.customerView())
		}
	})
	return list
}

// Customer returns the customer with a number. It fails with [flowhq.NotFound].
func (s *Server) Customer(number string) (v Customer, err error) {
	// Accounts are never removed, so it is still there in the second step.
	if _, _, err = s.CustomerAccount(number); err == nil {
		s.do(func(st *state) { v = st.accounts[number].customerView() })
	}
	return v, err
}

// HasNumber reports whether somebody has a number, be it a phone or a customer. Accounts
// are never removed, so the answer stays true.
func (s *Server) HasNumber(number string) (hasNumber bool) {
	s.do(func(st *state) { hasNumber = st.accounts[number] != nil })
	return hasNumber
}

// Unlink removes one companion of a phone, as a person does in the phone's list of linked
// devices, and returns its id. It fails with
// [flowhq.NotFound] if there is no such phone or companion.
func (s *Server) Unlink(number string, id int) ([]int, error) {
	unlinked, err := s.unlink(number, func(d *device) bool { return int(d.ID) == id })
	if err == nil && len(unlinked) == 0 {
		return nil, flowhq.Errorf(flowhq.NotFound, "+%s has no linked device %d", number, id)
	}
	return unlinked, err
}

// UnlinkAll removes all companions of a phone, and returns their ids, of which there may be
// none. It fails with [flowhq.NotFound] if there is no such phone.
func (s *Server) UnlinkAll(number string) ([]int, error) {
	return s.unlink(number, func(*device) bool { return true })
}

// unlink removes the companions of a phone that match. When it returns, that is in the
// file: after a crash, too, a device that was unlinked must not be let in.
func (s *Server) unlink(number string, match func(*device) bool) ([]int, error) {
	unlinked := []int{}
	var err error
	s.do(func(st *state) {
		var a *account
		if a, err = st.phone(number); err != nil {
			return
		}
		for _, d := range a.sorted() {
			if match(d) && st.unlink(a, d.ID, nil) {
				unlinked = append(unlinked, int(d.ID))
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return unlinked, s.db.Flush()
}
