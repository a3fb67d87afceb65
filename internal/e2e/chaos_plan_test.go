package e2e

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// Sizes of a chaos run.
const (
	chaosTenants   = 6 // two per template, one in each language
	chaosCustomers = 6 // of each tenant
	chaosWorkers   = 3
	// armedWorkers is how many of them, the first ones, run the build with
	// failpoints.
	armedWorkers = 2
)

// A plan is what a chaos run does. It follows from the seed alone, and the plan of
// a longer run begins with that of a shorter one.
type plan struct {
	seed      uint64
	faults    []fault
	questions [][]question // by customer; those of one tenant are neighbours
}

// A fault is one thing that is done to the stand.
type fault struct {
	at     time.Duration // since the beginning
	kind   string
	target int           // a tenant or a worker's slot
	lasts  time.Duration // or how late something is
	count  int           // of messages that it befalls
}

// A question is one message of a customer.
type question struct {
	at   time.Duration
	id   string
	text int // index among the utterances for the tenant
}

// Faults, by what they are done to.
const (
	onWorker = iota
	onTenant
	onPart
)

// chaosKinds lists all faults with how often each comes relative to the others, how
// long it lasts at most and how many messages it befalls at most.
var chaosKinds = []struct {
	name   string
	on     int
	weight int
	lasts  time.Duration
	count  int
}{
	{"worker kill", onWorker, 5, 0, 0},
	{"worker freeze", onWorker, 5, 15 * time.Second, 0},
	{"worker drain", onWorker, 4, 0, 0},
	{"drop", onTenant, 5, 0, 0},
	{"replace", onTenant, 4, 0, 0},
	{"refuse_logins", onTenant, 2, 4 * time.Second, 0},
	{"duplicate", onTenant, 5, 0, 5},
	{"delay", onTenant, 4, 2 * time.Second, 5},
	{"address", onTenant, 4, 0, 5}, // of a customer, whose messages also come twice
	{"lose_acks", onTenant, 4, 0, 2},
	{"delay_acks", onTenant, 4, 3 * time.Second, 5},
	{"restart", onTenant, 2, 0, 0},
	{"force-restart", onTenant, 2, 0, 0},
	{"stop and start", onTenant, 1, 3 * time.Second, 0},
	{"workflow cancel", onTenant, 1, 0, 0},
	{"workflow terminate", onTenant, 1, 0, 0},
	{"workflow reset", onTenant, 1, 0, 5}, // to one of the first so many tasks
	{"workflow forge", onTenant, 1, 0, 0},
	{"api kill", onPart, 2, 2 * time.Second, 0},
	{"simulator kill", onPart, 2, 2 * time.Second, 0},
	{"temporal kill", onPart, 2, 12 * renewal, 0},
	{"temporal empty", onPart, 1, 12 * renewal, 0}, // and what it knew is gone
	{"database stop", onPart, 1, 8 * renewal, 0},   // PostgreSQL's immediate shutdown
	{"database kill", onPart, 1, 8 * renewal, 0},
	{"database hiccup", onPart, 1, 0, 4},
	{"database lock", onPart, 1, 4 * renewal, 0},
	{"database migrate", onPart, 1, 0, 4},
	{"machine starve", onPart, 1, 8 * time.Second, 0},
	{"number change", onPart, 1, 0, 3},
}

// Bounds on the plan's pace.
const (
	soonestFault   = time.Second // after the one before
	latestFault    = 3 * time.Second
	shortestLast   = 200 * time.Millisecond
	shortestFreeze = time.Second
	longestBurst   = 5 // questions
	longestPause   = 30 * time.Second
)

func newPlan(seed uint64, length time.Duration) plan {
	p := plan{seed: seed}
	r := rand.New(rand.NewPCG(seed, 0))
	for at := time.Duration(0); ; {
		at += soonestFault + upTo(r, latestFault-soonestFault)
		if at >= length {
			break
		}
		p.faults = append(p.faults, newFault(r, at))
	}
	for i := range chaosTenants * chaosCustomers {
		p.questions = append(p.questions, newQuestions(seed, i, length))
	}
	return p
}

// upTo is a random time below the given one.
func upTo(r *rand.Rand, below time.Duration) time.Duration {
	return time.Duration(r.Int64N(int64(below)))
}

func newFault(r *rand.Rand, at time.Duration) fault {
	total := 0
	for _, k := range chaosKinds {
		total += k.weight
	}
	roll := r.IntN(total)
	for _, k := range chaosKinds {
		if roll -= k.weight; roll >= 0 {
			continue
		}
		f := fault{at: at, kind: k.name, count: 1}
		least := shortestLast
		switch k.on {
		case onWorker:
			f.target, least = r.IntN(chaosWorkers), shortestFreeze
		case onTenant:
			f.target = r.IntN(chaosTenants)
		}
		if k.lasts > 0 {
			f.lasts = least + upTo(r, k.lasts-least)
		}
		if k.count > 0 {
			f.count += r.IntN(k.count)
		}
		return f
	}
	panic("unreachable: the weights are summed above")
}

// newQuestions lets a customer write in bursts, with pauses in between.
func newQuestions(seed uint64, customer int, length time.Duration) (out []question) {
	r := rand.New(rand.NewPCG(seed, uint64(customer)+1))
	for at := upTo(r, longestPause/2); at < length; at += upTo(r, longestPause) {
		for range 1 + r.IntN(longestBurst) {
			out = append(out, question{
				at: at, id: fmt.Sprintf("%08XC%03dN%05d", uint32(seed), customer, len(out)),
				text: r.IntN(utterancesPerTenant),
			})
		}
	}
	return out
}

// utterancesPerTenant is how many different texts its customers choose from.
const utterancesPerTenant = 100

// chaosBusinesses are the tenants of a chaos run.
func chaosBusinesses() (all []flowhq.NewTenant) {
	for i := range chaosTenants {
		template := flowhq.Templates[i%len(flowhq.Templates)]
		language := flowhq.Languages[i/len(flowhq.Templates)%len(flowhq.Languages)]
		all = append(all, unlimited(flowhq.NewTenant{
			Name: fmt.Sprintf("%s %s", template, language), PhoneNumber: fmt.Sprintf("+2547000001%02d", i),
			Template: template, BusinessName: "Chaos " + string(template), Language: language,
		}))
	}
	return all
}

// armedPoints are the failpoints of a worker that has them, with the probability
// that one strikes. Those that every message passes have small ones: such a worker
// lives for a quarter of a minute or so.
var armedPoints = []struct {
	name        string
	probability float64
}{
	{"receive.decrypted", .01}, {"receive.inserted", .01}, {"receive.handled", .01},
	{"media.uploaded", .1}, {"media.noted", .1}, {"answer.composed", .01}, {"answer.written", .01}, {"send.due", .01}, {"send.done", .01},
	{"keys.decrypted", .01}, {"keys.encrypted", .01}, {"wire.write", .001},
	{"host.claimed", .1}, {"host.leased", .1}, {"host.dialling", .1}, {"wire.open", .1},
	{"host.online", .1}, {"host.hungup", .1},
}

// armament is what may befall an armed worker in one of its lives. Some point always ends it.
func (p plan) armament(slot, life int, always string) string {
	const longestPause = 4 * time.Second // longer than a lease
	r := rand.New(rand.NewPCG(p.seed, uint64(slot+1)*1_000_000+uint64(life)))
	text := fmt.Sprintf("%s=seed=%d", failpointsVariable, r.Uint64())
	for _, point := range armedPoints {
		text += "," + point.name + "="
		switch r.IntN(5) {
		case 0, 1:
			text += fmt.Sprintf("kill:%g", point.probability)
		case 2:
			text += fmt.Sprintf("stop:%g", point.probability)
		case 3:
			text += fmt.Sprintf("panic:%g", point.probability)
		default:
			text += fmt.Sprintf("pause:%g:%v", 2*point.probability, upTo(r, longestPause))
		}
	}
	return text + "," + always + "=kill:1"
}

// failpointsVariable is failpoint.Variable, which only tagged builds have.
const failpointsVariable = "FLOWHQ_FAILPOINTS"

func TestPlanFollowsFromTheSeed(t *testing.T) {
	one := newPlan(7, time.Minute)
	if again := newPlan(7, time.Minute); !reflect.DeepEqual(one, again) {
		t.Error("the same seed gave two plans")
	}
	if other := newPlan(8, time.Minute); reflect.DeepEqual(one.faults, other.faults) {
		t.Error("two seeds gave the same faults")
	}
	longer := newPlan(7, 10*time.Minute)
	if n := len(one.faults); n < 20 || n > 60 || !reflect.DeepEqual(one.faults, longer.faults[:n]) {
		t.Errorf("the plan of a minute has %d faults, which are not the first of ten minutes", n)
	}
	seen := map[string]bool{}
	for _, f := range longer.faults {
		seen[f.kind] = true
	}
	if len(seen) != len(chaosKinds) {
		t.Errorf("ten minutes have %d kinds of faults; want all %d", len(seen), len(chaosKinds))
	}
}
