package simulator

import (
	"go.mau.fi/whatsmeow/types"

	waBinary "go.mau.fi/whatsmeow/binary"
)

// Errors in the acknowledgement of a message, as the service spells them.
const (
	ackNotFound = 404 // nobody has the recipient's identity
	ackInvalid  = 479 // the stanza is malformed or mixes kinds of addresses
	ackBusy     = 503 // cannot be queued now

	// ackNever is not on the wire: the sender's connection was thrown out while
	// its message came in.
	ackNever = -1
)

// handleMessage routes a message to the devices it was encrypted for, and
// acknowledges it to its sender once it is safe in their queues.
func (c *conn) handleMessage(n *waBinary.Node) {
	s := c.server
	to, _ := n.Attrs["to"].(types.JID)
	id, _ := n.Attrs["id"].(string)
	if id == "" || to.IsEmpty() {
		return // nothing to answer to
	}
	saved, phash, code := s.route(c, n, to)
	if code == ackNever {
		c.overhear(n)
		return
	}
	if code == 0 && s.db.wait(saved) != nil {
		c.kill() // the server is ending; unacknowledged, it is sent again
		return
	}
	ack := waBinary.Node{Tag: "ack", Attrs: waBinary.Attrs{
		"class": classMessage, "id": id, "from": to, "t": now(), "phash": phash,
	}}
	if code != 0 {
		ack.Attrs["error"] = code
	}
	c.acknowledge(ack)
}

// acknowledge answers a message, unless a fault has that come late or never.
func (c *conn) acknowledge(ack waBinary.Node) {
	c.server.mu.Lock()
	lost, late := c.server.faults.takeAck(c.device)
	c.server.mu.Unlock()
	switch {
	case lost:
	case late == 0:
		_ = c.send(ack) // the client is gone if this fails
	default:
		c.workers.Go(func() {
			if c.pause(late) {
				_ = c.send(ack)
			}
		})
	}
}

// route queues a message for its devices. phash tells the sender that its list
// of devices is out of date, code why the message is refused.
func (s *server) route(c *conn, n *waBinary.Node, to types.JID) (saved uint64, phash string, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := c.device
	if from.conn != c {
		return 0, "", ackNever
	}
	a := s.resolve(to)
	if a == nil {
		return 0, "", ackNotFound
	}
	parts := n.GetChildByTag("participants")
	targets := parts.GetChildrenByTag("to")
	if direct := n.GetChildrenByTag("enc"); len(direct) > 0 {
		// A repetition for one device, or a request to the own phone.
		targets = []waBinary.Node{{Tag: "to", Attrs: waBinary.Attrs{"jid": to}, Content: direct}}
	} else if !wellAddressed(to, targets) {
		return 0, "", ackInvalid
	} else {
		phash = s.staleness(from, a, targets)
	}
	t := now()
	for _, target := range targets {
		jid, _ := target.Attrs["jid"].(types.JID)
		owner := s.resolve(jid)
		if owner == nil || (owner != a && owner != from.account) || owner.devices[jid.Device] == nil {
			continue // unlinked since; phash says so
		}
		delivery := forward(n, from, a, owner, target, t)
		generation, err := s.enqueue(owner.devices[jid.Device], delivery)
		if err != nil {
			return 0, "", ackBusy
		}
		saved = max(saved, generation)
	}
	s.stats.routed++
	return saved, phash, 0
}

// wellAddressed reports whether all targets are named like the chat: by numbers
// or by hidden identities, and not by both.
func wellAddressed(to types.JID, targets []waBinary.Node) bool {
	for _, target := range targets {
		jid, _ := target.Attrs["jid"].(types.JID)
		if enc := target.GetChildrenByTag("enc"); jid.Server != to.Server || len(enc) == 0 {
			return false
		}
	}
	return len(targets) > 0
}

// staleness returns the hash of all devices the message should have been for,
// or "" if it was for all of them. The caller holds mu.
func (s *server) staleness(from *device, a *account, targets []waBinary.Node) string {
	addressed := map[*device]bool{from: true}
	for _, target := range targets {
		jid, _ := target.Attrs["jid"].(types.JID)
		if owner := s.resolve(jid); owner != nil {
			addressed[owner.devices[jid.Device]] = true
		}
	}
	all := jids(a.sorted())
	complete := true
	for _, d := range a.devices {
		complete = complete && addressed[d]
	}
	if from.account != a {
		all = append(all, jids(from.account.sorted())...)
		for _, d := range from.account.devices {
			complete = complete && addressed[d]
		}
	}
	if complete {
		return ""
	}
	return participantHash(all)
}

// passedOn are the parts of a message that its recipient gets besides what was
// encrypted for it.
var passedOn = []string{"meta", "biz", "bot"}

// forward returns the message as one device of owner gets it: a is whom the
// chat is with from the sender's side.
func forward(n *waBinary.Node, from *device, a, owner *account, target waBinary.Node, t int64) waBinary.Node {
	out := waBinary.Node{Tag: classMessage, Attrs: waBinary.Attrs{
		"id": n.Attrs["id"], "type": n.Attrs["type"], "t": t,
		"from": from.lid(), "addressing_mode": "lid", "notify": from.account.Name,
	}}
	if owner == from.account {
		out.Attrs["recipient"], out.Attrs["peer_recipient_pn"] = a.lid(), a.pn()
		if recipient, ok := n.Attrs["recipient"]; ok { // repeated for one of our own
			out.Attrs["recipient"] = recipient
			delete(out.Attrs, "peer_recipient_pn")
		}
	} else {
		out.Attrs["sender_pn"] = from.account.pn()
	}
	for _, name := range []string{"edit", "category"} {
		if v, ok := n.Attrs[name]; ok {
			out.Attrs[name] = v
		}
	}
	content := target.GetChildrenByTag("enc")
	for _, enc := range target.GetChildrenByTag("enc") {
		identity, ok := n.GetOptionalChildByTag("device-identity")
		if ok && enc.Attrs["type"] == "pkmsg" && from.ID != 0 {
			content = append(content, identity)
			break
		}
	}
	for _, tag := range passedOn {
		content = append(content, n.GetChildrenByTag(tag)...)
	}
	out.Content = content
	return out
}

// handleChatState passes "is typing" on to the chat's devices that are online.
func (c *conn) handleChatState(n *waBinary.Node) {
	to, _ := n.Attrs["to"].(types.JID)
	s, from := c.server, c.device
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.resolve(to)
	if a == nil || a == from.account {
		return
	}
	for _, d := range a.devices {
		s.pass(d, waBinary.Node{
			Tag: "chatstate", Attrs: waBinary.Attrs{"from": from.account.lid()}, Content: n.Content,
		})
	}
}
