package simulator

import (
	"bytes"
	"log/slog"
	"slices"
	"strconv"
	"time"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/types"
)

// Reasons to refuse a login, as the client knows them.
const (
	reasonLoggedOut   = 401 // unknown, unlinked or somebody else's device
	reasonTempBanned  = 402
	reasonBadRequest  = 400
	reasonUnavailable = 503
)

// login admits the device that the payload names if it proves itself by the
// Noise key it was linked with. A live connection of the same device is thrown
// out.
func (c *conn) login(static []byte, payload *waWa6.ClientPayload) error {
	s := c.server
	number := strconv.FormatUint(payload.GetUsername(), 10)
	if reason, refused := s.refusal(number); refused {
		return c.refuse(reason.reason, reason.attrs())
	}
	d, replaced, saved := s.attach(c, number, payload.GetDevice(), static, versionOf(payload))
	if d == nil {
		return c.refuse(reasonLoggedOut, nil)
	}
	if err := s.db.wait(saved); err != nil {
		return err // the server is ending
	}
	level := slog.LevelInfo
	if d.ID == 0 {
		level = slog.LevelDebug // a customer: there may be hundreds
	}
	s.log.Log(s.ctx, level, "device logged in", "number", d.account.e164(), "device", d.ID, "replaced", replaced)
	return c.greet(d)
}

// attach makes c the connection of the device, if there is such a device and
// static is its key; otherwise it returns nil. replaced reports whether that
// threw out a connection which was alive. The client is not told that it is in
// before what saved stands for is in the file.
func (s *server) attach(c *conn, number string, id uint32, static []byte, version string) (d *device, replaced bool, saved uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[number]
	if a == nil || id > maxDeviceID || a.devices[uint16(id)] == nil {
		return nil, false, 0
	}
	d = a.devices[uint16(id)]
	if d.phone() || !bytes.Equal(d.Noise, static) {
		return nil, false, 0
	}
	a.stats.logins++
	s.stats.logins++
	l := &login{At: time.Now().UTC(), Device: int(d.ID), Peer: c.peer(), Version: version}
	if d.conn == nil && !d.left.IsZero() {
		l.OffAirMS = time.Since(d.left).Milliseconds()
	}
	replaced = s.throwOut(d, l)
	saved = s.note(d, l)
	c.device, d.conn = d, c
	d.queue.entries = slices.DeleteFunc(d.queue.entries, func(e *entry) bool { return e.transient }) // stale by now
	select {
	case <-d.loggedIn:
	default:
		close(d.loggedIn)
	}
	return d, replaced, saved
}

// throwOut ends d's present connection, if any, because of the login l, and
// reports whether it was alive. The caller holds mu.
func (s *server) throwOut(d *device, l *login) (alive bool) {
	before := d.conn
	if before == nil {
		return false
	}
	after := linger
	if alive = !before.hungUp(); alive {
		d.account.stats.replaced++
		s.stats.replaced++
		l.Replaced, before.successor = before.peer(), l
		after = lingerReplaced
	}
	before.endSoon(streamError(nil, "replaced"), after)
	d.conn = nil
	return alive
}

// hungUp reports whether the peer closed the connection before now, even if our
// reading side has not been told yet.
func (c *conn) hungUp() bool {
	return c.ending.Load() || peerClosed(c.tcp)
}

// greet tells the client that it is in and what waits for it.
func (c *conn) greet(d *device) error {
	err := c.send(waBinary.Node{Tag: "success", Attrs: waBinary.Attrs{
		"t": now(), "lid": d.lid(), "props": "27", "abprops": "3", "location": "sim",
		"creation": d.LinkedAt.Unix(),
	}})
	if err != nil {
		return err
	}
	c.server.mu.Lock()
	var messages, receipts, notifications int
	for _, e := range d.queue.entries {
		switch e.class {
		case classMessage:
			messages++
		case classReceipt:
			receipts++
		case classNotification:
			notifications++
		}
	}
	c.server.mu.Unlock()
	return c.send(waBinary.Node{Tag: "ib", Attrs: waBinary.Attrs{"from": types.ServerJID}, Content: []waBinary.Node{
		{Tag: "offline_preview", Attrs: waBinary.Attrs{
			"count": messages + receipts + notifications, "message": messages,
			"receipt": receipts, "notification": notifications, "appdata": 0,
		}},
	}})
}

// activate starts the delivery of the queue: the client is ready for it.
func (c *conn) activate() {
	s, d := c.server, c.device
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.active || d.conn != c {
		return
	}
	c.active = true
	c.backlog = &backlog{last: d.queue.last, count: len(d.queue.entries)}
	s.deliver(d)
}

// unlink removes a companion as a person does on the phone, or as the companion
// itself asks for on connection by (else nil), and tells who needs to know. It
// reports false if there is no such companion.
func (s *server) unlink(a *account, id uint16, by *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := a.devices[id]
	if d == nil || id == 0 {
		return false
	}
	s.removeDevice(d)
	s.tellDevices(a, "remove", d)
	if c := d.conn; c != nil {
		if c == by { // it knows
			c.endSoon(waBinary.Node{Tag: "ib", Attrs: waBinary.Attrs{"from": types.ServerJID}}, lingerPolite)
		} else {
			c.endSoon(streamError(waBinary.Attrs{"code": "401"}, "device_removed"), linger)
		}
		d.conn = nil
	}
	s.log.Info("device was unlinked", "number", a.e164(), "device", id)
	return true
}

// tellDevices tells everybody who holds a's device list that it changed, and
// a's other companions. The caller holds mu.
func (s *server) tellDevices(a *account, change string, d *device) {
	hash := deviceHash(a)
	for asker := range a.askers {
		_, _ = s.enqueue(asker, waBinary.Node{Tag: classNotification, Attrs: waBinary.Attrs{
			"id": s.stanzaID(), "from": a.lid(), "type": "devices", "t": now(),
		}, Content: []waBinary.Node{{
			Tag: change, Attrs: waBinary.Attrs{"device_hash": hash},
			Content: []waBinary.Node{{Tag: "device", Attrs: waBinary.Attrs{"jid": d.lid(), "key-index": int(d.ID)}}},
		}}})
	}
	var list []waBinary.Node
	for _, other := range a.sorted() {
		list = append(list, waBinary.Node{Tag: "device", Attrs: waBinary.Attrs{"jid": other.lid(), "key-index": int(other.ID)}})
	}
	for _, other := range a.sorted() {
		if other == d {
			continue
		}
		_, _ = s.enqueue(other, waBinary.Node{Tag: classNotification, Attrs: waBinary.Attrs{
			"id": s.stanzaID(), "from": a.lid(), "type": "account_sync", "t": now(),
		}, Content: []waBinary.Node{{Tag: "devices", Attrs: waBinary.Attrs{"dhash": hash}, Content: list}}})
	}
}

// stanzaID returns an id for a stanza of the server's own. The caller holds mu.
func (s *server) stanzaID() string {
	s.lastID++
	return strconv.FormatInt(s.started.Unix(), 10) + "-" + strconv.FormatUint(s.lastID, 10)
}

// waitLogin waits a little for the device's first login.
func (d *device) waitLogin(timeout time.Duration) {
	select {
	case <-d.loggedIn:
	case <-time.After(timeout):
	}
}

// jids returns the hidden JIDs of an account's devices.
func jids(list []*device) []types.JID {
	out := make([]types.JID, len(list))
	for i, d := range list {
		out[i] = d.lid()
	}
	return out
}

// deviceHash is how clients compare device lists.
func deviceHash(a *account) string { return participantHash(jids(a.sorted())) }
