package whatsapp

import (
	"testing"

	"github.com/flowhq/flowhq"
)

// The phone shows a place with what it is called, and sends it under the chat's timer.
func TestSendPlace(t *testing.T) {
	w := newWorld(t)
	customer, h := w.customer(), newRecorder()
	c, _ := w.link(w.phone(), h)
	latitude, longitude := -6.8161, 39.2804
	m := writtenTo(chatOf(customer), newMessageID(), "here", flowhq.DisappearingTimer{Seconds: 604800})
	m.Media, m.Latitude, m.Longitude = flowhq.MediaLocation, &latitude, &longitude
	m.Attachment = &flowhq.Attachment{Name: "Kariakoo Market", Address: "Msimbazi Street"}
	if err := c.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	l := w.awaitLetter(customer, m.WAMessageID)
	a := l.Attached
	if a == nil || a.Kind != "location" || a.Latitude != latitude || a.Longitude != longitude ||
		a.Name != "Kariakoo Market" || a.Address != "Msimbazi Street" || l.Expiration != 604800 {
		t.Errorf("the customer has %+v, %+v", l, a)
	}
}
