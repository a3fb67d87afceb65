package whatsapp

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
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

// withMedia is the row of a message with media.
func withMedia(chat string, kind flowhq.Media, id int64, caption, name string) flowhq.Message {
	m := writtenTo(chat, newMessageID(), caption, flowhq.DisappearingTimer{Seconds: 604800})
	m.Media, m.Attachment = kind, &flowhq.Attachment{MediaID: &id, FileName: name}
	return m
}

// The phone decrypts to the very bytes, whatever they are sent as, and what was uploaded once is
// not uploaded again.
func TestSendMedia(t *testing.T) {
	w := newWorld(t)
	customer, h := w.customer(), newRecorder()
	c, _ := w.link(w.phone(), h)
	data := bytes.Repeat([]byte("karibu "), 100_000)
	sum := sha256.Sum256(data)
	h.media[3] = data
	for i, tt := range []struct {
		kind          flowhq.Media
		caption, name string
		want          attached
	}{
		{flowhq.MediaImage, "the menu", "", attached{Kind: "image", MimeType: "image/png"}},
		{flowhq.MediaDocument, "", "menu.pdf",
			attached{Kind: "document", MimeType: "image/png", FileName: "menu.pdf"}},
		{flowhq.MediaDocument, "the menu", "menu.pdf",
			attached{Kind: "document", MimeType: "image/png", FileName: "menu.pdf"}},
		{flowhq.MediaVoice, "", "",
			attached{Kind: "voice", MimeType: "audio/ogg; codecs=opus", Seconds: 7}},
		{flowhq.MediaImage, "once more", "", attached{Kind: "image", MimeType: "image/png"}},
	} {
		m := withMedia(chatOf(customer), tt.kind, 3, tt.caption, tt.name)
		if err := c.Send(t.Context(), m); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		l := w.awaitLetter(customer, m.WAMessageID)
		tt.want.Size, tt.want.SHA256 = len(data), hex.EncodeToString(sum[:])
		if l.Attached == nil || *l.Attached != tt.want || l.Text != tt.caption ||
			l.Expiration != 604800 {
			t.Errorf("%d: the customer has %+v, %+v; want %+v", i, l, l.Attached, tt.want)
		}
	}
	if h.uploaded != 3 { // one for each kind
		t.Errorf("uploaded %d times; want 3", h.uploaded)
	}
}

// An upload that fails has sent nothing, and says so; the next attempt is under the same id.
func TestUploadFails(t *testing.T) {
	w := newWorld(t)
	customer, h := w.customer(), newRecorder()
	c, _ := w.link(w.phone(), h)
	h.media[3] = []byte("bytes")
	m := withMedia(chatOf(customer), flowhq.MediaImage, 3, "", "")
	for _, tt := range []struct {
		status int
		code   flowhq.Code
		again  bool // may be tried again
	}{
		{503, flowhq.Unavailable, true}, {413, flowhq.Refused, false}, {401, "", false},
	} {
		w.fault("uploads", "", object{"count": 1, "reason": tt.status})
		err := c.Send(t.Context(), m)
		if flowhq.ErrorCode(err) != tt.code || errors.Is(err, flowhq.ErrNotUploaded) != tt.again {
			t.Errorf("Send with a media server that answers %d = %v", tt.status, err)
		}
	}
	if l := w.awaitLetter(customer, m.WAMessageID); l.Repeats != 0 {
		t.Errorf("the customer has %+v", l)
	}
	gone := withMedia(chatOf(customer), flowhq.MediaImage, 4, "", "")
	if err := c.Send(t.Context(), gone); flowhq.ErrorCode(err) != flowhq.Refused {
		t.Errorf("Send of what has expired = %v; want code Refused", err)
	}
}
