package server

import (
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq/internal/simulator/wire"
)

// A message comes in as one stanza with a ciphertext for each device:
//
//	<message id type to>
//	  <participants><to jid><enc type=msg|pkmsg>…</to>…</participants>
//	  [<device-identity>]
//	</message>
//
// and goes out as one stanza to each of them:
//
//	<message id type t from sender_pn notify addressing_mode><enc>…[<device-identity>]
//
// Here "to" names the chat, by number or by LID. All devices are named in the same way.

// Errors in the acknowledgement of a message, as the service spells them. The library
// returns each as ErrServerReturnedError.
const (
	ackNotFound = 404 // nobody has the recipient's identity
	ackInvalid  = 479 // the stanza is malformed or mixes kinds of addresses
	ackBusy     = 503 // cannot be queued now
)

// A routing is what became of a message.
type routing struct {
	// isIgnored says that the sender's connection was thrown out while the message came
	// in. It reaches nobody and is not acknowledged.
	isIgnored bool
	code      int    // why the message is refused; 0 = it was routed
	saved     uint64 // generation after which it is in the file
	// devicesHash is of all devices that the message should have been for. The sender gets
	// it if its list is out of date, and asks for the list again; "" = it is not.
	devicesHash string
}

// handleMessage routes a message to the devices that it was encrypted for. It
// acknowledges the message to its sender once it is in the file.
func (c *conn) handleMessage(n *waBinary.Node) {
	to, id := wire.JID(n, "to"), wire.String(n, "id")
	if id == "" || to.IsEmpty() {
		return // nothing to answer to
	}
	var r routing
	c.server.do(func(st *state) { r = st.route(c, n, to) })
	if r.isIgnored {
		c.countLate(n)
		return
	}
	// Acknowledged means in the file: the sender will not send it again.
	if r.code == 0 && c.server.db.Wait(r.saved) != nil {
		c.Cut() // the server is ending; the client sends again what was not acknowledged
		return
	}
	ack := waBinary.Node{Tag: "ack", Attrs: waBinary.Attrs{
		"class": classMessage, "id": id, "from": to, "t": now(), "phash": r.devicesHash,
	}}
	if r.code != 0 {
		ack.Attrs["error"] = r.code
	}
	c.answerMessage(ack)
}

// answerMessage acknowledges a message, unless a fault has that come late or never. Only
// messages of companions are disturbed: a customer's are how tests know what was sent.
func (c *conn) answerMessage(ack waBinary.Node) {
	isLost, delay := false, noDelay
	if c.self.isCompanion() {
		isLost, delay = c.server.Faults.takeAck(c.self.Number)
	}
	switch {
	case isLost: // the client sends again under the same id, and its recipient sees one
	case delay == noDelay:
		_ = c.Send(ack) // the client is gone if this fails
	default:
		// Others must not wait for it: this goroutine reads what the client says next.
		c.workers.Go(func() {
			if c.pause(delay) {
				_ = c.Send(ack)
			}
		})
	}
}

// route queues a message for its devices, those of the chat and the sender's own others.
func (st *state) route(c *conn, n *waBinary.Node, to types.JID) (r routing) {
	from := st.current(c)
	if from == nil {
		return routing{isIgnored: true}
	}
	a := st.resolve(to)
	if a == nil {
		return routing{code: ackNotFound}
	}
	parts := n.GetChildByTag("participants")
	targets := parts.GetChildrenByTag("to")
	if direct := n.GetChildrenByTag("enc"); len(direct) > 0 {
		// A repetition for one device, or a request to the own phone.
		attrs := waBinary.Attrs{"jid": to}
		targets = []waBinary.Node{{Tag: "to", Attrs: attrs, Content: direct}}
	} else if !isWellAddressed(to, targets) {
		return routing{code: ackInvalid}
	} else {
		r.devicesHash = st.staleness(from, a, targets)
	}
	t := now() // one time for all devices: they show the same message
	for _, target := range targets {
		jid := wire.JID(&target, "jid")
		d := st.resolveDevice(jid)
		if d == nil || (d.account != a && d.account != from.account) {
			continue // unlinked since; devicesHash says so
		}
		saved, err := st.enqueue(d, forward(n, from, a, d.account, target, t))
		if err != nil { // some devices have it already, and will recognise the repetition
			return routing{code: ackBusy}
		}
		r.saved = max(r.saved, saved)
	}
	st.server.counts.routed.Add(1)
	return r
}

// isWellAddressed reports whether all targets are named like the chat: by numbers or by
// hidden identities, and not by both. WhatsApp refuses a mixture. A client sends one if it
// has cached a device list under the wrong kind of name.
func isWellAddressed(to types.JID, targets []waBinary.Node) bool {
	for _, target := range targets {
		enc := target.GetChildrenByTag("enc")
		if wire.JID(&target, "jid").Server != to.Server || len(enc) == 0 {
			return false
		}
	}
	return len(targets) > 0
}

// staleness returns the hash of all devices that the message should have been for, or ""
// if it was for all of them.
func (st *state) staleness(from *device, a *account, targets []waBinary.Node) string {
	addressed := map[*device]bool{from: true} // nobody encrypts for itself
	for _, target := range targets {
		if d := st.resolveDevice(wire.JID(&target, "jid")); d != nil {
			addressed[d] = true
		}
	}
	all := a.sorted()
	if from.account != a {
		all = append(all, from.account.sorted()...)
	}
	for _, d := range all {
		if !addressed[d] {
			return participantHash(jids(all))
		}
	}
	return ""
}

// passedOn are the parts of a message that its recipient gets besides what was encrypted
// for it. The server does not look into them.
var passedOn = []string{"meta", "biz", "bot"}

// forward returns the message as one device of owner gets it. a is whom the chat is with
// from the sender's side. Writers are named by LID, with the number beside it, as WhatsApp
// does by default; a fault may change that when the message is delivered (addresses.go).
func forward(
	n *waBinary.Node, from *device, a, owner *account, target waBinary.Node, t int64,
) waBinary.Node {
	out := waBinary.Node{Tag: classMessage, Attrs: waBinary.Attrs{
		"id": n.Attrs["id"], "type": n.Attrs["type"], "t": t,
		"from": from.lid(), "addressing_mode": "lid", "notify": from.account.Name,
	}}
	if owner == from.account { // a copy for the sender's other devices
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
		// The first message of a session proves that the companion is the account's.
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

// handleChatState passes "is typing" on to the chat's devices that are online. Who is not has
// no use for it later.
func (c *conn) handleChatState(n *waBinary.Node) {
	c.server.do(func(st *state) {
		a := st.resolve(wire.JID(n, "to"))
		if a == nil || a.Number == c.self.Number {
			return
		}
		for _, d := range a.devices {
			st.pass(d, waBinary.Node{
				Tag: "chatstate", Attrs: waBinary.Attrs{"from": c.self.lid()}, Content: n.Content,
			})
		}
	})
}
