package server

import (
	"time"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq"
)

// These faults happen at once and leave nothing behind. Each acts on the connections that
// there are at the moment.

// Drop cuts the connections of a number, or everybody's if it is "", as a network failure
// would. It returns how many there were.
func (s *Server) Drop(number string) int {
	dropped := s.connections(func(l *link) bool {
		return number == "" || (l.device != nil && l.device.account.Number == number)
	})
	for _, c := range dropped {
		c.Cut()
	}
	return len(dropped)
}

// Freeze leaves the present connections of a number's companions open, and neither reads
// nor sends anything on them from now on. It returns how many there were.
func (s *Server) Freeze(number string) int {
	frozen := s.connections(func(l *link) bool {
		return l.device != nil && l.device.ID > 0 && l.device.account.Number == number
	})
	for _, c := range frozen {
		c.Freeze()
	}
	return len(frozen)
}

// Replace has a stranger log in with the keys of each of a number's companions, and go.
// It returns how many live connections that threw out. It fails with [flowhq.Conflict] if
// the number is a customer's.
func (s *Server) Replace(number string) (replaced int, err error) {
	s.do(func(st *state) {
		a := st.accounts[number]
		if err = a.checkIsPhone(); err != nil {
			return
		}
		for _, d := range a.sorted() {
			l := &login{Login: Login{At: time.Now().UTC(), Device: int(d.ID)}}
			if d.ID > 0 && st.replaceLink(d, l) {
				st.recordLogin(d, l)
				replaced++
			}
		}
	})
	return replaced, err
}

// checkIsPhone fails for an account that has no linked devices. The fault would befall
// nobody, and a test that makes it would pass for the wrong reason.
func (a *account) checkIsPhone() error {
	if a.Customer {
		return flowhq.Errorf(flowhq.Conflict,
			"%s is a customer, who has no linked devices", a.e164())
	}
	return nil
}

// RefreshCodes has the clients that show codes change the secret in them, as phones of late
// do when they are about to scan. Who scans the old picture is refused then. It returns how
// many clients there were.
func (s *Server) RefreshCodes() int {
	showing := s.connections(func(l *link) bool { return l.pairing != nil })
	for _, c := range showing {
		_ = c.Send(s.notification(types.ServerJID, "companion_reg_refresh",
			waBinary.Node{Tag: "companion_reg_refresh"}))
	}
	return len(showing)
}

// passkeyOptions is what a browser would ask the person's authenticator with.
const passkeyOptions = `{"challenge":"c2ltdWxhdGVk","timeout":60000,` +
	`"rpId":"whatsapp.com","allowCredentials":[],"userVerification":"required"}`

// askPasskey asks the client that showed the code for the account's passkey, if the
// account wants it. It reports whether it did; the scan then has come to nothing, because
// no host here has a passkey.
func (s *Server) askPasskey(phone profile, c *conn) bool {
	if !s.Faults.requiresPasskey(phone.Number) {
		return false
	}
	options := waBinary.Node{Tag: "passkey_request_options", Content: []byte(passkeyOptions)}
	_ = c.Send(s.notification(types.ServerJID, "passkey_prologue_request", options))
	return true
}
