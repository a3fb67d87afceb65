package store_test

import (
	"testing"

	"github.com/flowhq/flowhq"
)

// TestStatusesAreTheTables: the database derives the statuses as package flowhq does, in every
// situation that the columns can be in.
func TestStatusesAreTheTables(t *testing.T) {
	t.Parallel()
	b := open(t)
	const q = `
		select flowhq.host_status(s, h), flowhq.tenant_status(s, h)
		from jsonb_populate_record(null::flowhq.whatsapp_sessions, $1) s,
			jsonb_populate_record(null::flowhq.hosts, $2) h`
	waits := append([]flowhq.Wait{""}, flowhq.Waits...)
	ends := append([]flowhq.Ending{""}, flowhq.Endings...)
	epochs := [][2]int64{{0, 0}, {0, 1}, {1, 1}} // of the session's row and of the host's
	for _, state := range flowhq.SessionStates {
		for _, end := range ends {
			for _, wait := range waits {
				for _, epoch := range epochs {
					for device, linked := range map[string]bool{"": false, "1:2@s.whatsapp.net": true} {
						is := flowhq.Situation{
							State: state, Ending: end, WaitingFor: wait, Linked: linked,
							Begun: epoch[1] > 0, Claimed: epoch[0] != epoch[1],
						}
						var host flowhq.HostStatus
						var tenant flowhq.TenantStatus
						ok(t, b.raw.QueryRow(t.Context(), q, map[string]any{
							"state": state, "ending": end, "waiting_for": wait,
							"device_jid": device, "epoch": epoch[0],
						}, map[string]any{"epoch": epoch[1]}).Scan(&host, &tenant))
						if host != is.Host() || tenant != is.Tenant() {
							t.Errorf("%+v: host %s, tenant %s; want %s, %s", is, host, tenant,
								is.Host(), is.Tenant())
						}
					}
				}
			}
		}
	}
}
