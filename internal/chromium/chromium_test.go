package chromium

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

// An entry is a file of an archive.
type entry struct{ name, content string }

// archive is a tar archive of files.
func archive(t *testing.T, files []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := tar.Header{
			Name: f.name, Mode: 0o644, Size: int64(len(f.content)), Typeflag: tar.TypeReg,
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// packed is a text as the package has its parts.
func packed(t *testing.T, content []byte) string {
	t.Helper()
	var b bytes.Buffer
	w := brotli.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// pack writes a package that holds files.
func pack(t *testing.T, files []entry) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(archive(t, files)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "package.tgz")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestUnpackedBrowserStartsWithWhatIsBesideIt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "browser")
	const browser = "#!/bin/sh\necho \"$LD_LIBRARY_PATH $FONTCONFIG_FILE $1\"\n"
	file := pack(t, []entry{
		{"package/bin/chromium.br", packed(t, []byte(browser))},
		{"package/bin/al2023.tar.br", packed(t, archive(t, []entry{
			{"lib/libnss3.so", "library"},
		}))},
		{"package/bin/fonts.tar.br", packed(t, archive(t, []entry{
			{"fonts/Open_Sans/Bold.ttf", "font"},
		}))},
		{"package/bin/swiftshader.tar.br", "left out"},
		{"package/build/index.js", "left out"},
	})
	if err := unpack(file, dir); err != nil {
		t.Fatal(err)
	}
	if err := writeLauncher(dir); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), filepath.Join(dir, launcher), "--flag").Output()
	want := dir + "/libraries/lib " + dir + "/fonts.conf --flag\n"
	if err != nil || string(out) != want {
		t.Errorf("the browser prints %q, %v; want %q", out, err, want)
	}
	for _, name := range []string{"libraries/lib/libnss3.so", "fonts/fonts/Open_Sans/Bold.ttf"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestUnpackRefusesWhatIsNoBrowser(t *testing.T) {
	for _, c := range []struct {
		files []entry
		want  string
	}{
		{[]entry{{"package/bin/chromium.br", packed(t, nil)}}, "lacks 2 of its parts"},
		{[]entry{{"package/bin/chromium.br", "not packed"}}, "brotli"},
		{[]entry{{
			"package/bin/fonts.tar.br", packed(t, archive(t, []entry{{"../../escaped", "x"}})),
		}}, "escapes"},
	} {
		err := unpack(pack(t, c.files), filepath.Join(t.TempDir(), "browser"))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("unpack = %v; want an error with %q", err, c.want)
		}
	}
}

func TestFindSaysWhatHelps(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("DEV_CHROMIUM_PACKAGE", "")
	t.Setenv("CHROMIUM", "no-such-browser")
	_, err := Find(t.Context(), func(string) {})
	if err == nil || !strings.Contains(err.Error(), "CHROMIUM") {
		t.Errorf("Find = %v; want an error that names CHROMIUM, which is an order", err)
	}
	t.Setenv("CHROMIUM", "")
	_, err = Find(t.Context(), func(string) {})
	if err == nil { // there is one outside of the PATH, as on macOS
		return
	}
	for _, want := range []string{"apt-get install", "DEV_CHROMIUM_PACKAGE"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("Find = %v; want %q in it", err, want)
		}
	}
}
