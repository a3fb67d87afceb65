//go:build failpoints

package failpoint

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Variable names the environment variable that arms points. It holds
// point=what:probability pairs, separated by commas, such as
//
//	seed=7,receive.inserted=kill:0.01,send.acked=panic:0.005,*=pause:0.02:800ms
//
// What is kill (SIGKILL), stop (SIGSTOP, until somebody sends SIGCONT), panic, or pause
// followed by how long. "*" arms every point that is not named. The same seed gives every
// point the same fate at its first, second, … hit, so that a chaos run can be repeated.
const Variable = "FLOWHQ_FAILPOINTS"

// armed is the plan of this process. Points are hit all over the code, which must not pass
// a plan along only for test builds, so this is a global.
var armed = mustParse(os.Getenv(Variable))

// Hit meets the fate, if any, that the point of this name has this time.
func Hit(name string) { armed.hit(name, act) }

// HitFor is Hit at a point that something with a key passes, such as a tenant. It also
// meets the fate that is named point/key, which "*" does not arm: a test can so choose the
// one tenant that is to kill its worker.
func HitFor(name, key string) {
	Hit(name)
	if name += "/" + key; armed.named(name) {
		Hit(name)
	}
}

// A fate is what may happen at a point.
type fate struct {
	what        string        // kill, stop, panic or pause
	probability float64       // of each hit, from 0 to 1
	pause       time.Duration // for pause
}

// A plan holds the fates of all points.
type plan struct {
	seed  uint64
	fates map[string]fate // by point; "*" = all others

	mu    sync.Mutex            // points are hit by many goroutines at once
	dices map[string]*rand.Rand // by point, made at its first hit
}

// named reports whether the point is armed under its own name.
func (p *plan) named(name string) bool {
	_, ok := p.fates[name]
	return ok
}

// hit draws whether the point meets its fate this time, and calls act if it does. Tests
// give another act than the deadly one.
func (p *plan) hit(name string, act func(string, fate)) {
	f, ok := p.fates[name]
	if !ok {
		f, ok = p.fates["*"]
	}
	if ok && p.roll(name) < f.probability {
		act(name, f)
	}
}

// roll returns the point's next random number, from 0 to 1. Each point has a source of its
// own, so that its fate does not depend on how the hits of several points happen to mix.
func (p *plan) roll(name string) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	dice := p.dices[name]
	if dice == nil {
		sum := fnv.New64a()
		_, _ = sum.Write([]byte(name)) // never fails
		dice = rand.New(rand.NewPCG(p.seed, sum.Sum64()))
		p.dices[name] = dice
	}
	return dice.Float64()
}

// act says what happens, for whoever reads the process's output, and does it. It writes to
// stderr itself, as a logger could be where the point is.
func act(name string, f fate) {
	fmt.Fprintf(os.Stderr, "failpoint %s: %s\n", name, f.what)
	switch f.what {
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal may take effect later, and nothing may be done until then
	case "stop":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	case "panic":
		panic("failpoint " + name)
	default:
		time.Sleep(f.pause)
	}
}

// mustParse reads a plan. A program with points that are armed wrongly must not
// run: it would prove nothing.
func mustParse(text string) *plan {
	p, err := parse(text)
	if err != nil {
		panic(Variable + ": " + err.Error())
	}
	return p
}

// parse reads the value of Variable, "" for a plan that arms nothing.
func parse(text string) (*plan, error) {
	p := &plan{fates: map[string]fate{}, dices: map[string]*rand.Rand{}}
	if text == "" {
		return p, nil
	}
	for _, pair := range strings.Split(text, ",") {
		name, value, _ := strings.Cut(pair, "=")
		var err error
		if name == "seed" {
			p.seed, err = strconv.ParseUint(value, 10, 64)
		} else {
			p.fates[name], err = parseFate(value)
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %w", pair, err)
		}
	}
	return p, nil
}

// parseFate reads what:probability, and :how-long after that for a pause.
func parseFate(text string) (f fate, err error) {
	what, rest, _ := strings.Cut(text, ":")
	probability, pause, _ := strings.Cut(rest, ":")
	f.what = what
	if f.probability, err = strconv.ParseFloat(probability, 64); err != nil {
		return f, err
	}
	switch what {
	case "kill", "stop", "panic":
	case "pause":
		f.pause, err = time.ParseDuration(pause)
	default:
		err = fmt.Errorf("%q is none of kill, stop, panic, pause", what)
	}
	return f, err
}
