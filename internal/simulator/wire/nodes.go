package wire

import (
	"crypto/rand"
	"errors"
	"fmt"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

// The accessors below return a zero value for what is missing or of another type. A client
// may send anything, and each handler decides what it can do without.

// Marshal encodes a stanza with its leading flag byte. It panics on a value that binary
// XML cannot hold, which is a programmer's error.
func Marshal(n waBinary.Node) []byte {
	data, err := waBinary.Marshal(n)
	if err != nil {
		panic(fmt.Sprintf("marshal <%s>: %v", n.Tag, err))
	}
	return data
}

// Unmarshal inverts [Marshal]. The library's decoder panics on some of what is not binary
// XML. Here that is an error: a client's garbage must not end the process.
func Unmarshal(data []byte) (n *waBinary.Node, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			n, err = nil, fmt.Errorf("decode stanza: %v", reason)
		}
	}()
	if len(data) == 0 {
		return nil, errors.New("empty stanza")
	}
	unpacked, err := waBinary.Unpack(data)
	if err != nil {
		return nil, err
	}
	return waBinary.Unmarshal(unpacked)
}

// Text returns a node's content as text. The decoder yields a string or bytes, depending
// on how the text could be packed.
func Text(content any) string {
	switch v := content.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	default:
		return ""
	}
}

// Bytes returns the bytes in a child of a stanza, nil if there are none.
func Bytes(n *waBinary.Node, tag string) []byte {
	child := n.GetChildByTag(tag)
	b, _ := child.Content.([]byte)
	return b
}

// String returns a stanza's attribute, "" if it is missing or not a string.
func String(n *waBinary.Node, attr string) string {
	s, _ := n.Attrs[attr].(string)
	return s
}

// JID returns a stanza's attribute, an empty JID if it is missing or not a JID.
func JID(n *waBinary.Node, attr string) types.JID {
	jid, _ := n.Attrs[attr].(types.JID)
	return jid
}

// Random returns n random bytes.
func Random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}
