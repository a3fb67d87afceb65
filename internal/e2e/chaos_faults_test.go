package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/flowhq/flowhq"
)

// trouble carries out the plan's faults. Each part and tenant suffers its own in
// order; those of different ones may overlap. It returns when all are over.
func (c *chaos) trouble(ctx context.Context) {
	lanes := map[string]chan fault{}
	var suffering sync.WaitGroup
	for _, f := range c.plan.faults {
		pause(ctx, time.Until(c.began.Add(f.at)))
		name := f.lane()
		lane := lanes[name]
		if lane == nil {
			lane = make(chan fault, len(c.plan.faults))
			lanes[name] = lane
			suffering.Go(func() {
				for f := range lane {
					c.inject(ctx, f)
				}
			})
		}
		lane <- f
	}
	for _, lane := range lanes {
		close(lane)
	}
	suffering.Wait()
}

// lane names whom a fault is done to.
func (f fault) lane() string {
	for _, k := range chaosKinds {
		switch {
		case k.name != f.kind:
		case k.on == onWorker:
			return fmt.Sprintf("worker %d", f.target)
		case k.on == onTenant:
			return fmt.Sprintf("tenant %d", f.target)
		}
	}
	part, _, _ := strings.Cut(f.kind, " ")
	return part
}

// inject makes one fault and notes it.
func (c *chaos) inject(ctx context.Context, f fault) {
	from := time.Now()
	var err error
	switch f.kind {
	case "worker kill":
		c.workers[f.target].kill(0)
	case "worker freeze":
		err = c.freeze(ctx, c.workers[f.target], f.lasts)
	case "worker drain":
		if !c.workers[f.target].drain(ctx) && f.target >= armedWorkers { // those may stop themselves meanwhile
			c.journal.accuse("worker %d did not end within %v of SIGTERM", f.target, drainWithin)
		}
	case "api kill":
		c.up.api.kill(f.lasts)
	case "simulator kill":
		c.up.simulator.kill(f.lasts)
	case "temporal kill":
		c.up.temporal.kill(f.lasts)
	case "database stop":
		err = c.fellDatabase(ctx, syscall.SIGQUIT, f.lasts)
	case "database kill":
		err = c.fellDatabase(ctx, syscall.SIGKILL, f.lasts)
	case "temporal empty":
		err = c.emptyTemporal(f.lasts)
	case "database hiccup":
		err = c.hiccup(ctx, f.count)
	case "database lock":
		err = c.lockTable(ctx, f)
	case "database migrate":
		err = c.migrateScratch(ctx, f)
	case "machine starve":
		err = starve(ctx, f.lasts)
	case "address":
		err = c.readdress(f)
	case "number change":
		err = c.move(ctx, f)
	case "workflow cancel", "workflow terminate", "workflow reset", "workflow forge":
		err = c.meddle(ctx, f)
	case "stop and start":
		if err = c.order(ctx, f.target, flowhq.Stop); err == nil {
			pause(ctx, f.lasts)
			err = c.order(ctx, f.target, flowhq.Start)
		}
	case "restart", "force-restart":
		err = c.order(ctx, f.target, flowhq.Command(f.kind))
	default:
		err = c.disturb(f)
	}
	if err != nil && (f.kind == "database stop" || f.kind == "database kill") {
		c.journal.accuse("%s: %v", f.kind, err)
	}
	c.journal.note(from, f, err)
}

// disturb has the simulator make a fault.
func (c *chaos) disturb(f fault) error {
	body := map[string]any{"kind": f.kind, "number": c.businesses[f.target].PhoneNumber}
	if f.lasts > 0 {
		body["seconds"] = f.lasts.Seconds()
	}
	if f.kind != "drop" && f.kind != "replace" && f.kind != "refuse_logins" {
		body["count"] = f.count
	}
	_, err := c.simulate("POST", "/faults", body, nil)
	return err
}

// readdress has deliveries of one customer's messages to a tenant name the customer in
// another way each time, and come twice: what a message teaches of its writer's addresses is
// learnt between the two.
func (c *chaos) readdress(f fault) error {
	r := rand.New(rand.NewPCG(c.plan.seed, uint64(f.at)))
	customer := c.chats[f.target*chaosCustomers+r.IntN(chaosCustomers)]
	forms := make([]string, 2*f.count)
	for i := range forms {
		forms[i] = addressForms[r.IntN(len(addressForms))]
	}
	body := map[string]any{"kind": "address", "number": customer.number, "forms": forms}
	if _, err := c.simulate("POST", "/faults", body, nil); err != nil {
		return err
	}
	f.kind = "duplicate"
	return c.disturb(f)
}

// heal ends every fault that is still to come, and replaces the workers with
// failpoints by ones without.
func (c *chaos) heal(ctx context.Context) {
	c.journal.disarm()
	for _, p := range c.workers[:armedWorkers] {
		p.drain(ctx)
	}
	for ctx.Err() == nil {
		if _, err := c.simulate("POST", "/faults", map[string]any{"kind": "clear"}, nil); err == nil {
			return
		}
		pause(ctx, restartPause)
	}
}
