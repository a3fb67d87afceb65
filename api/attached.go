package api

import (
	"strings"

	"github.com/flowhq/flowhq"
)

const (
	// maxPlaceLine bounds the name and the address of a place, in characters. Phones show a line or
	// two.
	maxPlaceLine = 200
	// Bounds of a place, in degrees.
	maxLatitude, maxLongitude = 90, 180
)

// contentWanted says what a message may be.
const contentWanted = "give one of text, image, document, voice and location"

// A contentBody is what a message to a customer says, in the body of a request: one of these.
type contentBody struct {
	Text     string        `json:"text"`
	Image    *imageBody    `json:"image"`
	Document *documentBody `json:"document"`
	Voice    *voiceBody    `json:"voice"`
	Location *placeBody    `json:"location"`
}

// imageBody is a picture in the body of a message.
type imageBody struct {
	MediaID *int64 `json:"media_id"`
	URL     string `json:"url"`
	Caption string `json:"caption"`
}

// documentBody is a document in the body of a message.
type documentBody struct {
	MediaID  *int64 `json:"media_id"`
	URL      string `json:"url"`
	Caption  string `json:"caption"`
	FileName string `json:"file_name"`
}

// voiceBody is a voice note in the body of a message.
type voiceBody struct {
	MediaID *int64 `json:"media_id"`
	URL     string `json:"url"`
}

// placeBody is a place in the body of a message.
type placeBody struct {
	// nil is missing, which must not become the place at 0, 0.
	Latitude  *float64 `json:"latitude"`
	Longitude *float64 `json:"longitude"`
	Name      string   `json:"name"`
	Address   string   `json:"address"`
}

// A content is what a message to a customer says. Media have yet to be found or fetched.
type content struct {
	text     string // or a caption
	attached flowhq.Attached
	media    *mediaPart // nil = none
}

// given are the members that a body has.
func (c contentBody) given() (names []string) {
	for _, member := range []struct {
		name  string
		isSet bool
	}{
		{"text", c.Text != ""}, {"image", c.Image != nil}, {"document", c.Document != nil},
		{"voice", c.Voice != nil}, {"location", c.Location != nil},
	} {
		if member.isSet {
			names = append(names, member.name)
		}
	}
	return names
}

// written reads what a message to a customer says: a text, or one of what may be attached.
func (b *binder) written(c contentBody) (out content) {
	given := c.given()
	if len(given) == 0 {
		b.wrong("text", "must be 1 to 4096 printable characters, or "+contentWanted)
		return out
	}
	if len(given) > 1 {
		// Two bubbles would be two messages, of which the second may fail.
		b.wrong(given[1], "cannot be given with "+given[0]+"; "+contentWanted)
		return out
	}
	part := func(kind flowhq.Media, id *int64, url string) *mediaPart {
		return b.mediaPart(mediaPart{field: given[0], kind: kind, url: url}, id)
	}
	switch {
	case c.Image != nil:
		out.text = b.free("image.caption", c.Image.Caption, flowhq.MaxCaption)
		out.media = part(flowhq.MediaImage, c.Image.MediaID, c.Image.URL)
	case c.Document != nil:
		out.text = b.free("document.caption", c.Document.Caption, flowhq.MaxCaption)
		out.media = part(flowhq.MediaDocument, c.Document.MediaID, c.Document.URL)
		out.media.fileName = b.fileName("document.file_name", c.Document.FileName)
	case c.Voice != nil:
		out.media = part(flowhq.MediaVoice, c.Voice.MediaID, c.Voice.URL)
	case c.Location != nil:
		out.text, out.attached = b.place("location", *c.Location)
	case strings.TrimSpace(c.Text) == "":
		// A text of spaces alone would be an empty bubble on the customer's phone.
		b.wrong("text", "must be 1 to 4096 printable characters")
	default:
		out.text = b.free("text", c.Text, maxWritten)
	}
	return out
}

// mediaPart reads by what media are named.
func (b *binder) mediaPart(p mediaPart, id *int64) *mediaPart {
	const one = "; give one of media_id, of an upload, and url, to fetch from"
	switch {
	case id == nil && p.url == "":
		b.wrong(p.field+".media_id", "is missing"+one)
	case id != nil && p.url != "":
		b.wrong(p.field+".url", "cannot be given with media_id"+one)
	case id != nil && *id < 1:
		b.wrong(p.field+".media_id", "must be the id of media that were uploaded")
	case id != nil:
		p.id = *id
	}
	return &p
}

// place reads a place. The text that it gives is what the log shows.
func (b *binder) place(field string, p placeBody) (string, flowhq.Attached) {
	latitude := b.degrees(field+".latitude", p.Latitude, maxLatitude)
	longitude := b.degrees(field+".longitude", p.Longitude, maxLongitude)
	name := b.line(field+".name", p.Name, maxPlaceLine)
	address := b.line(field+".address", p.Address, maxPlaceLine)
	return flowhq.PlaceText(name, address, latitude, longitude), flowhq.Attached{
		Media: flowhq.MediaLocation, Latitude: &latitude, Longitude: &longitude,
		Attachment: &flowhq.Attachment{Name: name, Address: address},
	}
}

// degrees reads a latitude or a longitude.
func (b *binder) degrees(field string, n *float64, most float64) float64 {
	if n == nil || *n < -most || *n > most {
		limit := flowhq.Degrees(most)
		b.wrong(field, "must be a number of degrees from -"+limit+" to "+limit)
		return 0
	}
	// Adding 0 makes 0 of -0, which JSON and the log would tell from it.
	return *n + 0
}
