package npmpack

import (
	"crypto/sha512"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const variable = "NPMPACK_TEST_PACKAGE"

func TestFetchTakesFilesAndAddresses(t *testing.T) {
	const content = "what a registry would send"
	source := filepath.Join(t.TempDir(), "package.tgz")
	if err := os.WriteFile(source, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(source))))
	t.Cleanup(server.Close)
	sum := sha512.Sum512([]byte(content))
	p := Package{
		Name: "name", Version: "1", Variable: variable,
		Pin: base64.StdEncoding.EncodeToString(sum[:]),
	}
	for _, from := range []string{source, server.URL + "/package.tgz"} {
		t.Setenv(variable, from)
		file, err := p.Fetch(t.Context(), t.TempDir())
		if err != nil {
			t.Errorf("fetch from %s: %v", from, err)
			continue
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != content {
			t.Errorf("fetched %q, %v from %s; want %q", got, err, from, content)
		}
		t.Setenv(variable, from+"-none")
		_, err = p.Fetch(t.Context(), t.TempDir())
		if err == nil || !strings.Contains(err.Error(), variable) {
			t.Errorf("fetch of what is not there: %v; want an error that names the setting", err)
		}
	}
}

func TestFetchRefusesAnotherPackage(t *testing.T) {
	source := filepath.Join(t.TempDir(), "package.tgz")
	if err := os.WriteFile(source, []byte("forged"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(variable, source)
	p := Package{Name: "name", Version: "1", Variable: variable, Pin: "other"}
	_, err := p.Fetch(t.Context(), t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "pinned") {
		t.Errorf("fetch = %v; want that it is not the pinned package", err)
	}
}

// Who has neither npm nor a mirror reads which package it is that is missing.
func TestFetchWithoutNPM(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv(variable, "")
	p := Package{Name: "@x/y", Version: "2", Variable: variable}
	_, err := p.Fetch(t.Context(), t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "@x/y@2") {
		t.Errorf("fetch without npm = %v; want an error that names the package", err)
	}
}
