package server

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq/internal/simulator/wire"
)

// tokenBytes is the size of a token that lets somebody write to its issuer. WhatsApp uses
// them against unasked-for messages: a client issues one when it first answers somebody.
const tokenBytes = 16

// The library asks in one form for everything that it wants to know of users (usync):
//
//	<usync sid mode context><query><devices/><lid/>…</query><list><user jid/>…</list></usync>
//
// and gets the same list back, with a node for each part of the query in each user. It asks
// for devices before it first writes to somebody, and by contact whether a number exists.

// handleUserSync answers a client's questions about other users: their devices, their
// hidden identity, whether a number is on WhatsApp at all.
func (c *conn) handleUserSync(n *waBinary.Node) (answer, *queryError) {
	query, ok := n.GetOptionalChildByTag("usync", "query")
	users, listed := n.GetOptionalChildByTag("usync", "list")
	if !ok || !listed {
		return nil, errBadRequest
	}
	list := make([]waBinary.Node, 0, len(users.GetChildren()))
	c.server.do(func(st *state) {
		for _, user := range users.GetChildrenByTag("user") {
			list = append(list, st.describe(st.links[c].device, user, query.GetChildren()))
		}
	})
	usync := n.GetChildByTag("usync") // its attributes are repeated in the answer
	return answer{{
		Tag: "usync",
		Attrs: waBinary.Attrs{
			"sid": usync.Attrs["sid"], "index": "0", "last": "true",
			"mode": usync.Attrs["mode"], "context": usync.Attrs["context"],
		},
		Content: []waBinary.Node{{Tag: "list", Content: list}},
	}}, nil
}

// describe answers for one user, under the JID that was asked for: clients look the
// answer up by it. Who does not exist has no parts.
func (st *state) describe(
	asker *device, user waBinary.Node, query []waBinary.Node,
) waBinary.Node {
	jid, ok := user.Attrs["jid"].(types.JID)
	if contact, isContact := user.GetOptionalChildByTag("contact"); isContact && !ok {
		return st.describeContact(contact)
	}
	// A user who is not there is answered without facts, and without an error.
	reply := waBinary.Node{Tag: "user", Attrs: waBinary.Attrs{"jid": jid}}
	a := st.resolve(jid)
	if a == nil {
		return reply
	}
	var facts []waBinary.Node
	for _, q := range query {
		switch q.Tag {
		case "devices":
			// The client keeps the list, and is notified when it changes.
			a.askers[asker] = struct{}{}
			facts = append(facts, deviceList(a))
		case "lid": // by which the client writes from then on
			facts = append(facts, waBinary.Node{Tag: "lid", Attrs: waBinary.Attrs{"val": a.lid()}})
		case "contact":
			attrs := waBinary.Attrs{"type": "in"}
			facts = append(facts, waBinary.Node{Tag: "contact", Attrs: attrs})
		case "status", "picture", "business", "disappearing_mode", "username":
			// Nobody here has set any of these.
		}
	}
	reply.Content = facts
	return reply
}

// describeContact says who has a number. It repeats the number as the client has spelled
// it.
func (st *state) describeContact(contact waBinary.Node) waBinary.Node {
	asked := wire.Text(contact.Content)
	number := strings.TrimPrefix(strings.TrimSuffix(asked, "@"+types.LegacyUserServer), "+")
	kind, attrs := "out", waBinary.Attrs{"pn_jid": types.NewJID(number, types.DefaultUserServer)}
	if a := st.accounts[number]; a != nil {
		// The client learns the LID here, and writes to that from now on.
		kind, attrs = "in", waBinary.Attrs{"jid": a.lid(), "pn_jid": a.pn()}
	}
	return waBinary.Node{Tag: "user", Attrs: attrs, Content: []waBinary.Node{
		{Tag: "contact", Attrs: waBinary.Attrs{"type": kind}, Content: []byte(asked)},
	}}
}

// deviceList names an account's devices. A companion's key index is its id here. It must be
// the one that the phone has signed (signDevice), or clients would drop the device.
func deviceList(a *account) waBinary.Node {
	var list []waBinary.Node
	for _, d := range a.sorted() {
		attrs := waBinary.Attrs{"id": int(d.ID)}
		if d.ID > 0 {
			attrs["key-index"] = int(d.ID)
		}
		list = append(list, waBinary.Node{Tag: "device", Attrs: attrs})
	}
	return waBinary.Node{Tag: "devices", Content: []waBinary.Node{{
		Tag: "device-list", Attrs: waBinary.Attrs{"hash": deviceHash(a)}, Content: list,
	}}}
}

// participantHash is the digest by which client and server compare whom a message is for.
// The form is the library's (send.go, participantListHashV2).
func participantHash(devices []types.JID) string {
	// Sorted by name, so that both sides get the same digest from lists in any order.
	names := make([]string, len(devices))
	for i, jid := range devices {
		names[i] = jid.ADString()
	}
	slices.Sort(names)
	sum := sha256.Sum256([]byte(strings.Join(names, "")))
	return "2:" + base64.RawStdEncoding.EncodeToString(sum[:6])
}

// privacySettings are what the server reports for everybody. "readreceipts" must be "all":
// with "none" the library would not tell writers that their messages were read.
var privacySettings = map[string]string{
	"groupadd": "all", "last": "all", "status": "all", "profile": "all",
	"readreceipts": "all", "online": "all", "calladd": "all",
}

// handlePrivacy answers for the settings, and passes on a token that lets its recipient
// write to the issuer.
func (c *conn) handlePrivacy(n *waBinary.Node) (answer, *queryError) {
	if n.Attrs["type"] == "get" { // asked once by each client, and cached there
		var list []waBinary.Node
		for name, value := range privacySettings {
			attrs := waBinary.Attrs{"name": name, "value": value}
			list = append(list, waBinary.Node{Tag: "category", Attrs: attrs})
		}
		return answer{{Tag: "privacy", Content: list}}, nil
	}
	tokens := n.GetChildByTag("tokens")
	c.server.do(func(st *state) {
		for _, token := range tokens.GetChildrenByTag("token") {
			st.passToken(c.self.profile, token)
		}
	})
	return nil, nil
}

// passToken notifies a contact of a token that somebody has issued for it. Clients send
// the token back with each message; nobody here checks it.
func (st *state) passToken(from profile, token waBinary.Node) {
	a := st.resolve(wire.JID(&token, "jid"))
	if a == nil || a.Number == from.Number {
		return
	}
	mac := hmac.New(sha256.New, st.server.identity.Static)
	mac.Write([]byte(from.LID + ">" + a.LID))
	// Any value does, as long as it stays the same for two people.
	for _, d := range a.devices {
		n := st.server.notification(from.pn(), "privacy_token", waBinary.Node{
			Tag: "tokens", Content: []waBinary.Node{{
				Tag: "token",
				Attrs: waBinary.Attrs{
					"jid": a.lid(), "t": token.Attrs["t"], "type": "trusted_contact",
				},
				Content: mac.Sum(nil)[:tokenBytes],
			}},
		})
		n.Attrs["sender_lid"] = from.lid()
		_, _ = st.enqueue(d, n) // a full queue loses it, and the contact does without
	}
}
