package flowhq

// A Situation is what the rows say of a tenant that its statuses depend on. Statuses are derived
// whenever they are read and are stored nowhere, so they cannot disagree with what they describe.
//
// The store derives them in SQL, by the functions host_status and tenant_status of the first
// migration, since it also selects tenants by them. The methods here state the same rules where a
// reader and a table test can follow them; a test of the store compares the two in every situation,
// so a rule that is changed on one side only fails.
type Situation struct {
	State      SessionState
	Ending     Ending
	WaitingFor Wait
	Linked     bool // a phone is linked
	Begun      bool // it was started at least once
	// Claimed is whether a host has claimed the tenant and has not said anything yet: the rest
	// is what an earlier one said.
	Claimed bool
	// LeaseExpired is whether the newest host holds a lease that has run out.
	LeaseExpired bool
}

// Host is the status of the tenant's host.
func (s Situation) Host() HostStatus {
	status := s.reported()
	up := status == HostStarting || status == HostRunning || status == HostDraining
	if up && s.LeaseExpired {
		return HostStale
	}
	return status
}

// reported is the status of the host by its own word.
func (s Situation) reported() HostStatus {
	switch {
	case s.Claimed, s.WaitingFor != "", s.State == Connecting, s.State == QRReady:
		return HostStarting
	case s.State == Connected:
		return HostRunning
	case s.Ending != "":
		return s.Ending.rule().host
	case !s.Begun:
		return HostStopped
	default: // told to hang up; the workflow says next what follows
		return HostDraining
	}
}

// Tenant is the business view of the tenant.
func (s Situation) Tenant() TenantStatus {
	ended := s.State != Connecting && s.WaitingFor == "" && s.Ending != ""
	switch {
	case s.State == Connected:
		return TenantActive
	case s.State == QRReady:
		return TenantQRPending
	case ended && s.Ending.rule().tenant != "":
		return s.Ending.rule().tenant
	case !s.Begun:
		return TenantNew
	case s.Linked:
		return TenantReconnecting
	default:
		return TenantQRPending
	}
}
