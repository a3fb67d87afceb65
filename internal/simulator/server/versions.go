package server

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"go.mau.fi/whatsmeow/proto/waWa6"
	"go.mau.fi/whatsmeow/store"
)

// Versions are revisions of the web client: the last of a version's three numbers. The
// zero value accepts all, and names the library's own as the newest.
type Versions struct {
	Oldest, Newest uint32 // that are accepted; 0 = any
	Latest         uint32 // that the web page names; 0 = the library's
}

// SetVersions sets which revisions of the client are accepted, and which one the web page
// names.
func (f *Faults) SetVersions(v Versions) {
	f.change(func(a *activeFaults) { a.versions = v })
}

// acceptedVersions returns what [Faults.SetVersions] has set last.
func (f *Faults) acceptedVersions() (v Versions) {
	f.change(func(a *activeFaults) { v = a.versions })
	return v
}

// isOutdated reports whether a companion with this payload is refused because of its
// version, and counts it. Customers come with whatever version the library has.
func (s *Server) isOutdated(payload *waWa6.ClientPayload) bool {
	if payload.GetDevicePairingData() == nil && payload.GetDevice() == 0 {
		return false
	}
	v := s.Faults.acceptedVersions()
	revision := payload.GetUserAgent().GetAppVersion().GetTertiary()
	if revision >= v.Oldest && (v.Newest == 0 || revision <= v.Newest) {
		return false
	}
	s.counts.refused.Add(1)
	return true
}

// versionOf returns the version that a client passes for, such as 2.3000.1047769893. The
// last number counts builds and is the only one that changes.
func versionOf(payload *waWa6.ClientPayload) string {
	v := payload.GetUserAgent().GetAppVersion()
	var parts []string
	for _, n := range []uint32{v.GetPrimary(), v.GetSecondary(), v.GetTertiary()} {
		parts = append(parts, strconv.FormatUint(uint64(n), 10))
	}
	return strings.Join(parts, ".")
}

// webPage answers GET / with as much of the web client as tells its revision. The library
// looks for exactly this piece of text (GetLatestVersion).
func (s *Server) webPage(w http.ResponseWriter, _ *http.Request) {
	latest := s.Faults.acceptedVersions().Latest
	if latest == 0 {
		latest = store.GetWAVersion()[2]
	}
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprintf(w, `<!doctype html><script>{"client_revision":%d,"x":0}</script>`, latest)
}
