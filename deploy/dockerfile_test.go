package deploy

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// dockerfile parses the Dockerfile with the builder's own parser and reports what
// its linter finds.
func dockerfile(t *testing.T) []instructions.Stage {
	t.Helper()
	f, err := os.Open(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	parsed, err := parser.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range parsed.Warnings {
		t.Errorf("Dockerfile: %s", w.Short)
	}
	lint := linter.New(&linter.Config{Warn: func(rule, _, _, message string, at []parser.Range) {
		t.Errorf("Dockerfile %v: %s: %s", at, rule, message)
	}})
	stages, _, err := instructions.Parse(parsed.AST, lint)
	if err != nil {
		t.Fatal(err)
	}
	return stages
}

func TestDockerfile(t *testing.T) {
	stages := dockerfile(t)
	if len(stages) != 2 {
		t.Fatalf("%d stages; want one that builds and one that runs", len(stages))
	}
	user, entry := "", []string(nil)
	for _, c := range stages[1].Commands {
		switch c := c.(type) {
		case *instructions.UserCommand:
			user = c.User
		case *instructions.EntrypointCommand:
			entry = c.CmdLine
		}
	}
	if user == "" || user == "root" || user == "0" {
		t.Errorf("the image runs as %q; want somebody without rights", user)
	}
	if !slices.Equal(entry, []string{"flowhq"}) {
		t.Errorf("the image runs %v; want flowhq", entry)
	}
	for _, s := range stages {
		if _, version, ok := strings.Cut(s.BaseName, ":"); !ok || version == "latest" {
			t.Errorf("%s has no fixed version", s.BaseName)
		}
	}
}

// The image is built by the Go version of go.mod, from everything that the
// program's packages need.
func TestDockerfileFitsTheModule(t *testing.T) {
	for line := range strings.Lines(read(t, "go.mod")) {
		if version, ok := strings.CutPrefix(strings.TrimSpace(line), "go "); ok {
			if base := dockerfile(t)[0].BaseName; !strings.HasPrefix(base, "golang:"+version+"-") {
				t.Errorf("the image is built by %s; go.mod wants %s", base, version)
			}
		}
	}
	ignored := read(t, ".dockerignore")
	folders, err := filepath.Glob(filepath.Join(root, "*", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		folder := filepath.Base(filepath.Dir(f))
		if folder != "deploy" && !strings.Contains(ignored, "\n!"+folder+"\n") {
			t.Errorf(".dockerignore keeps %s out of the build", folder)
		}
	}
}
