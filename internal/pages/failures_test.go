package pages

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// TestFailurePages: whatever the API refuses a page with is a page as well, with the API's status,
// what went wrong, what to do next and the number of the request, in the frame of all others. So it
// is for a page, for a file that has none, and for what is posted.
func TestFailurePages(t *testing.T) {
	for status, next := range map[int]string{
		400: "Go back, correct it", 403: "Ask an owner", 404: "mistyped", 409: "Go back, correct it",
		429: "Wait a little", 500: "tell the operator the number", 503: "Nothing is lost",
	} {
		refusing := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			switch r.URL.Path {
			case "/auth/me":
				_, _ = io.WriteString(w, `{"kind":"OPERATOR","name":"asha@example.com"}`)
			case "/readyz":
				w.WriteHeader(503)
				_, _ = io.WriteString(w, `{"checks":{"database":"does not answer","temporal":"ok"}}`)
			default:
				w.Header().Set("Content-Type", "application/problem+json")
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(status)
				_ = json.NewEncoder(w).Encode(map[string]any{
					"detail": "it says <b>why</b>", "request_id": "r-17",
				})
			}
		})
		s, err := New(refusing, Ways{}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct{ method, path string }{
			{"GET", "/admin/workers"}, {"GET", "/admin/audit.csv"}, {"GET", "/admin/tenants/x"},
			{"POST", "/admin/bulk"},
		} {
			r := httptest.NewRequest(tt.method, tt.path, strings.NewReader("command=stop"))
			r.Header.Set("Accept", "text/html")
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != status {
				t.Errorf("%s %s is %d; want %d", tt.method, tt.path, w.Code, status)
			}
			// The API's own answer, as to the audit's file, has the header whatever the status.
			wait := w.Header().Get("Retry-After")
			if (status == 429 || status == 503) && wait != "7" {
				t.Errorf("%s %s, %d, says Retry-After %q; want the API's 7", tt.method, tt.path, status, wait)
			}
			why := "It says &lt;b&gt;why&lt;/b&gt;."
			// The API's words about a path that is not there are for who writes programs.
			if status == 404 && tt.path == "/admin/audit.csv" {
				why = "There is no such page."
			}
			wanted := []string{next, why, "r-17", strconv.Itoa(status), "style.css", "<h1>"}
			// Where it may help, it can be tried again.
			again := `class="button" href="` + tt.path + `"`
			if status >= 429 && tt.method == "GET" {
				wanted = append(wanted, again)
			} else if strings.Contains(w.Body.String(), again) {
				t.Errorf("the page of %s %s, %d, offers to try again", tt.method, tt.path, status)
			}
			if status == 503 {
				wanted = append(wanted, "PostgreSQL", "does not answer")
			}
			for _, part := range wanted {
				if !strings.Contains(w.Body.String(), part) {
					t.Errorf("the page of %s %s, %d, lacks %q", tt.method, tt.path, status, part)
				}
			}
		}
	}
}

// A page that refuses by itself names the request, too: the last one that it made of the API.
func TestOwnRefusalsNameTheRequest(t *testing.T) {
	s, err := New(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Request-Id", "r-of-me")
		_, _ = io.WriteString(w, `{"kind":"OPERATOR","name":"asha@example.com"}`)
	}), Ways{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/app/chats", nil)
	r.Header.Set("Accept", "text/html")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	for _, part := range []string{"r-of-me", "people.", "Ask an owner of the installation"} {
		if w.Code != 403 || !strings.Contains(w.Body.String(), part) {
			t.Errorf("%d, without %q:\n%s", w.Code, part, w.Body)
		}
	}
}
