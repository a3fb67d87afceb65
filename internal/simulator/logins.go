package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	waBinary "go.mau.fi/whatsmeow/binary"
)

// maxLogins bounds the logins that are remembered of one number.
const maxLogins = 5000

// A login is one time that a companion of a number came in. Guarded by
// server.mu.
type login struct {
	At     time.Time `json:"at"`
	Device int       `json:"device"`
	Peer   string    `json:"peer"` // the client's host:port; "" for a stranger of the replace fault
	// Replaced is the client's host:port of the live connection that this login
	// threw out, "" if there was none.
	Replaced string `json:"replaced"`
	Version  string `json:"version"` // that the client passes for
	// OffAirMS is for how long the device was offline before, in milliseconds; 0 if it
	// was not, or that is not known.
	OffAirMS int64 `json:"off_air_ms"`
	// Late counts the messages and receipts that came on that connection
	// afterwards. They reached nobody.
	Late int `json:"late"`

	key string // in the file
}

// peer returns the client's address.
func (c *conn) peer() string {
	if c.tcp == nil {
		return ""
	}
	return c.tcp.RemoteAddr().String()
}

// note remembers a login of d, if d is a companion, and returns the generation
// after which it is safe. The caller holds mu.
func (s *server) note(d *device, l *login) (saved uint64) {
	if d.ID == 0 {
		return 0
	}
	a := d.account
	l.key = fmt.Sprintf("%s/%010d", a.Number, a.came)
	a.came++
	a.logins = append(a.logins, l)
	if len(a.logins) > maxLogins {
		s.db.remove(bucketLogins, a.logins[0].key)
		a.logins = a.logins[1:]
	}
	return s.db.put(bucketLogins, l.key, encode(l))
}

// loadLogin restores one login; the database yields them in order.
func (s *server) loadLogin(key string, value []byte) error {
	number, index, _ := strings.Cut(key, "/")
	a := s.accounts[number]
	if a == nil {
		return errors.New("no such account")
	}
	l := &login{key: key}
	if err := json.Unmarshal(value, l); err != nil {
		return err
	}
	if _, err := fmt.Sscanf(index, "%d", &a.came); err != nil {
		return err
	}
	a.came++
	a.logins = append(a.logins, l)
	return nil
}

// overhear counts what a client still says on a connection that was thrown out.
func (c *conn) overhear(n *waBinary.Node) {
	if n.Tag != classMessage && n.Tag != classReceipt {
		return
	}
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := c.successor; l != nil && l.key != "" {
		l.Late++
		s.db.put(bucketLogins, l.key, encode(l))
	}
}

// replace makes the fault of that name.
func (s *server) replace(number string) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, replaced := s.accounts[number], 0
	if a.Customer {
		return nil, fail(http.StatusConflict, "+%s is a customer, who has no linked devices", number)
	}
	for _, d := range a.sorted() {
		l := &login{At: time.Now().UTC(), Device: int(d.ID)}
		if d.ID > 0 && s.throwOut(d, l) {
			s.note(d, l)
			replaced++
		}
	}
	return map[string]int{"replaced": replaced}, nil
}

// listLogins answers GET /phones/{number}/logins, oldest first.
func (s *server) listLogins(r *http.Request) (int, any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.phone(r)
	if err != nil {
		return 0, nil, err
	}
	list := []login{}
	for _, l := range a.logins {
		list = append(list, *l)
	}
	return http.StatusOK, map[string]any{"logins": list}, nil
}
