package cli

import (
	"strings"
	"testing"

	qrcode "rsc.io/qr"
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
