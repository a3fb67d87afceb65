package server

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"

	"go.mau.fi/libsignal/ecc"
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq/internal/simulator/database"
	"github.com/flowhq/flowhq/internal/simulator/wire"
)

// A client begins a Signal session with a device by a bundle of the device's public keys:
// its identity, a signed key that lasts, and a one-time key. Clients upload one-time keys,
// the server hands each out once, and notifies a client when its keys run out:
//
//	encrypt get <count/> ->    <count value/>
//	encrypt set {registration, identity, <list><key/>…</list>, <skey/>} ->
//	encrypt get <key><user jid/>…</key> ->    <list><user jid>{…, <skey/>, <key/>}…</list>
//	                        <- notification encrypt <count value/>
const (
	// maxPreKeys bounds the one-time keys kept for a device. A client that is linked uploads
	// 812, and 50 at a time after that.
	maxPreKeys = 2000
	// lowPreKeys is at how many the device is asked to upload more. The library uploads
	// when it has fewer than 5.
	lowPreKeys  = 4
	keyIDBytes  = 3
	publicBytes = 32
	// preKeyBytes is the size of a one-time key in memory and in the database: its id in
	// four bytes, then the key. Hosts upload 812 of them.
	preKeyBytes = 4 + publicBytes
)

// handleKeys answers the queries about prekeys: count, upload, fetch. The device of the link
// is used even if it was replaced meanwhile: its keys are the same.
func (c *conn) handleKeys(n *waBinary.Node) (out answer, err *queryError) {
	if _, ok := n.GetOptionalChildByTag("count"); ok {
		var count int
		c.server.do(func(st *state) { count = st.links[c].device.unused() })
		return answer{{Tag: "count", Attrs: waBinary.Attrs{"value": count}}}, nil
	}
	if wanted, ok := n.GetOptionalChildByTag("key"); ok {
		var list []waBinary.Node
		c.server.do(func(st *state) { list = st.bundles(wanted.GetChildrenByTag("user")) })
		return answer{{Tag: "list", Content: list}}, nil
	}
	if n.Attrs["type"] != "set" {
		return nil, errNotImplemented
	}
	c.server.do(func(st *state) { err = st.addPreKeys(st.links[c].device, n) })
	return nil, err
}

// unused counts the one-time keys that nobody has been given.
func (d *device) unused() int { return len(d.preKeys)/preKeyBytes - d.Taken }

// addPreKeys adds the one-time keys that a device uploads to those that it has, and
// replaces its signed key.
func (st *state) addPreKeys(d *device, n *waBinary.Node) *queryError {
	registration := wire.Bytes(n, "registration")
	if !bytes.Equal(wire.Bytes(n, "identity"), d.Identity) || len(registration) != 4 ||
		binary.BigEndian.Uint32(registration) != d.Registration {
		return errNotAcceptable // not the keys it was linked with
	}
	signed, signature, err := parseKey(n.GetChildByTag("skey"))
	if err == nil {
		err = signed.Check(d.Identity, signature)
	}
	var added []byte // as they are kept
	list := n.GetChildByTag("list")
	for _, child := range list.GetChildrenByTag("key") {
		key, _, keyErr := parseKey(child)
		err = errors.Join(err, keyErr)
		added = append(binary.BigEndian.AppendUint32(added, key.ID), key.Key...)
	}
	if err != nil || len(added) == 0 { // all or none: the client marks all as uploaded
		return errBadRequest
	}
	if d.unused()+len(added)/preKeyBytes > maxPreKeys {
		return errNotAcceptable
	}
	// The keys that were handed out are dropped here, at the one time when all are saved.
	d.preKeys = slices.Concat(d.preKeys[d.Taken*preKeyBytes:], added)
	d.Taken, d.Signed, d.Signature = 0, signed, signature
	st.server.db.Change(database.Changes{d.key(): encode(d), d.preKeysKey(): d.preKeys})
	return nil
}

// parseKey reads a <key> or <skey>. Only the latter has a signature.
func parseKey(n waBinary.Node) (key wire.PreKey, signature []byte, err error) {
	id := wire.Bytes(&n, "id")
	key.Key = wire.Bytes(&n, "value")
	if len(id) != keyIDBytes || len(key.Key) != publicBytes {
		return key, nil, errors.New("a key or its id has the wrong size")
	}
	key.ID = keyID(id)
	return key, wire.Bytes(&n, "signature"), nil
}

// keyID decodes the three bytes of a key's id, which come first by significance.
func keyID(id []byte) uint32 { return binary.BigEndian.Uint32(append([]byte{0}, id...)) }

// bundles hands out what starts a session, for each device that is asked for. A device
// that does not exist gets an error in its place; the client leaves it out.
func (st *state) bundles(users []waBinary.Node) []waBinary.Node {
	list := make([]waBinary.Node, 0, len(users))
	for _, user := range users {
		jid := wire.JID(&user, "jid")
		if d := st.resolveDevice(jid); d != nil {
			list = append(list, st.bundle(jid, d))
			continue
		}
		list = append(list, waBinary.Node{
			Tag: "user", Attrs: waBinary.Attrs{"jid": jid},
			Content: []waBinary.Node{errItemNotFound.node()},
		})
	}
	return list
}

// bundle takes one of d's one-time keys, if there is one left, and returns it with what
// else starts a session. Without one the session starts all the same, as on WhatsApp.
func (st *state) bundle(jid types.JID, d *device) waBinary.Node {
	signature := waBinary.Node{Tag: "signature", Content: d.Signature}
	content := []waBinary.Node{
		{Tag: "registration", Content: binary.BigEndian.AppendUint32(nil, d.Registration)},
		{Tag: "type", Content: []byte{ecc.DjbType}},
		{Tag: "identity", Content: d.Identity},
		{Tag: "skey", Content: append(keyNodes(d.Signed), signature)},
	}
	if d.unused() > 0 {
		next := d.preKeys[d.Taken*preKeyBytes:]
		key := wire.PreKey{ID: binary.BigEndian.Uint32(next), Key: next[4:preKeyBytes]}
		content = append(content, waBinary.Node{Tag: "key", Content: keyNodes(key)})
		d.Taken++
		st.server.db.Change(database.Changes{d.key(): encode(d)})
		// Asked at every key below the mark, a client would upload several times over.
		if left := d.unused(); left == lowPreKeys || left == 0 {
			st.notify(d, types.ServerJID, "encrypt", waBinary.Node{
				Tag: "count", Attrs: waBinary.Attrs{"value": left},
			})
		}
	}
	return waBinary.Node{Tag: "user", Attrs: waBinary.Attrs{"jid": jid}, Content: content}
}

// keyNodes encodes a key for the wire, where its id has three bytes.
func keyNodes(k wire.PreKey) []waBinary.Node {
	return []waBinary.Node{
		{Tag: "id", Content: binary.BigEndian.AppendUint32(nil, k.ID)[4-keyIDBytes:]},
		{Tag: "value", Content: k.Key},
	}
}
