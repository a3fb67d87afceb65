package server

import (
	"bytes"
	"log/slog"
	"slices"
	"strconv"
	"time"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq/internal/simulator/wire"
)

// After the handshake a login goes like this, with the client on the left:
//
//	                <- success, offline_preview   it is in; so much waits for it
//	encrypt count, encrypt set ->                 if its one-time keys run low
//	passive active ->                             it is ready
//	                <- the queue, oldest first, each stanza with offline=
//	                <- offline                    that was all of it
//
// The library reports Connected after its query "passive active" was answered, and hosts
// measure from there. So nothing may delay that answer.

// Reasons to refuse a login, as the client knows them. It deletes its keys on 401, waits
// on 402 and gives up on 405. Others it tries again, or leaves to its user.
const (
	reasonBadRequest  = 400
	reasonLoggedOut   = 401 // unknown, unlinked or somebody else's device
	reasonTempBanned  = 402
	reasonOutdated    = 405
	reasonUnavailable = 503
)

// login lets in the device that the payload names, if the client has proven the Noise key
// that the device was linked with. A live connection of the same device is thrown out, as
// WhatsApp does: the newer login wins.
func (c *conn) login(client *wire.Client) error {
	s := c.server
	number := strconv.FormatUint(client.Payload.GetUsername(), 10)
	if r, isRefused := s.refusal(number); isRefused {
		return c.refuse(r.Reason, r.attrs())
	}
	var in admission
	s.do(func(st *state) { in = st.admit(c, number, client) })
	if !in.isAdmitted {
		return c.refuse(reasonLoggedOut, nil)
	}
	if err := s.db.Wait(in.saved); err != nil {
		return err // the server is ending
	}
	// One line each login: the chaos test reads them when two hosts are suspected.
	level := slog.LevelInfo
	if !c.self.isCompanion() {
		level = slog.LevelDebug // a customer: there may be hundreds
	}
	s.log.Log(s.ctx, level, "device logged in",
		"number", c.self.e164(), "device", c.self.device, "replaced", in.hasReplaced)
	return c.greet(in)
}

// An admission is the outcome of a login.
type admission struct {
	isAdmitted bool
	linkedAt   time.Time // when the device was linked
	// hasReplaced says that a live connection was thrown out.
	hasReplaced bool
	// saved is the generation after which the login is in the file. The client is greeted
	// after that: no host may work that the list of logins does not have.
	saved uint64
}

// admit makes c the connection of the device that the client names, if there is such a
// device and the client has its key.
func (st *state) admit(c *conn, number string, client *wire.Client) (in admission) {
	a, id := st.accounts[number], client.Payload.GetDevice()
	if a == nil || id > maxDeviceID || a.devices[uint16(id)] == nil {
		return in
	}
	d := a.devices[uint16(id)]
	if d.isPhone() || !bytes.Equal(d.Noise, client.Key) {
		return in
	}
	a.counts.logins++
	st.server.counts.logins.Add(1)
	l := &login{Login: Login{
		At: time.Now().UTC(), Device: int(d.ID), Peer: c.Peer(), Version: versionOf(client.Payload),
	}}
	// A login that throws out a live connection follows no time offline.
	if d.link == nil && !d.left.IsZero() {
		l.OfflineMS = time.Since(d.left).Milliseconds()
	}
	in.isAdmitted, in.linkedAt = true, d.LinkedAt
	in.hasReplaced = st.replaceLink(d, l)
	in.saved = st.recordLogin(d, l)
	// The link of c is current from here on. What the old one's client says is ignored.
	c.self = member{a.profile, d.ID}
	d.link = st.links[c]
	d.link.device = d
	// What is transient was meant for the connection before this one.
	d.queue.entries = slices.DeleteFunc(d.queue.entries, func(e *entry) bool {
		return e.isTransient
	})
	select {
	case <-d.loggedIn:
	default:
		close(d.loggedIn)
	}
	return in
}

// replaceLink ends d's present connection, if any, because of the login l. It reports
// whether the connection was alive.
func (st *state) replaceLink(d *device, l *login) (wasAlive bool) {
	before := d.link
	if before == nil {
		return false
	}
	after := linger
	// A client that has hung up and comes back at once may be here before its old
	// connection's goroutine has noticed. That is no replacement.
	if wasAlive = !before.conn.IsOver(); wasAlive {
		d.account.counts.replaced++
		st.server.counts.replaced.Add(1)
		l.Replaced, before.successor = before.conn.Peer(), l
		after = lingerReplaced
	}
	before.conn.endSoon(streamError(nil, "replaced"), after)
	d.link = nil // the connection's goroutine goes on, and counts what comes late
	return wasAlive
}

// greet lets the client know that it is in, and how much waits for it.
func (c *conn) greet(in admission) error {
	err := c.Send(waBinary.Node{Tag: "success", Attrs: waBinary.Attrs{
		"t": now(), "lid": c.self.deviceLID(c.self.device), "props": "27", "abprops": "3",
		"location": "sim", "creation": in.linkedAt.Unix(),
	}})
	if err != nil {
		return err
	}
	// The client shows these figures in an event, and does nothing else with them.
	waiting := map[string]int{} // stanzas by class
	c.server.do(func(st *state) {
		if d := st.current(c); d != nil {
			for _, e := range d.queue.entries {
				waiting[e.class]++
			}
		}
	})
	messages, receipts := waiting[classMessage], waiting[classReceipt]
	notifications := waiting[classNotification]
	return c.Send(serverInfo(waBinary.Node{Tag: "offline_preview", Attrs: waBinary.Attrs{
		"count": messages + receipts + notifications, "message": messages,
		"receipt": receipts, "notification": notifications, "appdata": 0,
	}}))
}

// serverInfo is what the server says besides answers and deliveries.
func serverInfo(content ...waBinary.Node) waBinary.Node {
	n := waBinary.Node{Tag: "ib", Attrs: waBinary.Attrs{"from": types.ServerJID}}
	if len(content) > 0 {
		n.Content = content
	}
	return n
}

// activate starts the delivery of the queue: the client is ready for it.
func (c *conn) activate() {
	c.server.do(func(st *state) {
		d := st.current(c)
		if d == nil || d.link.isActive {
			return
		}
		d.link.isActive = true
		// What is queued from now on is no backlog, even if it is sent with it.
		d.link.backlog = &backlog{last: d.queue.last, count: len(d.queue.entries)}
		st.deliver(d)
	})
}

// unlink removes a companion, as a person does on the phone, or as the companion itself
// asks for on connection by (else nil). It notifies everybody who knows the device, and
// reports false if there is no such companion.
func (st *state) unlink(a *account, id uint16, by *conn) bool {
	d := a.devices[id]
	if d == nil || id == 0 {
		return false
	}
	// First the device, then the news of it: its own queue takes no more notifications.
	st.removeDevice(d)
	st.notifyDevices(a, "remove", d)
	if l := d.link; l != nil {
		if l.conn == by { // it knows
			l.conn.endSoon(serverInfo(), lingerPolite)
		} else {
			gone := streamError(waBinary.Attrs{"code": "401"}, "device_removed")
			l.conn.endSoon(gone, linger)
		}
		d.link = nil
	}
	st.server.log.Info("device was unlinked", "number", a.e164(), "device", id)
	return true
}

// notifyDevices notifies everybody who holds a's device list that it has changed, and a's
// other companions.
func (st *state) notifyDevices(a *account, change string, d *device) {
	hash := deviceHash(a)
	changed := waBinary.Node{
		Tag: change, Attrs: waBinary.Attrs{"device_hash": hash},
		Content: []waBinary.Node{deviceNode(d)},
	}
	// They would go on encrypting for the devices that they know of.
	for asker := range a.askers {
		st.notify(asker, a.lid(), "devices", changed)
	}
	var list []waBinary.Node
	for _, other := range a.sorted() {
		list = append(list, deviceNode(other))
	}
	all := waBinary.Node{Tag: "devices", Attrs: waBinary.Attrs{"dhash": hash}, Content: list}
	for _, other := range a.sorted() {
		if other != d {
			st.notify(other, a.lid(), "account_sync", all)
		}
	}
}

// notify queues a notification for a device. A full queue loses it.
func (st *state) notify(d *device, from types.JID, kind string, content ...waBinary.Node) {
	_, _ = st.enqueue(d, st.server.notification(from, kind, content...))
}

// notification returns a notification under an id of its own.
func (s *Server) notification(
	from types.JID, kind string, content ...waBinary.Node,
) waBinary.Node {
	return waBinary.Node{Tag: classNotification, Attrs: waBinary.Attrs{
		"id": s.ids.next(), "from": from, "type": kind, "t": now(),
	}, Content: content}
}

// deviceNode names a device in a list.
func deviceNode(d *device) waBinary.Node {
	return waBinary.Node{
		Tag: "device", Attrs: waBinary.Attrs{"jid": d.lid(), "key-index": int(d.ID)},
	}
}

// deviceHash is how clients compare device lists. A client whose hash differs asks for
// the list again.
func deviceHash(a *account) string { return participantHash(jids(a.sorted())) }
