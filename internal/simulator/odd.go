package simulator

import (
	"crypto/tls"
	"errors"
	"net/http"
	"slices"
	"time"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

// Odd is how the server behaves strangely in ways that clients cannot mend: it does
// not prove who it is, asks for what they cannot do, or falls silent. It is guarded
// by server.mu.
type odd struct {
	away                 time.Time       // until when it hangs up on whoever connects
	wrongTLS, wrongNoise time.Time       // until when it proves to be somebody else
	codes                int             // a client that links is given so many; 0 = as usual
	passkeys             map[string]bool // by digits: phones whose account wants its passkey
}

// An impostor is an identity that clients do not trust.
type impostor struct {
	tls   *tls.Config
	noise []byte // a chain for the server's own key, from another root
}

func (s *secrets) impostor() (i impostor, err error) {
	other, err := newSecrets()
	if err != nil {
		return i, err
	}
	other.Static = s.Static
	if i.tls, err = other.serverTLS(); err != nil {
		return i, err
	}
	i.noise, err = other.certificates()
	return i, err
}

// errAway ends a handshake on which the server has hung up.
var errAway = errors.New("nobody is there")

// chooseTLS has the impostor answer, or nobody, while that fault lasts.
func (s *server) chooseTLS(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.faults.odd.away) {
		_ = hello.Conn.Close()
		return nil, errAway
	}
	if time.Now().Before(s.faults.odd.wrongTLS) {
		return s.impostor.tls, nil
	}
	return nil, nil //nolint:nilnil // net/http's way to say: the usual one
}

// noiseChain returns the certificates to show in the next handshake.
func (s *server) noiseChain() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.faults.odd.wrongNoise) {
		return s.impostor.noise
	}
	return s.certificates
}

// pose has an impostor answer new connections for a while, or nobody.
func (s *server) pose(in faultRequest) (any, error) {
	duration := time.Duration(in.Seconds * float64(time.Second))
	if duration < 0 || duration > maxRefusal {
		return nil, fail(http.StatusBadRequest, "seconds must be 0 to %d", int(maxRefusal.Seconds()))
	}
	until := time.Now().Add(duration)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch in.Kind {
	case "unreachable":
		s.faults.odd.away = until
	case "wrong_tls":
		s.faults.odd.wrongTLS = until
	default:
		s.faults.odd.wrongNoise = until
	}
	return map[string]any{"until": until.UTC()}, nil
}

// fewCodes sets how many codes clients that link are given.
func (s *server) fewCodes(in faultRequest) (any, error) {
	if in.Count < 0 || in.Count > refCount {
		return nil, fail(http.StatusBadRequest, "count must be 0 to %d", refCount)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.odd.codes = in.Count
	return map[string]int{"count": in.Count}, nil
}

// codeCount returns how many codes the next client is given.
func (s *server) codeCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.faults.odd.codes; n > 0 {
		return n
	}
	return refCount
}

// wantPasskey makes the account of a phone ask for its passkey when it next scans a
// code, and each time after that.
func (s *server) wantPasskey(number string) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.odd.passkeys[number] = true
	return map[string]string{}
}

// passkeyOptions is what a browser would ask the person's authenticator with.
const passkeyOptions = `{"challenge":"c2ltdWxhdGVk","timeout":60000,"rpId":"whatsapp.com","allowCredentials":[],"userVerification":"required"}`

// askPasskey asks the client that showed the code for the account's passkey, if the
// account has one. It reports whether it did; the scan then has come to nothing.
func (s *server) askPasskey(a *account, c *conn) bool {
	s.mu.Lock()
	asks := s.faults.odd.passkeys[a.Number]
	id := s.stanzaID()
	s.mu.Unlock()
	if asks {
		_ = c.send(waBinary.Node{ // the client is gone if this fails
			Tag:     classNotification,
			Attrs:   waBinary.Attrs{"from": types.ServerJID, "id": id, "type": "passkey_prologue_request", "t": now()},
			Content: []waBinary.Node{{Tag: "passkey_request_options", Content: []byte(passkeyOptions)}},
		})
	}
	return asks
}

// refreshCodes tells the clients that show codes to change the secret in them, as
// phones of late do when they are about to scan.
func (s *server) refreshCodes() any {
	showing := s.connections(func(c *conn) bool { return c.pairing != nil && c.device == nil })
	for _, c := range showing {
		s.mu.Lock()
		id := s.stanzaID()
		s.mu.Unlock()
		_ = c.send(waBinary.Node{
			Tag:     classNotification,
			Attrs:   waBinary.Attrs{"from": types.ServerJID, "id": id, "type": "companion_reg_refresh", "t": now()},
			Content: []waBinary.Node{{Tag: "companion_reg_refresh"}},
		})
	}
	return map[string]int{"refreshed": len(showing)}
}

// deafen leaves the present connections of a number's companions open and has them
// neither hear nor say anything from now on.
func (s *server) deafen(number string) any {
	deaf := s.connections(func(c *conn) bool {
		return c.device != nil && c.device.ID > 0 && c.device.account.Number == number
	})
	for _, c := range deaf {
		c.deaf.Store(true)
	}
	return map[string]int{"deafened": len(deaf)}
}

// oddKinds are the faults of this file, in the order in which they are explained.
var oddKinds = []string{"deafen", "unreachable", "wrong_tls", "wrong_noise", "few_codes", "refresh_codes", "want_passkey"}

// makeOdd makes one of them.
func (s *server) makeOdd(number string, in faultRequest) (any, error) {
	switch in.Kind {
	case "deafen":
		return s.deafen(number), nil
	case "unreachable", "wrong_tls", "wrong_noise":
		return s.pose(in)
	case "few_codes":
		return s.fewCodes(in)
	case "refresh_codes":
		return s.refreshCodes(), nil
	default:
		return s.wantPasskey(number), nil
	}
}

func isOdd(kind string) bool { return slices.Contains(oddKinds, kind) }
