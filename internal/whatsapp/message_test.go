package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// send sends text and returns the id it was sent under.
func (w *world) send(c *Conn, chat, text string) string {
	w.Helper()
	id := newMessageID()
	if err := c.Send(w.Context(), textTo(chat, id, text)); err != nil {
		w.Fatalf("Send: %v", err)
	}
	return id
}

// chatOf returns the JID under which a number is known before it has written.
func chatOf(number string) string { return number[1:] + "@s.whatsapp.net" }

func TestMessagesBothWays(t *testing.T) {
	w := newWorld(t)
	phone, customer, h := w.phone(), w.customer(), newRecorder()
	c, _ := w.link(phone, h)
	id := w.write(customer, phone, "do you open on Sunday?")
	in := h.next(t)
	if in.ID != id || in.Text != "do you open on Sunday?" || in.Kind != flowhq.KindText || in.Undecryptable {
		t.Errorf("received %+v; want id %s and the text", in, id)
	}
	if in.Number != customer || in.LID == "" || time.Since(in.SentAt) > patience {
		t.Errorf("received %+v; want number %s, a LID, sent just now", in, customer)
	}
	answer := w.send(c, in.LID, "yes, from ten")
	if got := w.awaitText(customer, "yes, from ten"); got.ID != answer || got.From != phone ||
		got.Repeats != 0 {
		t.Errorf("the customer has %+v; want id %s from %s, once", got, answer, phone)
	}
	w.await("the read receipt", func() bool { return h.status(answer) == flowhq.Read })
}

func TestNothingIsKeptAboutCustomers(t *testing.T) {
	w := newWorld(t)
	phone, h := w.phone(), newRecorder()
	c, _ := w.link(phone, h)
	w.acquaint(c, h, phone)
	for _, table := range []string{"whatsmeow_contacts", "whatsmeow_message_secrets",
		"whatsmeow_retry_buffer"} {
		var rows int
		if err := w.db.QueryRow("select count(*) from " + table).Scan(&rows); rows != 0 || err != nil {
			t.Errorf("%s has %d rows, %v; want none", table, rows, err)
		}
	}
	w.awaitNoPlaintext()
}

// awaitNoPlaintext waits until no plaintext waits for its handler any more.
func (w *world) awaitNoPlaintext() {
	w.Helper()
	w.await("the end of the plaintexts", func() bool {
		var rows int
		err := w.db.QueryRow("select count(plaintext) from whatsmeow_event_buffer").Scan(&rows)
		return err == nil && rows == 0
	})
}

func TestFirstMessageToANumber(t *testing.T) {
	w := newWorld(t)
	customer, h := w.customer(), newRecorder()
	c, _ := w.link(w.phone(), h)
	id := w.send(c, chatOf(customer), "your order is ready")
	if got := w.awaitText(customer, "your order is ready"); got.ID != id {
		t.Errorf("the customer has %+v; want id %s", got, id)
	}
	w.await("the receipt", func() bool { return h.status(id) != "" })
}

func TestSameIDIsShownOnce(t *testing.T) {
	w := newWorld(t)
	customer := w.customer()
	c, _ := w.link(w.phone(), newRecorder())
	id := w.send(c, chatOf(customer), "once")
	for range 2 {
		if err := c.Send(t.Context(), textTo(chatOf(customer), id, "once")); err != nil {
			t.Fatal(err)
		}
	}
	w.await("the repeats", func() bool { return w.awaitText(customer, "once").Repeats == 2 })
	if n := len(w.inbox(customer)); n != 1 {
		t.Errorf("the customer has %d messages; want 1", n)
	}
}

func TestSendRefusals(t *testing.T) {
	w := newWorld(t)
	c, _ := w.link(w.phone(), newRecorder())
	for chat, want := range map[string]flowhq.Code{
		"255799999998@s.whatsapp.net": flowhq.Refused, // not on WhatsApp
		"99999999999999@lid":          flowhq.Refused, // nobody's
		"12345-678@g.us":              flowhq.Refused, // a group
		"nonsense":                    flowhq.Refused,
	} {
		err := c.Send(t.Context(), textTo(chat, newMessageID(), "hello"))
		if flowhq.ErrorCode(err) != want {
			t.Errorf("Send to %s = %v; want code %s", chat, err, want)
		}
	}
}

func TestSendOnLostConnection(t *testing.T) {
	w := newWorld(t)
	phone, customer, h := w.phone(), w.customer(), newRecorder()
	c, device := w.link(phone, h)
	w.fault("drop", phone, nil)
	id := newMessageID()
	late := textTo(chatOf(customer), id, "late")
	switch err := c.Send(t.Context(), late); flowhq.ErrorCode(err) {
	case "", flowhq.Unavailable, flowhq.Unsent:
	default:
		t.Errorf("Send on a lost connection = %v; want code Unavailable or Unsent", err)
	}
	w.wantEnd(c, flowhq.EndLost)
	if err := c.Send(t.Context(), late); flowhq.ErrorCode(err) != flowhq.Unsent {
		t.Errorf("Send after the end = %v; want code Unsent", err)
	}
	again := w.dial(device.JID, h)
	w.next(again, Online)
	if err := again.Send(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	if got := w.awaitText(customer, "late"); got.ID != id {
		t.Errorf("the customer has %+v; want id %s", got, id)
	}
}

// A send waits for the one before it as long as the connection lasts, and one that never
// begins returns code Unsent.
func TestSendWaitsForTheOneBefore(t *testing.T) {
	w := newWorld(t)
	customer := w.customer()
	c, _ := w.link(w.phone(), newRecorder())
	send := func(ctx context.Context) chan error {
		done := make(chan error, 1)
		go func() {
			done <- c.Send(ctx, textTo(chatOf(customer), newMessageID(), "hello"))
		}()
		return done
	}
	c.sending <- struct{}{} // another chat is sending
	impatient, cancel := context.WithCancel(t.Context())
	given := send(impatient)
	cancel()
	if err := <-given; flowhq.ErrorCode(err) != flowhq.Unsent {
		t.Errorf("Send that gave up = %v; want code Unsent", err)
	}
	patient := send(t.Context())
	select {
	case err := <-patient:
		t.Errorf("Send did not wait for the send before it: %v", err)
	case <-time.After(SendTimeout + time.Second): // it has waited longer than an attempt may take
	}
	<-c.sending
	if err := <-patient; err != nil {
		t.Errorf("Send after the one before it = %v", err)
	}
	c.sending <- struct{}{}
	left := send(t.Context())
	w.hangUp(c)
	if err := <-left; flowhq.ErrorCode(err) != flowhq.Unsent {
		t.Errorf("Send that was left waiting = %v; want code Unsent", err)
	}
}

func TestMessagesWhileAway(t *testing.T) {
	w := newWorld(t)
	phone, customer, h := w.phone(), w.customer(), newRecorder()
	c, device := w.link(phone, h)
	w.hangUp(c)
	for i := range 3 {
		w.write(customer, phone, fmt.Sprint("message ", i))
	}
	w.dial(device.JID, h)
	for i := range 3 {
		if got, want := h.next(t).Text, fmt.Sprint("message ", i); got != want {
			t.Errorf("message %d is %q; want %q", i, got, want)
		}
	}
}

// What a handler does not accept is delivered again after the next login, and
// once it is accepted, never more.
func TestNotRecordedIsDeliveredAgain(t *testing.T) {
	tests := map[string]func(context.Context, Inbound) error{
		"the handler fails":  func(context.Context, Inbound) error { return errors.New("database away") },
		"the handler panics": func(context.Context, Inbound) error { panic("index out of range") },
	}
	w := newWorld(t)
	phone, customer, h := w.phone(), w.customer(), newRecorder()
	c, device := w.link(phone, h)
	for name, failing := range tests {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			h.onReceive(func(ctx context.Context, in Inbound) error {
				calls.Add(1)
				return failing(ctx, in)
			})
			id := w.write(customer, phone, name)
			w.wantEnd(c, flowhq.EndNotRecorded)
			again := w.dial(device.JID, h)
			w.wantEnd(again, flowhq.EndNotRecorded)
			if n := calls.Load(); n != 2 {
				t.Errorf("the handler was called %d times on two connections; want 2", n)
			}
			h.onReceive(nil)
			c = w.dial(device.JID, h)
			if in := h.next(t); in.ID != id || in.Text != name {
				t.Errorf("delivered %+v; want %s", in, id)
			}
			w.next(c, Online)
			w.await("the acknowledgement", func() bool { return w.queued(phone) == 0 })
			w.hangUp(c)
			c = w.dial(device.JID, h)
			w.next(c, Online)
			w.write(customer, phone, "next")
			if in := h.next(t); in.Text != "next" {
				t.Errorf("after the login comes %+v; want only the next message", in)
			}
		})
	}
}

// The connection is seen to be lost while a handler runs: the library discards what that
// handler answers, so the message comes again.
func TestDropDuringHandler(t *testing.T) {
	w := newWorld(t)
	phone, customer, h := w.phone(), w.customer(), newRecorder()
	c, device := w.link(phone, h)
	entered, leave := make(chan struct{}, 1), make(chan struct{})
	h.onReceive(func(context.Context, Inbound) error {
		entered <- struct{}{}
		<-leave
		return nil
	})
	id := w.write(customer, phone, "hello")
	<-entered
	w.fault("drop", phone, nil)
	w.await("the end of the connection", c.hasEnded)
	close(leave)
	w.wantEnd(c, flowhq.EndLost)
	if first := h.next(t); first.ID != id {
		t.Errorf("received %+v; want %s", first, id)
	}
	w.next(w.dial(device.JID, h), Online)
	if second := h.next(t); second.ID != id {
		t.Errorf("received %+v; want %s again", second, id)
	}
}

// The connection is lost after a message was accepted and before its acknowledgement is
// there: WhatsApp delivers the message again, and it is only acknowledged.
func TestDropBeforeAcknowledgement(t *testing.T) {
	w := newWorld(t)
	phone, customer, h := w.phone(), w.customer(), newRecorder()
	c, device := w.link(phone, h)
	entered, leave := make(chan struct{}), make(chan struct{})
	h.onReceive(func(context.Context, Inbound) error {
		close(entered)
		<-leave
		return nil
	})
	id := w.write(customer, phone, "hello")
	<-entered
	w.fault("unresponsive", phone, nil)
	close(leave)
	if first := h.next(t); first.ID != id {
		t.Errorf("received %+v; want %s", first, id)
	}
	w.awaitNoPlaintext()
	w.fault("drop", phone, nil)
	w.wantEnd(c, flowhq.EndLost)
	if w.queued(phone) == 0 {
		t.Error("WhatsApp has nothing to deliver again")
	}
	h.onReceive(nil)
	w.next(w.dial(device.JID, h), Online)
	w.await("the acknowledgement", func() bool { return w.queued(phone) == 0 })
	w.write(customer, phone, "next")
	if in := h.next(t); in.Text != "next" {
		t.Errorf("received %+v; want only the next message", in)
	}
}

func TestDuplicateDelivery(t *testing.T) {
	w := newWorld(t)
	phone, customer, h := w.phone(), w.customer(), newRecorder()
	w.link(phone, h)
	w.fault("duplicate", phone, object{"count": 3})
	for i := range 3 {
		w.write(customer, phone, fmt.Sprint(i))
	}
	w.write(customer, phone, "last")
	for _, want := range []string{"0", "1", "2", "last"} {
		if got := h.next(t).Text; got != want {
			t.Errorf("received %q; want %q", got, want)
		}
	}
}

func TestKeyStoreAwayIsDeliveredAgain(t *testing.T) {
	w := newWorld(t)
	phone, customer, h := w.phone(), w.customer(), newRecorder()
	c, device := w.link(phone, h)
	w.db.Close()
	id := w.write(customer, phone, "hello")
	w.wantEnd(c, flowhq.EndNotRecorded)
	w.dialOn(w.newNetwork(), device.JID, h)
	if in := h.next(t); in.ID != id || in.Undecryptable {
		t.Errorf("received %+v; want %s", in, id)
	}
}

// swapSession replaces the keys stored for one contact by those for another, so
// that neither side understands the other any more.
func (w *world) swapSession(broken, by Inbound) {
	w.Helper()
	address := func(in Inbound) string { return in.LID[:len(in.LID)-len("@lid")] + "_1:0" }
	for _, q := range []string{
		`update whatsmeow_sessions set session = (select session from whatsmeow_sessions where their_id = $2) where their_id = $1`,
		`update whatsmeow_identity_keys set identity = (select identity from whatsmeow_identity_keys where their_id = $2) where their_id = $1`,
	} {
		result, err := w.db.Exec(q, address(broken), address(by))
		if err != nil {
			w.Fatal(err)
		}
		if n, err := result.RowsAffected(); n != 1 || err != nil {
			w.Fatalf("%d rows are swapped, %v; want 1", n, err)
		}
	}
}

// acquaint has two customers write, so that sessions with both exist.
func (w *world) acquaint(c *Conn, h *recorder, phone string) (a, b Inbound) {
	w.Helper()
	numbers := []string{w.customer(), w.customer()}
	var in [2]Inbound
	for i, number := range numbers {
		w.write(number, phone, "hello")
		in[i] = h.next(w)
		w.send(c, in[i].LID, "hello to you")
		w.awaitText(number, "hello to you")
		w.write(number, phone, "hello again") // the session is known to both now
		h.next(w)
	}
	return in[0], in[1]
}

func TestUndecryptableIsAskedForAgain(t *testing.T) {
	w := newWorld(t)
	phone, h := w.phone(), newRecorder()
	c, _ := w.link(phone, h)
	a, b := w.acquaint(c, h, phone)
	w.swapSession(a, b)
	id := w.write(a.Number, phone, "can you read this?")
	first := h.next(t)
	if first.ID != id || !first.Undecryptable || first.Text != "" || first.LID != a.LID ||
		first.Number != a.Number {
		t.Errorf("received %+v; want %s as undecryptable", first, id)
	}
	second := h.next(t)
	for second.Undecryptable { // until the customer's phone makes new keys
		second = h.next(t)
	}
	if second.ID != id || second.Undecryptable || second.Text != "can you read this?" ||
		second.LID != first.LID {
		t.Errorf("received %+v; want a readable copy of %s", second, id)
	}
}

// A customer's phone cannot read our message and asks for it again, but only
// after the process that sent it is gone.
func TestPhoneAsksAgainAfterRestart(t *testing.T) {
	w := newWorld(t)
	phone, h := w.phone(), newRecorder()
	c, device := w.link(phone, h)
	a, b := w.acquaint(c, h, phone)
	w.fault("refuse_logins", a.Number, object{"seconds": 3600})
	w.fault("drop", a.Number, nil)
	w.swapSession(a, b)
	id := w.send(c, a.LID, "your table is booked")
	h.texts[id], h.timer = "your table is booked", flowhq.DisappearingTimer{Seconds: 86400}
	w.hangUp(c)
	w.fault("refuse_logins", a.Number, object{"seconds": 0})
	w.await("the phone's request", func() bool { return w.queued(phone) > 0 })

	w.next(w.dial(device.JID, h), Online)
	if got := w.awaitText(a.Number, "your table is booked"); got.ID != id || got.Expiration != 86400 {
		t.Errorf("the customer has %+v; want id %s, with its timer", got, id)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.asked) == 0 || h.asked[0] != id {
		t.Errorf("the handler was asked for %v; want %s", h.asked, id)
	}
}

// queued returns how much waits for a phone's linked devices.
func (w *world) queued(phone string) (n int) {
	w.Helper()
	var view struct{ Devices []struct{ Queued int } }
	if status := w.call("GET", "/phones/"+url.PathEscape(phone), nil, &view); status != http.StatusOK {
		w.Fatalf("GET phone = %d", status)
	}
	for _, d := range view.Devices {
		n += d.Queued
	}
	return n
}
