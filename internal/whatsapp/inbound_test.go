package whatsapp

import (
	"strings"
	"testing"
	"unicode/utf8"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/proto"

	"github.com/flowhq/flowhq"
)

func TestContent(t *testing.T) {
	context := &waE2E.MessageContextInfo{MessageSecret: make([]byte, 32)}
	tests := []struct {
		name string
		m    *waE2E.Message
		kind flowhq.Kind // "" = nothing was said
		text string
	}{
		{"plain", &waE2E.Message{Conversation: proto.String("hi"), MessageContextInfo: context}, flowhq.KindText, "hi"},
		{"with a link or a quote", &waE2E.Message{ExtendedTextMessage: &waE2E.ExtendedTextMessage{Text: proto.String("see x.org")}}, flowhq.KindText, "see x.org"},
		{"chosen from a list", &waE2E.Message{ListResponseMessage: &waE2E.ListResponseMessage{Title: proto.String("Cut")}}, flowhq.KindText, "Cut"},
		{"picture with caption", &waE2E.Message{ImageMessage: &waE2E.ImageMessage{Caption: proto.String("this one?")}}, flowhq.KindMedia, "this one?"},
		{"voice note", &waE2E.Message{AudioMessage: &waE2E.AudioMessage{PTT: proto.Bool(true)}}, flowhq.KindMedia, ""},
		{"sticker", &waE2E.Message{StickerMessage: &waE2E.StickerMessage{}}, flowhq.KindMedia, ""},
		{"poll", &waE2E.Message{PollCreationMessageV3: &waE2E.PollCreationMessage{}}, flowhq.KindMedia, ""},
		{"nothing", nil, "", ""},
		{"empty", &waE2E.Message{MessageContextInfo: context}, "", ""},
		{"empty text", &waE2E.Message{Conversation: proto.String("")}, "", ""},
		{"group key", &waE2E.Message{SenderKeyDistributionMessage: &waE2E.SenderKeyDistributionMessage{}}, "", ""},
		{"revocation", &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{}}, "", ""},
		{"reaction", &waE2E.Message{ReactionMessage: &waE2E.ReactionMessage{Text: proto.String("+1")}}, "", ""},
		{"vote", &waE2E.Message{PollUpdateMessage: &waE2E.PollUpdateMessage{}}, "", ""},
		{"pinned", &waE2E.Message{PinInChatMessage: &waE2E.PinInChatMessage{}}, "", ""},
	}
	for _, tt := range tests {
		kind, text, ok := content(tt.m)
		if kind != tt.kind || text != tt.text || ok != (tt.kind != "") {
			t.Errorf("%s: content = %q, %q, %v; want %q, %q", tt.name, kind, text, ok, tt.kind, tt.text)
		}
	}
}

func TestCleanText(t *testing.T) {
	long := strings.Repeat("é", flowhq.MaxTextBytes/2-1) + "abc" // the cut falls after "ab"
	tests := []struct{ in, want string }{
		{"hello", "hello"},
		{"a\x00b", "ab"},
		{"a\xffb", "a\uFFFDb"},
		{long, long[:flowhq.MaxTextBytes]},
		{"x" + strings.Repeat("é", flowhq.MaxTextBytes), "x" + strings.Repeat("é", flowhq.MaxTextBytes/2-1)},
	}
	for _, tt := range tests {
		got := cleanText(tt.in)
		if got != tt.want {
			t.Errorf("cleanText(%.10q…) has %d bytes; want %d", tt.in, len(got), len(tt.want))
		}
		if !utf8.ValidString(got) {
			t.Errorf("cleanText(%.10q…) is not valid UTF-8", tt.in)
		}
	}
}

func TestIsID(t *testing.T) {
	for id, want := range map[string]bool{
		"3EB0A1B2C3":             true,
		"":                       false,
		"a b":                    false,
		"a\x00":                  false,
		"é":                      false,
		strings.Repeat("A", 128): true,
		strings.Repeat("A", 129): false,
	} {
		if got := isID(id); got != want {
			t.Errorf("isID(%q) = %v; want %v", id, got, want)
		}
	}
}
