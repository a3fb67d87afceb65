package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
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

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"github.com/flowhq/flowhq/internal/config"
	"github.com/flowhq/flowhq/workflows"
)

// An authority issues certificates.
type authority struct {
	*testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // PEM
}

func newAuthority(t *testing.T) *authority {
	a := &authority{T: t}
	a.cert, a.key = a.issue("authority", nil)
	a.file = filepath.Join(t.TempDir(), "ca.pem")
	a.write(a.file, "CERTIFICATE", a.cert.Raw)
	return a
}

// issue makes a certificate for a name, by itself if there is no issuer yet.
func (a *authority) issue(name string, by *authority) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.Fatal(err)
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
		a.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.Fatal(err)
	}
	return cert, key
}

// pair writes a certificate for a name and its key, and returns the files.
func (a *authority) pair(name string) (cert, key string) {
	a.Helper()
	c, k := a.issue(name, a)
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		a.Fatal(err)
	}
	dir := a.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	a.write(cert, "CERTIFICATE", c.Raw)
	a.write(key, "PRIVATE KEY", der)
	return cert, key
}

func (a *authority) write(file, kind string, der []byte) {
	a.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.Fatal(err)
	}
}

// front is a real Temporal as a company runs it: over TLS, for clients with a
// certificate, or with an API key.
type front struct{ address string }

// newFront puts TLS before the Temporal at backend. Clients need a certificate of the
// authority's, or, if there is an API key, that.
func newFront(t *testing.T, a *authority, backend, apiKey string) front {
	t.Helper()
	certFile, keyFile := a.pair("temporal.test")
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	plain := &http.Transport{Protocols: new(http.Protocols)}
	plain.Protocols.SetUnencryptedHTTP2(true)
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: backend})
	forward.Transport, forward.FlushInterval = plain, -1
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
	return front{s.Listener.Addr().String()}
}

// TestTemporalOverTLS reaches a real Temporal that is not open to everybody, and says in
// one sentence what is missing where it cannot.
func TestTemporalOverTLS(t *testing.T) {
	server, err := testsuite.StartDevServer(t.Context(), testsuite.DevServerOptions{
		ExistingPath:  os.Getenv("TEMPORALD"),
		ClientOptions: &client.Options{Namespace: "flowhq", Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))},
		LogLevel:      "error",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	const apiKey = "hunter2-hunter2"
	ours, theirs := newAuthority(t), newAuthority(t)
	certs, keys := newFront(t, ours, server.FrontendHostPort(), ""), newFront(t, ours, server.FrontendHostPort(), apiKey)
	cert, key := ours.pair("worker")
	otherCert, otherKey := theirs.pair("worker")
	trust := "TEMPORAL_TLS_SERVER_CA_CERT_PATH=" + ours.file
	name := "TEMPORAL_TLS_SERVER_NAME=temporal.test"
	with := func(cert, key string) []string {
		return []string{trust, name, "TEMPORAL_TLS_CLIENT_CERT_PATH=" + cert, "TEMPORAL_TLS_CLIENT_KEY_PATH=" + key}
	}
	withKey := func(key string) []string { return []string{trust, name, "TEMPORAL_API_KEY=" + key} }
	for _, tt := range []struct {
		name, address string
		env           []string
		says          string // "" if it succeeds
	}{
		{"client certificate", certs.address, with(cert, key), ""},
		{"client certificate as data", certs.address, []string{
			"TEMPORAL_TLS_SERVER_CA_CERT_DATA=" + read(t, ours.file), name,
			"TEMPORAL_TLS_CLIENT_CERT_DATA=" + read(t, cert), "TEMPORAL_TLS_CLIENT_KEY_DATA=" + read(t, key)}, ""},
		{"API key", keys.address, withKey(apiKey), ""},
		{"in the clear", server.FrontendHostPort(), nil, ""},
		{"no client certificate", certs.address, []string{trust, name}, "wants a client certificate"},
		{"another authority's certificate", certs.address, with(otherCert, otherKey),
			"does not accept the client certificate"},
		{"server of an unknown authority", keys.address, []string{name, "TEMPORAL_API_KEY=" + apiKey},
			"TEMPORAL_TLS_SERVER_CA_CERT_PATH"},
		{"server of another name", keys.address, []string{trust, "TEMPORAL_API_KEY=" + apiKey},
			"TEMPORAL_TLS_SERVER_NAME"},
		{"wrong API key", keys.address, withKey("guess-guess"), "refuses the TEMPORAL_API_KEY"},
		{"no API key", keys.address, []string{trust, name}, "or that there is none"},
		{"TLS to who speaks none", server.FrontendHostPort(), []string{"TEMPORAL_TLS=true"},
			"does not speak TLS"},
		{"no TLS to who speaks it", keys.address, nil, "TEMPORAL_TLS to true"},
		{"nobody there", "127.0.0.1:1", nil, "does not answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			err := dial(t, &out, append(tt.env, "TEMPORAL_ADDRESS="+tt.address)...)
			switch {
			case tt.says == "" && err != nil:
				t.Errorf("no connection: %v", err)
			case tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)):
				t.Errorf("error %v; want one that says %q", err, tt.says)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has several lines: %v", err)
			}
			if text := out.String(); strings.Contains(text, "hunter2") || strings.Contains(text, "guess") {
				t.Errorf("a key is in the log:\n%s", text)
			}
		})
	}
}

// dial connects as a process with these settings does, and asks for the namespace.
func dial(t *testing.T, out io.Writer, env ...string) error {
	vars := map[string]string{}
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		vars[name] = value
	}
	settings, err := config.Parse(func(name string) string { return vars[name] }, config.Temporal)
	if err != nil {
		return err
	}
	p := &process{config: settings, log: slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	defer p.close()
	if p.codec, err = newCodec(nil); err != nil {
		return err
	}
	const patience = 30 * time.Second
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := p.dialTemporal(ctx, "test"); err != nil {
		return err
	}
	return workflows.NewClient(p.temporal).Ping(ctx)
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
