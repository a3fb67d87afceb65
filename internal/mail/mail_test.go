package mail

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

// A server is a mail server of a test.
type server struct {
	certificate tls.Certificate
	roots       *x509.CertPool
	hide        bool   // offers no STARTTLS
	hang        string // a command that gets no answer; "greeting" = says nothing
	refuse      string // a command that is refused
	mails       chan string
}

// newServer makes a server with a certificate of its own.
func newServer(t *testing.T) *server {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{certificate: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		roots: x509.NewCertPool(), mails: make(chan string, 10)}
	s.roots.AddCert(parsed)
	return s
}

// listen serves until the test ends, and returns the port.
func (s *server) listen(t *testing.T, implicit bool) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if implicit {
				c = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{s.certificate}})
			}
			go s.serve(c)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// serve speaks SMTP on one connection.
func (s *server) serve(c net.Conn) {
	defer func() { c.Close() }()
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	r := bufio.NewReader(c)
	say := func(line string) { fmt.Fprint(c, line+"\r\n") }
	if s.hang == "greeting" {
		_, _ = io.Copy(io.Discard, c)
		return
	}
	say("220 test")
	secure := false
	if _, ok := c.(*tls.Conn); ok {
		secure = true
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		word, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
		word, _, _ = strings.Cut(word, ":")
		switch {
		case word == s.hang:
			_, _ = io.Copy(io.Discard, c)
			return
		case word == s.refuse:
			say("550 no")
		case word == "EHLO" && secure:
			say("250-test\r\n250 AUTH PLAIN")
		case word == "EHLO" && s.hide:
			say("250 test")
		case word == "EHLO":
			say("250-test\r\n250 STARTTLS")
		case word == "STARTTLS":
			say("220 go on")
			c = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{s.certificate}})
			r, secure = bufio.NewReader(c), true
		case word == "AUTH":
			plain := base64.StdEncoding.EncodeToString([]byte("\x00hq\x00secret"))
			if strings.TrimSpace(line) != "AUTH PLAIN "+plain {
				say("535 wrong")
				continue
			}
			say("235 in")
		case word == "DATA":
			say("354 go on")
			var mail strings.Builder
			for line, err := r.ReadString('\n'); err == nil &&
				line != ".\r\n"; line, err = r.ReadString('\n') {
				mail.WriteString(line)
			}
			s.mails <- mail.String()
			say("250 taken")
		case word == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// TestSend: a mail arrives, encrypted as the mode says, or its sender learns within seconds that it
// did not.
func TestSend(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*server, *Options)
		bad    bool
	}{
		"starttls":                {nil, false},
		"implicit":                {func(_ *server, o *Options) { o.TLS = Implicit }, false},
		"none":                    {func(_ *server, o *Options) { o.TLS, o.User = None, "" }, false},
		"without a user":          {func(_ *server, o *Options) { o.User = "" }, false},
		"no STARTTLS is offered":  {func(s *server, _ *Options) { s.hide = true }, true},
		"a strange certificate":   {func(_ *server, o *Options) { o.Config = nil }, true},
		"the wrong password":      {func(_ *server, o *Options) { o.Password = "x" }, true},
		"the recipient refused":   {func(s *server, _ *Options) { s.refuse = "RCPT" }, true},
		"the sender refused":      {func(s *server, _ *Options) { s.refuse = "MAIL" }, true},
		"a greeting that hangs":   {func(s *server, _ *Options) { s.hang = "greeting" }, true},
		"a hang before encrypted": {func(s *server, _ *Options) { s.hang = "STARTTLS" }, true},
		"a hang at the end":       {func(s *server, _ *Options) { s.hang = "DATA" }, true},
		"nobody there":            {func(_ *server, o *Options) { o.Port = 1 }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			o := Options{Host: "127.0.0.1", User: "hq", Password: "secret",
				From: "Flow HQ <hq@example.com>", TLS: StartTLS,
				Config: &tls.Config{RootCAs: s.roots, ServerName: "127.0.0.1"}}
			if tt.change != nil {
				tt.change(s, &o)
			}
			if o.Port == 0 {
				o.Port = s.listen(t, o.TLS == Implicit)
			}
			start := time.Now()
			err := New(o).Send(t.Context(), "asha@example.com", "Habari", "a link")
			if took := time.Since(start); (err != nil) != tt.bad || took > timeout+2*time.Second ||
				err != nil && strings.Contains(err.Error(), "secret") {
				t.Fatalf("Send = %v after %v", err, took)
			}
			if tt.bad {
				return
			}
			for _, want := range []string{"To: <asha@example.com>",
				"From: \"Flow HQ\" <hq@example.com>", "Subject: Habari",
				"Auto-Submitted: auto-generated", "a link"} {
				if mail := <-s.mails; !strings.Contains(mail, want) {
					t.Errorf("no %q in %s", want, mail)
				} else {
					s.mails <- mail
				}
			}
		})
	}
}

// TestNoInjection: an address is one recipient, and no header.
func TestNoInjection(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	o := Options{Host: "127.0.0.1", Port: s.listen(t, false), From: "hq@example.com", TLS: StartTLS,
		Config: &tls.Config{RootCAs: s.roots, ServerName: "127.0.0.1"}}
	for _, to := range []string{"a@example.com\r\nBcc: b@example.com", "a@example.com, b@example.com", ""} {
		if err := New(o).Send(t.Context(), to, "x", "x"); err == nil {
			t.Errorf("%q was taken", to)
		}
	}
}
