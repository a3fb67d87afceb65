package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/flowhq/flowhq/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// Whoever migrates, such as a job before a deploy, may have no folder for logs.
func TestMigrateNeedsNoLogFolder(t *testing.T) {
	taken := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"DATABASE_URL": testdb.Empty(t), "LOGS_PATH": taken}
	var stderr bytes.Buffer
	if code := run(t.Context(), nil, []string{"migrate"},
		func(name string) string { return env[name] }, io.Discard, &stderr); code != 0 {
		t.Errorf("flowhq migrate exits with %d: %s", code, stderr.String())
	}
}
