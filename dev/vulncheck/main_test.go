package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// database is one with a made-up vulnerability of a function of package net/url.
func database(t *testing.T, function string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"index/db.json":      `{"modified":"2026-01-01T00:00:00Z"}`,
		"index/modules.json": `[{"path":"stdlib","vulns":[{"id":"GO-2020-0001","modified":"2026-01-01T00:00:00Z"}]}]`,
		"index/vulns.json":   `[{"id":"GO-2020-0001","modified":"2026-01-01T00:00:00Z"}]`,
		"ID/GO-2020-0001.json": fmt.Sprintf(`{"schema_version":"1.3.1","id":"GO-2020-0001","modified":"2026-01-01T00:00:00Z","published":"2026-01-01T00:00:00Z",
			"summary":"made up","affected":[{"package":{"name":"stdlib","ecosystem":"Go"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],
			"ecosystem_specific":{"imports":[{"path":"net/url","symbols":[%q]}]}}],
			"database_specific":{"url":"https://vulnerabilities.example"}}`, function),
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return "file://" + dir
}

// TestKnownVulnerability: what this command itself calls fails the check, and what it does not call
// passes.
func TestKnownVulnerability(t *testing.T) {
	t.Chdir("../..") // where tools/go.mod is
	for function, want := range map[string]int{"Parse": 3, "ParseQuery": 0} {
		var out strings.Builder
		if got := run(t.Context(), []string{"./dev/vulncheck"}, database(t, function), &out); got != want {
			t.Errorf("with a vulnerability in url.%s the exit code is %d; want %d\n%s", function,
				got, want, &out)
		}
		if named := strings.Contains(out.String(), "GO-2020-0001"); named != (want == 3) {
			t.Errorf("the vulnerability is named: %t\n%s", named, &out)
		}
	}
}

// TestNoDatabase: a machine that cannot ask says so in one line, and passes.
func TestNoDatabase(t *testing.T) {
	refusing := httptest.NewServer(http.NotFoundHandler())
	defer refusing.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, at := range []string{refusing.URL, gone.URL, "file://" + t.TempDir(), "http://%"} {
		var out strings.Builder
		code := run(t.Context(), []string{"./..."}, at, &out)
		if code != 0 || strings.Count(out.String(), "\n") != 1 ||
			!strings.HasPrefix(out.String(), "known vulnerabilities were not looked for: ") {
			t.Errorf("%s: exit code %d, %q", at, code, &out)
		}
	}
}
