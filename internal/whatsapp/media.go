package whatsapp

import (
	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/flowhq/flowhq"
)

// media says what a message is that is in a field, for those fields that hold more than words.
var media = map[protoreflect.Name]flowhq.Media{
	"imageMessage":         flowhq.MediaImage,
	"videoMessage":         flowhq.MediaVideo,
	"ptvMessage":           flowhq.MediaVideo, // a round one
	"audioMessage":         flowhq.MediaVoice,
	"musicMessage":         flowhq.MediaVoice,
	"documentMessage":      flowhq.MediaDocument,
	"stickerMessage":       flowhq.MediaSticker,
	"stickerPackMessage":   flowhq.MediaSticker,
	"locationMessage":      flowhq.MediaLocation,
	"liveLocationMessage":  flowhq.MediaLocation,
	"contactMessage":       flowhq.MediaContact,
	"contactsArrayMessage": flowhq.MediaContact,
}

// A position is where a place is, in degrees.
type position struct{ latitude, longitude float64 }

// Bounds of a position. A client may send anything.
const (
	maxLatitude  = 90
	maxLongitude = 180
)

// positionOf returns where the place is that is in a field of m, or nil if there is none. Zero and
// zero is in the sea: a client that does not know where it is sends it.
func positionOf(m *waE2E.Message, field protoreflect.Name) *position {
	var p position
	switch field {
	case "locationMessage":
		l := m.GetLocationMessage()
		p = position{l.GetDegreesLatitude(), l.GetDegreesLongitude()}
	case "liveLocationMessage":
		l := m.GetLiveLocationMessage()
		p = position{l.GetDegreesLatitude(), l.GetDegreesLongitude()}
	default:
		return nil
	}
	// Written so that what is not a number fails too.
	isThere := p.latitude >= -maxLatitude && p.latitude <= maxLatitude &&
		p.longitude >= -maxLongitude && p.longitude <= maxLongitude
	if !isThere || p == (position{}) {
		return nil
	}
	return &p
}
