package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/flowhq/flowhq"
)

// picturesEvery is how often a program of a chaos run sends a picture.
const picturesEvery = 2 * time.Second

// A viewer is a customer of all businesses of a run who is sent pictures, and writes nothing. Each
// picture is accounted for like an answer: it comes once, in order, and as the very bytes.
type viewer struct {
	*customer

	mu   sync.Mutex
	sent map[*business][]shown
}

// A shown is a picture that the API has accepted.
type shown struct {
	id     string // of the message, in WhatsApp
	sha256 string
}

func (c *chaos) newViewer() *viewer {
	c.t.Helper()
	return &viewer{customer: c.customer("+255790000003", "Zawadi"), sent: map[*business][]shown{}}
}

// watch has the businesses send pictures, one after the other, until the trouble is over. An upload
// and a message are repeated under their keys until the API has accepted them, also after the
// trouble: one that was accepted must not be given up for a connection that broke.
func (v *viewer) watch(ctx, trouble context.Context, c *chaos) {
	for n := 0; trouble.Err() == nil; n++ {
		b := c.businesses[n%len(c.businesses)]
		data := numberedPicture(n)
		key := fmt.Sprintf("picture-%d-%d", c.plan.seed, n)
		var file flowhq.MediaFile
		var m flowhq.Message
		if c.insist(ctx, b.path()+"/media", "image/png", key, data, http.StatusCreated, &file) != nil {
			return
		}
		body, _ := json.Marshal(map[string]any{ // numbers and strings
			"number": v.number, "image": map[string]any{"media_id": file.ID, "caption": key},
		})
		if c.insist(ctx, b.path()+"/messages", "application/json", key, body, http.StatusAccepted, &m) != nil {
			return
		}
		sum := sha256.Sum256(data)
		v.mu.Lock()
		v.sent[b] = append(v.sent[b], shown{m.WAMessageID, hex.EncodeToString(sum[:])})
		v.mu.Unlock()
		pause(trouble, picturesEvery)
	}
}

// numberedPicture is a picture that no other number has.
func numberedPicture(n int) []byte {
	m := image.NewGray(image.Rect(0, 0, 64, 48))
	for i := range 32 {
		m.SetGray(i, 0, color.Gray{Y: uint8(n >> i & 1 * 255)})
	}
	var b bytes.Buffer
	_ = png.Encode(&b, m) // to memory
	return b.Bytes()
}

// insist posts a body under a key until it is answered with a status.
func (c *chaos) insist(
	ctx context.Context, path, kind, key string, body []byte, status int, out any,
) error {
	for ; ctx.Err() == nil; pause(ctx, restartPause) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.api+path, bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", kind)
		req.Header.Set("Idempotency-Key", key)
		req.SetBasicAuth("e2e", password)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			continue // the API is down
		}
		answer, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err == nil && res.StatusCode == status {
			return json.Unmarshal(answer, out)
		}
		if err == nil && res.StatusCode < 500 { // the same request is refused again
			c.journal.accuse("POST %s: %d %s", path, res.StatusCode, answer)
			return fmt.Errorf("refused: %d", res.StatusCode)
		}
	}
	return ctx.Err()
}

// letters are the pictures that the viewer has from a business, by first arrival.
func (v *viewer) letters(b *business) ([]viewed, error) {
	var in struct{ Messages []viewed }
	_, err := v.s.simulate("GET", fmt.Sprintf("/customers/%s/inbox?limit=%d&from=%s", escape(v.number),
		maxLetters, escape(b.PhoneNumber)), nil, &in)
	return in.Messages, err
}

// A viewed is a message in the viewer's inbox.
type viewed struct {
	received
	Attached struct{ Kind, SHA256 string }
}

// waits counts the pictures that have been accepted and have not arrived.
func (v *viewer) waits() (n int, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for b, sent := range v.sent {
		got, err := v.letters(b)
		if err != nil {
			return n, err
		}
		n += max(0, len(sent)-len(got))
	}
	return n, nil
}

// problems says which pictures are missing, twice, changed or out of order, and how many were sent.
func (v *viewer) problems() (bad []string, pictures int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for b, sent := range v.sent {
		pictures += len(sent)
		inbox, err := v.letters(b)
		if err != nil {
			return append(bad, err.Error()), pictures
		}
		var got []shown
		for _, m := range inbox {
			got = append(got, shown{m.ID, v.hash(m)})
		}
		if !slices.Equal(got, sent) {
			bad = append(bad, fmt.Sprintf("pictures of %s arrived as %v; want %v", b.Name, got, sent))
		}
	}
	return bad, pictures
}

// hash is the hash of the bytes of a letter. A phone that could not load them, since WhatsApp was
// away, loads them when its owner looks again.
func (v *viewer) hash(m viewed) string {
	if m.Attached.SHA256 != "" {
		return m.Attached.SHA256
	}
	res, err := http.Get(v.s.sim + "/customers/" + escape(v.number) + "/inbox/" + m.ID + "/media")
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		return fmt.Sprintf("%s %v", res.Status, err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
