package whatsapp

import (
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"strings"
	"sync"

	signallog "go.mau.fi/libsignal/logger"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waCompanionReg"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/store/sqlstore"
)

// The library keeps some settings in package variables that every connection
// reads without a lock, so they are set once, before the first connection.
var process struct {
	sync.Mutex
	isSet  bool
	root   [32]byte
	device string
}

// deviceVersion is what the phone shows beside the device's name.
var deviceVersion = [3]uint32{1, 0, 0}

// configureProcess sets the library's package variables: the root of trust, the
// name under which devices are linked, and the encoding of arrays. A process has
// one of each; asking for another is an error, because a production connection
// must never trust a test server's key.
func configureProcess(root [32]byte, device string) error {
	process.Lock()
	defer process.Unlock()
	if process.isSet {
		switch {
		case process.root != root:
			return errors.New("this process already trusts another WhatsApp server")
		case process.device != device:
			return errors.New("this process already links devices under the name " + process.device)
		}
		return nil
	}
	if whatsmeow.WACertPubKey != root {
		whatsmeow.WACertPubKey = root
	}
	store.SetOSInfo(device, deviceVersion)
	store.DeviceProps.PlatformType = waCompanionReg.DeviceProps_DESKTOP.Enum()
	sqlstore.PostgresArrayWrapper = newArray
	var quiet signallog.Loggable = silence{}
	signallog.Setup(&quiet)
	process.isSet, process.root, process.device = true, root, device
	return nil
}

// silence is the log of the cryptography, which by default goes to the standard
// output. What fails there is reported by its caller.
type silence struct{}

func (silence) Debug(string, string)   {}
func (silence) Info(string, string)    {}
func (silence) Warning(string, string) {}
func (silence) Error(string, string)   {}
func (silence) Configure(string)       {}

// An array is a list of strings or of byte strings as PostgreSQL writes arrays.
// Without it the library puts one placeholder per element into its statements,
// and the server prepares one statement for each length.
type array struct{ v any }

func newArray(v any) interface {
	driver.Valuer
	sql.Scanner
} {
	return array{v}
}

// Value returns the array's text form.
func (a array) Value() (driver.Value, error) {
	var elements []string
	switch v := a.v.(type) {
	case []string:
		for _, s := range v {
			elements = append(elements, quoteElement.Replace(s))
		}
	case [][]byte:
		for _, b := range v {
			elements = append(elements, `\\x`+hex.EncodeToString(b))
		}
	default:
		return nil, errors.New("array: unsupported element type")
	}
	if len(elements) == 0 {
		return "{}", nil
	}
	return `{"` + strings.Join(elements, `","`) + `"}`, nil
}

var quoteElement = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// Scan is part of the interface the library asks for; it never scans.
func (array) Scan(any) error { return errors.New("array: cannot be scanned") }
