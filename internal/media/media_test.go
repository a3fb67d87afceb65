package media

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"slices"
	"testing"

	"github.com/flowhq/flowhq"
)

// drawn is a picture in a format.
func drawn(t testing.TB, encode func(*bytes.Buffer, image.Image) error) []byte {
	t.Helper()
	m := image.NewPaletted(image.Rect(0, 0, 40, 30), color.Palette{color.White, color.Black})
	var b bytes.Buffer
	if err := encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// ogg is an Ogg file of two pages that ends at a sample.
func ogg(head []byte, samples uint64) []byte {
	page := func(at uint64, payload []byte) []byte {
		p := append([]byte("OggS\x00\x00"), make([]byte, 20)...)
		binary.LittleEndian.PutUint64(p[6:], at)
		return append(append(p, 1, byte(len(payload))), payload...)
	}
	return append(page(0, head), page(samples, []byte("sound"))...)
}

// opus is the first packet of Opus with so many channels, of which 312 samples are skipped.
func opus(channels byte) []byte {
	return append([]byte("OpusHead\x01"), channels, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0)
}

func TestInspect(t *testing.T) {
	asPNG := drawn(t, func(b *bytes.Buffer, m image.Image) error { return png.Encode(b, m) })
	asJPEG := drawn(t, func(b *bytes.Buffer, m image.Image) error {
		return jpeg.Encode(b, m, nil)
	})
	asGIF := drawn(t, func(b *bytes.Buffer, m image.Image) error { return gif.Encode(b, m, nil) })
	size := flowhq.MediaShape{Width: 40, Height: 30}
	for _, tt := range []struct {
		name string
		data []byte
		want string
		kind flowhq.Media // besides a document
		flowhq.MediaShape
	}{
		{"PNG", asPNG, "image/png", flowhq.MediaImage, size},
		{"JPEG", asJPEG, "image/jpeg", flowhq.MediaImage, size},
		{"GIF", asGIF, "image/gif", "", flowhq.MediaShape{}},
		{"PNG without its header", asPNG[:20], "image/png", "", flowhq.MediaShape{}},
		{"PDF", []byte("%PDF-1.7\n"), "application/pdf", "", flowhq.MediaShape{}},
		{"voice note", ogg(opus(1), 48_000*7+312), "audio/ogg; codecs=opus", flowhq.MediaVoice,
			flowhq.MediaShape{Seconds: 7}},
		{"voice note of unknown length", ogg(opus(1), 1<<62), "audio/ogg; codecs=opus",
			flowhq.MediaVoice, flowhq.MediaShape{}},
		{"stereo", ogg(opus(2), 48_000), "audio/ogg", "", flowhq.MediaShape{}},
		{"Vorbis", ogg([]byte("\x01vorbis............"), 48_000), "audio/ogg", "",
			flowhq.MediaShape{}},
		{"MP3", []byte("ID3\x04\x00"), "audio/mpeg", "", flowhq.MediaShape{}},
		{"text", []byte("hello"), "text/plain; charset=utf-8", "", flowhq.MediaShape{}},
		{"one byte", []byte{0}, "application/octet-stream", "", flowhq.MediaShape{}},
	} {
		f := Inspect(tt.data)
		want := []flowhq.Media{flowhq.MediaDocument}
		if tt.kind != "" {
			want = append(want, tt.kind)
		}
		if f.ContentType != tt.want || !slices.Equal(f.Sendable, want) || f.Shape != tt.MediaShape {
			t.Errorf("%s is %+v; want %s, %v, %+v", tt.name, f, tt.want, want, tt.MediaShape)
		}
	}
	if CanBe(flowhq.MediaImage, []flowhq.Media{flowhq.MediaImage}, flowhq.MaxImageBytes+1) {
		t.Error("a picture may be too large")
	}
}

// FuzzInspect: whatever the bytes are, they are something, and nothing in them makes it slow.
func FuzzInspect(f *testing.F) {
	f.Add(ogg(opus(1), 48_000))
	f.Add([]byte("OggS"))
	f.Add([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"))
	f.Add([]byte("\xff\xd8\xff\xe0"))
	f.Fuzz(func(t *testing.T, data []byte) {
		is := Inspect(data)
		if is.ContentType == "" || !slices.Contains(is.Sendable, flowhq.MediaDocument) {
			t.Errorf("%q is %+v", data, is)
		}
		if s := is.Shape; s.Width < 0 || s.Height < 0 || s.Seconds < 0 || s.Seconds > maxSeconds {
			t.Errorf("%q has the shape %+v", data, s)
		}
	})
}
