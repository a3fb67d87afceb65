package arch

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const (
	root   = "../.."
	module = "github.com/flowhq/flowhq"
)

// A source is one Go file of the repository, of this module or a nested one.
type source struct {
	path   string // from the root, with slashes
	dir    string // of path; "." is the root package
	nested bool   // belongs to a module of its own
	lines  int
	set    *token.FileSet
	file   *ast.File
}

func (s source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

// at names a position for an error message.
func (s source) at(n ast.Node) string { return s.path + ":" + itoa(s.set.Position(n.Pos()).Line) }

// span is the number of lines that n takes.
func (s source) span(n ast.Node) int {
	return s.set.Position(n.End()).Line - s.set.Position(n.Pos()).Line + 1
}

// imports returns the paths the file imports.
func (s source) imports() []string {
	var paths []string
	for _, i := range s.file.Imports {
		paths = append(paths, strings.Trim(i.Path.Value, `"`))
	}
	return paths
}

// sources parses every Go file once for all tests.
var sources = sync.OnceValues(func() ([]source, error) {
	var all []source
	modules := map[string]bool{".": true}
	err := walk(func(p string) error {
		if path.Base(p) == "go.mod" {
			modules[path.Dir(p)] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = walk(func(p string) error {
		if path.Ext(p) != ".go" {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, p))
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, p, text, parser.ParseComments)
		if err != nil {
			return err
		}
		dir := path.Dir(p)
		all = append(all, source{p, dir, moduleOf(dir, modules) != ".",
			bytes.Count(text, []byte("\n")), set, file})
		return nil
	})
	return all, err
})

// moduleOf returns the innermost folder above dir, or dir itself, that has a
// go.mod.
func moduleOf(dir string, modules map[string]bool) string {
	for !modules[dir] {
		dir = path.Dir(dir)
	}
	return dir
}

// walk calls f for each file of the repository that could be under version
// control: what a build, a run or an editor leaves in hidden folders is not.
func walk(f func(path string) error) error {
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(d.Name(), ".") && rel != "."
		switch {
		case d.IsDir() && (hidden && d.Name() != ".ci" || d.Name() == "logs"):
			return filepath.SkipDir
		case d.Type().IsRegular():
			return f(filepath.ToSlash(rel))
		}
		return nil
	})
}

// load returns every source, or those that keep holds for.
func load(t *testing.T, keep func(source) bool) []source {
	t.Helper()
	all, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("found %d Go files below %s; is this the repository?", len(all), root)
	}
	var kept []source
	for _, s := range all {
		if keep(s) {
			kept = append(kept, s)
		}
	}
	return kept
}
