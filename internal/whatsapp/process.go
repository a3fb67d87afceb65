package whatsapp

import (
	"errors"
	"sync"

	signallog "go.mau.fi/libsignal/logger"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waCompanionReg"
	"go.mau.fi/whatsmeow/store"
)

// process is what this process has set in the library. The library keeps some settings in
// package variables that every connection reads without a lock, so they are set once,
// before the first connection.
var process struct {
	sync.Mutex
	isSet  bool     // whether what follows has been set
	root   [32]byte // that Noise certificates must be signed with
	device string   // the name that phones show
}

// deviceVersion is what the phone shows beside the device's name.
var deviceVersion = [3]uint32{1, 0, 0}

// configureProcess sets the library's package variables: the root of trust, and the name
// under which devices are linked. A process has one of each. Asking for another is an
// error: a connection to WhatsApp must never trust a test server's key.
func configureProcess(root [32]byte, device string) error {
	process.Lock()
	defer process.Unlock()
	if process.isSet {
		// A change would be a data race, and would change the trust of open connections.
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
	// The phone shows an icon for the platform.
	store.DeviceProps.PlatformType = waCompanionReg.DeviceProps_DESKTOP.Enum()
	var discard signallog.Loggable = noLog{}
	signallog.Setup(&discard)
	process.isSet, process.root, process.device = true, root, device
	return nil
}

// noLog discards the log of the cryptography (libsignal), which by default goes to the
// standard output. What fails there is reported by its caller.
type noLog struct{}

func (noLog) Debug(string, string)   {}
func (noLog) Info(string, string)    {}
func (noLog) Warning(string, string) {}
func (noLog) Error(string, string)   {}
func (noLog) Configure(string)       {}
