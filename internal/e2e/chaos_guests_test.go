package e2e

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowhq/flowhq"
)

// guests are tenants of a chaos run beside the ones whose every message is answered: what
// happens to them is that some messages are not to be answered. The viewer is a customer of those
// others, who asks nothing.
type guests struct {
	robot  *robot
	mover  *mover
	viewer *viewer
	poison atomic.Pointer[business] // nil while it is not linked: workers begin before
}

// poisonPoint is the failpoint that ends an armed worker each time that it brings the tenant
// on the air that is poison to it.
func (g *guests) poisonPoint() string {
	if b := g.poison.Load(); b != nil {
		return "host.online/" + string(b.id)
	}
	return "host.online/nobody"
}

// poisonStrikesPerMinute bounds how many workers may die of one tenant: from the third in a
// row it waits for a minute, then for longer. Between two rows it may have been stable, on
// the worker without failpoints.
const poisonStrikesPerMinute = 4

func (c *chaos) newPoison() *business {
	c.t.Helper()
	b := c.business(unlimited(flowhq.NewTenant{
		Name: "ends its worker", PhoneNumber: "+254700000401", Template: flowhq.SupportTemplate,
		BusinessName: "Chaos Poison", Language: flowhq.English,
	}))
	b.link()
	return b
}

// maxRobotLetters bounds what a customer gets that is a bot itself, and answers
// everything at once, before it is muted.
const maxRobotLetters = 40

// A robot is a customer that answers whatever it gets.
type robot struct {
	*customer
	to *business
}

func (c *chaos) newRobot() *robot {
	c.t.Helper()
	b := c.business(unlimited(flowhq.NewTenant{
		Name: "answered by a bot", PhoneNumber: "+254700000201", Template: flowhq.SupportTemplate,
		BusinessName: "Chaos Robots", Language: flowhq.English,
	}))
	b.link()
	return &robot{c.customer("+255790000001", "Robot"), b}
}

// chat has the robot answer each message that is new until ctx ends.
func (r *robot) chat(ctx context.Context) {
	_, _ = r.write(r.to, "hello") // if the simulator is down, the next one starts it
	for seen := 0; ctx.Err() == nil; pause(ctx, 100*time.Millisecond) {
		inbox, err := r.inbox(r.to)
		if err != nil || len(inbox) == seen {
			continue
		}
		if _, err := r.write(r.to, "Thank you for your message! We will reply as soon as we can."); err == nil {
			seen = len(inbox)
		}
	}
}

// problems says what went wrong with the robot.
func (r *robot) problems() (bad []string) {
	inbox, err := r.inbox(r.to)
	if err != nil {
		return []string{err.Error()}
	}
	if n := len(inbox); n > maxRobotLetters {
		bad = append(bad, fmt.Sprintf("a bot that answers everything got %d answers; want at most %d", n, maxRobotLetters))
	}
	if r.s.events(r.to.id, "CONTACT_MUTED") == 0 {
		bad = append(bad, "no event says that a bot was muted")
	}
	return bad
}

// A mover is a tenant that changes its number again and again, each time with replies
// under way whose outcome nobody knows.
type mover struct {
	*business
	writes *customer
	phones [2]string

	mu    sync.Mutex
	now   int               // which phone is linked
	asked map[string]string // id of a question -> number it was sent to
}

func (c *chaos) newMover() *mover {
	c.t.Helper()
	b := c.business(unlimited(flowhq.NewTenant{
		Name: "changes its number", PhoneNumber: "+254700000301", Template: flowhq.BookingTemplate,
		BusinessName: "Chaos Movers", Language: flowhq.Swahili,
	}))
	b.link()
	m := &mover{
		business: b, writes: c.customer("+255790000002", "Neema"),
		phones: [2]string{b.PhoneNumber, "+254700000302"}, asked: map[string]string{},
	}
	c.must(c.simulate("POST", "/phones", map[string]any{"number": m.phones[1], "name": b.BusinessName}, nil))
	return m
}

// moveWithin bounds a change of number: other faults may be in its way.
const moveWithin = 60 * time.Second

// move has customers write to the number, loses what WhatsApp says of the replies, unlinks
// the phone, and links the other one.
func (c *chaos) move(ctx context.Context, f fault) error {
	m := c.guests.mover
	m.mu.Lock()
	defer m.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, moveWithin)
	defer cancel()
	from, to := m.phones[m.now], m.phones[1-m.now]
	lost := map[string]any{"kind": "lose_acks", "number": from, "count": f.count}
	if _, err := c.simulate("POST", "/faults", lost, nil); err != nil {
		return err
	}
	for i := range f.count {
		id := fmt.Sprintf("%08XM%015d%d", uint32(c.plan.seed), int64(f.at), i)
		body := map[string]any{"to": from, "text": "Naomba kuweka miadi", "id": id}
		if _, err := c.simulate("POST", "/customers/"+escape(m.writes.number)+"/messages", body,
			nil); err != nil {
			return err
		}
		m.asked[id] = from
	}
	steps := []func() error{
		func() error {
			_, err := c.simulate("POST", "/phones/"+escape(from)+"/logout", nil, nil)
			return err
		},
		func() error {
			_, err := c.call("PUT", m.path(), map[string]any{"phone_number": to}, nil)
			return err
		},
		func() error { m.PhoneNumber = to; m.now = 1 - m.now; return nil },
		func() error {
			_, err := c.call("POST", m.path()+"/session/start", nil, nil)
			return err
		},
		func() error {
			code, err := m.code()
			if err != nil {
				return err
			}
			_, err = m.scanned(code)
			return err
		},
	}
	for i, step := range steps {
		for err := step(); err != nil; err = step() {
			pause(ctx, restartPause)
			if ctx.Err() != nil {
				return fmt.Errorf("change of number, step %d: %w", i, err)
			}
		}
	}
	return nil
}

// problems says which answers came from another number than the one that was asked, or
// twice.
func (m *mover) problems() (bad []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	log, err := m.log()
	if err != nil {
		return []string{err.Error()}
	}
	questions, answers := map[int64]string{}, map[string]string{}
	for _, row := range log {
		if row.Direction == flowhq.In {
			questions[row.ID] = row.WAMessageID
		}
	}
	for _, row := range log {
		if row.Direction == flowhq.Out && row.InReplyTo != nil && row.Kind == flowhq.KindReply {
			answers[row.WAMessageID] = questions[*row.InReplyTo]
		}
	}
	got := map[string]int{}
	for _, phone := range m.phones {
		inbox, err := m.writes.inbox(&business{s: m.s, NewTenant: flowhq.NewTenant{PhoneNumber: phone}})
		if err != nil {
			return []string{err.Error()}
		}
		for _, letter := range inbox {
			question := answers[letter.ID]
			if asked := m.asked[question]; asked != phone {
				bad = append(bad, fmt.Sprintf("%q, which was sent to %q, was answered from %s",
					question, asked, phone))
			}
			if got[question]++; got[question] > 1 {
				bad = append(bad, fmt.Sprintf("%q was answered twice", question))
			}
		}
	}
	return bad
}
