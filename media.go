package flowhq

import "time"

// Bounds on what is sent, in bytes. WhatsApp's own are, by its Cloud API's list of supported media
// types, 5 MB for a picture, 16 MB for a voice note and 100 MB for a document
// (developers.facebook.com/docs/whatsapp/cloud-api/reference/media). Documents are kept below that:
// every byte goes through the database.
const (
	MaxImageBytes    = 5 << 20
	MaxDocumentBytes = 16 << 20
	MaxVoiceBytes    = 16 << 20
	MaxMediaBytes    = 16 << 20 // whatever it is to be sent as
)

const (
	// MaxCaption bounds a caption, in characters, as WhatsApp does.
	MaxCaption = 1024
	// MaxFileName bounds the name of a document, in characters.
	MaxFileName = 240
	// MediaQuota bounds what a tenant keeps to be sent, in bytes. Each file counts as
	// MinMediaCharge at least, which bounds their number, too.
	MediaQuota     = 256 << 20
	MinMediaCharge = 16 << 10
)

const (
	// UnusedMediaLife is for how long an upload is kept that nobody has sent.
	UnusedMediaLife = 24 * time.Hour
	// UsedMediaLife is for how long media are kept after they were given to a message last. A
	// phone may ask for a message again for days, and an operator have it tried again.
	UsedMediaLife = 7 * 24 * time.Hour
)

// A MediaFile is what the API says of bytes that are kept to be sent. The bytes themselves never
// leave but to WhatsApp.
type MediaFile struct {
	ID int64 `json:"id"`
	// ContentType is what the bytes are, whatever their sender has called them.
	ContentType string `json:"content_type"`
	FileName    string `json:"file_name"` // that a document has unless its message says another
	Size        int64  `json:"size"`      // in bytes
	SHA256      string `json:"sha256"`    // in hexadecimal digits
	// Sendable are the kinds of messages that can hold it.
	Sendable  []Media   `json:"sendable"`
	CreatedAt time.Time `json:"created_at"`
	// ExpiresAt is when it is deleted unless a message has yet to be sent with it.
	ExpiresAt time.Time `json:"expires_at"`

	MediaShape
}

// A MediaShape is what a phone is told of media before it has fetched them. What is not known is 0.
type MediaShape struct {
	Width   int `json:"width"`   // of a picture, in pixels, like Height
	Height  int `json:"height"`  //
	Seconds int `json:"seconds"` // of a voice note
}

// A MediaUpload is where WhatsApp keeps media, encrypted, and the key to them. It is as secret as
// the media.
type MediaUpload struct {
	URL        string    `json:"url"`
	DirectPath string    `json:"direct_path"`
	Key        []byte    `json:"key"`
	EncSHA256  []byte    `json:"enc_sha256"` // of what is kept there
	SHA256     []byte    `json:"sha256"`     // of the bytes
	Size       int64     `json:"size"`       // of the bytes
	At         time.Time `json:"at"`         // by the database's clock
}
