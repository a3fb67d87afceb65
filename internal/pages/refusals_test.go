package pages

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
)

// saying are the functions that say something about a field, by name, and which argument it is.
var saying = map[string]int{"wrong": 1, "must": 2, "check": 2, "need": 2}

// sources are where fields of a business's own forms are checked.
var sources = []string{
	"../../account.go", "../../tenant.go", "../../setuprequest.go", "../../profile*.go",
	"../../api/body.go", "../../api/bookings.go", "../../api/contacts.go", "../../api/facts.go",
	"../../api/self.go", "../../api/signin.go",
}

// foreign are fields that no form of a business has.
var foreign = []string{"scopes", "expires_in_days", "version"}

// TestRefusals: what the API can say of a field is there in Swahili. The sentences are read from
// the sources that say them, so that a new one fails here and not before an owner's eyes.
func TestRefusals(t *testing.T) {
	all, err := loadRefusals()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, pattern := range sources {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			for _, said := range sayings(t, name) {
				found++
				if translated(all, said) == "" {
					t.Errorf("%s says %q, which refusals-sw.txt lacks", name, said)
				}
			}
		}
	}
	if found < 80 {
		t.Errorf("the sources say %d things of fields; do the functions have other names?", found)
	}
}

// sayings are the sentences about fields that a file has, with a 7 for whatever only a run knows.
func sayings(t *testing.T, name string) (all []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	add := func(field, said ast.Expr, prefix string) {
		if slices.Contains(foreign, written(field)) {
			return
		}
		if s := written(said); strings.Contains(strings.TrimPrefix(s, "must be "), " ") {
			all = append(all, prefix+s)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			called := ""
			switch f := n.Fun.(type) {
			case *ast.SelectorExpr:
				called = f.Sel.Name
			case *ast.Ident:
				called = f.Name
			}
			at, ok := saying[called]
			if !ok || len(n.Args) <= at {
				return true
			}
			if called == "must" { // which says that itself
				add(n.Args[at-1], n.Args[at], "must be ")
				return true
			}
			add(n.Args[at-1], n.Args[at], "")
		case *ast.CompositeLit:
			if len(n.Elts) == 2 && strings.HasSuffix(typeName(n), "FieldError") {
				add(value(n.Elts[0]), value(n.Elts[1]), "")
			}
		case *ast.ReturnStmt: // of those that return what is wrong
			for _, result := range n.Results {
				s := written(result)
				if strings.HasPrefix(s, "must be ") || strings.HasPrefix(s, "is too ") {
					all = append(all, s)
				}
			}
		}
		return true
	})
	return all
}

func typeName(n *ast.CompositeLit) string {
	switch t := n.Type.(type) {
	case *ast.SelectorExpr:
		return t.Sel.Name
	case *ast.Ident:
		return t.Name
	}
	return ""
}

// value is an element of a literal, whether or not it is named.
func value(e ast.Expr) ast.Expr {
	if named, ok := e.(*ast.KeyValueExpr); ok {
		return named.Value
	}
	return e
}

// verb is a place of a format that a value goes to.
var verb = regexp.MustCompile(`%[a-z]`)

// written is an expression as text, as far as the source says it.
func written(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		if err != nil {
			return "7"
		}
		return s
	case *ast.BinaryExpr:
		return written(e.X) + written(e.Y)
	case *ast.Ident:
		if e.Name == "rule" || e.Name == "phoneWanted" || e.Name == "message" || e.Name == "wrong" {
			return "" // said where it is made
		}
		return "7"
	case *ast.CallExpr:
		if f, ok := e.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Sprintf" && len(e.Args) > 0 {
			return verb.ReplaceAllString(written(e.Args[0]), "7")
		}
		switch f, _ := e.Fun.(*ast.Ident); {
		case f == nil:
		case f.Name == "list" || f.Name == "choices":
			return "A or B"
		case f.Name == "describe":
			return "a string"
		}
	}
	return "7"
}

// TestWordsOfMessages: what became of a message, and what it is, is said in each language.
func TestWordsOfMessages(t *testing.T) {
	words, err := loadTexts()
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, status := range flowhq.MessageStatuses {
		switch status { // those are ticks, or nothing
		case flowhq.Sent, flowhq.Delivered, flowhq.Read, flowhq.Answered, flowhq.Received:
		default:
			keys = append(keys, "message."+string(status))
		}
	}
	for _, kind := range flowhq.Kinds {
		switch kind { // those always have a text
		case flowhq.KindText, flowhq.KindReply, flowhq.KindWarning, flowhq.KindNotice,
			flowhq.KindFollowUp, flowhq.KindOwner, flowhq.KindOperator:
		default:
			keys = append(keys, "sort."+string(kind))
		}
	}
	for lang, has := range words.keys {
		for _, key := range keys {
			if !has[key] {
				t.Errorf("%s has no %s", lang, key)
			}
		}
	}
}
