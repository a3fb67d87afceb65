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

	"github.com/compose-spec/compose-go/v2/types"
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

// attributeList is where the program's search attributes are, in the checkout.
const attributeList = "internal/searchattributes/list.txt"

// The namespace gets every search attribute of the list, and running the script again
// changes nothing.
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
	want := map[string]string{}
	for line := range strings.Lines(read(t, attributeList)) {
		name, kind, _ := strings.Cut(strings.TrimSpace(line), " ")
		want[name] = kind
	}
	if len(want) == 0 || !maps.Equal(got, want) {
		t.Errorf("namespace.sh makes the search attributes %v; want %v", got, want)
	}
	if !strings.Contains(first, "--retention 72h") {
		t.Errorf("namespace.sh sets no retention of 72h:\n%s", first)
	}
}

// Every version of Temporal's images is the same, and its databases are the ones
// the server looks for by default.
func TestSchemaScript(t *testing.T) {
	if out, err := exec.CommandContext(t.Context(), "sh", "-n",
		script(t, "schema.sh")).CombinedOutput(); err != nil {
		t.Errorf("schema.sh: %v\n%s", err, out)
	}
	p := load(t)
	job := p.Services["temporal-namespace"]
	mounted := slices.ContainsFunc(job.Volumes, func(v types.ServiceVolumeConfig) bool {
		inside := job.Environment["SEARCH_ATTRIBUTES"]
		return strings.HasSuffix(v.Source, attributeList) && inside != nil && v.Target == *inside
	})
	if !mounted {
		t.Errorf("temporal-namespace has no %s where its SEARCH_ATTRIBUTES says", attributeList)
	}
	_, server, _ := strings.Cut(p.Services["temporal"].Image, ":")
	for _, job := range []string{"temporal-schema", "temporal-namespace"} {
		if _, tools, _ := strings.Cut(p.Services[job].Image, ":"); tools != server {
			t.Errorf("%s has version %s; the server has %s", job, tools, server)
		}
		entry := p.Services[job].Entrypoint
		if s := strings.TrimPrefix(entry[len(entry)-1],
			"/deploy/"); !slices.Contains([]string{"schema.sh", "namespace.sh"}, s) {
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
