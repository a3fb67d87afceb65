package deploy

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// temporalCLI stands in for Temporal's command line, which only its image has. It
// remembers in the file calls what was created; like the real one, it does not
// know a namespace at once.
const temporalCLI = `#!/bin/sh
case "$2 $3" in
"namespace describe") grep -q "^namespace create" calls ;;
"namespace create") echo "namespace create $*" >>calls ;;
"search-attribute list")
	if [ ! -e known ]; then touch known; echo "no such namespace" >&2; exit 1; fi
	sed -n 's/^attribute \([A-Za-z]*\) .*/\1/p' calls ;;
"search-attribute create")
	if [ ! -e asked ]; then touch asked; exit 1; fi
	echo "attribute $7 $9" >>calls ;;
*) exit 2 ;;
esac
`

// The namespace has the search attributes that the development server has, and
// running the script again changes nothing.
func TestNamespaceScript(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "temporal", temporalCLI)
	write(t, dir, "calls", "")
	run := func() string {
		cmd := exec.CommandContext(t.Context(), "sh", script(t, "namespace.sh"))
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "NAMESPACE=flowhq"}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("namespace.sh: %v\n%s", err, out)
		}
		calls, err := os.ReadFile(filepath.Join(dir, "calls"))
		if err != nil {
			t.Fatal(err)
		}
		return string(calls)
	}
	first := run()
	if again := run(); again != first {
		t.Errorf("the second run does more:\n%s", again)
	}
	got := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^attribute (\w+) (\w+)$`).FindAllStringSubmatch(first, -1) {
		got[m[1]] = m[2]
	}
	if want := developmentAttributes(t); !maps.Equal(got, want) {
		t.Errorf("namespace.sh makes the search attributes %v; want %v", got, want)
	}
	if !strings.Contains(first, "--retention 72h") {
		t.Errorf("namespace.sh sets no retention of 72h:\n%s", first)
	}
}

// developmentAttributes reads the search attributes of the embedded server.
func developmentAttributes(t *testing.T) map[string]string {
	t.Helper()
	types := map[string]string{"KEYWORD": "Keyword", "BOOL": "Bool"}
	all := map[string]string{}
	pattern := regexp.MustCompile(`"(\w+)":\s+enumspb\.INDEXED_VALUE_TYPE_(\w+)`)
	for _, m := range pattern.FindAllStringSubmatch(read(t, "dev/temporald/server.go"), -1) {
		all[m[1]] = types[m[2]]
	}
	if len(all) == 0 {
		t.Fatal("found no search attributes of the development server")
	}
	return all
}

// Every version of Temporal's images is the same, and its databases are the ones
// the server looks for by default.
func TestSchemaScript(t *testing.T) {
	if out, err := exec.CommandContext(t.Context(), "sh", "-n", script(t, "schema.sh")).CombinedOutput(); err != nil {
		t.Errorf("schema.sh: %v\n%s", err, out)
	}
	p := load(t)
	_, server, _ := strings.Cut(p.Services["temporal"].Image, ":")
	for _, job := range []string{"temporal-schema", "temporal-namespace"} {
		if _, tools, _ := strings.Cut(p.Services[job].Image, ":"); tools != server {
			t.Errorf("%s has version %s; the server has %s", job, tools, server)
		}
		entry := p.Services[job].Entrypoint
		if s := strings.TrimPrefix(entry[len(entry)-1], "/deploy/"); !slices.Contains([]string{"schema.sh", "namespace.sh"}, s) {
			t.Errorf("%s runs %v", job, entry)
		}
	}
	text := read(t, "deploy/temporal/schema.sh")
	for _, db := range []string{"temporal", "temporal_visibility"} {
		if !strings.Contains(text, "--database "+db+" update-schema") {
			t.Errorf("schema.sh does not bring %s up to date", db)
		}
	}
}

func script(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("temporal", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}
