package devdb

import (
	"archive/tar"
	"compress/gzip"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// archive writes a package that holds files.
func archive(t *testing.T, files map[string]string) (name string) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "package.tgz"))
	if err != nil {
		t.Fatal(err)
	}
	zipped := gzip.NewWriter(f)
	w := tar.NewWriter(zipped)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)),
			Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []interface{ Close() error }{w, zipped, f} {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return f.Name()
}

func TestUnpack(t *testing.T) {
	dir := t.TempDir()
	err := unpack(archive(t, map[string]string{
		"package/native/bin/postgres":           "program",
		"package/native/lib/libpq.so.5.18":      "library",
		"package/native/lib/libpq.a":            "left out",
		"package/dist/index.js":                 "left out",
		"package/native/lib/postgresql/pgxs/m":  "left out",
		"package/native/pg-symlinks.json":       `[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]`,
		"package/native/share/postgresql/a.sql": "share",
	}), dir)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "native/bin/postgres")); err != nil ||
		info.Mode().Perm()&0o111 == 0 {
		t.Errorf("postgres = %v, %v; want an executable", info, err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "native/lib/libpq.so.5")); err != nil ||
		string(text) != "library" {
		t.Errorf("the link reads %q, %v; want the library", text, err)
	}
	for _, name := range []string{"dist", "native/lib/libpq.a", "native/lib/postgresql"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !os.IsNotExist(err) {
			t.Errorf("%s was unpacked; want it left out", name)
		}
	}
}

func TestUnpackStaysInItsFolder(t *testing.T) {
	outside := t.TempDir()
	dir := filepath.Join(outside, "in")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, files := range []map[string]string{
		{"package/native/../../escaped": "x"},
		{"package/native/pg-symlinks.json": `[{"source":"native/a","target":"../escaped"}]`},
	} {
		if err := unpack(archive(t, files), dir); err == nil {
			t.Errorf("unpack(%v) = nil; want an error", files)
		}
	}
	if _, err := os.Lstat(filepath.Join(outside, "escaped")); !os.IsNotExist(err) {
		t.Errorf("lstat of the escaped file = %v; want none", err)
	}
}

func TestDataAreOpenedByTheVersionThatMadeThem(t *testing.T) {
	found := []binaries{{"/a", 15}, {"/c", 17}, {"/b", 16}}
	for _, c := range []struct {
		found []binaries
		made  []int
		want  int // 0 for none
	}{
		{found, nil, 17},
		{found, []int{16}, 16},
		{found, []int{15, 16}, 16},
		{found, []int{14}, 0},
		{found, []int{15, 18}, 0}, // not the older data behind the newer ones' back
		{found[:1], []int{15, 18}, 15},
		{nil, nil, 0},
	} {
		if got, _ := choose(c.found, c.made); got.major != c.want {
			t.Errorf("choose(%v, %v) = %v; want %d", c.found, c.made, got, c.want)
		}
	}
}

// A new empty cluster would look like the loss of everything.
func TestDataOfAnotherVersionAreNotPassedOver(t *testing.T) {
	dir := tempDir(t)
	old := filepath.Join(dir, "9", "data")
	if err := os.MkdirAll(old, 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "made by PostgreSQL 9") ||
		!strings.Contains(err.Error(), "DEV_PG_BIN") {
		t.Errorf("Start = %v; want what made the data, and what to do", err)
	}
	if made := withData(dir); len(made) != 1 {
		t.Errorf("there are clusters of %v now; want none but the old one", made)
	}
}
