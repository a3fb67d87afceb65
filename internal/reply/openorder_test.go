package reply

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/demo"
)

// order is the order that a turn leaves; it must be the only one.
func (c *chat) order(turn Turn, number string, status flowhq.OrderStatus) flowhq.Order {
	c.Helper()
	var all []flowhq.Order
	for _, f := range turn.Facts {
		if f.Order != nil {
			all = append(all, *f.Order)
		}
	}
	if len(all) != 1 || all[0].Number != number || all[0].Status != status {
		c.Fatalf("%q leaves the orders %+v; want %s %s", turn.Reply, all, number, status)
	}
	return all[0]
}

// leavesNoOrder fails if a turn leaves an order.
func (c *chat) leavesNoOrder(turn Turn) {
	c.Helper()
	for _, f := range turn.Facts {
		if f.Order != nil {
			c.Fatalf("%q leaves the order %+v; want none", turn.Reply, *f.Order)
		}
	}
}

// followUp asks about the newest order after a time.
func (c *chat) followUp(after time.Duration) {
	c.at = c.at.Add(after)
	asked := c.at
	c.cal.Orders[0].AskedAt = &asked
	c.at = c.at.Add(time.Minute)
}

// askedGrocer is a chat in which an order was read back, and its number.
func askedGrocer(t *testing.T) (*chat, string) {
	t.Helper()
	c := newChat(t, demo.Grocer)
	first := c.say("I want 2 kg of sugar")
	number := flowhq.Reference(1)
	if o := c.order(first, number, flowhq.OrderOpen); len(o.Lines) != 1 || o.Lines[0].Quantity != 2 {
		t.Fatalf("%q leaves %+v", first.Reply, o)
	}
	c.order(c.say("pick up"), number, flowhq.OrderOpen)
	return c, number
}

// TestOpenOrder is one row from the first line to the yes or the no.
func TestOpenOrder(t *testing.T) {
	if !hasModel(t) {
		return
	}
	t.Run("yes", func(t *testing.T) {
		c, number := askedGrocer(t)
		if o := c.order(c.say("make it 3 kg"), number, flowhq.OrderOpen); o.Lines[0].Quantity != 3 {
			t.Errorf("changed to %+v", o)
		}
		if o := c.order(c.say("yes"), number, flowhq.OrderConfirmed); o.Lines[0].Quantity != 3 {
			t.Errorf("placed %+v", o)
		}
		c.leavesNoOrder(c.say("thanks"))
	})
	t.Run("no", func(t *testing.T) {
		c, number := askedGrocer(t)
		c.say("no")
		c.order(c.say("no"), number, flowhq.OrderCancelled)
		c.leavesNoOrder(c.say("yes"))
		// What is ordered then is another order.
		c.order(c.say("I want 1 kg of sugar"), flowhq.Reference(c.n), flowhq.OrderOpen)
	})
	for _, text := range []string{"STOP", "cancel", "forget it"} {
		t.Run(text, func(t *testing.T) {
			c, number := askedGrocer(t)
			c.order(c.say(text), number, flowhq.OrderCancelled)
		})
	}
	t.Run("a question in between", func(t *testing.T) {
		c := newChat(t, demo.Grocer)
		c.say("I want 2 kg of sugar")
		c.leavesNoOrder(c.say("where are you?"))
	})
	t.Run("emptied", func(t *testing.T) {
		c, number := askedGrocer(t)
		c.order(c.say("remove the sugar"), number, flowhq.OrderCancelled)
		c.order(c.say("I want 1 kg of sugar"), flowhq.Reference(c.n), flowhq.OrderOpen)
	})
}

// TestAnswerToFollowUp is one to that very order, as long as the order is kept.
func TestAnswerToFollowUp(t *testing.T) {
	if !hasModel(t) {
		return
	}
	for _, after := range []time.Duration{30 * time.Minute, 3 * time.Hour, 24 * time.Hour, 47 * time.Hour} {
		for _, yes := range []string{"yes", "NDIO", "ndio nahitaji", "yes please"} {
			c, number := askedGrocer(t)
			c.followUp(after)
			c.order(c.say(yes), number, flowhq.OrderConfirmed)
		}
		for _, no := range []string{"no", "HAPANA"} {
			c, number := askedGrocer(t)
			c.followUp(after)
			c.order(c.say(no), number, flowhq.OrderCancelled)
		}
	}
	t.Run("not asked", func(t *testing.T) {
		c, number := askedGrocer(t)
		c.at = c.at.Add(5 * time.Hour)
		// It reads back once more, and is asked about from then on.
		c.order(c.say("yes"), number, flowhq.OrderOpen)
		c.order(c.say("yes"), number, flowhq.OrderConfirmed)
	})
	t.Run("written before the follow-up", func(t *testing.T) {
		c, number := askedGrocer(t)
		c.followUp(3 * time.Hour)
		c.at = c.at.Add(-2 * time.Minute)
		c.order(c.say("yes"), number, flowhq.OrderOpen)
	})
	t.Run("not that far", func(t *testing.T) {
		c := newChat(t, demo.Grocer)
		c.say("I want 2 kg of sugar")
		c.followUp(3 * time.Hour)
		turn := c.say("yes") // delivery or pick-up is still to be said
		if confirmed(turn) || c.state.Ask.For != askHow {
			t.Errorf("%q places what was not read back", turn.Reply)
		}
	})
	t.Run("another price", func(t *testing.T) {
		c, number := askedGrocer(t)
		p := demo.Profile(demo.Grocer)
		for i := range p.Products {
			p.Products[i].Price += 100
		}
		c.know = Compile(p, demo.Config(demo.Grocer))
		c.followUp(3 * time.Hour)
		c.order(c.say("yes"), number, flowhq.OrderOpen)
		c.order(c.say("yes"), number, flowhq.OrderConfirmed)
	})
	t.Run("without its basket", func(t *testing.T) {
		c, number := askedGrocer(t)
		c.state = State{}
		c.followUp(3 * time.Hour)
		c.say("yes")
		if o := c.cal.Orders[0]; o.Number != number || o.Status == flowhq.OrderCancelled {
			t.Errorf("the order is %+v", o)
		}
		// Whether it is fetched is not in the row, so that is asked once more.
		c.say("pick up")
		c.order(c.say("yes"), number, flowhq.OrderConfirmed)
	})
	t.Run("given up", func(t *testing.T) {
		c, _ := askedGrocer(t)
		c.followUp(47 * time.Hour)
		c.at = c.at.Add(2 * time.Hour)
		c.cal.Orders[0].Status = flowhq.OrderCancelled
		c.order(c.say("yes"), flowhq.Reference(c.n), flowhq.OrderOpen)
	})
}

// TestOpenOrderThatOthersChanged is what an operator has made of it.
func TestOpenOrderThatOthersChanged(t *testing.T) {
	if !hasModel(t) {
		return
	}
	set := func(c *chat, s flowhq.OrderStatus) {
		c.cal.Orders = slices.Clone(c.cal.Orders)
		c.cal.Orders[0].Status = s
	}
	c, _ := askedGrocer(t)
	set(c, flowhq.OrderCancelled)
	turn := c.say("yes")
	c.order(turn, flowhq.Reference(c.n), flowhq.OrderConfirmed)

	for _, s := range []flowhq.OrderStatus{flowhq.OrderConfirmed, flowhq.OrderFulfilled} {
		c, _ = askedGrocer(t)
		set(c, s)
		turn = c.say("yes")
		c.leavesNoOrder(turn)
		if turn.Reply == "" {
			t.Errorf("a yes to an order that is %s is not answered", s)
		}
	}
}

// TestDraftsAreNoOrders of the customer's: nobody has told the customer their numbers.
func TestDraftsAreNoOrders(t *testing.T) {
	if !hasModel(t) {
		return
	}
	c, _ := askedGrocer(t)
	c.say("cancel")
	turn := c.say("where is my order?")
	for _, f := range turn.Facts {
		if f.Order != nil {
			t.Errorf("leaves %+v", f.Order)
		}
	}
	if n := flowhq.Reference(1); turn.Reply == "" || strings.Contains(turn.Reply, n) {
		t.Errorf("a draft that was dropped is told of: %q", turn.Reply)
	}
}
