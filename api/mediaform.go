package api

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"

	"github.com/flowhq/flowhq"
)

// formType is the type of a form with a file, which browsers and most tools send.
const formType = "multipart/form-data"

const (
	// filePart is the name of the one part that a form of an upload has.
	filePart = "file"
	// maxFormFrame bounds what a form has around its file, in bytes: boundaries and headers of
	// parts.
	maxFormFrame = 16 << 10
)

// form reads the one file of a form, and the name that the sender's computer calls it. What type
// the form says that the file has is not looked at: the bytes tell that.
func (b *binder) form(boundary string) (name string, data []byte) {
	body, ok := b.readRaw(flowhq.MaxMediaBytes + maxFormFrame)
	if !ok {
		return "", nil
	}
	broken := flowhq.Errorf(flowhq.Invalid, "the body is not a form as its Content-Type says it is")
	if boundary == "" {
		b.stop(broken)
		return "", nil
	}
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	for found := false; ; found = true {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) && found {
			break
		}
		if err == nil && (found || part.FormName() != filePart) || errors.Is(err, io.EOF) {
			b.wrong(filePart, "must be there once, and alone")
			return "", nil
		}
		if err == nil {
			name = part.FileName()
			data, err = readPart(part, len(body))
		}
		if err != nil {
			b.stop(broken)
			return "", nil
		}
	}
	if len(data) > flowhq.MaxMediaBytes {
		b.stop(flowhq.Errorf(tooLarge, "the file of this form may have at most %d bytes",
			flowhq.MaxMediaBytes))
	}
	return name, data
}

// readPart reads a part of a form that has this many bytes as a whole. Its room is taken at once: a
// buffer that grows would hold the bytes once more.
func readPart(part io.Reader, form int) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(form)
	_, err := b.ReadFrom(part)
	return b.Bytes(), err
}
