package e2e

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	chaosMinutes = flag.Float64("minutes", 2, "how long TestChaos makes trouble")
	chaosSeed    = flag.Uint64("seed", 1, "what TestChaos derives its plan from")
)

const (
	// settleWithin bounds the time from the last fault until every message is
	// accounted for.
	settleWithin = 3 * time.Minute
	// progressEvery is how often a run says how far it is.
	progressEvery = 30 * time.Second
)

// TestChaos kills, freezes and cuts off every part of the product at random while
// customers chat, then lets it recover and accounts for every single message and
// every login. `task chaos` runs it for longer.
func TestChaos(t *testing.T) {
	length := time.Duration(*chaosMinutes * float64(time.Minute))
	c := newChaos(t, newPlan(*chaosSeed, length))
	t.Logf("seed %d: %d faults in %v", *chaosSeed, len(c.plan.faults), length)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var watching, asking sync.WaitGroup
	trouble, over := context.WithCancel(ctx)
	defer over()
	watching.Go(func() { c.operate(ctx) })
	watching.Go(func() { c.tellProgress(ctx) })
	c.began = time.Now()
	watching.Go(func() { c.guests.robot.chat(ctx) })
	for _, chat := range c.chats {
		asking.Go(func() { chat.ask(ctx, c) })
	}
	asking.Go(func() { c.guests.viewer.watch(ctx, trouble, c) })
	c.trouble(ctx)
	over()
	c.lasted = time.Since(c.began)
	c.heal(ctx)
	asking.Wait()
	c.settle(ctx)
	cancel()
	watching.Wait()

	v := c.verdict()
	v.print(t, length)
	for _, problem := range v.problems {
		t.Error(problem)
	}
}

// tellProgress logs how far the run is.
func (c *chaos) tellProgress(ctx context.Context) {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		asked, answered := 0, 0
		var err error
		for _, chat := range c.chats {
			inbox, failed := c.letters(chat)
			asked, answered, err = asked+len(chat.all()), answered+len(inbox), cmp.Or(err, failed)
		}
		progress := fmt.Sprintf("%v: %d asked, %d answered, %d faults",
			time.Since(c.began).Round(time.Second), asked, answered, c.journal.faults())
		if err != nil {
			progress += " (the simulator is down)"
		}
		c.t.Log(progress)
	}
}

// settle waits until every question is answered, every answer and picture known to have arrived, every
// command applied, and every tenant on the air.
func (c *chaos) settle(ctx context.Context) {
	c.t.Helper()
	deadline := time.Now().Add(settleWithin)
	for began := time.Now(); ; {
		open, err := c.open()
		forgotten, failed := c.forgotten()
		unwanted, failed2 := c.unwanted()
		undelivered, failed3 := c.undelivered()
		unseen, failed4 := c.guests.viewer.waits()
		err = cmp.Or(err, failed, failed2, failed3, failed4)
		if err == nil && open+unseen == 0 && undelivered == 0 && len(forgotten) == 0 && len(unwanted) == 0 {
			c.settled = time.Since(began)
			return
		}
		if time.Now().After(deadline) {
			c.t.Errorf("not settled within %v: %d messages are still open, %d pictures not seen, %d events not delivered (%v)",
				settleWithin, open, unseen, undelivered, err)
			for _, problem := range append(forgotten, unwanted...) {
				c.t.Error(problem)
			}
			return
		}
		pause(ctx, time.Second)
	}
}

// Only races that are the library's own are forgiven.
func TestWithoutLibraryRaces(t *testing.T) {
	const ruler = "==================\n"
	report := func(first, second string) string {
		return ruler + "WARNING: DATA RACE\nWrite at 0x1:\n  " + first +
			"()\n\nPrevious read at 0x1:\n  " + second + "()\n" + ruler
	}
	library := report("go.mau.fi/whatsmeow.(*Client).cancelResponse",
		"go.mau.fi/whatsmeow.(*Client).receiveResponse")
	ours := report("go.mau.fi/whatsmeow.(*Client).cancelResponse",
		"github.com/flowhq/flowhq/activities.(*session).serve")
	closing := report("go.mau.fi/whatsmeow/socket.(*FrameSocket).Close",
		"go.mau.fi/whatsmeow/socket.newNoiseSocket")
	rest, races := withoutLibraryRaces("a\n" + library + "b\n" + ours + closing + library)
	if races != 3 || strings.Count(rest, "DATA RACE") != 1 || !strings.Contains(rest, "activities") {
		t.Errorf("%d races are the library's, and what is left is:\n%s", races, rest)
	}
}

// What can break a production build must not be in it, and what the chaos run arms
// must be there.
func TestProductionHasNoFailpoints(t *testing.T) {
	for variable, want := range map[string]bool{"FLOWHQ_BIN": false, "FLOWHQ_FAILPOINTS_BIN": true} {
		program, err := os.ReadFile(os.Getenv(variable))
		if err != nil {
			t.Fatal(fmt.Errorf("run the tests through `go tool task test`, which sets %s: %w", variable, err))
		}
		if got := bytes.Contains(program, []byte(failpointsVariable)); got != want {
			t.Errorf("%s names %s: %t; want %t", variable, failpointsVariable, got, want)
		}
	}
}
