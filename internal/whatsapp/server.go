package whatsapp

import (
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
)

// A Server is a WhatsApp server other than WhatsApp's own, such as the simulator. The
// library trusts a server by two chains: the TLS certificate, and the Noise certificates
// that are exchanged inside of TLS.
type Server struct {
	Addr    string         // host:port that every connection goes to
	RootCAs *x509.CertPool // who signed its TLS certificate
	RootKey [32]byte       // public root of its Noise certificates
}

// LoadServer reads what is needed to trust the server at addr. caFile holds PEM
// certificates, rootKeyFile the Noise root key as 64 hexadecimal digits. Its errors name
// the file.
func LoadServer(addr, caFile, rootKeyFile string) (*Server, error) {
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("CA file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("CA file %s: holds no PEM certificate", caFile)
	}
	text, err := os.ReadFile(rootKeyFile)
	if err != nil {
		return nil, fmt.Errorf("root key file: %w", err)
	}
	server := &Server{Addr: addr, RootCAs: pool}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err == nil && len(key) != len(server.RootKey) {
		err = errors.New("must be 64 hexadecimal digits")
	}
	if err != nil {
		return nil, fmt.Errorf("root key file %s: %w", rootKeyFile, err)
	}
	copy(server.RootKey[:], key)
	return server, nil
}
