package arch

import (
	"bytes"
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Bounds on what a reader is asked to hold in mind, in lines.
const (
	maxFile     = 500
	maxFunction = 70 // a screen and a half; tests may tell longer stories
	maxPage     = 150
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestFilesAreShort(t *testing.T) {
	for _, s := range load(t, func(s source) bool { return s.lines > maxFile }) {
		t.Errorf("%s has %d lines; want at most %d", s.path, s.lines, maxFile)
	}
}

func TestFunctionsAreShort(t *testing.T) {
	for _, s := range load(t, func(s source) bool { return !s.isTest() }) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && s.span(f) > maxFunction {
				t.Errorf("%s: %s has %d lines; want at most %d", s.at(f), f.Name.Name, s.span(f), maxFunction)
			}
		}
	}
}

func TestPagesAreShort(t *testing.T) {
	for _, page := range []string{"README.md", "ARCHITECTURE.md"} {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Error(err)
			continue
		}
		if n := bytes.Count(text, []byte("\n")); n == 0 || n > maxPage {
			t.Errorf("%s has %d lines; want 1 to %d", page, n, maxPage)
		}
	}
}

func TestPackagesHaveAComment(t *testing.T) {
	said := map[string]bool{}
	for _, s := range load(t, func(s source) bool { return !s.isTest() }) {
		said[s.dir] = said[s.dir] || opensWithName(s)
	}
	for dir, ok := range said {
		if !ok {
			t.Errorf("%s: no file has a package comment that begins with its name", dir)
		}
	}
}

// opensWithName reports whether the file has a package comment in the usual form:
// "Package store …", or for a program "Command flowhq …" or "Flowhq …".
func opensWithName(s source) bool {
	words := strings.Fields(s.file.Doc.Text())
	if len(words) < 3 {
		return false
	}
	if s.file.Name.Name != "main" {
		return words[0] == "Package" && words[1] == s.file.Name.Name
	}
	program := path.Base(s.dir)
	return words[0] == "Command" && words[1] == program || strings.EqualFold(words[0], program)
}

// Exported names are explained where they are declared. Methods that only
// satisfy a well-known interface need not be.
func TestExportedNamesHaveAComment(t *testing.T) {
	known := []string{"Error", "Unwrap", "String", "ServeHTTP", "Close", "Len", "Less", "Swap"}
	for _, s := range load(t, func(s source) bool {
		return !s.isTest() && !s.nested &&
			s.file.Name.Name != "main"
	}) {
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil &&
					!(d.Recv != nil && (slices.Contains(known, d.Name.Name) || !receiverIsExported(d))) {
					t.Errorf("%s: %s has no comment", s.at(d), d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if typ, ok := spec.(*ast.TypeSpec); ok && typ.Name.IsExported() &&
						d.Doc == nil && typ.Doc == nil && typ.Comment == nil {
						t.Errorf("%s: type %s has no comment", s.at(typ), typ.Name.Name)
					}
				}
			}
		}
	}
}

func receiverIsExported(f *ast.FuncDecl) bool {
	exported := false
	ast.Inspect(f.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.IsExported() {
			exported = true
		}
		return true
	})
	return exported
}

// calls lists functions that are wrong in most places.
var calls = []struct {
	name, why string
	wrong     func(source) bool
}{
	{"context.Background", "take the caller's context", isLibrary},
	{"context.TODO", "take the caller's context", func(source) bool { return true }},
	{"time.Sleep", "wait for a signal, or poll with a deadline", source.isTest},
	{"slog.Default", "a logger is handed down", isLibrary},
	{"slog.Info", "a logger is handed down", isLibrary},
	{"slog.Error", "a logger is handed down", isLibrary},
	{"t.Skip", "a test that does not run proves nothing", source.isTest},
	{"t.Skipf", "a test that does not run proves nothing", source.isTest},
	{"t.SkipNow", "a test that does not run proves nothing", source.isTest},
	{"b.Skip", "a test that does not run proves nothing", source.isTest},
}

// isLibrary holds for code that others call and that is not there for tests.
func isLibrary(s source) bool {
	return !s.isTest() && s.file.Name.Name != "main" && !slices.Contains(testOnly, s.dir)
}

func TestCallsInTheRightPlace(t *testing.T) {
	for _, s := range load(t, func(source) bool { return true }) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := sel.X.(*ast.Ident)
			if !ok {
				return true
			}
			for _, c := range calls {
				if pkg.Name+"."+sel.Sel.Name == c.name && c.wrong(s) {
					t.Errorf("%s: %s: %s", s.at(n), c.name, c.why)
				}
			}
			return true
		})
	}
}

// unfinished are words that promise work instead of doing it.
var unfinished = []string{"TO" + "DO", "FIX" + "ME", "XX" + "X"}

func TestNothingIsLeftForLater(t *testing.T) {
	for _, s := range load(t, func(source) bool { return true }) {
		for _, group := range s.file.Comments {
			for _, word := range unfinished {
				if strings.Contains(group.Text(), word) {
					t.Errorf("%s: a comment says %s", s.at(group), word)
				}
			}
		}
	}
}

// testName is how a comment names a test that proves what it says.
var testName = regexp.MustCompile(`\b(Test|Fuzz|Benchmark)[A-Z]\w+`)

// TestNamedTestsExist: a reader who follows a comment to its proof finds it, also after a rename.
func TestNamedTestsExist(t *testing.T) {
	all := load(t, func(source) bool { return true })
	there := map[string]bool{}
	for _, s := range all {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				there[f.Name.Name] = true
			}
		}
	}
	for _, s := range all {
		for _, group := range s.file.Comments {
			for _, name := range testName.FindAllString(group.Text(), -1) {
				if !there[name] {
					t.Errorf("%s: a comment names %s, and there is no such test", s.at(group), name)
				}
			}
		}
	}
}

// Names of one machine's folders and of package registries do not belong in a
// repository: the first are wrong elsewhere, the second are each user's choice.
var foreign = []string{"/wo" + "rk/", "/fa" + "rm/", "proxy.gol" + "ang.org", "registry.n" + "pmjs",
	"pypi" + ".org"}

// maxTextFile bounds the files that are searched, in bytes.
const maxTextFile = 4 << 20

func TestNothingNamesAMachineOrARegistry(t *testing.T) {
	err := walk(func(p string) error {
		if p == ".git" { // a second checkout has a file of that name, which says where the first one is
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, p))
		if err != nil || len(text) > maxTextFile || bytes.IndexByte(text, 0) >= 0 {
			return err
		}
		for _, word := range foreign {
			if i := bytes.Index(text, []byte(word)); i >= 0 {
				t.Errorf("%s:%d: names %s", p, 1+bytes.Count(text[:i], []byte("\n")), word)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
