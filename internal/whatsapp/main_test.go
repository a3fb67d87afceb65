package whatsapp

import (
	"testing"
	"time"

	"go.mau.fi/whatsmeow"

	"github.com/flowhq/flowhq/internal/testdb"
)

func TestMain(m *testing.M) {
	// The library's pings, sped up so that a test can wait for missing answers.
	// They are package variables, so they are set for all tests at once.
	whatsmeow.KeepAliveIntervalMin, whatsmeow.KeepAliveIntervalMax = 200*time.Millisecond,
		250*time.Millisecond
	whatsmeow.KeepAliveResponseDeadline = 2 * time.Second
	testdb.Main(m)
}
