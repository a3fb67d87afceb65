// Package temporaltls puts a Temporal that is open to everybody, as those of tests are,
// behind what guards one in production: TLS, client certificates, an API key.
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

// Name is in the certificate of a Temporal that is served here.
const Name = "temporal.test"

// An Authority issues certificates.
type Authority struct {
	File string // of its own certificate, PEM

	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority returns an Authority that nobody else knows.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{t: t}
	a.cert, a.key = a.issue("authority", nil)
	a.File = filepath.Join(t.TempDir(), "ca.pem")
	a.write(a.File, "CERTIFICATE", a.cert.Raw)
	return a
}

// issue makes a certificate for a name, by itself if there is no issuer yet.
func (a *Authority) issue(name string, by *Authority) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: by == nil, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
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

// Pair writes a certificate for a name and its key, and returns the files.
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

func (a *Authority) write(file, kind string, der []byte) {
	a.t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// Serve puts TLS before the Temporal at backend, and returns where it is reached from then
// on. Clients need a certificate of the authority's, or, if there is an API key, that.
func Serve(t testing.TB, a *Authority, backend, apiKey string) (address string) {
	t.Helper()
	certFile, keyFile := a.Pair(Name)
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	plain := &http.Transport{Protocols: new(http.Protocols)}
	plain.Protocols.SetUnencryptedHTTP2(true)
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: backend})
	forward.Transport, forward.FlushInterval, forward.ModifyResponse = plain, -1, endWithTrailers
	forward.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if apiKey != "" && r.Header.Get("Authorization") != "Bearer "+apiKey {
			w.Header().Set("Content-Type", "application/grpc")
			w.Header().Set("Grpc-Status", "7")
			w.Header().Set("Grpc-Message", "Request unauthorized.")
			return
		}
		forward.ServeHTTP(w, r)
	}))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = forward.ErrorLog
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	if apiKey == "" {
		s.TLS.ClientCAs = x509.NewCertPool()
		s.TLS.ClientCAs.AddCert(a.cert)
		s.TLS.ClientAuth = tls.RequireAndVerifyClientCert
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// endWithTrailers puts how a call has failed where a proxy passes it on: of an answer that
// is nothing else, gRPC has it in the header.
func endWithTrailers(r *http.Response) error {
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
