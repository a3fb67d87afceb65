package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"testing"

	"go.mau.fi/whatsmeow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/whatsapp/keystore"
)

func TestSendError(t *testing.T) {
	server := func(code int) error { return fmt.Errorf("%w %d", whatsmeow.ErrServerReturnedError, code) }
	tests := []struct {
		err  error
		want flowhq.Code
	}{
		{server(463), flowhq.Refused},
		{server(479), flowhq.Refused},
		{server(404), flowhq.Refused},
		{server(429), flowhq.Unavailable}, // too fast: later it may go
		{server(503), flowhq.Unavailable},
		{fmt.Errorf("prefetch: %w", keystore.ErrNoDevices), flowhq.Refused},
		{fmt.Errorf("save: %w", keystore.ErrNotEncrypted), flowhq.Unavailable},
		{whatsmeow.ErrMessageTimedOut, flowhq.Unavailable},
		{context.DeadlineExceeded, flowhq.Unavailable},
		{whatsmeow.ErrNotConnected, flowhq.Unavailable},
		{errors.New("anything 463"), flowhq.Unavailable},
		{flowhq.Errorf(flowhq.Refused, "not on WhatsApp"), flowhq.Refused},
		{fmt.Errorf("save: %w", flowhq.Errorf(flowhq.Fenced, "a newer host has taken over")), flowhq.Fenced},
	}
	for _, tt := range tests {
		if got := flowhq.ErrorCode(sendError(tt.err)); got != tt.want {
			t.Errorf("sendError(%v) has code %q; want %q", tt.err, got, tt.want)
		}
	}
}

// A question has one reply id of each kind, whatever else is answered, and another tenant's
// or a later row's question of the same id has another.
func TestReplyID(t *testing.T) {
	form := regexp.MustCompile(`^3EB0[0-9A-F]{18}$`)
	question := flowhq.Message{ID: 7, WAMessageID: "3EB0A1"}
	seen := map[string]bool{}
	for _, id := range []string{
		ReplyID("a", question, flowhq.KindReply), ReplyID("a", question, flowhq.KindWarning),
		ReplyID("b", question, flowhq.KindReply),
		ReplyID("a", flowhq.Message{ID: 8, WAMessageID: "3EB0A1"}, flowhq.KindReply),
		ReplyID("a", flowhq.Message{ID: 7, WAMessageID: "3EB0A2"}, flowhq.KindReply),
	} {
		if !form.MatchString(id) || seen[id] {
			t.Errorf("ReplyID = %q", id)
		}
		seen[id] = true
	}
	if question.Text = "changed"; !seen[ReplyID("a", question, flowhq.KindReply)] {
		t.Error("a question has a second id for its reply")
	}
}
