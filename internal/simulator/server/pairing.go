package server

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/simulator/wire"
)

const (
	// MaxCodes is how many codes a client is given to show, one after the other: the
	// first for 60 s, the others for 20 s each.
	MaxCodes = 6
	// refBytes is the size of a ref before it is encoded, as on WhatsApp.
	refBytes = 96
	// pairTimeout bounds the wait for the client's signature. The client answers at once,
	// or hangs up because it does not believe the proposal.
	pairTimeout = 20 * time.Second
	// loginWait is how long a scan waits for the new companion's first login. A client
	// that does not come back at once is linked all the same.
	loginWait = 5 * time.Second
)

// Linking by QR code goes like this, with the client on the left:
//
//	registration ->                 the client's public keys, in the handshake's payload
//	                <- pair-device  six refs, which the client shows one after the other,
//	                                each with its keys and a secret that only it knows
//	(a person scans a code: POST /phones/{number}/scan)
//	                <- pair-success the client's new name and identity, signed by the phone
//	                                and authenticated with the secret
//	pair-device-sign ->             the client's own signature
//	                <- 515          the stream ends; the client comes back and logs in
//
// Everything that the library checks is checked here in the other direction, so that a
// client which skips a step is not linked.

// A pairing is the registration of a client that shows codes and waits to be scanned. It
// never changes, so other goroutines may keep it.
type pairing struct {
	keys    wire.DeviceKeys
	refs    []string            // the first part of each of its codes; nobody else has them
	request string              // id of the iq that carries the codes
	answers chan *waBinary.Node // to the phone's proposal
}

// startPairing checks the client's keys and sends it the codes to show. A client that shows
// the last one and was not scanned hangs up, and comes again for more.
func (c *conn) startPairing(
	noise []byte, data *waWa6.ClientPayload_DevicePairingRegistrationData,
) error {
	s := c.server
	if r, isRefused := s.refusal(""); isRefused {
		return c.refuse(r.Reason, r.attrs())
	}
	keys, err := registeredKeys(noise, data)
	if err != nil {
		s.log.Warn("registration was refused", "error", err)
		return c.refuse(reasonBadRequest, nil)
	}
	p := &pairing{keys: keys, request: s.ids.next(), answers: make(chan *waBinary.Node, 1)}
	var refs []waBinary.Node
	for range s.Faults.codes() {
		ref := "2@" + base64.StdEncoding.EncodeToString(wire.Random(refBytes))
		p.refs = append(p.refs, ref)
		refs = append(refs, waBinary.Node{Tag: "ref", Content: []byte(ref)})
	}
	c.pairing = p
	// From here on a phone can find the client, before the client has got its codes.
	s.do(func(st *state) {
		l := st.links[c]
		l.pairing = p
		for _, ref := range p.refs {
			st.refs[ref] = l
		}
	})
	return c.Send(waBinary.Node{
		Tag: "iq",
		Attrs: waBinary.Attrs{
			"from": types.ServerJID, "type": "set", "id": p.request, "xmlns": "md",
		},
		Content: []waBinary.Node{{Tag: "pair-device", Content: refs}},
	})
}

// registeredKeys returns the keys that a client registers with. It fails if one is
// missing or the client does not have the identity that it shows. The Noise key needs no
// check: the handshake has proven it.
func registeredKeys(
	noise []byte, data *waWa6.ClientPayload_DevicePairingRegistrationData,
) (keys wire.DeviceKeys, err error) {
	identity := data.GetEIdent()
	if len(data.GetERegid()) != 4 || len(data.GetESkeyID()) != keyIDBytes ||
		len(identity) != publicBytes {
		return keys, errors.New("a key of the registration is missing or has the wrong size")
	}
	// The sizes were checked: what decodes the keys next would panic on others.
	keys = wire.DeviceKeys{
		Noise: noise, Identity: identity,
		Registration: binary.BigEndian.Uint32(data.GetERegid()),
		Signed:       wire.PreKey{ID: keyID(data.GetESkeyID()), Key: data.GetESkeyVal()},
		Signature:    data.GetESkeySig(),
	}
	return keys, keys.Signed.Check(identity, keys.Signature)
}

// handlePairing handles a stanza of a client that waits to be linked: a ping, an offer to
// be linked by code, or its answer to a phone's proposal. It runs on the connection's
// goroutine; the goroutine that links waits for the answer on a channel.
func (c *conn) handlePairing(n *waBinary.Node) {
	if n.Tag != "iq" {
		return
	}
	switch kind := n.Attrs["type"]; {
	case kind == "get" && n.Attrs["xmlns"] == "w:p":
		_ = c.Send(result(n)) // the client pings while it shows codes, too
	case kind == "set" && n.Attrs["xmlns"] == "md":
		c.handleLinkCode(n)
	case wire.String(n, "id") != c.pairing.request: // which the client has acknowledged
		select {
		case c.pairing.answers <- n:
		default: // it answers twice
		}
	}
}

// refuseLink says why a phone could not link a device. The control API answers 422 with
// the text, which a person would read on the phone.
func refuseLink(format string, args ...any) error {
	return flowhq.Errorf(flowhq.Refused, format, args...)
}
