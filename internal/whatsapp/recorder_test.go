package whatsapp

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// A setTimer is a call of SetTimer.
type setTimer struct {
	who   Person
	timer flowhq.DisappearingTimer
}

// A recorder is a handler that keeps what it is called with.
type recorder struct {
	arrivals chan Inbound // every call of Receive that succeeded

	revisions chan Revision
	own       chan Inbound // every call of ReceiveOwn

	mu       sync.Mutex
	linked   []Device
	receipts map[string]flowhq.MessageStatus // by message id; the latest
	texts    map[string]string               // what Sent answers
	timer    flowhq.DisappearingTimer        // of those
	asked    []string                        // ids Sent was asked for
	timers   []setTimer                      // calls of SetTimer
	linkErr  error
	receive  func(context.Context, Inbound) error // may be nil
	media    map[int64][]byte                     // that are kept
	uploads  map[flowhq.Media]flowhq.MediaUpload  // that were noted
	uploaded int                                  // calls of MediaUploaded
}

func newRecorder() *recorder {
	return &recorder{
		media:     map[int64][]byte{},
		uploads:   map[flowhq.Media]flowhq.MediaUpload{},
		arrivals:  make(chan Inbound, 10_000),
		revisions: make(chan Revision, 100),
		own:       make(chan Inbound, 100),
		receipts:  map[string]flowhq.MessageStatus{},
		texts:     map[string]string{},
	}
}

func (r *recorder) Link(_ context.Context, d Device) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.linked = append(r.linked, d)
	return r.linkErr
}

func (r *recorder) Receive(ctx context.Context, in Inbound) error {
	r.mu.Lock()
	receive := r.receive
	r.mu.Unlock()
	if receive != nil {
		if err := receive(ctx, in); err != nil {
			return err
		}
	}
	r.arrivals <- in
	return nil
}

func (r *recorder) ReceiveOwn(_ context.Context, in Inbound) error {
	r.own <- in
	return nil
}

func (r *recorder) Receipt(receipt Receipt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range receipt.IDs {
		r.receipts[id] = receipt.Status
	}
}

func (r *recorder) Revise(_ context.Context, revision Revision) error {
	r.revisions <- revision
	return nil
}

func (r *recorder) SetTimer(_ context.Context, who Person, t flowhq.DisappearingTimer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.timers = append(r.timers, setTimer{who, t})
	return nil
}

func (r *recorder) Sent(_ context.Context, id string) (flowhq.Message, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, id)
	text, found := r.texts[id]
	return writtenTo("", id, text, r.timer), found, nil
}

func (r *recorder) Media(_ context.Context, id int64, kind flowhq.Media) (Media, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.media[id] == nil {
		return Media{}, flowhq.Errorf(flowhq.NotFound, "expired")
	}
	m := Media{MediaFile: flowhq.MediaFile{ID: id, ContentType: "image/png"}}
	m.Seconds, m.Width = 7, 640
	if u, ok := r.uploads[kind]; ok {
		m.Upload = &u
	}
	return m, nil
}

func (r *recorder) MediaBytes(_ context.Context, id int64) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.media[id], nil
}

func (r *recorder) MediaUploaded(
	_ context.Context, _ int64, kind flowhq.Media, u flowhq.MediaUpload,
) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uploads[kind] = u
	r.uploaded++
	return nil
}

func (r *recorder) Holds() bool { return true }

func (r *recorder) Fence(context.Context, Tx) error { return nil }

func (r *recorder) Change(ctx context.Context, db Tx, changes string, args ...any) error {
	// There is no host in this database.
	q := `with fence as (select where $1::text is null and $2::text is null), ` + changes + ` select true`
	return db.QueryRowContext(ctx, q, append([]any{nil, nil}, args...)...).Scan(new(bool))
}

// onReceive sets what Receive does first.
func (r *recorder) onReceive(f func(context.Context, Inbound) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.receive = f
}

func (r *recorder) status(id string) flowhq.MessageStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.receipts[id]
}

// next returns the next message.
func (r *recorder) next(t testing.TB) Inbound {
	t.Helper()
	select {
	case in := <-r.arrivals:
		return in
	case <-time.After(patience):
		t.Fatalf("no message came in %v", patience)
		return Inbound{}
	}
}

var messageIDs atomic.Int64

// newMessageID returns an id that no message of the tests has had.
func newMessageID() string {
	return ReplyID("test", flowhq.Message{ID: messageIDs.Add(1)}, flowhq.KindReply)
}

// writtenTo is the row of a text.
func writtenTo(chat, id, text string, t flowhq.DisappearingTimer) flowhq.Message {
	m := flowhq.Message{Chat: chat, WAMessageID: id, Text: text, TimerSeconds: t.Seconds}
	if !t.SetAt.IsZero() {
		m.TimerSetAt = &t.SetAt
	}
	return m
}

// textTo is the row of a text to a chat without a timer.
func textTo(chat, id, text string) flowhq.Message {
	return writtenTo(chat, id, text, flowhq.DisappearingTimer{})
}
