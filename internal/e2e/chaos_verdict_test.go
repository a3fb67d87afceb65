package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// A verdict is the outcome of a chaos run.
type verdict struct {
	seed      uint64
	settled   time.Duration
	templates map[flowhq.Template]*count
	all       count
	hosts     hostCount
	events    int // of customers' messages, which webhooks were told of
	pictures  int // that programs have sent
	commands  int // that were accepted, and applied unless a problem says otherwise
	faults    map[string]int
	problems  []string
}

// A hostCount is what the simulator saw of the tenants' hosts.
type hostCount struct {
	logins    int
	frozen    int // replaced a connection whose process stood still
	strangers int // replaced one because the fault of that name says so
	two       int // replaced one that was alive: two hosts at a time
	// Messages and receipts that hosts sent on connections that had been replaced.
	// WhatsApp did not take them.
	lateFrozen, lateStranger int
}

// maxLeftShare says of how many questions one may be left to a person. Customers choose texts at
// random, and some chat comes to the point where a bot should ask for a person.
const maxLeftShare = 20

// maxStories bounds the bad messages whose story is told.
const maxStories = 20

func (c *chaos) verdict() *verdict {
	c.t.Helper()
	v := &verdict{
		seed: c.plan.seed, settled: c.settled, templates: map[flowhq.Template]*count{},
		faults: c.journal.counts, problems: c.journal.problems,
	}
	stories := 0
	for _, b := range c.businesses {
		l, err := c.ledger(b)
		if err != nil {
			c.t.Fatal(err)
		}
		sum := v.templates[b.Template]
		if sum == nil {
			sum = &count{}
			v.templates[b.Template] = sum
		}
		for _, chat := range c.chats {
			if chat.to != b {
				continue
			}
			inbox, err := c.letters(chat)
			if err != nil {
				c.t.Fatal(err)
			}
			n, bad := l.judge(chat, inbox)
			sum.add(n)
			v.all.add(n)
			for _, one := range bad {
				if stories++; stories <= maxStories {
					v.problems = append(v.problems, c.story(one, l))
				}
			}
		}
		c.countHosts(b, v)
	}
	v.problems = append(v.problems, c.guests.robot.problems()...)
	v.problems = append(v.problems, c.guests.mover.problems()...)
	problems, pictures := c.guests.viewer.problems()
	v.problems, v.pictures = append(v.problems, problems...), pictures
	problems, events := c.hookProblems()
	v.problems, v.events = append(v.problems, problems...), events
	v.commands = len(c.orders.all)
	for _, p := range c.parts() {
		v.problems = append(v.problems, p.accidents(v.faults)...)
	}
	if n, minutes := v.faults[poisonFault], int(c.lasted.Minutes())+1; n > poisonStrikesPerMinute*minutes {
		v.problems = append(v.problems, fmt.Sprintf("one tenant ended %d workers in %d minutes", n, minutes))
	}
	if v.all.left*maxLeftShare > v.all.sent {
		v.problems = append(v.problems, fmt.Sprintf("%d of %d questions were left to a person; want one of %d at most", v.all.left, v.all.sent, maxLeftShare))
	}
	if v.all.bad() > 0 || v.hosts.two > 0 {
		v.problems = append(v.problems, fmt.Sprintf("seed %d: %d lost, %d answered twice, %d out of order, %d not asked for, %d moments with two hosts; want none",
			v.seed, v.all.lost, v.all.twice, v.all.disordered, v.all.unasked, v.hosts.two))
	}
	return v
}

// countHosts reads the logins of a tenant's number.
func (c *chaos) countHosts(b *business, v *verdict) {
	var out struct {
		Logins []struct {
			At             time.Time
			Peer, Replaced string
			Late           int
		}
	}
	c.must(c.simulate("GET", "/phones/"+escape(b.PhoneNumber)+"/logins", nil, &out))
	for _, l := range out.Logins {
		switch {
		case l.Peer == "":
			v.hosts.strangers++
			v.hosts.lateStranger += l.Late
			continue
		case l.Replaced == "":
		case c.freezes.covers(l.Replaced, l.At):
			v.hosts.frozen++
			v.hosts.lateFrozen += l.Late
		default:
			v.hosts.two++
			v.problems = append(v.problems,
				fmt.Sprintf("%s was hosted twice: at %s a login from %s replaced the live connection of %s, which said %d things more\n%s",
					b.Name, c.since(l.At), l.Peer, l.Replaced, l.Late, c.around(b, l.At, l.At)))
		}
		v.hosts.logins++
	}
}

// story tells what happened to a message that was treated wrongly.
func (c *chaos) story(one badCase, l *ledger) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s: question %s of %s to %s\n", one.what, one.ask.id, one.chat.number, one.chat.to.Name)
	fmt.Fprintf(&s, "  asked %s, taken by WhatsApp %s\n", c.since(one.ask.from), c.since(one.ask.taken))
	last := one.ask.taken
	for _, m := range l.rows[one.ask.id] {
		fmt.Fprintf(&s, "  row %d %s %s %s %s: created %s, sent %s, delivered %s\n", m.ID,
			m.Direction, m.Kind, m.Status, m.WAMessageID,
			c.since(m.CreatedAt), c.sinceOr(m.SentAt), c.sinceOr(m.DeliveredAt))
	}
	for _, m := range one.letters {
		fmt.Fprintf(&s, "  inbox %s at %s, repeated %d times\n", m.ID, c.since(m.At), m.Repeats)
		if m.At.After(last) {
			last = m.At
		}
	}
	s.WriteString(c.around(one.chat.to, one.ask.from, last))
	return s.String()
}

// storyMargin is how long before and after a message's life faults may have to do
// with it.
const storyMargin = 15 * time.Second

// around lists what happened around a time to the stand, and to one of its tenants.
func (c *chaos) around(b *business, from, to time.Time) string {
	var s strings.Builder
	for _, e := range c.journal.entries {
		if e.to.Before(from.Add(-storyMargin)) || e.from.After(to.Add(storyMargin)) ||
			c.aboutAnother(e.what, b) {
			continue
		}
		fmt.Fprintf(&s, "    %s-%s %s\n", c.since(e.from), c.since(e.to), e.what)
	}
	return s.String()
}

// aboutAnother reports whether an entry is about a tenant other than b.
func (c *chaos) aboutAnother(what string, b *business) bool {
	for i, other := range c.businesses {
		lane := fmt.Sprintf(" of tenant %d,", i)
		if other != b && (strings.Contains(what, lane) || strings.Contains(what, other.Name+" ")) {
			return true
		}
	}
	return false
}

// since is a moment of the run, with the time of day that logs have.
func (c *chaos) since(at time.Time) string {
	return fmt.Sprintf("%.2fs (%s)", at.Sub(c.began).Seconds(), at.UTC().Format("15:04:05.000"))
}

func (c *chaos) sinceOr(at *time.Time) string {
	if at == nil {
		return "never"
	}
	return c.since(*at)
}

// print prints the one table of a run.
func (v *verdict) print(t *testing.T, length time.Duration) {
	var s strings.Builder
	fmt.Fprintf(&s, "seed %d, %v of faults, %d tenants, %d customers, %d workers, settled %v after\n\n",
		v.seed, length, chaosTenants, chaosTenants*chaosCustomers, chaosWorkers, v.settled.Round(time.Second))
	fmt.Fprintf(&s, "%-10s %7s %7s %7s %7s %13s %13s %7s %7s\n", "messages", "asked", "once",
		"twice", "lost", "out of order", "repeated ids", "burst", "left")
	row := func(name string, n count) {
		fmt.Fprintf(&s, "%-10s %7d %7d %7d %7d %13d %13d %7d %7d\n", name, n.sent, n.once, n.twice,
			n.lost, n.disordered, n.repeated, n.burst, n.left)
	}
	for _, template := range flowhq.Templates {
		row(string(template), *v.templates[template])
	}
	row("all", v.all)
	h := v.hosts
	fmt.Fprintf(&s, "\n%d commands of operators, each accounted for\n", v.commands)
	fmt.Fprintf(&s, "%d pictures of programs, each accounted for by its bytes\n", v.pictures)
	fmt.Fprintf(&s, "%d events of customers' messages, each accounted for at a receiver that refuses one of %d\n", v.events, hookFails)
	fmt.Fprintf(&s, "%d logins, two hosts at a time: %d\n", h.logins, h.two)
	fmt.Fprintf(&s, "%d connections of hosts that stood still were replaced, which sent %d stanzas in vain\n", h.frozen, h.lateFrozen)
	fmt.Fprintf(&s, "%d connections were replaced by a stranger, which sent %d stanzas in vain\n\n",
		h.strangers, h.lateStranger)
	total := 0
	for _, kind := range slices.Sorted(maps.Keys(v.faults)) {
		total += v.faults[kind]
		fmt.Fprintf(&s, "%5d %s\n", v.faults[kind], kind)
	}
	fmt.Fprintf(&s, "%5d faults\n", total)
	t.Log(s.String())
}
