package e2e

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

const (
	customersPerTenant = 20
	textsPerCustomer   = 5
)

// unlimited raises the reply limits out of the way.
func unlimited(n flowhq.NewTenant) flowhq.NewTenant {
	limit := 10_000
	n.RepliesPerMinute, n.RepliesPerContact = &limit, &limit
	return n
}

// market is three businesses, one per template, in both languages, linked and on
// the air, with twenty customers each who have something real to say.
func market(t testing.TB, s *stand, change func(flowhq.NewTenant) flowhq.NewTenant) []*conversation {
	t.Helper()
	businesses := []flowhq.NewTenant{
		{Name: "barbers", PhoneNumber: "+254700000001", Template: flowhq.BookingTemplate,
			BusinessName: "Blue Door Barbers", Language: flowhq.English},
		{Name: "duka", PhoneNumber: "+255700000002", Template: flowhq.EcommerceTemplate,
			BusinessName: "Duka la Asha", Language: flowhq.Swahili},
		{Name: "net", PhoneNumber: "+254700000003", Template: flowhq.SupportTemplate,
			BusinessName: "Pwani Net", Language: flowhq.English},
	}
	var cs []*conversation
	for i, n := range businesses {
		b := s.business(change(n))
		b.link()
		texts := utterances(t, n.Template, n.Language, customersPerTenant*textsPerCustomer)
		for j := range customersPerTenant {
			number := fmt.Sprintf("+2557%d%07d", i+1, j)
			cs = append(cs, &conversation{
				customer: s.customer(number, fmt.Sprintf("Customer %d", j)),
				to:       b,
				texts:    texts[j*textsPerCustomer : (j+1)*textsPerCustomer],
			})
		}
	}
	return cs
}

func TestEveryMessageIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	cs := market(t, s, unlimited)
	play(t, cs, nil)
	answeredOnce(t, patience, cs)
	inTheirLanguage(t, cs)
	hostedOnce(cs)
}

// Eighteen people who wrote while the tenant was stopped are all answered, at the pace
// of the default limits, and none is told that it writes too much.
func TestDefaultLimits(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	b := s.business(barbers)
	b.link()
	b.command(flowhq.Stop)
	b.becomes(patience, flowhq.TenantPaused, flowhq.Disconnected, flowhq.HostStopped)
	var cs []*conversation
	for i := range 18 {
		c := s.customer(fmt.Sprintf("+25471100%04d", i), "Amina")
		cs = append(cs, &conversation{customer: c, to: b, texts: []string{"hello"}})
	}
	play(t, cs, nil)
	b.command(flowhq.Start)
	got := settled(t, patience+2*flowhq.TenantWindow, cs)
	t.Log(got)
	if got.answered != 18 || got.warnings != 0 || got.twice != 0 {
		t.Errorf("%v; want all answered once, and no warning", got)
	}
}

func TestKilledWorker(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	first := s.worker("first")
	cs := market(t, s, unlimited)
	s.worker("second")
	play(t, cs, first.kill)
	answeredOnce(t, patience, cs)
	hostedOnce(cs)
}

func TestDrainedWorker(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	first := s.worker("first")
	cs := market(t, s, unlimited)
	s.worker("second")
	play(t, cs, first.terminate)
	first.ended(patience)
	answeredOnce(t, patience, cs)
	hostedOnce(cs)
}

// A deploy is a hand-over: the other worker answers long before a heartbeat
// timeout could have told it to. BenchmarkHandOver says how soon.
func TestDrainIsAHandOver(t *testing.T) {
	t.Parallel()
	const timeout = 20 * time.Second // with renewals every 5 s
	s := newStand(t, "LEASE_RENEWAL_INTERVAL_MS=5000")
	first := s.worker("first")
	b := s.business(unlimited(barbers))
	b.link()
	c := s.customer("+254711000001", "Amina")
	ask(t, c, b, "hello", patience)
	s.worker("second")
	before, err := b.read()
	if err != nil {
		t.Fatal(err)
	}
	first.terminate()
	ask(t, c, b, "are you there?", timeout/2)
	first.ended(timeout)
	ask(t, c, b, "and now?", timeout/2)
	after, err := b.read()
	if err != nil {
		t.Fatal(err)
	}
	if after.Host.Worker == before.Host.Worker {
		t.Errorf("still hosted by %s", after.Host.Worker)
	}
	b.neverHostedTwice()
}

// A worker that was frozen must not come back to life beside its successor. The
// wait is long because Temporal goes on handing tasks to its open polls.
func TestFrozenWorker(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	first := s.worker("first")
	b := s.business(unlimited(barbers))
	b.link()
	c := s.customer("+254711000001", "Amina")
	ask(t, c, b, "hello", patience)
	s.worker("second")
	if err := first.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ask(t, c, b, "are you there?", patience)
	if err := first.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	ask(t, c, b, "hello again", patience)
	cs := []*conversation{{customer: c, to: b}}
	got, err := account(cs)
	if err != nil {
		t.Fatal(err)
	}
	if got.twice > 0 {
		t.Errorf("%v; want nothing answered twice", got)
	}
}

// ask writes one text and waits for one more message in the inbox.
func ask(t testing.TB, c *customer, b *business, text string, within time.Duration) string {
	t.Helper()
	before, err := c.inbox(b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.write(b, text); err != nil {
		t.Fatal(err)
	}
	var answer string
	eventually(t, within, func() error {
		inbox, err := c.inbox(b)
		if err != nil {
			return err
		}
		if len(inbox) <= len(before) {
			return fmt.Errorf("no answer to %q", text)
		}
		answer = inbox[len(before)].Text
		return nil
	})
	return answer
}

func hostedOnce(cs []*conversation) {
	seen := map[flowhq.TenantID]bool{}
	for _, c := range cs {
		if !seen[c.to.id] {
			seen[c.to.id] = true
			c.to.neverHostedTwice()
		}
	}
}
