package e2e

import (
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// TestStoppedDatabaseIsToldSoon stops the database under an API that has connections to it. Whoever
// asks for a page or a list is told soon, and when to come back.
func TestStoppedDatabaseIsToldSoon(t *testing.T) {
	const soon = 2 * time.Second
	s := newStand(t)
	operator := s.visitor()
	operator.at(operator.see("/setup", url.Values{
		"admin_password": {password}, "name": {"Asha"}, "email": {"asha@example.com"},
		"password": {"a long enough password"},
	}), "/admin", http.StatusOK)
	s.must(s.call("GET", "/admin/tenants", nil, nil))
	s.stopDatabase()
	// The first of each meets a connection that the pool has and the server has closed.
	for range 3 {
		for _, accept := range []string{"text/html", "application/json"} {
			q, err := http.NewRequestWithContext(t.Context(), "GET", s.api+"/admin/tenants", nil)
			if err != nil {
				t.Fatal(err)
			}
			q.Header.Set("Accept", accept)
			began := time.Now()
			res, err := operator.http.Do(q)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			took, wait := time.Since(began), res.Header.Get("Retry-After")
			if res.StatusCode != http.StatusServiceUnavailable || wait == "" || took > soon {
				t.Errorf("%s: %s after %v, Retry-After %q; want 503 within %v, with one",
					accept, res.Status, took, wait, soon)
			}
		}
	}
}
