package whatsapp

import (
	"cmp"
	"context"
	"strings"
	"unicode/utf8"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/flowhq/flowhq"
)

// maxIDBytes bounds a message id. WhatsApp's own are at most 32 characters, but
// the sender's client chooses it.
const maxIDBytes = 128

// inbound returns what a customer said, or false if the event is nothing that a
// customer said to us. An error means that the database failed, and the message must
// not be acknowledged.
func (c *Conn) inbound(e *events.Message) (Inbound, bool, error) {
	if e.IsEdit || e.Info.Edit != types.EditAttributeEmpty {
		return Inbound{}, false, nil
	}
	m := cmp.Or(e.RawMessage, e.Message)
	said := contentOf(m)
	if said.class == nothing {
		return Inbound{}, false, nil
	}
	in, ok, err := c.envelope(&e.Info)
	in.Kind, in.Text, in.Album = said.kind, said.text, said.album
	in.Wordless, in.Silent = said.class != worded, said.class == shown
	if timer, ok := timerOf(m, e.Info.Timestamp); ok {
		in.Timer = &timer
	}
	return in, ok, err
}

// envelope returns who wrote what when, or false for all that is not a message
// of a customer to us: our own, groups, broadcasts, status, newsletters, bots.
func (c *Conn) envelope(info *types.MessageInfo) (Inbound, bool, error) {
	if info.IsFromMe || info.IsGroup || !isPerson(info.Chat) || !isPerson(info.Sender) {
		return Inbound{}, false, nil
	}
	if !isID(info.ID) {
		c.logger().Warn("message with a malformed id was ignored")
		return Inbound{}, false, nil
	}
	who, err := c.person(info.Sender, info.SenderAlt)
	return Inbound{
		LID: who.LID, Number: who.Number, Name: flowhq.CleanText(info.PushName), ID: info.ID, SentAt: info.Timestamp,
	}, err == nil, err
}

// person returns who has the address jid and, unless it is empty, alt.
func (c *Conn) person(jid, alt types.JID) (p Person, err error) {
	lid, number, err := c.identities(jid.ToNonAD(), alt.ToNonAD())
	if err != nil {
		return Person{}, err
	}
	p.Number = numberOf(number)
	if !lid.IsEmpty() {
		p.LID = lid.String()
	}
	return p, nil
}

// isPerson reports whether jid is one person's, who can be answered.
func isPerson(jid types.JID) bool {
	switch jid.Server {
	case types.DefaultUserServer, types.HiddenUserServer:
		return jid.User != "" && jid.User != types.PSAJID.User && !jid.IsBot()
	}
	return false
}

// isID reports whether id is one that can be stored and sent back.
func isID(id string) bool {
	printable := func(r rune) bool { return r > ' ' && r < utf8.RuneSelf-1 }
	return id != "" && len(id) <= maxIDBytes && !strings.ContainsFunc(id, func(r rune) bool { return !printable(r) })
}

// identities returns a contact's LID and number JID, given the one it wrote with
// and the other, which may be empty. Either result may be empty. The database is asked,
// for the other may have been learnt since, by another process too.
func (c *Conn) identities(jid, alt types.JID) (lid, number types.JID, err error) {
	for _, j := range []types.JID{jid, alt} {
		switch j.Server {
		case types.HiddenUserServer:
			lid = j
		case types.DefaultUserServer:
			number = j
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), handlerTimeout)
	defer cancel()
	known := lids{c.network.keys}
	switch {
	case lid.IsEmpty():
		lid, err = known.GetLIDForPN(ctx, number)
	case number.IsEmpty():
		number, err = known.GetPNForLID(ctx, lid)
	}
	if err != nil {
		return lid, number, unread(err)
	}
	return lid, number, nil
}
