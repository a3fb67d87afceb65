package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"go.mau.fi/whatsmeow"

	"github.com/flowhq/flowhq"
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
		{fmt.Errorf("prefetch: %w", errNoDevices), flowhq.Refused},
		{fmt.Errorf("save: %w", errNotEncrypted), flowhq.Unavailable},
		{whatsmeow.ErrMessageTimedOut, flowhq.Unavailable},
		{context.DeadlineExceeded, flowhq.Unavailable},
		{whatsmeow.ErrNotConnected, flowhq.Unavailable},
		{errors.New("anything 463"), flowhq.Unavailable},
		{flowhq.Errorf(flowhq.Refused, "not on WhatsApp"), flowhq.Refused},
	}
	for _, tt := range tests {
		if got := flowhq.ErrorCode(sendError(tt.err)); got != tt.want {
			t.Errorf("sendError(%v) has code %q; want %q", tt.err, got, tt.want)
		}
	}
}

func TestSending(t *testing.T) {
	const contact = "99_1"
	tests := []struct {
		name     string
		sessions []string // the library asks for
		advanced []string // and writes back
		begin    error
		finish   error
	}{
		{"one phone", []string{"99_1:0", "55_1:0"}, []string{"99_1:0", "55_1:0"}, nil, nil},
		{"the phone is left out", []string{"99_1:0", "99_1:3", "55_1:0"}, []string{"99_1:3", "55_1:0"}, nil, errNotEncrypted},
		{"a companion is left out", []string{"99_1:0", "99_1:3"}, []string{"99_1:0"}, nil, nil},
		{"no phone in the list", []string{"99_1:3", "99_1:4"}, []string{"99_1:4"}, nil, nil},
		{"none at all", []string{"55_1:0", "99_10:0", "199_1:0"}, nil, errNoDevices, nil},
	}
	for _, tt := range tests {
		s := &sending{contact: contact}
		if err := s.begin(tt.sessions); !errors.Is(err, tt.begin) {
			t.Errorf("%s: begin = %v; want %v", tt.name, err, tt.begin)
		}
		if tt.begin != nil {
			continue
		}
		advanced := map[string][]byte{}
		for _, a := range tt.advanced {
			advanced[a] = nil
		}
		if err := s.finish(advanced); !errors.Is(err, tt.finish) || s.finished != (tt.finish == nil) {
			t.Errorf("%s: finish = %v, finished %v; want %v", tt.name, err, s.finished, tt.finish)
		}
	}
}
