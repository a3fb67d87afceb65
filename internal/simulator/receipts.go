package simulator

import (
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

const receiptRetry = "retry"

// handleReceipt takes what the client has received out of its queue, and tells
// the sender. A receipt that asks for a message again goes to the very device
// that sent it, and leaves the message in the queue: the client acknowledges it
// separately.
func (c *conn) handleReceipt(n *waBinary.Node) {
	s := c.server
	to, _ := n.Attrs["to"].(types.JID)
	id, _ := n.Attrs["id"].(string)
	kind, _ := n.Attrs["type"].(string)
	if id == "" {
		return
	}
	if kind != receiptRetry {
		for _, each := range receiptIDs(n, id) {
			s.acknowledged(c, classMessage, each, to.User)
		}
	}
	if !s.passReceipt(c, n, to, kind) {
		c.overhear(n)
		return
	}
	_ = c.send(waBinary.Node{Tag: "ack", Attrs: waBinary.Attrs{
		"class": classReceipt, "id": id, "from": n.Attrs["to"], "type": kind, "t": now(),
	}})
}

// receiptIDs returns all ids that a receipt is about.
func receiptIDs(n *waBinary.Node, first string) []string {
	ids := []string{first}
	list := n.GetChildByTag("list")
	for _, item := range list.GetChildrenByTag("item") {
		if id, ok := item.Attrs["id"].(string); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// passReceipt tells the sender of a message what became of it. It reports false
// if the connection was thrown out while the receipt came in.
func (s *server) passReceipt(c *conn, n *waBinary.Node, to types.JID, kind string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := c.device
	if from.conn != c {
		return false
	}
	a := s.resolve(to)
	if a == nil || (a == from.account && kind != receiptRetry) {
		return true // ours alone: what a companion says about our own messages
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
			_, _ = s.enqueue(d, out) // a full queue loses receipts, not messages
		}
	}
	return true
}

// handleAck takes a stanza out of the queue of the device that acknowledges it.
func (c *conn) handleAck(n *waBinary.Node) {
	class, _ := n.Attrs["class"].(string)
	id, _ := n.Attrs["id"].(string)
	if code, refused := n.Attrs["error"]; refused {
		c.server.log.Debug("device could not use a stanza",
			"number", c.number(), "class", class, "id", id, "code", code)
	}
	c.server.acknowledged(c, class, id, userOf(n, "to"))
}
