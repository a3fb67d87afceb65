package simulator

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/store"
)

const reasonOutdated = 405

// Versions are revisions of the web client: the last of a version's three numbers.
// The zero value accepts all, and has the library's be the newest.
type versions struct {
	oldest, newest uint32 // that are accepted; 0 = whatever
	latest         uint32 // that the web page names
}

// setVersions sets which revisions of the client are accepted, and which the web page
// names.
func (s *server) setVersions(in faultRequest) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.versions = versions{in.Oldest, in.Newest, in.Latest}
	return map[string]uint32{"oldest": in.Oldest, "newest": in.Newest, "latest": in.Latest}
}

// outdated reports whether a companion with this payload is refused because of its
// version, and counts it. Customers come with whatever the library has.
func (s *server) outdated(payload *waWa6.ClientPayload) bool {
	if payload.GetDevicePairingData() == nil && payload.GetDevice() == 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v, revision := s.faults.versions, payload.GetUserAgent().GetAppVersion().GetTertiary()
	if revision < v.oldest || v.newest > 0 && revision > v.newest {
		s.stats.refused++
		return true
	}
	return false
}

// versionOf returns the version that a client passes for.
func versionOf(payload *waWa6.ClientPayload) string {
	v := payload.GetUserAgent().GetAppVersion()
	var parts []string
	for _, n := range []uint32{v.GetPrimary(), v.GetSecondary(), v.GetTertiary()} {
		parts = append(parts, strconv.FormatUint(uint64(n), 10))
	}
	return strings.Join(parts, ".")
}

// webPage answers GET / with as much of the web client as tells its revision.
func (s *server) webPage(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	latest := s.faults.versions.latest
	s.mu.Unlock()
	if latest == 0 {
		latest = store.GetWAVersion()[2]
	}
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprintf(w, `<!doctype html><script>{"client_revision":%d,"x":0}</script>`, latest)
}
