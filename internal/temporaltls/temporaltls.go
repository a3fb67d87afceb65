// Package temporaltls puts a Temporal that is open to everybody, as those of tests are,
// behind what guards one in production: TLS, client certificates, an API key. The embedded
// server of the tests has none of these, so an HTTP/2 proxy in front of it stands in.
package temporaltls

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Name is the one in the certificate of a Temporal that is served here. It is none under
// which the server is reached, so clients must be told it, as TEMPORAL_TLS_SERVER_NAME does.
const Name = "temporal.test"

// validFor is how long before and after its making a certificate is valid: longer than any
// test, and wide enough for a clock that is set meanwhile.
const validFor = time.Hour

// An Authority issues certificates that last as long as one test.
type Authority struct {
	File string // of its own certificate, in PEM

	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority returns an Authority that nobody knows but who is given its File.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{t: t}
	a.cert, a.key = a.issue("authority", nil)
	a.File = filepath.Join(t.TempDir(), "ca.pem")
	a.write(a.File, "CERTIFICATE", a.cert.Raw)
	return a
}

// issue makes a certificate for a name and the key that belongs to it. by signs it; the
// certificate signs itself if by is nil, which makes it that of an authority.
func (a *Authority) issue(name string, by *Authority) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		// An authority may not use a serial number twice, and issues far fewer than one
		// certificate in a nanosecond.
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-validFor), NotAfter: time.Now().Add(validFor),
		IsCA: by == nil, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		// Either side's: the tests have no reason to tell a server from a client.
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	// Signed by its own key unless somebody else signs it.
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

// Pair writes a certificate for a name and its key to files in PEM, and returns their
// paths. They are removed with the test.
func (a *Authority) Pair(name string) (cert, key string) {
	a.t.Helper()
	c, k := a.issue(name, a)
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		a.t.Fatal(err)
	}
	dir := a.t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	a.write(cert, "CERTIFICATE", c.Raw)
	a.write(key, "PRIVATE KEY", der)
	return cert, key
}

// write writes one PEM block of the given kind.
func (a *Authority) write(file, kind string, der []byte) {
	a.t.Helper()
	block := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	// Readable by this user alone, as a real key has to be.
	if err := os.WriteFile(file, block, 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// Serve puts TLS in front of the Temporal at backend, and returns the address at which it
// is reached through that until the test ends. Clients need a certificate of the
// authority's or, if apiKey is not "", that key and no certificate.
func Serve(t testing.TB, a *Authority, backend, apiKey string) (address string) {
	t.Helper()
	// Its own certificate is of the same authority, whose File a client is given to trust.
	certFile, keyFile := a.Pair(Name)
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	// gRPC is HTTP/2 only, which net/http speaks without TLS only when told to.
	plain := &http.Transport{Protocols: new(http.Protocols)}
	plain.Protocols.SetUnencryptedHTTP2(true)
	// Each piece is passed on at once (-1): a long poll sends its header long before its end.
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: backend})
	forward.Transport, forward.FlushInterval = plain, -1
	forward.ModifyResponse = moveStatusToTrailer
	// What it would log is connections that tests cut on purpose.
	forward.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if apiKey != "" && r.Header.Get("Authorization") != "Bearer "+apiKey {
			w.Header().Set("Content-Type", "application/grpc")
			w.Header().Set("Grpc-Status", "7") // PERMISSION_DENIED, as Temporal Cloud answers
			w.Header().Set("Grpc-Message", "Request unauthorized.")
			return
		}
		forward.ServeHTTP(w, r)
	}))
	s.EnableHTTP2 = true // offered in the TLS handshake, without which a gRPC client hangs up
	s.Config.ErrorLog = forward.ErrorLog
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	if apiKey == "" {
		// The handshake itself refuses a client without a certificate, or with that of another
		// authority. This is the answer that an operator must understand.
		s.TLS.ClientCAs = x509.NewCertPool()
		s.TLS.ClientCAs.AddCert(a.cert)
		s.TLS.ClientAuth = tls.RequireAndVerifyClientCert
	}
	// The listener is on loopback, on a port of the kernel's choice.
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// moveStatusToTrailer moves the outcome of a failed call from the header of an answer to
// its trailer. A gRPC server sends the header alone if there is nothing else to say. The
// proxy flushes that header and ends the answer afterwards, and then the client looks for
// the outcome in the trailer.
func moveStatusToTrailer(r *http.Response) error {
	for name, values := range r.Header {
		if strings.HasPrefix(name, "Grpc-Status") || name == "Grpc-Message" {
			if r.Trailer == nil {
				r.Trailer = http.Header{}
			}
			r.Trailer[name] = values
			delete(r.Header, name)
		}
	}
	return nil
}
