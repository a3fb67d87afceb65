package wire

import (
	"testing"

	waBinary "go.mau.fi/whatsmeow/binary"
	"go.mau.fi/whatsmeow/types"
)

func TestUnmarshalRefusesGarbage(t *testing.T) {
	good := Marshal(waBinary.Node{Tag: "iq", Attrs: waBinary.Attrs{"id": "1", "from": types.ServerJID}})
	if _, err := Unmarshal(good); err != nil {
		t.Errorf("Unmarshal(good) = %v", err)
	}
	for cut := range len(good) {
		if _, err := Unmarshal(good[:cut]); err == nil {
			t.Errorf("Unmarshal(%x) = nil; want an error", good[:cut])
		}
	}
	for _, garbage := range [][]byte{{0, 0xf8, 1, 0}, {0, 0xf8, 3, 0, 0, 0}, {2, 1, 2, 3}, {0, 0xff}} {
		if _, err := Unmarshal(garbage); err == nil {
			t.Errorf("Unmarshal(%x) = nil; want an error", garbage)
		}
	}
}
