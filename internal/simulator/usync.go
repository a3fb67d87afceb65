package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

// maxDeviceID is what fits into a device JID on the wire.
const maxDeviceID = 255

// handleSync answers a client's questions about other users: their devices,
// their hidden identity, whether a number is on WhatsApp at all.
func (c *conn) handleSync(n *waBinary.Node) (answer, *iqError) {
	query, ok := n.GetOptionalChildByTag("usync", "query")
	users, listed := n.GetOptionalChildByTag("usync", "list")
	if !ok || !listed {
		return nil, errBadRequest
	}
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]waBinary.Node, 0, len(users.GetChildren()))
	for _, user := range users.GetChildrenByTag("user") {
		list = append(list, s.describe(c.device, user, query.GetChildren()))
	}
	usync := n.GetChildByTag("usync")
	return answer{{
		Tag:     "usync",
		Attrs:   waBinary.Attrs{"sid": usync.Attrs["sid"], "index": "0", "last": "true", "mode": usync.Attrs["mode"], "context": usync.Attrs["context"]},
		Content: []waBinary.Node{{Tag: "list", Content: list}},
	}}, nil
}

// describe answers for one user, under the JID that was asked for: clients look
// the answer up by it. The caller holds mu.
func (s *server) describe(asker *device, user waBinary.Node, query []waBinary.Node) waBinary.Node {
	jid, ok := user.Attrs["jid"].(types.JID)
	if contact, isContact := user.GetOptionalChildByTag("contact"); isContact && !ok {
		return s.describeContact(contact)
	}
	reply := waBinary.Node{Tag: "user", Attrs: waBinary.Attrs{"jid": jid}}
	a := s.resolve(jid)
	if a == nil {
		return reply
	}
	var facts []waBinary.Node
	for _, q := range query {
		switch q.Tag {
		case "devices":
			a.askers[asker] = struct{}{}
			facts = append(facts, deviceList(a))
		case "lid":
			facts = append(facts, waBinary.Node{Tag: "lid", Attrs: waBinary.Attrs{"val": a.lid()}})
		case "contact":
			facts = append(facts, waBinary.Node{Tag: "contact", Attrs: waBinary.Attrs{"type": "in"}})
		case "status", "picture", "business", "disappearing_mode", "username":
			// Nobody here has set any of these.
		}
	}
	reply.Content = facts
	return reply
}

// describeContact says who has a number. The caller holds mu.
func (s *server) describeContact(contact waBinary.Node) waBinary.Node {
	asked := text(contact.Content)
	number := strings.TrimPrefix(strings.TrimSuffix(asked, "@"+types.LegacyUserServer), "+")
	a := s.accounts[number]
	if a == nil {
		return waBinary.Node{
			Tag: "user", Attrs: waBinary.Attrs{"pn_jid": types.NewJID(number, types.DefaultUserServer)},
			Content: []waBinary.Node{{Tag: "contact", Attrs: waBinary.Attrs{"type": "out"}, Content: []byte(asked)}},
		}
	}
	return waBinary.Node{
		Tag: "user", Attrs: waBinary.Attrs{"jid": a.lid(), "pn_jid": a.pn()},
		Content: []waBinary.Node{{Tag: "contact", Attrs: waBinary.Attrs{"type": "in"}, Content: []byte(asked)}},
	}
}

// text returns the text of a node, which arrives as one or the other depending
// on how it could be packed.
func text(content any) string {
	switch v := content.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	default:
		return ""
	}
}

func deviceList(a *account) waBinary.Node {
	var list []waBinary.Node
	for _, d := range a.sorted() {
		attrs := waBinary.Attrs{"id": int(d.ID)}
		if d.ID > 0 {
			attrs["key-index"] = int(d.ID)
		}
		list = append(list, waBinary.Node{Tag: "device", Attrs: attrs})
	}
	return waBinary.Node{Tag: "devices", Content: []waBinary.Node{
		{Tag: "device-list", Attrs: waBinary.Attrs{"hash": deviceHash(a)}, Content: list},
	}}
}

// participantHash is the digest by which client and server compare whom a
// message is for.
func participantHash(devices []types.JID) string {
	names := make([]string, len(devices))
	for i, jid := range devices {
		names[i] = jid.ADString()
	}
	slices.Sort(names)
	sum := sha256.Sum256([]byte(strings.Join(names, "")))
	return "2:" + base64.RawStdEncoding.EncodeToString(sum[:6])
}

// Privacy settings as the server reports them for everybody.
var privacySettings = map[string]string{
	"groupadd": "all", "last": "all", "status": "all", "profile": "all",
	"readreceipts": "all", "online": "all", "calladd": "all",
}

// handlePrivacy answers for the settings, and passes a token that lets its
// recipient write to the issuer on to the recipient.
func (c *conn) handlePrivacy(n *waBinary.Node) (answer, *iqError) {
	if n.Attrs["type"] == "get" {
		var list []waBinary.Node
		for name, value := range privacySettings {
			list = append(list, waBinary.Node{Tag: "category", Attrs: waBinary.Attrs{"name": name, "value": value}})
		}
		return answer{{Tag: "privacy", Content: list}}, nil
	}
	tokens := n.GetChildByTag("tokens")
	s, from := c.server, c.device
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, token := range tokens.GetChildrenByTag("token") {
		jid, _ := token.Attrs["jid"].(types.JID)
		a := s.resolve(jid)
		if a == nil || a == from.account {
			continue
		}
		mac := hmac.New(sha256.New, s.secrets.Static)
		mac.Write([]byte(from.account.LID + ">" + a.LID))
		for _, d := range a.devices {
			_, _ = s.enqueue(d, waBinary.Node{Tag: classNotification, Attrs: waBinary.Attrs{
				"id": s.stanzaID(), "from": from.account.pn(), "sender_lid": from.account.lid(),
				"type": "privacy_token", "t": now(),
			}, Content: []waBinary.Node{{Tag: "tokens", Content: []waBinary.Node{{
				Tag:     "token",
				Attrs:   waBinary.Attrs{"jid": a.lid(), "t": token.Attrs["t"], "type": "trusted_contact"},
				Content: mac.Sum(nil)[:16],
			}}}}})
		}
	}
	return nil, nil
}
