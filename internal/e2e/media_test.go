package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"testing"

	"github.com/flowhq/flowhq"
)

// upload gives the API bytes to send, and returns their id.
func (b *business) upload(data []byte) int64 {
	b.s.t.Helper()
	req, err := http.NewRequestWithContext(b.s.t.Context(), http.MethodPost,
		b.s.api+b.path()+"/media?file_name=menu.png", bytes.NewReader(data))
	if err != nil {
		b.s.t.Fatal(err)
	}
	req.SetBasicAuth("e2e", password)
	req.Header.Set("Content-Type", "application/octet-stream")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.s.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	var file flowhq.MediaFile
	if err := json.Unmarshal(answer, &file); err != nil || resp.StatusCode != http.StatusCreated {
		b.s.t.Fatalf("upload: %d %s", resp.StatusCode, answer)
	}
	return file.ID
}

// TestMediaAfterKills kills the worker in each step of a picture's way. The customer has it once,
// as the very bytes, with its caption, and the log says that it was read.
func TestMediaAfterKills(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	worker := s.worker("first")
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 400, 300))); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(picture.Bytes())
	for i, point := range []string{"send.due", "media.uploaded", "media.noted", "send.done"} {
		n := barbers
		n.Name, n.PhoneNumber = point, fmt.Sprintf("+25470000008%d", i)
		b := s.business(unlimited(n))
		b.link()
		c := s.customer(fmt.Sprintf("+25471100008%d", i), "Amina")
		armed := s.armed("armed "+point, "FLOWHQ_FAILPOINTS="+point+"=kill:1")
		armed.attr("worker started", "name")
		epoch := b.epoch()
		worker.terminate() // it hands its session over, which is no loss
		b.replaced(epoch)
		var sent flowhq.Message
		s.must(s.call("POST", b.path()+"/messages", map[string]any{"number": c.number,
			"image": map[string]any{"media_id": b.upload(picture.Bytes()), "caption": "menu"}}, &sent))
		armed.ended(patience)
		worker = s.worker("after " + point)
		eventually(t, patience, func() error {
			var m struct{ Message flowhq.Message }
			path := fmt.Sprintf("%s/logs/%d", b.path(), sent.ID)
			if _, err := s.call("GET", path, nil, &m); err != nil || m.Message.Status != flowhq.Read {
				return fmt.Errorf("%s: the message is %s, %s, %w",
					point, m.Message.Status, m.Message.Reason, err)
			}
			return nil
		})
		var in struct {
			Messages []struct {
				received
				Attached struct{ Kind, SHA256, Failure string }
			}
		}
		s.must(s.simulate("GET", "/customers/"+escape(c.number)+"/inbox", nil, &in))
		if len(in.Messages) != 1 {
			t.Fatalf("killed at %s: %d messages; want 1", point, len(in.Messages))
		}
		got := in.Messages[0]
		if got.ID != sent.WAMessageID || got.Text != "menu" || got.Attached.Kind != "image" ||
			got.Attached.SHA256 != hex.EncodeToString(sum[:]) {
			t.Errorf("killed at %s: the customer has %+v", point, got)
		}
		b.neverHostedTwice()
		b.command(flowhq.Stop)
	}
}
