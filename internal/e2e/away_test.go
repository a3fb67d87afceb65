package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"syscall"
	"testing"
	"time"
)

// TestStoppedDatabaseIsToldSoon stops the database under an API that has connections to it. Whoever
// asks for a page or a list is told soon, and when to come back; and served as soon as it is there.
func TestStoppedDatabaseIsToldSoon(t *testing.T) {
	const soon = 2 * time.Second
	s := newStand(t)
	operator := s.firstOwner()
	s.must(s.call("GET", "/admin/tenants", nil, nil))
	s.stopDatabase()
	// The first of each meets a connection that the pool has and the server has closed.
	for range 3 {
		operator.isToldOfDatabase(soon)
	}
	s.startDatabase()
	operator.at(operator.see("/admin", nil), "/admin", http.StatusOK)
	// Who asks after a restart meets none of the connections that it has closed.
	s.stopDatabase()
	s.startDatabase()
	operator.at(operator.see("/admin", nil), "/admin", http.StatusOK)
}

// isToldOfDatabase has the visitor ask for a page and for a list, which must be refused in time,
// since the database is away.
func (v *visitor) isToldOfDatabase(soon time.Duration) {
	v.t.Helper()
	for _, accept := range []string{"text/html", "application/json"} {
		q, err := http.NewRequestWithContext(v.t.Context(), "GET", v.base+"/admin/tenants", nil)
		if err != nil {
			v.t.Fatal(err)
		}
		q.Header.Set("Accept", accept)
		began := time.Now()
		res, err := v.http.Do(q)
		if err != nil {
			v.t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		took, wait := time.Since(began), res.Header.Get("Retry-After")
		if res.StatusCode != http.StatusServiceUnavailable || wait == "" || took > soon {
			v.t.Errorf("%s: %s after %v, Retry-After %q; want 503 within %v, with one",
				accept, res.Status, took, wait, soon)
		}
	}
}

// firstOwner is an operator who has just set up the installation.
func (s *stand) firstOwner() *visitor {
	s.t.Helper()
	v := s.visitor()
	v.at(v.see("/setup", url.Values{
		"admin_password": {password}, "name": {"Asha"}, "email": {"asha@example.com"},
		"password": {"a long enough password"},
	}), "/admin", http.StatusOK)
	return v
}

// TestFrozenDatabaseIsToldSoon stops every process of the database where it is, as a machine does
// that hangs: connections stay open, and nothing answers. Whoever asks is told long before the
// request's time is over, and served again once the database goes on.
func TestFrozenDatabaseIsToldSoon(t *testing.T) {
	const soon = 5 * time.Second
	s := newStand(t)
	operator := s.firstOwner()
	goOn := s.freezeDatabase()
	for range 2 {
		operator.isToldOfDatabase(soon)
	}
	operator.at(operator.see("/admin", nil), "/admin", http.StatusServiceUnavailable,
		"PostgreSQL", "does not answer")
	goOn()
	eventually(t, patience, func() error {
		return operator.see("/admin", nil).shows("No tenants yet")
	})
}

// freezeDatabase stops every process of the database until goOn is called, at the end of the test
// at the latest.
func (s *stand) freezeDatabase() (goOn func()) {
	s.t.Helper()
	server := s.postmaster()
	var frozen []int
	goOn = func() {
		for _, pid := range frozen {
			_ = syscall.Kill(pid, syscall.SIGCONT) // it may have ended
		}
		frozen = nil
	}
	// The database is stopped after the test, which it must be awake for.
	s.t.Cleanup(goOn)
	freeze := func(pid int) {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			s.t.Fatal(err)
		}
		frozen = append(frozen, pid)
		eventually(s.t, patience, func() error {
			if still, err := standsStill(pid); !still || err != nil {
				return fmt.Errorf("process %d has not stopped: %w", pid, err)
			}
			return nil
		})
	}
	// First the one that starts the others, so that none is missed.
	freeze(server)
	for _, pid := range children(server) {
		freeze(pid)
	}
	return goOn
}
