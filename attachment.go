package flowhq

import (
	"encoding/json"
	"strconv"
	"strings"
)

// An Attachment is what a message to a customer holds besides words: a place, or media whose bytes
// are kept apart from the log. It never holds the bytes themselves.
type Attachment struct {
	// MediaID names the stored media, nil of a place.
	MediaID     *int64 `json:"media_id"`
	ContentType string `json:"content_type"` // as the bytes say; "" of a place
	Size        int64  `json:"size"`         // in bytes
	FileName    string `json:"file_name"`    // of a document
	Name        string `json:"name"`         // of a place, like Address
	Address     string `json:"address"`
}

// Same reports whether both are the same attachment, or none.
func (a *Attachment) Same(b *Attachment) bool {
	// Plain fields, so encoding cannot fail; a nil one is null.
	one, _ := json.Marshal(a)
	other, _ := json.Marshal(b)
	return string(one) == string(other)
}

// AttachmentLine says what media were sent, such as "menu.pdf · 120 KB". It is "" for a message
// without any, and of a place, which the text tells of.
func (m Message) AttachmentLine() string {
	a := m.Attachment
	if a == nil || a.MediaID == nil {
		return ""
	}
	size := strconv.FormatInt((a.Size+1023)/1024, 10) + " KB"
	if a.FileName == "" {
		return size
	}
	return a.FileName + " · " + size
}

// Attached is what goes with the text of a message to a customer. The zero one is nothing.
type Attached struct {
	Media      Media    // what it is; "" = nothing
	Latitude   *float64 // of a place, nil of all others
	Longitude  *float64
	Attachment *Attachment
}

// IsIn reports whether m holds a, and nothing else besides words.
func (a Attached) IsIn(m Message) bool {
	return m.Media == a.Media && a.Attachment.Same(m.Attachment) &&
		sameDegrees(a.Latitude, m.Latitude) && sameDegrees(a.Longitude, m.Longitude)
}

// sameDegrees compares what may be missing.
func sameDegrees(a, b *float64) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

// PlaceText says where a place is, as the log and every list of messages show it: its name and
// address, if they are known, and its degrees. It is no link, which a reader might follow
// unawares.
func PlaceText(name, address string, latitude, longitude float64) string {
	var lines []string
	for _, line := range []string{name, address, Degrees(latitude) + ", " + Degrees(longitude)} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// Degrees writes a number with as many digits as tell it from others.
func Degrees(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
