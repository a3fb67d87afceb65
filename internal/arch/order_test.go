package arch

import (
	"go/ast"
	"path"
	"slices"
	"strings"
	"testing"
)

// order lists the files of some packages in the order in which to read them. Within these
// packages calls run down only, so whoever reads from the top knows where they come from.
// The order is also in the package's comment, for its readers.
var order = map[string][]string{
	"internal/whatsapp": {
		"network.go", "event.go", "conn.go", "run.go", "linking.go", "client.go", "keys.go",
		"handle.go", "receive.go", "inbound.go", "revision.go", "send.go", "upload.go",
		"outgoing.go", "timer.go",
		"unwrap.go", "content.go", "fields.go", "describe.go", "words.go", "media.go", "format.go",
		"state.go", "ends.go", "calls.go", "wire.go",
		"transport.go", "server.go", "version.go", "process.go", "log.go", "timing.go", "address.go",
		"doc.go",
	},
	"internal/whatsapp/keystore": {
		"store.go", "keys.go", "device.go", "sessions.go", "decrypt.go", "send.go",
		"identities.go", "unstored.go", "draft.go", "change.go", "operation.go",
		"lidcache.go", "erase.go", "lids.go", "prune.go", "array.go",
		"doc.go",
	},
}

func TestCallsRunDown(t *testing.T) {
	for dir, files := range order {
		all := load(t, func(s source) bool { return s.dir == dir && !s.isTest() })
		declared := declarations(all)
		for _, s := range all {
			from := slices.Index(files, path.Base(s.path))
			if from < 0 {
				t.Errorf("%s has no place in order_test.go", s.path)
				continue
			}
			for name, at := range uses(s) {
				if to := slices.Index(files, declared[name]); to >= 0 && to < from {
					t.Errorf("%s: %s is in %s, which is to be read before", s.at(at), name, declared[name])
				}
			}
		}
	}
}

// TestCommentsTellTheOrder: the comment of a package that lists its files lists all of them, and none
// that is no more.
func TestCommentsTellTheOrder(t *testing.T) {
	for _, dir := range []string{
		"internal/whatsapp", "internal/whatsapp/keystore", "internal/pipeline", "internal/reply",
	} {
		all := load(t, func(s source) bool { return s.dir == dir && !s.isTest() })
		comment := ""
		for _, s := range all {
			comment += s.file.Doc.Text()
		}
		// Whole words are compared: what is in order.go is not said by a line about openorder.go.
		named := map[string]bool{}
		for _, word := range strings.Fields(comment) {
			if word = strings.Trim(word, "(),.;:"); strings.HasSuffix(word, ".go") && path.Base(word) == word {
				named[word] = true
			}
		}
		for _, s := range all {
			name := path.Base(s.path)
			// One file has the comment itself, and one the type that the package is about.
			if name != "doc.go" && name != path.Base(dir)+".go" && !named[name] {
				t.Errorf("the comment of %s does not say what is in %s", dir, name)
			}
			delete(named, name)
		}
		for name := range named {
			t.Errorf("the comment of %s names %s, which it does not have", dir, name)
		}
	}
}

// declarations returns the file of each function and unexported method of a package.
// Exported methods are left out: a name alone does not tell them from another type's.
func declarations(all []source) map[string]string {
	files := map[string]string{}
	for _, s := range all {
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv != nil && f.Name.IsExported() {
				continue
			}
			name := f.Name.Name
			if f.Recv != nil {
				name = "." + name
			}
			files[name] = path.Base(s.path)
		}
	}
	return files
}

// uses returns where a file uses which functions and, with a dot before, which methods and
// fields. A name that a local variable hides is not told apart; none is so far.
func uses(s source) map[string]ast.Node {
	used := map[string]ast.Node{}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			used["."+n.Sel.Name] = n
			if _, isPackage := n.X.(*ast.Ident); !isPackage {
				return true
			}
			return false
		case *ast.CallExpr:
			for _, e := range append([]ast.Expr{n.Fun}, n.Args...) {
				if id, ok := e.(*ast.Ident); ok {
					used[id.Name] = id
				}
			}
		case *ast.KeyValueExpr:
			if id, ok := n.Value.(*ast.Ident); ok {
				used[id.Name] = id
			}
		}
		return true
	})
	return used
}
