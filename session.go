package flowhq

import "time"

// A Session is a tenant's link to WhatsApp, as last reported by its host.
type Session struct {
	State SessionState `json:"state"`
	// Number is the linked WhatsApp number, E.164, or "" before the first scan.
	Number string `json:"number"`
	// Reason says why the session is in this state, for an operator; may be "".
	Reason string `json:"reason"`
	// Ending is Reason in one word of a closed set; "" if the session has not ended.
	Ending Ending `json:"ending"`
	// WaitingFor is what the session waits for if it is wanted and has no host; "" if nothing.
	WaitingFor Wait `json:"waiting_for"`
	// NextStep says what happens next, or what a person should do; may be "".
	NextStep string `json:"next_step"`
	// RetryAt is when a session is tried again that waits for the end of a ban, or
	// because workers died while hosting it.
	RetryAt    *time.Time `json:"retry_at"`
	Since      time.Time  `json:"since"`        // of State
	LastSeenAt *time.Time `json:"last_seen_at"` // last proof of life from WhatsApp; nil = never
}

// SessionState is the state of the link to WhatsApp.
type SessionState string

const (
	Disconnected SessionState = "DISCONNECTED"
	Connecting   SessionState = "CONNECTING"
	QRReady      SessionState = "QR_READY" // a code waits to be scanned
	Connected    SessionState = "CONNECTED"
	LoggedOut    SessionState = "LOGGED_OUT" // unlinked; a person must scan again
	Banned       SessionState = "BANNED"
)

// SessionStates lists every SessionState.
var SessionStates = []SessionState{Disconnected, Connecting, QRReady, Connected, LoggedOut, Banned}

// A Host keeps a tenant's session, in a worker, as the operator knows it.
type Host struct {
	Status HostStatus `json:"status"`
	// Worker names the worker that keeps or last kept the session.
	Worker string `json:"worker"`
	// Epoch counts the hosts this tenant has had. Every write of a host carries
	// its epoch, and a write of an older one fails with code Fenced.
	Epoch     int64     `json:"epoch"`
	LastError string    `json:"last_error"` // "" once the session is up again
	Since     time.Time `json:"since"`      // of Status
}

// HostStatus is the state of a tenant's host.
type HostStatus string

const (
	HostStopped  HostStatus = "STOPPED"
	HostStarting HostStatus = "STARTING" // wanted, not yet connected
	HostRunning  HostStatus = "RUNNING"
	HostDraining HostStatus = "DRAINING" // moving to another process
	// HostStale is never stored: it is how a host whose lease ran out is shown
	// until it has been replaced.
	HostStale HostStatus = "STALE"
	HostError HostStatus = "ERROR"
)

// A QR is what to show to the person who links a tenant's phone. Code is a
// secret: whoever scans it is linked. It is never logged.
type QR struct {
	State     SessionState
	Code      string // the text in the picture; "" unless State is QRReady
	ExpiresAt time.Time
	Reason    string // of State, for an operator
	Ending    Ending // of the session, if it has ended
}

// A Command is what an operator may tell a tenant's worker.
type Command string

const (
	Start        Command = "start"
	Stop         Command = "stop"
	Restart      Command = "restart"       // stop, then start
	ForceRestart Command = "force-restart" // start another host now and fence the old one
	Relink       Command = "relink"        // drop the link to the phone, then show a new code
	Delete       Command = "delete"        // stop, unlink, erase
)

// Commands lists every Command.
var Commands = []Command{Start, Stop, Restart, ForceRestart, Relink, Delete}

// A Worker is one process, which hosts the sessions of many tenants.
type Worker struct {
	Name string `json:"name"`
	// Status is RUNNING, DRAINING, or STALE if it was not heard of in time.
	Status   WorkerStatus `json:"status"`
	Sessions int          `json:"sessions"` // hosted, or about to be
	Capacity int          `json:"capacity"` // sessions at most
	// DrainWanted says that an operator asked it to drain. It does so soon after, and until the
	// wish is taken back.
	DrainWanted bool `json:"drain_wanted"`
	// ConnectsPerSecond is how many sessions it connects in a second at most, and ConnectsWaiting
	// how many wait for their turn.
	ConnectsPerSecond int       `json:"connects_per_second"`
	ConnectsWaiting   int       `json:"connects_waiting"`
	Since             time.Time `json:"since"` // of its start
	LastSeenAt        time.Time `json:"last_seen_at"`
}

// WorkerStatus is the state of a worker.
type WorkerStatus string

const (
	WorkerRunning  WorkerStatus = "RUNNING"
	WorkerDraining WorkerStatus = "DRAINING" // its sessions move to other workers
	WorkerStale    WorkerStatus = "STALE"    // was not heard of in time
)
