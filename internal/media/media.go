// Package media finds out what bytes are that somebody wants to send, and fetches them.
//
// What a caller or a server calls them is not believed: a phone shows nothing of a picture that is
// none, and the customer does not learn why.
package media

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	_ "image/jpeg" // so that image.DecodeConfig knows both
	_ "image/png"
	"slices"

	"github.com/gabriel-vasile/mimetype"

	"github.com/flowhq/flowhq"
)

// A File is what bytes turned out to be.
type File struct {
	ContentType string
	// Sendable are the kinds of messages that can hold it. Anything is a document.
	Sendable []flowhq.Media
	Shape    flowhq.MediaShape
}

// Inspect returns what the bytes are, whatever they are called.
func Inspect(data []byte) File {
	f := File{
		ContentType: mimetype.Detect(data).String(), Sendable: []flowhq.Media{flowhq.MediaDocument},
	}
	if shape, format, ok := picture(data); ok {
		f.ContentType, f.Shape = "image/"+format, shape
		f.Sendable = append(f.Sendable, flowhq.MediaImage)
	}
	if shape, ok := voiceNote(data); ok {
		f.ContentType, f.Shape = "audio/ogg; codecs=opus", shape
		f.Sendable = append(f.Sendable, flowhq.MediaVoice)
	}
	return f
}

// Wanted says what would be right for a kind of message, as the end of a sentence about a field.
func Wanted(kind flowhq.Media) string {
	switch kind {
	case flowhq.MediaImage:
		return fmt.Sprintf("must be a JPEG or PNG picture of at most %d bytes",
			flowhq.MaxImageBytes)
	case flowhq.MediaVoice:
		return fmt.Sprintf("must be sound in Opus, in an Ogg file with one channel, of at most %d "+
			"bytes, as ffmpeg -i sound.mp3 -c:a libopus -ac 1 voice.ogg makes it",
			flowhq.MaxVoiceBytes)
	default:
		return fmt.Sprintf("must be a file of 1 to %d bytes", flowhq.MaxDocumentBytes)
	}
}

// CanBe reports whether a file of this size can be sent as a kind of message.
func CanBe(kind flowhq.Media, sendable []flowhq.Media, size int64) bool {
	return slices.Contains(sendable, kind) &&
		(kind != flowhq.MediaImage || size <= flowhq.MaxImageBytes)
}

// picture returns the size of a picture that phones show. Only its header is read: what is behind
// may unpack to any size.
func picture(data []byte) (shape flowhq.MediaShape, format string, ok bool) {
	c, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || c.Width < 1 || c.Height < 1 || format != "jpeg" && format != "png" {
		return shape, "", false
	}
	return flowhq.MediaShape{Width: c.Width, Height: c.Height}, format, true
}

const (
	// oggHeader is the length of the header of a page of an Ogg file, without its table of
	// segments (RFC 3533, section 6).
	oggHeader = 27
	// opusRate is the clock of Opus in Ogg, in samples a second, whatever was recorded (RFC 7845,
	// section 4).
	opusRate = 48_000
	// maxSeconds bounds what a length is believed up to: a day. A header may say anything.
	maxSeconds = 24 * 60 * 60
)

// voiceNote returns how long a voice note is. It is Opus in Ogg, with one channel: WhatsApp plays
// no other (its list of supported media types has "OPUS codecs only; mono input only").
func voiceNote(data []byte) (shape flowhq.MediaShape, ok bool) {
	head, ok := oggPayload(data)
	// The first packet names the codec, its version and the channels (RFC 7845, section 5.1).
	if !ok || len(head) < 19 || !bytes.HasPrefix(head, []byte("OpusHead")) || head[9] != 1 {
		return shape, false
	}
	skip := int64(binary.LittleEndian.Uint16(head[10:]))
	// The last page says at which sample the sound ends. A page has 64 KiB at most.
	tail := data[max(0, len(data)-65_307):]
	last := bytes.LastIndex(tail, []byte("OggS"))
	if last < 0 || len(tail)-last < oggHeader {
		return shape, false
	}
	samples := int64(binary.LittleEndian.Uint64(tail[last+6:])) - skip
	if samples <= 0 || samples > maxSeconds*opusRate {
		return shape, true // how long is not known, which a phone finds out by itself
	}
	return flowhq.MediaShape{Seconds: int((samples + opusRate - 1) / opusRate)}, true
}

// oggPayload returns what the first page of an Ogg file holds.
func oggPayload(data []byte) ([]byte, bool) {
	if len(data) < oggHeader || !bytes.HasPrefix(data, []byte("OggS")) {
		return nil, false
	}
	segments := int(data[oggHeader-1])
	if len(data) < oggHeader+segments {
		return nil, false
	}
	size := 0
	for _, n := range data[oggHeader : oggHeader+segments] {
		size += int(n)
	}
	rest := data[oggHeader+segments:]
	return rest[:min(size, len(rest))], true
}
