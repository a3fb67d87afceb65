package temporald_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowhq/flowhq/internal/temporald"
)

// tool puts a program "temporal" that prints a version first into the PATH.
func tool(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "temporal")
	script := fmt.Sprintf("#!/bin/sh\n[ \"$*\" = --version ] && echo '%s'\n", version)
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return path
}

// built makes a checkout in which dev/temporald has been built already.
func built(t *testing.T) (root, path string) {
	t.Helper()
	root = t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "dev", "temporald"), 0o700); err != nil {
		t.Fatal(err)
	}
	hash, err := temporald.SourceHash(filepath.Join(root, "dev", "temporald"))
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(root, ".dev", "temporald-"+hash)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\necho 'temporald version 1.32.1 (Server 1.32.1)'\n"
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return root, path
}

func TestFindTakesAnInstalledToolThatIsNewEnough(t *testing.T) {
	const (
		newest = "temporal version 1.9.1 (Server 1.32.1, UI 2.54.1)"
		newer  = "temporal version 2.0.0 (Server 1.100.0, UI 3.0.0)" // 100 is more than 32
		older  = "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)"
	)
	for _, c := range []struct {
		printed, choice string
		tool            bool
		says            string
	}{
		{printed: newest, tool: true, says: "server 1.32.1"},
		{printed: newer, tool: true, says: "server 1.100.0"},
		{printed: older, says: "holds server 1.29.1, and it takes 1.32.0"},
		{printed: "temporal 2", says: "does not name a Temporal server"},
		{printed: newest, choice: temporald.Embedded},
		{printed: older, choice: "temporal", tool: true}, // who asks for it by name gets it
	} {
		installed := tool(t, c.printed)
		root, own := built(t)
		var said strings.Builder
		p, err := temporald.Find(t.Context(), root, c.choice,
			func(format string, args ...any) { fmt.Fprintf(&said, format+"\n", args...) })
		if err != nil {
			t.Errorf("%s, %q: %v", c.printed, c.choice, err)
			continue
		}
		want := own
		if c.tool {
			want = installed
		}
		if p.Path != want || p.CLI != c.tool {
			t.Errorf("%s, %q: got %+v; want %s", c.printed, c.choice, p, want)
		}
		if !strings.Contains(said.String(), c.says) {
			t.Errorf("%s, %q: said %q; want %q", c.printed, c.choice, said.String(), c.says)
		}
	}
}

func TestFindRefusesAChoiceThatIsNoServer(t *testing.T) {
	root, _ := built(t)
	for _, choice := range []string{"no-such-program", "true"} {
		p, err := temporald.Find(t.Context(), root, choice, t.Logf)
		if err == nil || !strings.Contains(err.Error(), "TEMPORALD="+choice) {
			t.Errorf("%s: got %+v, %v; want an error that names the variable", choice, p, err)
		}
	}
}

// The tool knows neither our flags nor our defaults.
func TestCommandSuitsTheProgram(t *testing.T) {
	s := temporald.Server{Addr: "127.0.0.1:7233", UI: "127.0.0.1:8233", Namespace: "n", Dir: "d"}
	own := temporald.Program{Path: "temporald", Version: "1.32.1"}.Command(s)
	cli := temporald.Program{Path: "temporal", Version: "1.33.0", CLI: true}.Command(s)
	if !slices.Contains(own, "--follow-parent") || slices.Contains(own, "--sqlite-pragma") {
		t.Errorf("our own is run with %q", own)
	}
	if slices.Contains(cli, "--follow-parent") || !slices.Contains(cli, "journal_mode=wal") ||
		!slices.Contains(cli, filepath.Join("d", "temporal-1.33.0.db")) {
		t.Errorf("the tool is run with %q", cli)
	}
}
