// Package mail sends the few mails of the installation, which have a link in them, by SMTP.
//
// A mail server that refuses or hangs costs its caller a bounded time and gives an error. What was
// to be sent is then still with the caller: nothing is queued here.
package mail

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"github.com/wneessen/go-mail"
)

// timeout bounds one mail from the first packet to the answer. It leaves a request, which may take
// ten seconds, the time to be answered.
const timeout = 6 * time.Second

// A TLS mode says how a connection to the mail server is encrypted.
type TLS string

const (
	// StartTLS begins in plain text and demands encryption before anything is said. A server
	// without it is refused: whoever is on the way could else read the links.
	StartTLS TLS = "starttls"
	// Implicit encrypts from the first byte, as on port 465.
	Implicit TLS = "tls"
	// None is for a server on the same machine or in a network of one's own.
	None TLS = "none"
)

// Options say how mails are sent. Host, Port, From and TLS are required.
type Options struct {
	Host           string
	Port           int
	User, Password string // "" = the server asks for nothing
	From           string // address of the sender, perhaps with a name
	TLS            TLS
	// Config is that of TLS; nil = the system's roots. It is for tests.
	Config *tls.Config
}

// A Sender sends mails. Each has a connection of its own, since they are few.
type Sender struct{ options Options }

// New returns a Sender. It asks nothing of the server yet, which may be down.
func New(o Options) *Sender { return &Sender{o} }

// Send sends a text to one address. nil means that the server has taken the mail over.
func (s *Sender) Send(ctx context.Context, to, subject, text string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	m := mail.NewMsg()
	if err := m.From(s.options.From); err != nil {
		return fmt.Errorf("sender: %w", err)
	}
	// To parses the address, so that a text with a line break in it adds no header.
	if err := m.To(to); err != nil {
		return fmt.Errorf("recipient: %w", err)
	}
	m.Subject(subject)
	m.SetDate()
	m.SetMessageID()
	// A mail that no person wrote must not be answered by a program, such as an absence notice.
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetBodyString(mail.TypeTextPlain, text)
	c, err := s.client()
	if err != nil {
		return err
	}
	if err := c.DialAndSendWithContext(ctx, m); err != nil {
		return fmt.Errorf("mail server %s: %w", s.options.Host, err)
	}
	return nil
}

// client returns a client for one mail.
func (s *Sender) client() (*mail.Client, error) {
	o := s.options
	options := []mail.Option{mail.WithPort(o.Port), mail.WithTimeout(timeout)}
	switch o.TLS {
	case Implicit:
		options = append(options, mail.WithSSL())
	case None:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	case StartTLS:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if o.Config != nil {
		options = append(options, mail.WithTLSConfig(o.Config))
	}
	// The server offers the ways to sign in, and the strongest that both know is taken.
	if o.User != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover),
			mail.WithUsername(o.User), mail.WithPassword(o.Password))
	}
	c, err := mail.NewClient(o.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("mail server %s: %w", o.Host, err)
	}
	return c, nil
}
