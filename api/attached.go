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
const contentWanted = "give one of text and location"

// placeBody is a place in the body of a message.
type placeBody struct {
	// nil is missing, which must not become the place at 0, 0.
	Latitude  *float64 `json:"latitude"`
	Longitude *float64 `json:"longitude"`
	Name      string   `json:"name"`
	Address   string   `json:"address"`
}

// written reads what a message to a customer says: a text, or one of what may be attached.
func (b *binder) written(text string, place *placeBody) (string, flowhq.Attached) {
	var given []string
	if text != "" {
		given = append(given, "text")
	}
	if place != nil {
		given = append(given, "location")
	}
	switch {
	case len(given) == 0:
		b.wrong("text", "must be 1 to 4096 printable characters, or "+contentWanted)
		return "", flowhq.Attached{}
	case len(given) > 1:
		// Two bubbles would be two messages, of which the second may fail.
		b.wrong(given[1], "cannot be given with "+given[0]+"; "+contentWanted)
		return "", flowhq.Attached{}
	case place != nil:
		return b.place("location", *place)
	}
	// A text of spaces alone would be an empty bubble on the customer's phone.
	if strings.TrimSpace(text) == "" {
		b.wrong("text", "must be 1 to 4096 printable characters")
		return "", flowhq.Attached{}
	}
	return b.free("text", text, maxWritten), flowhq.Attached{}
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
