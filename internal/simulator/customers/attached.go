package customers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/proto"

	"github.com/flowhq/flowhq"
)

// fetchTimeout bounds the download of what a message holds. The client's other messages wait.
const fetchTimeout = 10 * time.Second

// An Attached is what a letter holds besides words.
type Attached struct {
	Kind string `json:"kind"` // image, document, voice, audio or location

	// Of a place.
	Latitude  float64 `json:"latitude,omitempty"`
	Longitude float64 `json:"longitude,omitempty"`
	Name      string  `json:"name,omitempty"`
	Address   string  `json:"address,omitempty"`

	// Of media. The type is what the sender says. Size and SHA256, in hexadecimal digits, are of
	// the bytes that the phone has decrypted; none if it could not, and Failure says why.
	MimeType string `json:"mime_type,omitempty"`
	FileName string `json:"file_name,omitempty"`
	Seconds  int    `json:"seconds,omitempty"`
	Size     int    `json:"size,omitempty"`
	SHA256   string `json:"sha256,omitempty"`
	Failure  string `json:"failure,omitempty"`

	// Message is the message with the keys, from which the bytes can be fetched again: a phone
	// downloads a picture that it has deleted once more.
	Message []byte `json:"message,omitempty"`
}

// textOf returns the words of a message, or the caption, and what surrounds them.
func textOf(m *waE2E.Message) (string, *waE2E.ContextInfo) {
	switch {
	case m.ImageMessage != nil:
		return m.ImageMessage.GetCaption(), m.ImageMessage.GetContextInfo()
	case m.DocumentMessage != nil:
		return m.DocumentMessage.GetCaption(), m.DocumentMessage.GetContextInfo()
	case m.AudioMessage != nil:
		return "", m.AudioMessage.GetContextInfo()
	case m.LocationMessage != nil:
		return "", m.LocationMessage.GetContextInfo()
	case m.ExtendedTextMessage != nil:
		return m.ExtendedTextMessage.GetText(), m.ExtendedTextMessage.GetContextInfo()
	default:
		return m.GetConversation(), nil
	}
}

// attachedTo returns what a message holds besides words, as far as this phone can show it. The
// library has opened wrappers, such as that of a document with a caption.
func attachedTo(m *waE2E.Message) *Attached {
	a := &Attached{}
	switch {
	case m.ImageMessage != nil:
		a.Kind, a.MimeType = "image", m.ImageMessage.GetMimetype()
	case m.DocumentMessage != nil:
		d := m.DocumentMessage
		a.Kind, a.MimeType, a.FileName = "document", d.GetMimetype(), d.GetFileName()
	case m.AudioMessage != nil:
		a.Kind, a.MimeType = "audio", m.AudioMessage.GetMimetype()
		a.Seconds = int(m.AudioMessage.GetSeconds())
		if m.AudioMessage.GetPTT() {
			a.Kind = "voice"
		}
	case m.LocationMessage != nil:
		l := m.LocationMessage
		return &Attached{
			Kind: "location", Latitude: l.GetDegreesLatitude(), Longitude: l.GetDegreesLongitude(),
			Name: l.GetName(), Address: l.GetAddress(),
		}
	default:
		return nil
	}
	a.Message, _ = proto.Marshal(m) // it was unmarshalled just now
	return a
}

// fetch notes what the bytes are, or why they could not be had.
func (a *Attached) fetch(ctx context.Context, c *Customer) {
	data, err := a.download(ctx, c)
	if err != nil {
		a.Failure = err.Error()
		return
	}
	sum := sha256.Sum256(data)
	a.Size, a.SHA256 = len(data), hex.EncodeToString(sum[:])
}

// download fetches and decrypts the bytes, as a phone does. The library compares both hashes and
// the authentication code.
func (a *Attached) download(ctx context.Context, c *Customer) ([]byte, error) {
	var m waE2E.Message
	if err := proto.Unmarshal(a.Message, &m); err != nil {
		return nil, err
	}
	var media whatsmeow.DownloadableMessage
	switch {
	case m.ImageMessage != nil:
		media = m.ImageMessage
	case m.DocumentMessage != nil:
		media = m.DocumentMessage
	case m.AudioMessage != nil:
		media = m.AudioMessage
	default:
		return nil, invalid("the message holds no media")
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	data, err := c.client.Load().Download(ctx, media)
	if err != nil {
		return nil, fmt.Errorf("download %s: %w", a.Kind, err)
	}
	return data, nil
}

// Media returns the bytes of what came with a letter, decrypted. It fails with [flowhq.NotFound] if
// there is no such letter or it holds no media.
func (c *Customer) Media(ctx context.Context, id string) ([]byte, error) {
	for _, l := range c.Letters("", MaxInbox) {
		if l.ID == id && l.Attached != nil && l.Attached.Message != nil {
			return l.Attached.download(ctx, c)
		}
	}
	return nil, flowhq.Errorf(flowhq.NotFound, "no letter %s holds media", id)
}
