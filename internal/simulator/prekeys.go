package simulator

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"

	"go.mau.fi/libsignal/ecc"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

const (
	maxPreKeys  = 2000 // one-time keys kept for a device
	lowPreKeys  = 4    // at this many the device is told to upload more
	keyIDBytes  = 3
	publicBytes = 32
	// preKeyBytes is the size of a one-time key in memory and in the database:
	// its id in four bytes, then the key. Hosts upload 812 of them.
	preKeyBytes = 4 + publicBytes
)

// handleKeys answers the queries about prekeys: count, upload, fetch.
func (c *conn) handleKeys(n *waBinary.Node) (answer, *iqError) {
	if _, ok := n.GetOptionalChildByTag("count"); ok {
		c.server.mu.Lock()
		defer c.server.mu.Unlock()
		return answer{{Tag: "count", Attrs: waBinary.Attrs{"value": c.device.unused()}}}, nil
	}
	if wanted, ok := n.GetOptionalChildByTag("key"); ok {
		return c.fetchKeys(wanted.GetChildrenByTag("user")), nil
	}
	if n.Attrs["type"] == "set" {
		return nil, c.uploadKeys(n)
	}
	return nil, errNotImplemented
}

// unused counts the one-time keys that nobody has been given. The caller holds
// mu.
func (d *device) unused() int { return len(d.preKeys)/preKeyBytes - d.Taken }

// uploadKeys adds one-time keys to the device's and replaces its signed key.
func (c *conn) uploadKeys(n *waBinary.Node) *iqError {
	s, d := c.server, c.device
	identity, _ := n.GetChildByTag("identity").Content.([]byte)
	registration, _ := n.GetChildByTag("registration").Content.([]byte)
	if !bytes.Equal(identity, d.Identity) || len(registration) != 4 ||
		binary.BigEndian.Uint32(registration) != d.Registration {
		return errNotAcceptable // not the keys it was linked with
	}
	signed, signature, err := parseKey(n.GetChildByTag("skey"))
	if err == nil {
		err = checkSigned(d.Identity, signed, signature)
	}
	var added []byte
	list := n.GetChildByTag("list")
	for _, child := range list.GetChildrenByTag("key") {
		key, _, keyErr := parseKey(child)
		err = errors.Join(err, keyErr)
		added = append(binary.BigEndian.AppendUint32(added, key.ID), key.Key...)
	}
	if err != nil || len(added) == 0 {
		return errBadRequest
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.unused()+len(added)/preKeyBytes > maxPreKeys {
		return errNotAcceptable
	}
	d.preKeys = slices.Concat(d.preKeys[d.Taken*preKeyBytes:], added)
	d.Taken, d.Signed, d.Signature = 0, signed, signature
	s.db.change(changes{d.record(): encode(d), record{bucketPreKeys, d.key()}: d.preKeys})
	return nil
}

// parseKey reads a <key> or <skey>.
func parseKey(n waBinary.Node) (key preKey, signature []byte, err error) {
	id, _ := n.GetChildByTag("id").Content.([]byte)
	key.Key, _ = n.GetChildByTag("value").Content.([]byte)
	signature, _ = n.GetChildByTag("signature").Content.([]byte)
	if len(id) != keyIDBytes || len(key.Key) != publicBytes {
		return key, nil, errors.New("a key or its id has the wrong size")
	}
	key.ID = binary.BigEndian.Uint32(append([]byte{0}, id...))
	return key, signature, nil
}

// fetchKeys hands out one bundle for each device that is asked for.
func (c *conn) fetchKeys(users []waBinary.Node) answer {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]waBinary.Node, 0, len(users))
	for _, user := range users {
		jid, _ := user.Attrs["jid"].(types.JID)
		a := s.resolve(jid)
		if a == nil || a.devices[jid.Device] == nil {
			list = append(list, waBinary.Node{Tag: "user", Attrs: waBinary.Attrs{"jid": jid}, Content: []waBinary.Node{
				{Tag: "error", Attrs: waBinary.Attrs{"code": errItemNotFound.code, "text": errItemNotFound.text}},
			}})
			continue
		}
		list = append(list, s.bundle(jid, a.devices[jid.Device]))
	}
	return answer{{Tag: "list", Content: list}}
}

// bundle takes one of d's one-time keys, if there is one left, and returns it
// with what else starts a session. The caller holds mu.
func (s *server) bundle(jid types.JID, d *device) waBinary.Node {
	content := []waBinary.Node{
		{Tag: "registration", Content: binary.BigEndian.AppendUint32(nil, d.Registration)},
		{Tag: "type", Content: []byte{ecc.DjbType}},
		{Tag: "identity", Content: d.Identity},
		{Tag: "skey", Content: append(keyNodes(d.Signed), waBinary.Node{Tag: "signature", Content: d.Signature})},
	}
	if d.unused() > 0 {
		next := d.preKeys[d.Taken*preKeyBytes:]
		key := preKey{binary.BigEndian.Uint32(next), next[4:preKeyBytes]}
		content = append(content, waBinary.Node{Tag: "key", Content: keyNodes(key)})
		d.Taken++
		s.db.change(changes{d.record(): encode(d)})
		if left := d.unused(); left == lowPreKeys || left == 0 {
			s.askForKeys(d, left)
		}
	}
	return waBinary.Node{Tag: "user", Attrs: waBinary.Attrs{"jid": jid}, Content: content}
}

func keyNodes(k preKey) []waBinary.Node {
	return []waBinary.Node{
		{Tag: "id", Content: binary.BigEndian.AppendUint32(nil, k.ID)[4-keyIDBytes:]},
		{Tag: "value", Content: k.Key},
	}
}

// askForKeys tells a device that its one-time keys run out. The caller holds mu.
func (s *server) askForKeys(d *device, left int) {
	_, _ = s.enqueue(d, waBinary.Node{Tag: classNotification, Attrs: waBinary.Attrs{
		"id": s.stanzaID(), "from": types.ServerJID, "type": "encrypt", "t": now(),
	}, Content: []waBinary.Node{{Tag: "count", Attrs: waBinary.Attrs{"value": left}}}})
}
