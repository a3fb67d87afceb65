package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	waBinary "go.mau.fi/whatsmeow/binary"

	"github.com/flowhq/flowhq/internal/simulator/database"
)

// maxLogins bounds the logins that are remembered of one number. The chaos test, which
// looks for two hosts of one number in them, makes a few hundred.
const maxLogins = 5000

// A Login is one time that a companion of a number came in.
type Login struct {
	At     time.Time `json:"at"`
	Device int       `json:"device"`
	Peer   string    `json:"peer"` // the client's host:port; "" for the stranger of a fault
	// Replaced is the client's host:port of the live connection that this login threw
	// out, "" if there was none.
	Replaced string `json:"replaced"`
	Version  string `json:"version"` // that the client passes for
	// OfflineMS is for how long the device was offline before, in milliseconds; 0 if it
	// was not, or that is not known.
	OfflineMS int64 `json:"offline_ms"`
	// Late counts the messages and receipts that came afterwards on the connection that
	// was thrown out. They reached nobody.
	Late int `json:"late"`
}

// A login is a Login in the state, with its name in the file.
type login struct {
	Login
	name string
}

// recordLogin remembers a login of d, if d is a companion. It returns the generation
// after which the login is in the file.
func (st *state) recordLogin(d *device, l *login) (saved uint64) {
	if d.ID == 0 {
		return 0
	}
	a, db := d.account, st.server.db
	l.name = fmt.Sprintf("%s/%010d", a.Number, a.came)
	a.came++
	a.logins = append(a.logins, l)
	if len(a.logins) > maxLogins {
		db.Remove(database.Logins, a.logins[0].name)
		a.logins = a.logins[1:]
	}
	return db.Put(database.Logins, l.name, encode(l.Login))
}

// loadLogin restores one login. The database yields them in order.
func (st *state) loadLogin(name string, value []byte) error {
	number, index, _ := strings.Cut(name, "/")
	a := st.accounts[number]
	if a == nil {
		return errors.New("no such account")
	}
	l := &login{name: name}
	if err := json.Unmarshal(value, &l.Login); err != nil {
		return err
	}
	// The oldest were removed, so the index says more than the length of the list.
	if _, err := fmt.Sscanf(index, "%d", &a.came); err != nil {
		return err
	}
	a.came++
	a.logins = append(a.logins, l)
	return nil
}

// countLate counts what a client still says on a connection that was thrown out, for the
// chaos test: two hosts of one number that both send would be the worst that can happen.
func (c *conn) countLate(n *waBinary.Node) {
	if n.Tag != classMessage && n.Tag != classReceipt {
		return
	}
	c.server.do(func(st *state) {
		// A customer's logins are not recorded, so they have no name.
		if l := st.links[c].successor; l != nil && l.name != "" {
			l.Late++
			c.server.db.Put(database.Logins, l.name, encode(l.Login))
		}
	})
}

// Logins returns the logins of a phone's companions, oldest first. It fails with
// [flowhq.NotFound].
func (s *Server) Logins(number string) (list []Login, err error) {
	s.do(func(st *state) {
		var a *account
		if a, err = st.phone(number); err != nil {
			return
		}
		list = make([]Login, 0, len(a.logins))
		for _, l := range a.logins {
			list = append(list, l.Login)
		}
	})
	return list, err
}
