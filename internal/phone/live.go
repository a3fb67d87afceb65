package phone

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	// maxStreams bounds the open pages. Each reads both APIs twice a second.
	maxStreams = 16
	// readEvery is how often an open page is read anew. Nothing is sent unless something changed.
	readEvery = 500 * time.Millisecond
	// streamFor is how long one stream lasts. The browser opens the next one by itself.
	streamFor = 10 * time.Minute
	// writeWithin bounds the writing of one change: a browser that takes nothing is gone.
	writeWithin = 10 * time.Second
)

// regions are the parts of the page that change by themselves. Each is a template, an element with
// that id, and the name of an event.
var regions = []string{"chat", "device", "operator"}

// live sends each region of an open page whenever it differs from what was sent last. It begins
// with all of them, so a page that was cut off is true again at once.
func (s *Site) live(w http.ResponseWriter, r *http.Request) {
	// A stream too many is refused at once. It must not wait for a place: the browser tries again
	// itself.
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		http.Error(w, "Too many pages are open.", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	ctx, cancel := context.WithTimeout(r.Context(), streamFor)
	defer cancel()
	tick := time.NewTicker(readEvery)
	defer tick.Stop()
	// Only this stream knows what its browser has, so nothing is kept between two streams.
	sent := map[string]string{}
	for {
		// The first reading comes before the first tick: a page that opens waits for nothing.
		if err := s.sendChanges(ctx, w, r, sent); err != nil {
			return // the browser has left
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// sendChanges sends the regions that differ from sent.
func (s *Site) sendChanges(
	ctx context.Context, w http.ResponseWriter, r *http.Request, sent map[string]string,
) error {
	v, err := s.read(ctx, r.FormValue("business"), r.FormValue("customer"))
	// An error of a browser that has left is no failure of the stand.
	if ctx.Err() != nil {
		return ctx.Err()
	}
	out := http.NewResponseController(w)
	// The deadline moves on with each look. One for the whole answer would end every stream.
	_ = out.SetWriteDeadline(time.Now().Add(writeWithin)) // net/http's writers all can
	if err != nil {
		return s.sendBroken(w, out, detail(err), sent)
	}
	changed := false
	// broken is empty now that all answer, which takes back what was said before.
	for _, name := range append([]string{"broken"}, regions...) {
		html := ""
		if name != "broken" {
			var b bytes.Buffer
			if err := page.ExecuteTemplate(&b, name, v); err != nil {
				s.Log.Error("a part of the page failed", "part", name, "err", err)
				return err
			}
			html = b.String()
		}
		// The same text again would only make the browser draw it anew.
		if was, ok := sent[name]; ok && was == html {
			continue
		}
		sent[name], changed = html, true
		if err := writeEvent(w, name, html); err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	// Without a flush the change would wait in a buffer for the next one.
	return out.Flush()
}

// sendBroken says what does not answer. The page keeps what it shows: while the worker or the API
// comes back, that is the last that was known.
func (s *Site) sendBroken(
	w http.ResponseWriter, out *http.ResponseController, why string, sent map[string]string,
) error {
	if sent["broken"] == why {
		return nil
	}
	sent["broken"] = why
	if err := writeEvent(w, "broken", why); err != nil {
		return err
	}
	return out.Flush()
}

// writeEvent writes one event, whose data may have lines. A line break ends a field of the stream,
// so each line of the data gets a field of its own. A carriage return would end one too.
func writeEvent(w http.ResponseWriter, name, data string) error {
	_, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", name,
		strings.NewReplacer("\r", "", "\n", "\ndata: ").Replace(data))
	return err
}
