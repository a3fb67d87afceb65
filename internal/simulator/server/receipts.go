package server

import (
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq/internal/simulator/wire"
)

// Receipts go both ways, and serve two purposes:
//
//   - To the server, a receipt is the acknowledgement of a message that was decrypted. The
//     library sends no <ack> for it.
//   - To the sender of the message it says that the message has arrived or was read. It is
//     queued for the sender's devices like a message.
//
// The server acknowledges each receipt with an <ack>, which nobody waits for.

// receiptRetry is the type of a receipt by which a client asks for a message again.
const receiptRetry = "retry"

// handleReceipt takes what the client has received out of its queue, and passes the
// receipt on to the sender. A receipt that asks for a message again goes to the very
// device that sent the message, and leaves the message in the queue: the client
// acknowledges it separately.
func (c *conn) handleReceipt(n *waBinary.Node) {
	to, id, kind := wire.JID(n, "to"), wire.String(n, "id"), wire.String(n, "type")
	if id == "" {
		return
	}
	if kind != receiptRetry {
		for _, each := range receiptIDs(n, id) {
			c.acknowledge(classMessage, each, to.User)
		}
	}
	var isCurrent bool
	c.server.do(func(st *state) { isCurrent = st.passReceipt(c, n, to, kind) })
	if !isCurrent {
		c.countLate(n)
		return
	}
	_ = c.Send(waBinary.Node{Tag: "ack", Attrs: waBinary.Attrs{
		"class": classReceipt, "id": id, "from": n.Attrs["to"], "type": kind, "t": now(),
	}})
}

// receiptIDs returns all ids that a receipt is about. Several messages that were read at once
// have one receipt.
func receiptIDs(n *waBinary.Node, first string) []string {
	ids := []string{first}
	list := n.GetChildByTag("list")
	for _, item := range list.GetChildrenByTag("item") {
		if id := wire.String(&item, "id"); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// passReceipt queues a receipt for the sender of the message. It reports false if the
// connection was thrown out while the receipt came in.
func (st *state) passReceipt(c *conn, n *waBinary.Node, to types.JID, kind string) bool {
	from := st.current(c)
	if from == nil {
		return false
	}
	a := st.resolve(to)
	if a == nil || (a == from.account && kind != receiptRetry) {
		return true // for nobody else: what a companion says about its account's messages
	}
	out := waBinary.Node{Tag: classReceipt, Attrs: waBinary.Attrs{
		"id": n.Attrs["id"], "from": from.lid(), "t": now(),
	}, Content: n.Content}
	for _, name := range []string{"type", "recipient"} {
		if v, ok := n.Attrs[name]; ok {
			out.Attrs[name] = v
		}
	}
	for _, d := range a.devices {
		if kind != receiptRetry || d.ID == to.Device {
			_, _ = st.enqueue(d, out) // a full queue loses receipts, not messages
		}
	}
	return true
}

// handleAck takes a stanza out of the queue of the device that acknowledges it.
func (c *conn) handleAck(n *waBinary.Node) {
	class, id := wire.String(n, "class"), wire.String(n, "id")
	if code, isRefused := n.Attrs["error"]; isRefused {
		c.server.log.Debug("device could not use a stanza",
			"number", c.logNumber(), "class", class, "id", id, "code", code)
	}
	c.acknowledge(class, id, wire.JID(n, "to").User)
}
