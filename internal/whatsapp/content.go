package whatsapp

import (
	"slices"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/flowhq/flowhq"
)

// A content is what a message says.
type content struct {
	class class
	kind  flowhq.Kind
	text  string
	media flowhq.Media // what a wordless message is, "" if it is nothing of the kind
	at    *position    // of a place, nil if it is none
	album string       // id of the message that announced the album it is part of
}

// maxWrappers bounds how deep a message may be wrapped. WhatsApp's own clients wrap three
// times at most. The sender's client may be anything, and might exhaust the stack.
const maxWrappers = 10

// contentOf returns what a message says, inside of whatever wraps it.
func contentOf(m *waE2E.Message) content { return contentAt(m, maxWrappers) }

// contentAt is contentOf for a message in which no more than the given number of wrappers
// are opened. What is wrapped deeper is shown as something that cannot be read.
func contentAt(m *waE2E.Message, wrappers int) content {
	if m == nil || isCopy(m) {
		return content{}
	}
	if wrappers == 0 {
		return content{class: shown, kind: flowhq.KindOther}
	}
	best, known := content{}, false
	// Of the fields that are set, the one that says most counts.
	set := m.ProtoReflect()
	all := set.Descriptor().Fields()
	for i := range all.Len() {
		fd := all.Get(i)
		if !set.Has(fd) || slices.Contains(accompanying, fd.Name()) {
			continue
		}
		known = true
		if c := contentIn(m, fd, wrappers); c.class > best.class {
			best = c
		}
	}
	// A kind of message that is newer than the library is in fields without a name.
	if !known && len(set.GetUnknown()) > 0 {
		best = content{class: shown, kind: flowhq.KindOther}
	}
	best.text = flowhq.CleanText(best.text)
	if best.album == "" {
		best.album = albumOf(m)
	}
	return best
}

// contentIn returns what one field of m says.
func contentIn(m *waE2E.Message, fd protoreflect.FieldDescriptor, wrappers int) content {
	f, ok := fields[fd.Name()]
	if !ok { // the library has a field that the table lacks; TestEveryFieldIsNamed fails then
		return content{class: wordless, kind: flowhq.KindOther}
	}
	if f.class == wrapper {
		return contentAt(wrapped(m, fd), wrappers-1)
	}
	c := content{class: f.class, kind: f.kind, media: media[fd.Name()], at: positionOf(m, fd.Name())}
	if f.words != nil {
		c.text = f.words(m)
	}
	if c.text != "" {
		c.class = worded
	}
	if f.about != nil && c.class != nothing {
		c.text = lines(c.text, f.about(m))
	}
	return c
}

// wrapped returns the message inside of a wrapper, or nil. All wrappers hold it in a field
// of the same name.
func wrapped(m *waE2E.Message, fd protoreflect.FieldDescriptor) *waE2E.Message {
	outer := m.ProtoReflect().Get(fd).Message()
	inner := outer.Descriptor().Fields().ByName("message")
	if inner == nil || !outer.Has(inner) {
		return nil
	}
	message, _ := outer.Get(inner).Message().Interface().(*waE2E.Message)
	return message
}

// accompanying fields come with messages of any kind and say nothing themselves. A message
// that has no other field but unnamed ones is of a kind that the library does not know.
var accompanying = []protoreflect.Name{
	"messageContextInfo", "senderKeyDistributionMessage",
	"fastRatchetKeySenderKeyDistributionMessage",
}

// copies are the ways in which a message repeats or decorates another one, which has come
// as well: the same picture in high resolution, the picture of an event. Recording it too
// would answer the customer twice.
var copies = []waE2E.MessageAssociation_AssociationType{
	waE2E.MessageAssociation_HD_VIDEO_DUAL_UPLOAD, waE2E.MessageAssociation_HD_IMAGE_DUAL_UPLOAD,
	waE2E.MessageAssociation_HEVC_VIDEO_DUAL_UPLOAD, waE2E.MessageAssociation_MOTION_PHOTO,
	waE2E.MessageAssociation_EVENT_COVER_IMAGE, waE2E.MessageAssociation_MEDIA_POLL,
	waE2E.MessageAssociation_STICKER_ANNOTATION,
}

// isCopy reports whether m repeats or decorates another message.
func isCopy(m *waE2E.Message) bool {
	of := m.GetMessageContextInfo().GetMessageAssociation()
	return slices.Contains(copies, of.GetAssociationType())
}

// albumOf returns the id of the album that a picture belongs to, or "". An album is one
// thing to the customer, who expects one answer to its pictures.
func albumOf(m *waE2E.Message) string {
	of := m.GetMessageContextInfo().GetMessageAssociation()
	id := of.GetParentMessageKey().GetID()
	if of.GetAssociationType() != waE2E.MessageAssociation_MEDIA_ALBUM || !isID(id) {
		return ""
	}
	return id
}
