package session

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/hosting"
	"github.com/flowhq/flowhq/internal/pipeline"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/whatsapp"
)

// A handler is a session's side of its connection, a [whatsapp.Handler]. The library calls it
// on goroutines of its own and waits for the result: what is not recorded is not
// acknowledged. So it has no part in the session's state; its fields never change.
type handler struct {
	store    Store
	tenant   flowhq.TenantID
	lease    *hosting.Lease     // has a lock of its own
	pipeline *pipeline.Pipeline // likewise
	number   *numberCheck       // likewise
}

// Link records the device that a phone is about to confirm.
func (h handler) Link(ctx context.Context, d whatsapp.Device) error {
	// Before WhatsApp hears of it: a number that is another tenant's is rejected here.
	l, err := h.store.Link(ctx, h.tenant, h.lease.Epoch, store.Device{JID: d.JID, Number: d.Number})
	if err == nil {
		h.number.check(l)
	}
	return err
}

// Receive makes a customer's message durable, but for messages to a number that may not be
// the tenant's: they stay with WhatsApp.
func (h handler) Receive(ctx context.Context, in whatsapp.Inbound) error {
	if differs := h.number.err(); differs != nil {
		return differs
	}
	return h.pipeline.Receive(ctx, store.Inbound{
		LID: in.LID, Number: in.Number, Name: in.Name, WAID: in.ID,
		Kind: in.Kind, Text: in.Text, SentAt: in.SentAt, Undecryptable: in.Undecryptable,
		Wordless: in.Wordless, Silent: in.Silent, Album: in.Album, Timer: in.Timer,
		Media: in.Media, Latitude: in.Latitude, Longitude: in.Longitude,
	})
}

// ReceiveOwn makes durable what the owner wrote to a customer from the phone.
func (h handler) ReceiveOwn(ctx context.Context, in whatsapp.Inbound) error {
	if differs := h.number.err(); differs != nil {
		return differs
	}
	return h.pipeline.ReceiveOwn(ctx, store.Inbound{
		LID: in.LID, Number: in.Number, WAID: in.ID, Kind: in.Kind, Text: in.Text,
		SentAt: in.SentAt, Wordless: in.Wordless,
		Media: in.Media, Latitude: in.Latitude, Longitude: in.Longitude,
	})
}

// Receipt notes how far sent messages have come.
func (h handler) Receipt(r whatsapp.Receipt) {
	for _, id := range r.IDs {
		h.pipeline.Receipt(store.Receipt{WAID: id, Status: r.Status, At: r.At})
	}
}

// Sent finds a sent message in our own log, so that a customer's phone can ask for it again
// after any number of restarts.
func (h handler) Sent(ctx context.Context, id string) (flowhq.Message, bool, error) {
	m, err := h.store.Outbound(ctx, h.tenant, id)
	// A message that was pruned cannot be sent again; that is no reason to hang up.
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		return m, false, nil
	}
	return m, err == nil, err
}

// Media finds media that are to be sent.
func (h handler) Media(
	ctx context.Context, id int64, kind flowhq.Media,
) (whatsapp.Media, error) {
	m, err := h.store.MediaToSend(ctx, h.tenant, id, kind)
	return whatsapp.Media{MediaFile: m.MediaFile, Upload: m.Upload}, err
}

// MediaBytes reads them.
func (h handler) MediaBytes(ctx context.Context, id int64) ([]byte, error) {
	return h.store.MediaBytes(ctx, h.tenant, id)
}

// MediaUploaded notes where WhatsApp has them.
func (h handler) MediaUploaded(
	ctx context.Context, id int64, kind flowhq.Media, u flowhq.MediaUpload,
) error {
	return h.store.SetMediaUpload(ctx, h.tenant, h.lease.Epoch, id, kind, u)
}

// Revise keeps what a customer made of a message.
func (h handler) Revise(ctx context.Context, r whatsapp.Revision) error {
	// The message may be unknown: it was written before the tenant was linked.
	of := store.Inbound{LID: r.LID, Number: r.Number, WAID: r.ID}
	return h.pipeline.Revise(ctx, of, store.Revision{
		At: r.At, Revoked: r.Revoked, Text: r.Text, Wordless: r.Wordless, Kind: r.Kind,
	})
}

// SetTimer keeps after how long the messages of a chat disappear.
func (h handler) SetTimer(
	ctx context.Context, who whatsapp.Person, t flowhq.DisappearingTimer,
) error {
	return h.pipeline.SetTimer(ctx, store.Inbound{LID: who.LID, Number: who.Number}, t)
}

// Holds reports whether this host's lease has not run out.
func (h handler) Holds() bool { return h.lease.Valid() == nil }

// Fence keeps a host that has been replaced from changing the keys.
func (h handler) Fence(ctx context.Context, tx whatsapp.Tx) error {
	return store.Fence(ctx, tx, h.tenant, h.lease.Epoch)
}

// Change is Fence for changes of one statement.
func (h handler) Change(ctx context.Context, db whatsapp.Tx, changes string, args ...any) error {
	return store.ChangeFenced(ctx, db, h.tenant, h.lease.Epoch, changes, args...)
}

// A numberCheck is whether the phone that was linked has the tenant's number. The handler
// finds out that it has not, and refuses messages from then on; the session ends with it.
type numberCheck struct {
	differs atomic.Pointer[whatsapp.EndError]
}

// check has the session end before it serves if a phone of another number than the tenant's
// was linked: an operator says first whether that is meant.
func (c *numberCheck) check(l store.Linking) {
	if l.Confirmed {
		return
	}
	// It looks like an end of the connection, which it becomes when the phone is done.
	c.differs.Store(&whatsapp.EndError{
		Ending: flowhq.EndNumberDiffers,
		Reason: fmt.Sprintf("the code was scanned with %s, and the tenant's number is %s",
			l.Number, l.TenantNumber),
	})
}

// err is how the session ends if the numbers differ, else nil.
func (c *numberCheck) err() error {
	if differs := c.differs.Load(); differs != nil {
		return differs
	}
	return nil
}

// reset is for a device that is not linked any more.
func (c *numberCheck) reset() { c.differs.Store(nil) }

// A discardHandler is for a connection that is only made to unlink the device: its messages
// are acknowledged and forgotten.
type discardHandler struct{ lease *hosting.Lease }

// Link refuses: nothing is to be linked.
func (discardHandler) Link(context.Context, whatsapp.Device) error {
	return flowhq.Errorf(flowhq.Conflict, "this tenant is being erased")
}

// Receive and the rest acknowledge: what waits for the device is lost with it.
func (discardHandler) Receive(context.Context, whatsapp.Inbound) error    { return nil }
func (discardHandler) ReceiveOwn(context.Context, whatsapp.Inbound) error { return nil }
func (discardHandler) Receipt(whatsapp.Receipt)                           {}
func (discardHandler) Revise(context.Context, whatsapp.Revision) error    { return nil }
func (discardHandler) SetTimer(context.Context, whatsapp.Person, flowhq.DisappearingTimer) error {
	return nil
}
func (discardHandler) Sent(context.Context, string) (m flowhq.Message, isFound bool, err error) {
	return m, false, nil
}

// Media and the rest find nothing: a connection that unlinks sends no message.
func (discardHandler) Media(context.Context, int64, flowhq.Media) (m whatsapp.Media, err error) {
	return m, flowhq.Errorf(flowhq.NotFound, "this tenant is being erased")
}
func (discardHandler) MediaBytes(context.Context, int64) ([]byte, error) {
	return nil, flowhq.Errorf(flowhq.NotFound, "this tenant is being erased")
}
func (discardHandler) MediaUploaded(
	context.Context, int64, flowhq.Media, flowhq.MediaUpload,
) error {
	return nil
}

// Holds, Fence and Change are a handler's: the lease is real.
func (h discardHandler) Holds() bool { return h.lease.Valid() == nil }
func (h discardHandler) Fence(ctx context.Context, tx whatsapp.Tx) error {
	return store.Fence(ctx, tx, h.lease.Tenant, h.lease.Epoch)
}
func (h discardHandler) Change(
	ctx context.Context, db whatsapp.Tx, changes string, args ...any,
) error {
	return store.ChangeFenced(ctx, db, h.lease.Tenant, h.lease.Epoch, changes, args...)
}
