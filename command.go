package flowhq

import "time"

// A TenantCommand is a command that was given to one tenant, and what has become of it.
type TenantCommand struct {
	Tenant  TenantID  `json:"tenant_id"`
	ID      int64     `json:"id"`  // grows in the order in which commands are applied
	Key     string    `json:"key"` // of the request, by which a repeated one is known
	Command Command   `json:"command"`
	Actor   string    `json:"actor"` // who asked for it
	Reason  string    `json:"reason"`
	AskedAt time.Time `json:"asked_at"`
	// AppliedAt is nil while nothing has come of it yet. Outcome says what has.
	AppliedAt *time.Time `json:"applied_at"`
	Outcome   string     `json:"outcome"`
}
