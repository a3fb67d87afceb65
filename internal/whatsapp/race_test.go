package whatsapp

import (
	"fmt"
	"testing"
	"time"
)

// raceMessages is how many messages the loop below exchanges. Without the lock of the keys
// some tens of the replies are lost.
const raceMessages = 500

// Replies go out while more messages of the same chat come in. Decrypting and
// encrypting then use one Signal session at the same time, and without a common
// lock two replies are encrypted with the same key; the customer's phone drops
// the second one in silence.
func TestRepliesWhileMessagesComeIn(t *testing.T) {
	w := newWorld(t)
	phone, customer, h := w.phone(), w.customer(), newRecorder()
	c, _ := w.link(phone, h)
	replied := make(chan struct{})
	go func() {
		defer close(replied)
		for i := range raceMessages {
			select {
			case in := <-h.arrivals:
				m := textTo(in.LID, newMessageID(), "re "+in.Text)
				if err := c.Send(t.Context(), m); err != nil {
					t.Errorf("Send: %v", err)
				}
			case <-time.After(patience):
				t.Errorf("message %d did not come in %v", i, patience)
				return
			}
		}
	}()
	for i := range raceMessages {
		w.write(customer, phone, fmt.Sprint(i))
	}
	<-replied
	w.write(customer, phone, "last")
	w.send(c, h.next(t).LID, "re last")
	w.awaitText(customer, "re last") // and with it, all before
	letters := w.inbox(customer)
	for i, l := range letters {
		want := fmt.Sprint("re ", i)
		if i == raceMessages {
			want = "re last"
		}
		if l.Text != want || l.Repeats > 0 {
			t.Fatalf("reply %d is %q, with %d repeats; want %q once", i, l.Text, l.Repeats, want)
		}
	}
	if len(letters) != raceMessages+1 {
		t.Errorf("%d replies arrived; want %d", len(letters), raceMessages+1)
	}
}
