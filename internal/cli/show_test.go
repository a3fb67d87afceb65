package cli

import (
	"strings"
	"testing"
	"time"

	qrcode "rsc.io/qr"

	"github.com/flowhq/flowhq"
)

func TestDrawKeepsEveryModule(t *testing.T) {
	const text = "2@AbCdEf0123456789/+abcdefghijklmnopqrstuvwxyz,AbCdEf0123456789abcdefghijklmnop=,0123456789"
	want, err := qrcode.Encode(text, qrcode.L)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := QR(text)
	if err != nil {
		t.Fatal(err)
	}
	picture = strings.NewReplacer("\x1b[97;40m", "", "\x1b[0m", "").Replace(picture)
	black := map[rune][2]bool{'█': {false, false}, '▀': {false, true}, '▄': {true, false}, ' ': {true, true}}
	for row, line := range strings.Split(strings.TrimSuffix(picture, "\n"), "\n") {
		for col, glyph := range []rune(line) {
			for half, got := range black[glyph] {
				x, y := col-quietZone, 2*row+half-quietZone
				if got != want.Black(x, y) {
					t.Fatalf("module %d,%d is black: %v; want %v", x, y, got, want.Black(x, y))
				}
			}
		}
		if n := len([]rune(line)); n != want.Size+2*quietZone {
			t.Fatalf("row %d has %d modules; want %d", row, n, want.Size+2*quietZone)
		}
	}
}

// TestHandOvers: the chats that wait are shown, and one is given back by what is shown.
func TestHandOvers(t *testing.T) {
	until := time.Date(2026, 1, 2, 15, 0, 0, 0, time.UTC)
	d := newDesk(t, map[string]func() any{
		"GET " + tenantPath(blueDoor): always(tenant(flowhq.Connected, flowhq.HostRunning)),
		"GET " + tenantPath(blueDoor) + "/handovers": always(map[string]any{"next": "",
			"handovers": []flowhq.HandOver{
				{ID: 3, ContactID: 7, Contact: "+255711000001", Reason: flowhq.HandOverAsked,
					Note: "a\nb\x1b[2J", Until: &until}, {ContactID: 8, Reason: flowhq.HandOverOwner},
			}}),
		"POST " + tenantPath(blueDoor) + "/contacts/7/give-back": always(flowhq.Contact{ID: 7}),
	})
	code, out, errs := d.run("handovers", string(blueDoor))
	if code != 0 || !strings.Contains(out, "+255711000001") || !strings.Contains(out, "ASKED") ||
		strings.Contains(out, "\x1b") || strings.Count(out, "\n") != 3 {
		t.Errorf("handovers: %d, %q, %q", code, out, errs)
	}
	if code, out, errs := d.run("give-back", string(blueDoor), "7"); code != 0 ||
		!strings.Contains(out, "Blue Door: the bot answers contact 7") {
		t.Errorf("give-back: %d, %q, %q", code, out, errs)
	}
	for _, args := range [][]string{{"give-back", string(blueDoor)}, {"handovers"}} {
		if code, _, _ := d.run(args...); code != 2 {
			t.Errorf("%q: %d; want 2", args, code)
		}
	}
}
