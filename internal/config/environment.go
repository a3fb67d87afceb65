package config

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/codec"
)

// environment reads variables and collects what is wrong with them, so that a person who
// has set several wrongly learns of all at once. A method that finds a problem returns a
// value that must not be used.
type environment struct {
	getenv   func(string) string
	problems []error
}

// problem notes what is wrong with a variable.
func (e *environment) problem(name, format string, args ...any) {
	e.problems = append(e.problems, fmt.Errorf(name+": "+format, args...))
}

// require notes a problem if the variable is missing.
func (e *environment) require(n Need) {
	// A file that cannot be read is a problem by its own name.
	inFile := strings.TrimSpace(e.getenv(string(n)+fileSuffix)) != ""
	if strings.TrimSpace(e.getenv(string(n))) == "" && !inFile {
		e.problem(string(n), "missing; %s", advice[n])
	}
}

// text returns the variable without the space around it, or the fallback if it is empty. Files of
// environment variables often leave a space or a carriage return at the end of a line.
func (e *environment) text(name, fallback string) string {
	if v := strings.TrimSpace(e.getenv(name)); v != "" {
		return v
	}
	return fallback
}

// databaseURL reads the URL of a database. It never repeats the value in a problem, not
// even through the error of url.Parse, because of the password in it.
func (e *environment) databaseURL(name string) Secret {
	v := e.text(name, "")
	if v == "" {
		return ""
	}
	u, err := url.Parse(v)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		// The value is left out: the log that this goes to is read by more people than the
		// database.
		e.problem(name, "not a PostgreSQL URL; %s", advice[Database])
	}
	// A wrong value is returned all the same, here and below; Parse throws it away with the rest.
	return Secret(v)
}

// proxy reads the URL of a proxy. Like databaseURL it never repeats the value.
func (e *environment) proxy(name string) Secret {
	v := e.text(name, "")
	if v == "" {
		return ""
	}
	u, err := url.Parse(v)
	known := []string{"http", "https", "socks5"} // what the library can dial through
	if err != nil || !slices.Contains(known, u.Scheme) || u.Host == "" {
		e.problem(name, "not the URL of a proxy, such as http://proxy:3128 "+
			"or socks5://user:password@proxy:1080")
	}
	return Secret(v)
}

// password reads the password of the admin API, which alone keeps a stranger out who can
// try for ever. It never repeats the value.
func (e *environment) password(name string) Secret {
	// Not trimmed like the others: a space may be part of a password.
	v := e.getenv(name)
	if n := utf8.RuneCountInString(v); strings.TrimSpace(v) != "" && n < minPassword {
		e.problem(name, "has %d characters, and needs at least %d; %s",
			n, minPassword, advice[Admin])
	}
	return Secret(v)
}

// portalKey reads the key of a portal's server. It never repeats the value. The key travels in a
// header, where other characters may be lost on the way.
func (e *environment) portalKey(name string) Secret {
	v := e.text(name, "")
	if v == "" {
		return ""
	}
	if strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r >= 0x7f }) ||
		len(v) < minPortalKey {
		e.problem(name, "needs at least %d printable ASCII characters without a space, "+
			"such as those of: openssl rand -base64 24", minPortalKey)
	}
	return Secret(v)
}

// address reads host:port.
func (e *environment) address(name, fallback string) string {
	return e.checkAddress(name, e.text(name, fallback))
}

// checkAddress checks host:port, from whatever source, and returns it.
func (e *environment) checkAddress(name, v string) string {
	if v == "" {
		return ""
	}
	_, port, err := net.SplitHostPort(v)
	if n, numErr := strconv.ParseUint(port, 10, 16); err != nil || numErr != nil {
		e.problem(name, "%q is not host:port with a port from 0 to 65535; "+
			"such as 127.0.0.1:3000", v)
	} else if n == 0 && name != "HTTP_ADDR" && name != "METRICS_ADDR" {
		// Where we listen, 0 means any free port.
		e.problem(name, "%q has port 0, to which nothing can connect", v)
	}
	return v
}

// networks reads a list of addresses and networks, such as "10.0.0.7, fd00::/8".
func (e *environment) networks(name string) (all []string) {
	v := e.text(name, "")
	if v == "" {
		return nil
	}
	for part := range strings.SplitSeq(v, ",") {
		part = strings.TrimSpace(part)
		// A zone, as in fe80::1%eth0, is this machine's name for a link. No caller's address
		// has one.
		addr, addrErr := netip.ParseAddr(part)
		_, netErr := netip.ParsePrefix(part)
		if (addrErr != nil || addr.Zone() != "") && netErr != nil {
			e.problem(name, "%q is neither an IP address nor a network such as 10.0.0.0/8", part)
			continue
		}
		all = append(all, part)
	}
	return all
}

// prefixes reads a list of networks and addresses like networks, and parses them.
func (e *environment) prefixes(name string) (all []netip.Prefix) {
	for _, text := range e.networks(name) {
		p, err := netip.ParsePrefix(text)
		if err != nil { // an address, which is the network of one
			a := netip.MustParseAddr(text)
			p = netip.PrefixFrom(a, a.BitLen())
		}
		all = append(all, p.Masked())
	}
	return all
}

// numberFormat is that of a number in E.164.
var numberFormat = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// contact returns an e-mail address or a number, which pages make a link of; "" if there is none.
func (e *environment) contact(name string) string {
	v := e.text(name, "")
	if v == "" || numberFormat.MatchString(v) {
		return v
	}
	if a, err := mail.ParseAddress(v); err != nil || a.Address != v {
		e.problem(name, "must be an e-mail address, or a number such as +255712345678")
		return ""
	}
	return v
}

// number reads a whole number from low to high. What is out of bounds is a problem rather than
// moved to the nearest bound: a person who typed one zero too many must notice.
func (e *environment) number(name string, fallback, low, high int) int {
	v := e.text(name, "")
	if v == "" {
		return fallback
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < low || n > high {
		e.problem(name, "%q is not a whole number from %d to %d", v, low, high)
	}
	return n
}

// milliseconds reads a duration, which the variable gives as a number of milliseconds.
func (e *environment) milliseconds(name string, fallback, low, high time.Duration) time.Duration {
	ms := time.Millisecond
	n := e.number(name, int(fallback/ms), int(low/ms), int(high/ms))
	return time.Duration(n) * ms
}

// flag reads a choice between yes and no. No is the default of every one. Anything else is refused,
// since "yes" or "off" would otherwise be taken for no.
func (e *environment) flag(name string) bool {
	switch v := e.text(name, "false"); v {
	case "true", "1":
		return true
	case "false", "0":
	default:
		e.problem(name, "%q is neither true nor false", v)
	}
	return false
}

// setupApproval reads who approves setup requests, and reports whether nobody has to. The words are
// no true or false, which would not say what is true.
func (e *environment) setupApproval(name string) bool {
	switch v := e.text(name, "manual"); v {
	case "automatic":
		return true
	case "manual":
	default:
		e.problem(name, "%q is neither manual nor automatic", v)
	}
	return false
}

// level reads the least level that is logged. A misspelt one is refused: taken for another, it
// would hide warnings or fill the disk.
func (e *environment) level(name string) slog.Level {
	switch v := strings.ToLower(e.text(name, "info")); v {
	case "debug":
		return slog.LevelDebug
	case "info":
	case "warn":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	default:
		e.problem(name, "%q is not debug, info, warn or error", v)
	}
	return slog.LevelInfo
}

// version reads a version of WhatsApp's web client. A wrong one concerns all sessions at once, so
// its form is checked at the start.
func (e *environment) version(name string) string {
	v := e.text(name, "")
	if v != "" && !flowhq.ValidVersion(v) {
		e.problem(name, "%q is not a version such as 2.3000.1047769893", v)
	}
	return v
}

// whatsApp reads where another server than WhatsApp's own is, if anywhere.
func (e *environment) whatsApp() WhatsApp {
	const addr, ca, key = "WHATSAPP_ADDR", "WHATSAPP_CA_FILE", "WHATSAPP_ROOT_KEY_FILE"
	w := WhatsApp{e.address(addr, ""), e.text(ca, ""), e.text(key, "")}
	if w == (WhatsApp{}) {
		return w
	}
	// All or none: without the certificate or the key, the connection would be refused with an
	// error that names neither.
	for _, v := range []struct{ name, value string }{
		{addr, w.Addr}, {ca, w.CAFile}, {key, w.RootKeyFile},
	} {
		if v.value == "" {
			e.problem(v.name, "missing; set %s, %s and %s together, or none of them", addr, ca, key)
		}
	}
	return w
}

// keyID is the form of a PayloadKey's ID. It goes into the metadata of each payload, and
// into log lines.
var keyID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// payloadKeys reads a list such as "2026b:base64,2026a:base64". Like databaseURL it
// never repeats a value in a problem: a key that is spelled wrong is still nearly the key.
func (e *environment) payloadKeys(name string) (keys []PayloadKey) {
	v := e.text(name, "")
	if v == "" {
		return nil
	}
	// Of two keys with one id, nobody could say which opens a payload.
	seen := map[string]bool{}
	for i, pair := range strings.Split(v, ",") {
		id, text, _ := strings.Cut(strings.TrimSpace(pair), ":")
		secret, err := base64.StdEncoding.DecodeString(text)
		wrong := !keyID.MatchString(id) || err != nil || len(secret) != codec.KeyBytes
		if wrong || seen[id] {
			e.problem(name, "key %d is not id:base64 of %d bytes with an id of its own, "+
				"such as those of: echo 2026a:$(openssl rand -base64 %d)",
				i+1, codec.KeyBytes, codec.KeyBytes)
			continue
		}
		seen[id] = true
		keys = append(keys, PayloadKey{ID: id, Secret: Secret(secret)})
	}
	return keys
}

// origin reads what a browser sends as Origin: scheme, host and port.
func (e *environment) origin(name string) string {
	// The slash that is copied from an address bar does no harm.
	v := strings.TrimSuffix(e.text(name, ""), "/")
	if v == "" {
		return ""
	}
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" ||
		v != u.Scheme+"://"+u.Host { // a path, which no browser sends
		e.problem(name, "%q is not the origin of a page, such as http://localhost:8233", v)
	}
	return v
}
