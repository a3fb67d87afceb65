package e2e

import (
	"errors"
	"fmt"
	"time"

	"github.com/flowhq/flowhq"
)

// A business is a tenant with the simulated phone that its number is on.
type business struct {
	s  *stand
	id flowhq.TenantID
	flowhq.NewTenant
}

// business creates a tenant over the API and a phone with its number.
func (s *stand) business(n flowhq.NewTenant) *business {
	s.t.Helper()
	var t flowhq.Tenant
	s.must(s.call("POST", "/admin/tenants", n, &t))
	s.must(s.simulate("POST", "/phones",
		map[string]any{"number": n.PhoneNumber, "name": n.BusinessName}, nil))
	return &business{s: s, id: t.ID, NewTenant: n}
}

func (b *business) path() string { return "/admin/tenants/" + string(b.id) }

// invite makes an owner of a business, and returns the token by which they choose their password.
func (s *stand) invite(b *business, email string) (token string) {
	s.t.Helper()
	var invited struct{ Token string }
	s.must(s.call("POST", b.path()+"/users", map[string]string{
		"email": email, "name": "Mama Asha", "role": "OWNER",
	}, &invited))
	return invited.Token
}

// command gives the tenant's worker a command.
func (b *business) command(c flowhq.Command) {
	b.s.t.Helper()
	b.s.must(b.s.call("POST", b.path()+"/session/"+string(c), nil, nil))
}

// link starts the tenant, scans its QR code and waits until it is connected.
func (b *business) link() {
	b.s.t.Helper()
	b.command(flowhq.Start)
	b.scan()
	b.connected(patience)
}

// scan waits for a QR code, scans it with the business's phone and returns it.
func (b *business) scan() (code string) {
	b.s.t.Helper()
	eventually(b.s.t, patience, func() (err error) {
		if code, err = b.code(); err == nil {
			_, err = b.scanned(code)
		}
		return err
	})
	return code
}

// code is the QR code that is shown now.
func (b *business) code() (string, error) {
	var qr struct {
		State flowhq.SessionState
		Code  *string
	}
	if _, err := b.s.call("GET", b.path()+"/qr", nil, &qr); err != nil {
		return "", err
	}
	if qr.Code == nil {
		return "", fmt.Errorf("no QR code while %s", qr.State)
	}
	return *qr.Code, nil
}

// scanned holds the business's phone before a code.
func (b *business) scanned(code string) (int, error) {
	return b.s.simulate("POST", "/phones/"+escape(b.PhoneNumber)+"/scan", map[string]any{"code": code}, nil)
}

// connected waits until the tenant is on the air.
func (b *business) connected(within time.Duration) {
	b.s.t.Helper()
	b.becomes(within, flowhq.TenantActive, flowhq.Connected, flowhq.HostRunning)
}

// replaced waits until the tenant is on the air with another host than that of
// epoch.
func (b *business) replaced(epoch int64) {
	b.s.t.Helper()
	eventually(b.s.t, patience, func() error {
		t, err := b.read()
		if err == nil && (t.Host.Epoch <= epoch || t.Session.State != flowhq.Connected) {
			err = fmt.Errorf("%s is %s at epoch %d; want %s after %d", b.Name, t.Session.State,
				t.Host.Epoch, flowhq.Connected, epoch)
		}
		return err
	})
}

// epoch is the number of hosts the tenant has had.
func (b *business) epoch() int64 {
	b.s.t.Helper()
	t, err := b.read()
	if err != nil {
		b.s.t.Fatal(err)
	}
	return t.Host.Epoch
}

// becomes waits until the tenant is in the given states.
func (b *business) becomes(within time.Duration, status flowhq.TenantStatus,
	session flowhq.SessionState, worker flowhq.HostStatus) {
	b.s.t.Helper()
	eventually(b.s.t, within, func() error {
		t, err := b.read()
		if err != nil {
			return err
		}
		if t.Status != status || t.Session.State != session || t.Host.Status != worker {
			return fmt.Errorf("%s is %s, %s, %s (%s; %s); want %s, %s, %s", b.Name, t.Status,
				t.Session.State, t.Host.Status,
				t.Session.Reason, t.Host.LastError, status, session, worker)
		}
		return nil
	})
}

func (b *business) read() (flowhq.Tenant, error) {
	var t flowhq.Tenant
	_, err := b.s.call("GET", b.path(), nil, &t)
	return t, err
}

// log is the tenant's whole message log, oldest first.
func (b *business) log() ([]flowhq.Message, error) {
	var all []flowhq.Message
	for next := ""; ; {
		var page struct {
			Logs []flowhq.Message
			Next string
		}
		if _, err := b.s.call("GET", b.path()+"/logs?limit=1000"+next, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Logs...)
		if page.Next == "" {
			break
		}
		next = "&before=" + page.Next
	}
	for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
		all[i], all[j] = all[j], all[i]
	}
	return all, nil
}

// neverHostedTwice fails the test if the number was ever logged in twice at the
// same time, as WhatsApp's side saw it.
func (b *business) neverHostedTwice() {
	b.s.t.Helper()
	var stats struct {
		Numbers map[string]struct{ Logins, Replaced int }
	}
	b.s.must(b.s.simulate("GET", "/stats", nil, &stats))
	n, ok := stats.Numbers[b.PhoneNumber]
	if !ok || n.Logins == 0 {
		b.s.t.Errorf("the simulator has not seen %s log in", b.PhoneNumber)
	}
	if n.Replaced != 0 {
		b.s.t.Errorf("%s was hosted twice at a time, %d times", b.PhoneNumber, n.Replaced)
	}
}

// A customer is a person with WhatsApp.
type customer struct {
	s      *stand
	number string
}

// received is one message in a customer's inbox.
type received struct {
	ID, From, Text string
	Repeats        int
	Expiration     int // seconds
}

func (s *stand) customer(number, name string) *customer {
	s.t.Helper()
	s.must(s.simulate("POST", "/customers", map[string]any{"number": number, "name": name}, nil))
	return &customer{s: s, number: number}
}

// write sends a text and returns its message id once WhatsApp has it.
func (c *customer) write(to *business, text string) (string, error) {
	var sent struct{ ID string }
	_, err := c.s.simulate("POST", "/customers/"+escape(c.number)+"/messages",
		map[string]any{"to": to.PhoneNumber, "text": text}, &sent)
	if err == nil && sent.ID == "" {
		err = errors.New("the simulator gave no message id")
	}
	return sent.ID, err
}

// inbox is what the customer has received from a business, oldest first.
func (c *customer) inbox(from *business) ([]received, error) {
	var in struct{ Messages []received }
	_, err := c.s.simulate("GET", "/customers/"+escape(c.number)+"/inbox?limit=1000&from="+
		escape(from.PhoneNumber), nil, &in)
	return in.Messages, err
}
