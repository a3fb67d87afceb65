package whatsapp

import (
	"cmp"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/flowhq/flowhq"
)

// inbound returns what a customer said, or false if the event is nothing that a customer
// said to us. An error means that the database failed, and the message must not be
// acknowledged.
func (c *Conn) inbound(e *events.Message) (Inbound, bool, error) {
	// An edit that revisionOf did not recognise. It has come as a message of its own before.
	if e.IsEdit || e.Info.Edit != types.EditAttributeEmpty {
		return Inbound{}, false, nil
	}
	m := cmp.Or(e.RawMessage, e.Message)
	// Found out before the writer is looked up, which costs a query.
	said := contentOf(m)
	if said.class == nothing {
		return Inbound{}, false, nil
	}
	in, ok, err := c.envelope(&e.Info)
	in.say(said)
	in.Silent = said.class == shown
	if timer, ok := timerOf(m, e.Info.Timestamp); ok {
		in.Timer = &timer
	}
	return in, ok, err
}

// say fills in what a message says.
func (in *Inbound) say(said content) {
	in.Kind, in.Text, in.Album, in.Media = said.kind, said.text, said.album, said.media
	in.Wordless = said.class != worded
	if said.at != nil {
		in.Latitude, in.Longitude = &said.at.latitude, &said.at.longitude
	}
}

// own returns what the owner wrote to a customer from another of the account's devices, or false
// if the event is nothing of the kind. The person is the customer. What the owner writes to
// groups, to himself, or in a status is nobody's business, and a reaction or a deletion says
// nothing.
func (c *Conn) own(e *events.Message) (Inbound, bool, error) {
	info := &e.Info
	said := contentOf(cmp.Or(e.RawMessage, e.Message))
	isEdit := e.IsEdit || info.Edit != types.EditAttributeEmpty
	switch {
	case isEdit, said.class != worded && said.class != wordless, !isID(info.ID),
		info.IsGroup, !isPerson(info.Chat), c.isOwn(info.Chat):
		return Inbound{}, false, nil
	}
	who, err := c.person(info.Chat, info.RecipientAlt)
	in := Inbound{LID: who.LID, Number: who.Number, ID: info.ID, SentAt: info.Timestamp}
	in.say(said)
	return in, err == nil, err
}

// isOwn reports whether an address is the account's own.
func (c *Conn) isOwn(jid types.JID) bool {
	own := c.knownDevice()
	return jid.ToNonAD().String() == own.LID || own.Number != "" && numberOf(jid) == own.Number
}

// envelope returns who wrote what when, or false for all that is not a message of a
// customer to us: our own, groups, broadcasts, status, newsletters, bots.
func (c *Conn) envelope(info *types.MessageInfo) (Inbound, bool, error) {
	if info.IsFromMe || info.IsGroup || !isPerson(info.Chat) || !isPerson(info.Sender) {
		return Inbound{}, false, nil
	}
	// Without an id that can be stored, a redelivery would be answered again.
	if !isID(info.ID) {
		c.logger().Warn("message with a malformed id was ignored")
		return Inbound{}, false, nil
	}
	who, err := c.person(info.Sender, info.SenderAlt)
	return Inbound{
		LID: who.LID, Number: who.Number, Name: flowhq.CleanLine(flowhq.CleanText(info.PushName)),
		ID: info.ID, SentAt: info.Timestamp,
	}, err == nil, err
}

// person returns who has the address jid and, unless it is empty, alt. The database is
// asked for the one of LID and number that the message does not name: it may have been
// learnt since the last message, by another process too. An error must not be taken for
// "not known". It would record the message under another identity, and a redelivery of
// it as a new message.
func (c *Conn) person(jid, alt types.JID) (p Person, err error) {
	var lid, number types.JID
	for _, j := range []types.JID{jid.ToNonAD(), alt.ToNonAD()} {
		switch j.Server {
		case types.HiddenUserServer:
			lid = j
		case types.DefaultUserServer:
			number = j
		}
	}
	ctx, cancel := c.handlerContext()
	defer cancel()
	known := c.keys.LIDs()
	switch {
	case lid.IsEmpty():
		lid, err = known.GetLIDForPN(ctx, number)
	case number.IsEmpty():
		number, err = known.GetPNForLID(ctx, lid)
	}
	if err != nil {
		return Person{}, &flowhq.Error{
			Code: flowhq.Unavailable, Message: "the WhatsApp key store cannot be read", Err: err,
		}
	}
	p.Number = numberOf(number)
	if !lid.IsEmpty() {
		p.LID = lid.String()
	}
	return p, nil
}
