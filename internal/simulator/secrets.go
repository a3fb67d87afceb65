package simulator

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

// Files in the state directory. The first two are for clients, the rest is the
// simulator's own.
const (
	caFile       = "ca.pem"       // root of the TLS certificate
	rootKeyFile  = "root.key"     // root of the Noise certificates, 32 bytes in hex
	secretsFile  = "secrets.json" // the private keys of both roots
	databaseFile = "state.db"
)

// Host names the unmodified client may dial.
var hostNames = []string{"web.whatsapp.com", "mmg.whatsapp.net", "localhost"}

const (
	validFor     = 10 * 365 * 24 * time.Hour // of all certificates
	clockSkew    = 24 * time.Hour            // certificates are valid since that long
	serialNumber = 1                         // of the intermediate Noise certificate
)

// secrets are the server's identity. They are made once: clients keep trusting
// a simulator that is started again on the same directory.
type secrets struct {
	CACert []byte `json:"ca_cert"` // DER
	CAKey  []byte `json:"ca_key"`  // DER
	Root   []byte `json:"noise_root"`
	Middle []byte `json:"noise_intermediate"`
	Static []byte `json:"noise_static"`
}

// loadSecrets reads the server's identity from dir, or makes it, and writes the
// two files that clients need.
func loadSecrets(dir string) (*secrets, error) {
	var s secrets
	data, err := os.ReadFile(filepath.Join(dir, secretsFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if s, err = newSecrets(); err != nil {
			return nil, err
		}
		if data, err = json.Marshal(s); err != nil {
			return nil, err
		}
		if err = writeFile(dir, secretsFile, data, 0o600); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	default:
		if err = json.Unmarshal(data, &s); err != nil {
			return nil, fmt.Errorf("%s: %w", secretsFile, err)
		}
	}
	if len(s.Root) != 32 || len(s.Middle) != 32 || len(s.Static) != 32 {
		return nil, fmt.Errorf("%s: a key does not have 32 bytes", secretsFile)
	}
	root := s.rootKey()
	return &s, errors.Join(
		writeFile(dir, caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.CACert}), 0o644),
		writeFile(dir, rootKeyFile, []byte(hex.EncodeToString(root[:])+"\n"), 0o644))
}

// writeFile replaces the file as a whole: nobody ever reads half of it.
func writeFile(dir, name string, data []byte, mode os.FileMode) error {
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path+".new", data, mode); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func newSecrets() (secrets, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return secrets{}, err
	}
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
		return secrets{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return secrets{}, err
	}
	return secrets{
		CACert: cert, CAKey: der,
		Root: keys.NewKeyPair().Priv[:], Middle: keys.NewKeyPair().Priv[:], Static: keys.NewKeyPair().Priv[:],
	}, nil
}

// serverTLS returns the configuration of the listener, with a leaf certificate
// made for this run.
func (s *secrets) serverTLS() (*tls.Config, error) {
	ca, err := x509.ParseCertificate(s.CACert)
	if err != nil {
		return nil, fmt.Errorf("TLS root: %w", err)
	}
	caKey, err := x509.ParsePKCS8PrivateKey(s.CAKey)
	if err != nil {
		return nil, fmt.Errorf("TLS root key: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
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
		NextProtos:   []string{"http/1.1"}, // websockets need it
	}, nil
}

// roots returns the pool in which clients find the TLS root.
func (s *secrets) roots() (*x509.CertPool, error) {
	ca, err := x509.ParseCertificate(s.CACert)
	if err != nil {
		return nil, fmt.Errorf("TLS root: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	return pool, nil
}

// rootKey returns the public key at the root of the Noise certificates, which a
// client must trust.
func (s *secrets) rootKey() [32]byte {
	return *keys.NewKeyPairFromPrivateKey([32]byte(s.Root)).Pub
}

// certificates returns the chain that proves the static Noise key.
func (s *secrets) certificates() ([]byte, error) {
	middle := keys.NewKeyPairFromPrivateKey([32]byte(s.Middle))
	static := keys.NewKeyPairFromPrivateKey([32]byte(s.Static))
	upper, err := noiseCertificate(s.Root, serialNumber, 0, middle.Pub[:])
	if err != nil {
		return nil, err
	}
	lower, err := noiseCertificate(s.Middle, serialNumber+1, serialNumber, static.Pub[:])
	if err != nil {
		return nil, err
	}
	return proto.Marshal(&waCert.CertChain{Intermediate: upper, Leaf: lower})
}

func noiseCertificate(signer []byte, serial, issuer uint32, key []byte) (*waCert.CertChain_NoiseCertificate, error) {
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
	signature := ecc.CalculateSignature(ecc.NewDjbECPrivateKey([32]byte(signer)), details)
	return &waCert.CertChain_NoiseCertificate{Details: details, Signature: signature[:]}, nil
}
