package server

import (
	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq/internal/simulator/wire"
)

// addressed returns a queued message as it is delivered this time. WhatsApp may name a
// writer by number in one delivery and by LID in the next one of the same message, so the
// form is chosen when it is sent, not when it is queued.
func (s *Server) addressed(e *entry, data []byte) []byte {
	if e.class != classMessage {
		return data
	}
	// Only what customers write is disguised. Bots name each other as usual.
	var writer profile // zero unless a customer
	s.do(func(st *state) {
		if a := st.byLID[e.from]; a != nil && a.Customer {
			writer = a.profile
		}
	})
	if !writer.Customer {
		return data
	}
	form := s.Faults.takeForm(writer.Number)
	if form == formLIDNumber {
		return data // as it was queued
	}
	n, err := wire.Unmarshal(data)
	if err != nil {
		return data // cannot be: we encoded it
	}
	nameWriter(n, writer.lid(), writer.pn(), form)
	return wire.Marshal(*n) // the queue keeps the usual form, for the next delivery
}

// nameWriter changes how a message names its writer, whose device stays. The library
// stores the pair of LID and number that a message names, and otherwise looks the pair up
// in its own records. A form without the pair is thus a test of those records.
func nameWriter(n *waBinary.Node, lid, number types.JID, form string) {
	delete(n.Attrs, "sender_pn")
	if form == formLID {
		return // it is from the LID already
	}
	number.Device = wire.JID(n, "from").Device
	n.Attrs["from"], n.Attrs["addressing_mode"] = number, "pn"
	if form == formNumberLID {
		n.Attrs["sender_lid"] = lid
	}
}
