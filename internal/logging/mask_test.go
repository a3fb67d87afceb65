package logging

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestNobodysNumber: no record has the number of a customer, wherever in it the library has put it.
func TestNobodysNumber(t *testing.T) {
	var b bytes.Buffer
	log, files, err := New(&b, t.TempDir(), slog.LevelDebug)
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	for _, address := range []string{
		"255766123456@s.whatsapp.net", "255766123456:12@s.whatsapp.net",
		"255766123456.0:12@s.whatsapp.net", "255766123456@c.us",
		"77001122334456@lid", "77001122334456:3@lid", "77001122334456_1:0", "77001122334456_1.0",
		"255766123456:0",
	} {
		if err := log.Handler().Handle(t.Context(),
			slog.NewRecord(time.Now(), slog.LevelWarn, "failed to decrypt from "+address, 0)); err != nil {
			t.Fatal(err)
		}
		log.With("from", address).WithGroup("g").Info("x", "to", address, "err",
			errors.New("no session with "+address),
			slog.Group("inner", slog.String("who", "<"+address+">")))
	}
	log.Info("kept", "message", 1234567, "number", "+255700000001", "at", "1795731139", "id",
		"3EB0123456789012", "address", "127.0.0.1:38769", "time", "2026-11-26T22:44:07Z")
	out := b.String()
	if strings.Contains(out, "7661234") || strings.Contains(out, "770011223344") ||
		!strings.Contains(out, "…56@lid") {
		t.Errorf("a number is in the log:\n%s", out)
	}
	for _, kept := range []string{"1234567", "+255700000001", "1795731139", "3EB0123456789012",
		"127.0.0.1:38769", "2026-11-26T22:44:07Z"} {
		if !strings.Contains(out, kept) {
			t.Errorf("%s is not in the log:\n%s", kept, out)
		}
	}
}
