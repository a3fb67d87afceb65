package whatsapp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/whatsapp/keystore"
)

// SendTimeout bounds one send, from encrypting to WhatsApp's acknowledgement. The wait for
// sends before it does not count. While one send lasts, no other chat of the connection
// can send: the library holds one lock per client until the acknowledgement (send.go,
// messageSendLock). An answer that takes longer than this is one that does not come, and
// costs a second attempt. The library by itself would wait 75 s.
const SendTimeout = 5 * time.Second

// Send sends a message under the id and the timer of its row, and returns nil once WhatsApp
// has acknowledged it. Sends of one connection go out one at a time, in the order of the calls
// if these do not overlap.
//
// Its errors have these codes. Refused: WhatsApp refuses this message for good. Fenced: a
// newer host has taken over, and nothing was sent this time. Unsent: the connection or ctx
// ended while the send waited for those before it. With flowhq.ErrNotUploaded in its chain the
// media could not be uploaded, and nothing was sent. With any other error the outcome is
// unknown; send again under the same id, on this connection or a later one.
func (c *Conn) Send(ctx context.Context, m flowhq.Message) error {
	to, err := types.ParseJID(m.Chat)
	if err != nil || !isPerson(to) || to.Device != 0 {
		return flowhq.Errorf(flowhq.Refused, "%q is not a chat with a person", m.Chat)
	}
	media, err := c.upload(ctx, m)
	if err != nil {
		return fmt.Errorf("send %s: %w", m.WAMessageID, err)
	}
	select {
	case c.sending <- struct{}{}:
		defer func() { <-c.sending }()
	case <-ctx.Done():
		return unsent(context.Cause(ctx))
	case <-c.ended:
		return unsent(errEnded)
	}
	if c.hasEnded() { // a select chooses at random if the send before has just returned, too
		return unsent(errEnded)
	}
	// If the connection is lost meanwhile, the library waits for a reconnect, which never
	// comes here, without a bound but ctx (request.go, retryFrame). So the end of the
	// connection cancels ctx.
	ctx, cancel := context.WithTimeout(ctx, SendTimeout)
	defer cancel()
	ctx, abort := context.WithCancelCause(ctx)
	defer abort(nil)
	defer context.AfterFunc(c.ctx, func() { abort(errEnded) })()
	if err := c.send(ctx, abort, to, m.WAMessageID, outgoing(m, media)); err != nil {
		if ctx.Err() != nil { // the library says only that the context was cancelled
			err = errors.Join(context.Cause(ctx), err)
		}
		return fmt.Errorf("send %s: %w", m.WAMessageID, sendError(err))
	}
	return nil
}

// send is Send when no other send is under way. abort cancels ctx.
func (c *Conn) send(
	ctx context.Context, abort context.CancelCauseFunc, to types.JID, id string, m *waE2E.Message,
) error {
	to, err := c.addressee(ctx, to)
	if err != nil {
		return err
	}
	ctx, done := c.keys.Send(ctx, to, abort)
	defer done()
	_, err = c.client.Load().SendMessage(ctx, to, m, whatsmeow.SendRequestExtra{ID: id})
	return err
}

// addressee returns the LID of a number. The library would look it up as well (send.go,
// SendMessage), but its error for a number that is not on WhatsApp has no type.
func (c *Conn) addressee(ctx context.Context, to types.JID) (types.JID, error) {
	if to.Server != types.DefaultUserServer {
		return to, nil
	}
	if lid, err := c.keys.LIDs().GetLIDForPN(ctx, to); err != nil || !lid.IsEmpty() {
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

// refusals says, by WhatsApp's code, in an operator's words why WhatsApp refused a message.
var refusals = map[int]string{
	463: "WhatsApp does not let this account write to the contact first, for now (463)",
	479: "WhatsApp rejected how the message was addressed (479)",
}

// tooManyRequests is WhatsApp's error for sending too fast, which passes.
const tooManyRequests = 429

// sendError classifies the failure of a send. What is not known to be a refusal has an
// unknown outcome: the message may have been delivered though its acknowledgement was not.
func sendError(err error) error {
	if code := flowhq.ErrorCode(err); code == flowhq.Refused || code == flowhq.Fenced {
		return err
	}
	if errors.Is(err, keystore.ErrNoDevices) {
		return &flowhq.Error{
			Code: flowhq.Refused, Message: "the contact is no longer on WhatsApp", Err: err,
		}
	}
	if !errors.Is(err, whatsmeow.ErrServerReturnedError) {
		return unconfirmed(err)
	}
	n := serverCode(err)
	switch text, known := refusals[n]; {
	case known:
		return &flowhq.Error{Code: flowhq.Refused, Message: text, Err: err}
	case n >= 400 && n < 500 && n != tooManyRequests:
		return &flowhq.Error{
			Code:    flowhq.Refused,
			Message: fmt.Sprintf("WhatsApp refused the message (%d)", n), Err: err,
		}
	default:
		return &flowhq.Error{
			Code:    flowhq.Unavailable,
			Message: fmt.Sprintf("WhatsApp could not take the message (%d)", n), Err: err,
		}
	}
}

// unconfirmed is the error of a send whose outcome is unknown.
func unconfirmed(err error) error {
	return &flowhq.Error{
		Code: flowhq.Unavailable, Message: "WhatsApp did not confirm the message", Err: err,
	}
}

// serverCode returns the number in the library's error for a refused message, or 0. The
// error holds it only as the last word of its text (send.go, SendMessage).
func serverCode(err error) int {
	text := err.Error()
	n, _ := strconv.Atoi(text[strings.LastIndexByte(text, ' ')+1:])
	return n
}

// messageIDBytes is what comes after the prefix of a message id, in bytes. In WhatsApp's
// own web client it is as long, and random.
const messageIDBytes = 9

// ReplyID returns the id to record and send a reply under: the same for one question and
// kind of reply. A question that is answered again, because an older database was
// restored, gets the answer under the id that it had, and a phone shows an id once. The
// row's number alone would not do: after a restore, other messages get numbers that were
// used before.
func ReplyID(tenant flowhq.TenantID, question flowhq.Message, kind flowhq.Kind) string {
	key := fmt.Appendf(nil, "%s %d %s %s", tenant, question.ID, kind, question.WAMessageID)
	sum := sha256.Sum256(key)
	return whatsmeow.WebMessageIDPrefix + strings.ToUpper(hex.EncodeToString(sum[:messageIDBytes]))
}
