package e2e

import (
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/temporaltls"
)

// TestGuardedTemporal lives a tenant's day with a Temporal that lets in who has a
// certificate, or a key.
func TestGuardedTemporal(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	authority := temporaltls.NewAuthority(t)
	cert, key := authority.Pair("flowhq")
	const apiKey = "e2e-temporal-key"
	trust := []string{
		"TEMPORAL_TLS_SERVER_CA_CERT_PATH=" + authority.File, "TEMPORAL_TLS_SERVER_NAME=" + temporaltls.Name,
	}
	s.serve(append(trust, "TEMPORAL_ADDRESS="+temporaltls.Serve(t, authority, s.temporal, ""),
		"TEMPORAL_TLS_CLIENT_CERT_PATH="+cert, "TEMPORAL_TLS_CLIENT_KEY_PATH="+key)...)
	s.worker("worker", append(trust, "TEMPORAL_ADDRESS="+temporaltls.Serve(t, authority, s.temporal, apiKey),
		"TEMPORAL_API_KEY="+apiKey)...)
	b := s.business(barbers)
	b.command(flowhq.Start)
	b.scan()
	b.connected(patience)
	before := b.epoch()
	b.command(flowhq.Restart)
	b.replaced(before)
	b.connected(patience)
	b.command(flowhq.Stop)
	b.becomes(patience, flowhq.TenantPaused, flowhq.Disconnected, flowhq.HostStopped)
}
