package config

import (
	"net/mail"
	"regexp"
)

// A Mail is how mails are sent. The zero Mail is not at all.
type Mail struct {
	Host     string
	Port     int
	User     string
	Password Secret
	From     string
	TLS      string // "starttls", "tls" or "none"
}

// mailHost is the form of a server's name or address.
var mailHost = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,253}$`)

// mail reads the mail server. Links are sent there by which people set passwords, so all of it has
// to be right.
func (e *environment) mail() Mail {
	const host, user, password, from = "SMTP_HOST", "SMTP_USER", "SMTP_PASSWORD", "SMTP_FROM"
	const defaultPort, maxPort = 587, 65535
	m := Mail{
		Host: e.text(host, ""), Port: e.number("SMTP_PORT", defaultPort, 1, maxPort),
		User: e.text(user, ""), Password: Secret(e.text(password, "")), From: e.text(from, ""),
		TLS: e.text("SMTP_TLS", "starttls"),
	}
	switch m.TLS {
	case "starttls", "tls", "none":
	default:
		e.problem("SMTP_TLS", "%q is not starttls, tls or none", m.TLS)
	}
	// The host alone turns mails on. Other variables without it are a mistake, as people would wait
	// for mails in vain.
	if m.Host == "" {
		if m.User != "" || m.Password != "" || m.From != "" {
			e.problem(host, "missing; set it to a mail server, or unset the other variables that "+
				"begin with SMTP_")
		}
		return Mail{}
	}
	if !mailHost.MatchString(m.Host) {
		e.problem(host, "%q is not the name of a mail server, such as smtp.example.com", m.Host)
	}
	if _, err := mail.ParseAddress(m.From); err != nil {
		e.problem(from, "missing or no address; set it to that of the sender, such as "+
			"Flow HQ <hq@example.com>")
	}
	// A password file that cannot be read is a problem already, and not told twice.
	if (m.User == "") != (m.Password == "") && e.text(password+fileSuffix, "") == "" {
		e.problem(password, "set it together with %s, or neither", user)
	}
	if e.text("PUBLIC_URL", "") == "" {
		e.problem("PUBLIC_URL", "missing; with %s it is what the links in mails begin with, "+
			"such as https://hq.example.com", host)
	}
	return m
}
