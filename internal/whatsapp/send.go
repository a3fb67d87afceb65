package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq"
)

// SendTimeout bounds one send whose turn has come, from encrypting to WhatsApp's
// acknowledgement. While it lasts no other chat of the connection can send, so it is
// short: an answer that comes later is one that does not come, and costs a second
// attempt.
const SendTimeout = 5 * time.Second

var (
	// errNotEncrypted: no key of the contact's phone could be had this time.
	errNotEncrypted = errors.New("the message could not be encrypted for the contact's phone")
	// errNoDevices: the account exists no more.
	errNoDevices = errors.New("the contact has no device")
)

// Send sends text to chat under id and the chat's timer, and returns nil once WhatsApp has
// acknowledged it. Sends of one connection go out one at a time, in the order of
// the calls if these do not overlap.
//
// An error of code Refused means that WhatsApp refuses this message for good;
// Fenced, that a newer host has taken over and nothing was sent this time; Unsent,
// that the connection or ctx ended before the send's turn came, for which it waits
// no longer than these last. Any other error means that the outcome is unknown; send
// again under the same id, on this connection or a later one.
func (c *Conn) Send(ctx context.Context, chat, id, text string, timer flowhq.Timer) error {
	to, err := types.ParseJID(chat)
	if err != nil || !isPerson(to) || to.Device != 0 {
		return flowhq.Errorf(flowhq.Refused, "%q is not a chat with a person", chat)
	}
	select {
	case c.sending <- struct{}{}:
		defer func() { <-c.sending }()
	case <-ctx.Done():
		return unsent(context.Cause(ctx))
	case <-c.ended:
		return unsent(errOver)
	}
	if c.isOver() { // its turn came with the end
		return unsent(errOver)
	}
	ctx, cancel := context.WithTimeout(ctx, SendTimeout)
	defer cancel()
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	defer context.AfterFunc(c.ctx, func() { abort(errOver) })()
	if err := c.send(ctx, abort, to, id, textMessage(text, timer)); err != nil {
		if ctx.Err() != nil {
			err = errors.Join(context.Cause(ctx), err)
		}
		return fmt.Errorf("send %s: %w", id, sendError(err))
	}
	return nil
}

// send performs a send whose turn has come.
func (c *Conn) send(ctx context.Context, abort context.CancelCauseFunc, to types.JID, id string, m *waE2E.Message) error {
	to, err := c.addressee(ctx, to)
	if err != nil {
		return err
	}
	b := &bracket{hold: c.guard.NewHold(), send: &sending{contact: to.SignalAddressUser(), abort: abort}}
	defer b.hold.Release()
	_, err = c.client.Load().SendMessage(withBracket(ctx, b), to, m, whatsmeow.SendRequestExtra{ID: id})
	return err
}

// addressee returns the LID of a number. The library would look it up as well,
// but its error for a number that is not on WhatsApp cannot be told from others.
func (c *Conn) addressee(ctx context.Context, to types.JID) (types.JID, error) {
	if to.Server != types.DefaultUserServer {
		return to, nil
	}
	if lid, err := (lids{c.network.keys}).GetLIDForPN(ctx, to); err != nil || !lid.IsEmpty() {
		return lid, err
	}
	users, err := c.client.Load().GetUserInfo(ctx, []types.JID{to})
	if err != nil {
		return to, err
	}
	lid := users[to].LID
	if lid.IsEmpty() {
		return to, flowhq.Errorf(flowhq.Refused, "%s is not on WhatsApp", numberOf(to))
	}
	return lid.ToNonAD(), nil
}

// A sending is what the encryption of one message must achieve. The library only
// warns when it has no key for a device, and sends the message to the others; if
// the contact's phone is among those left out, the customer never sees it.
type sending struct {
	contact  string                  // Signal name of the contact
	wanted   []string                // sessions it must be encrypted for
	finished bool                    // and was
	abort    context.CancelCauseFunc // stops the send
}

// begin notes the sessions of the contact among addresses. It fails if there are
// none.
func (s *sending) begin(addresses []string) error {
	phone := s.contact + ":0"
	if slices.Contains(addresses, phone) {
		s.wanted = []string{phone}
		return nil
	}
	for _, address := range addresses {
		if strings.HasPrefix(address, s.contact+":") {
			s.wanted = append(s.wanted, address)
		}
	}
	if s.wanted == nil {
		return errNoDevices
	}
	return nil
}

// finish checks that one of the wanted sessions has advanced.
func (s *sending) finish(advanced map[string][]byte) error {
	for _, address := range s.wanted {
		if _, ok := advanced[address]; ok {
			s.finished = true
			return nil
		}
	}
	return errNotEncrypted
}

// refusals says in an operator's words why WhatsApp refused a message.
var refusals = map[int]string{
	463: "WhatsApp does not let this account write to the contact first, for now (463)",
	479: "WhatsApp rejected how the message was addressed (479)",
}

// tooManyRequests is WhatsApp's error for sending too fast, which passes.
const tooManyRequests = 429

// sendError classifies the failure of a send.
func sendError(err error) error {
	if code := flowhq.ErrorCode(err); code == flowhq.Refused || code == flowhq.Fenced {
		return err
	}
	if errors.Is(err, errNoDevices) {
		return &flowhq.Error{Code: flowhq.Refused, Message: "the contact is no longer on WhatsApp", Err: err}
	}
	if !errors.Is(err, whatsmeow.ErrServerReturnedError) {
		return unconfirmed(err)
	}
	n := serverCode(err)
	switch text, known := refusals[n]; {
	case known:
		return &flowhq.Error{Code: flowhq.Refused, Message: text, Err: err}
	case n >= 400 && n < 500 && n != tooManyRequests:
		return &flowhq.Error{Code: flowhq.Refused, Message: fmt.Sprintf("WhatsApp refused the message (%d)", n), Err: err}
	default:
		return &flowhq.Error{Code: flowhq.Unavailable, Message: fmt.Sprintf("WhatsApp could not take the message (%d)", n), Err: err}
	}
}

// unsent is the error of a send whose turn never came.
func unsent(err error) error {
	return &flowhq.Error{Code: flowhq.Unsent, Message: "the message was not sent", Err: err}
}

// unconfirmed is the error of a send whose outcome is unknown.
func unconfirmed(err error) error {
	return &flowhq.Error{Code: flowhq.Unavailable, Message: "WhatsApp did not confirm the message", Err: err}
}

// serverCode returns the number in the library's error for a refused message,
// which holds it only as text, or 0.
func serverCode(err error) int {
	text := err.Error()
	n, _ := strconv.Atoi(text[strings.LastIndexByte(text, ' ')+1:])
	return n
}
