package whatsapp

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	waBinary "go.mau.fi/whatsmeow/binary"
)

func TestLoggerKeepsStanzasToItself(t *testing.T) {
	var out bytes.Buffer
	over := false
	l := logger{
		log:        slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})),
		isSilenced: func() bool { return over },
	}
	node := &waBinary.Node{Tag: "message", Attrs: waBinary.Attrs{"notify": "Asha"}, Content: []byte("body")}
	l.Sub("Recv").Debugf("%s", node)
	if out.Len() > 0 {
		t.Errorf("debug messages are logged: %s", out.String())
	}
	l.Sub("Recv").Warnf("handling %s took %v: %v", node, 3, errors.New("boom"))
	over = true
	l.Errorf("after the end %s", *node)
	got := out.String()
	for _, want := range []string{
		`level=WARN msg="whatsmeow reported" part=Recv text="handling <message> took 3: boom"`,
		`level=DEBUG msg="whatsmeow reported" part="" text="after the end <message>"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("log lacks %s:\n%s", want, got)
		}
	}
	if strings.Contains(got, "Asha") || strings.Contains(got, "body") {
		t.Errorf("log has a stanza's content:\n%s", got)
	}
}
