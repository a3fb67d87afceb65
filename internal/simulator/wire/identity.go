package wire

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"go.mau.fi/libsignal/ecc"
	"go.mau.fi/whatsmeow/proto/waCert"
	"go.mau.fi/whatsmeow/util/keys"
	"google.golang.org/protobuf/proto"
)

// A client believes that it talks to WhatsApp for two reasons. TLS shows a certificate whose
// root it trusts, and the handshake shows two Noise certificates whose root key is built into
// the library. Both roots are the simulator's own here. Clients trust them if they take the
// first from ca.pem and set whatsmeow.WACertPubKey to what root.key holds.

// Files in the state directory. The first two are for clients, the last is the server's
// own.
const (
	CAFile       = "ca.pem"       // root of the TLS certificate
	RootKeyFile  = "root.key"     // root of the Noise certificates, 32 bytes in hex
	identityFile = "secrets.json" // the private keys of both roots
)

// hostNames are those that the unmodified client dials, and the loopback's. The certificate
// is for all of them, so that the client's own checks of TLS stay on.
var hostNames = []string{"web.whatsapp.com", "mmg.whatsapp.net", "localhost"}

const (
	// validFor is how long certificates are valid. The client checks both ends of each
	// Noise certificate, too (handshake.go, verifyServerCert).
	validFor = 10 * 365 * 24 * time.Hour
	// clockSkew is how long ago certificates became valid, so that a client whose clock
	// is behind trusts them, too.
	clockSkew = 24 * time.Hour
	// intermediateSerial is that of the intermediate Noise certificate. The client
	// demands only that the leaf names it as its issuer.
	intermediateSerial = 1
	rootSerial         = 0 // fixed in the client (WACertIssuerSerial)
)

// An Identity is what a server proves itself with. It is made once for a state
// directory, so that clients keep trusting a simulator that is started again on it.
type Identity struct {
	CACert []byte `json:"ca_cert"` // DER
	CAKey  []byte `json:"ca_key"`  // DER
	// Root signs Middle, Middle signs Static. Static is the server's key in handshakes. All three
	// are private keys. They are drawn together and never change.
	Root   []byte `json:"noise_root"`
	Middle []byte `json:"noise_intermediate"`
	Static []byte `json:"noise_static"`
}

// LoadIdentity reads the identity from dir, or makes it, and writes the two files that
// clients need.
func LoadIdentity(dir string) (*Identity, error) {
	i := &Identity{}
	// The identity outlives the run: clients would refuse a server with new roots.
	data, err := os.ReadFile(filepath.Join(dir, identityFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if i, err = NewIdentity(); err != nil {
			return nil, err
		}
		if err = i.Save(dir); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	default:
		if err = json.Unmarshal(data, i); err != nil {
			return nil, fmt.Errorf("%s: %w", identityFile, err)
		}
	}
	// What uses the keys next would panic on another size.
	for _, key := range [][]byte{i.Root, i.Middle, i.Static} {
		if len(key) != keyBytes {
			return nil, fmt.Errorf("%s: a key does not have %d bytes", identityFile, keyBytes)
		}
	}
	// Both files are written each time, so that they always belong to the private keys.
	root := i.RootKey()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.CACert})
	return i, errors.Join(
		writeFile(dir, CAFile, ca, 0o644),
		writeFile(dir, RootKeyFile, []byte(hex.EncodeToString(root[:])+"\n"), 0o644))
}

// NewIdentity makes an identity that nobody trusts yet. The Noise keys need no certificate of
// an authority: the library compares the root with the one that it was given.
func NewIdentity() (*Identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	// A serial number of its own, so that no client takes it for an earlier root.
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(time.Now().UnixNano()),
		Subject:               pkix.Name{CommonName: "simulator root"},
		NotBefore:             time.Now().Add(-clockSkew),
		NotAfter:              time.Now().Add(validFor),
		KeyUsage:              x509.KeyUsageCertSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return &Identity{
		CACert: cert, CAKey: der,
		Root:   keys.NewKeyPair().Priv[:],
		Middle: keys.NewKeyPair().Priv[:],
		Static: keys.NewKeyPair().Priv[:],
	}, nil
}

// Save writes the identity, private keys included, into dir. Tests use it to give several
// simulators the one identity that all clients of their process trust.
func (i *Identity) Save(dir string) error {
	data, err := json.Marshal(i)
	if err != nil {
		return err
	}
	return writeFile(dir, identityFile, data, 0o600)
}

// writeFile replaces the file as a whole, so that nobody ever reads half of it: hosts
// read the two files for clients while a simulator starts.
func writeFile(dir, name string, data []byte, mode os.FileMode) error {
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path+".new", data, mode); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// TLS returns the configuration of the listener, with a leaf certificate made for this
// run.
func (i *Identity) TLS() (*tls.Config, error) {
	ca, err := x509.ParseCertificate(i.CACert)
	if err != nil {
		return nil, fmt.Errorf("TLS root: %w", err)
	}
	caKey, err := x509.ParsePKCS8PrivateKey(i.CAKey)
	if err != nil {
		return nil, fmt.Errorf("TLS root key: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	// The leaf need not last: clients trust its root, so each run can have its own.
	leaf, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: hostNames[0]},
		NotBefore:    ca.NotBefore,
		NotAfter:     ca.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     hostNames,
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}, ca, &key.PublicKey, caKey)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{leaf}, PrivateKey: key}},
		NextProtos:   []string{"http/1.1"}, // a websocket cannot be opened over HTTP/2 here
	}, nil
}

// Roots returns the pool in which clients find the TLS root. It is for clients in the same
// process; others read ca.pem.
func (i *Identity) Roots() (*x509.CertPool, error) {
	ca, err := x509.ParseCertificate(i.CACert)
	if err != nil {
		return nil, fmt.Errorf("TLS root: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	return pool, nil
}

// RootKey returns the public key at the root of the Noise certificates, which a client
// must trust.
func (i *Identity) RootKey() [32]byte {
	return *keys.NewKeyPairFromPrivateKey([32]byte(i.Root)).Pub
}

// Certificates returns the chain that proves the static Noise key, as the server sends it in
// the handshake.
func (i *Identity) Certificates() ([]byte, error) {
	middle := keys.NewKeyPairFromPrivateKey([32]byte(i.Middle))
	static := keys.NewKeyPairFromPrivateKey([32]byte(i.Static))
	upper, err := certify(middle.Pub[:], intermediateSerial, i.Root, rootSerial)
	if err != nil {
		return nil, err
	}
	lower, err := certify(static.Pub[:], intermediateSerial+1, i.Middle, intermediateSerial)
	if err != nil {
		return nil, err
	}
	return proto.Marshal(&waCert.CertChain{Intermediate: upper, Leaf: lower})
}

// certify returns the certificate of a key, signed with the issuer's private key. The
// signature is XEdDSA: Noise keys are for X25519, and sign all the same.
func certify(
	key []byte, serial uint32, issuerKey []byte, issuer uint32,
) (*waCert.CertChain_NoiseCertificate, error) {
	details, err := proto.Marshal(&waCert.CertChain_NoiseCertificate_Details{
		Serial:       proto.Uint32(serial),
		IssuerSerial: proto.Uint32(issuer),
		Key:          key,
		NotBefore:    proto.Uint64(uint64(time.Now().Add(-clockSkew).Unix())),
		NotAfter:     proto.Uint64(uint64(time.Now().Add(validFor).Unix())),
	})
	if err != nil {
		return nil, err
	}
	signature := ecc.CalculateSignature(ecc.NewDjbECPrivateKey([32]byte(issuerKey)), details)
	return &waCert.CertChain_NoiseCertificate{Details: details, Signature: signature[:]}, nil
}

// Impostor returns another identity with the same static key. The handshake uses that key,
// so it can go on with the impostor's certificates. A client gets as far as checking them,
// and finds that it does not trust their root.
func (i *Identity) Impostor() (*Identity, error) {
	other, err := NewIdentity()
	if err != nil {
		return nil, err
	}
	other.Static = i.Static
	return other, nil
}
