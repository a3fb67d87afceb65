package e2e

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
)

// utterances are n real texts of customers for a template in a language.
func utterances(t testing.TB, template flowhq.Template, language flowhq.Language, n int) []string {
	t.Helper()
	name := strings.ToLower(string(template) + "." + string(language) + ".jsonl")
	f, err := os.Open(filepath.Join("..", "..", "testdata", "utterances", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var texts []string
	for lines := bufio.NewScanner(f); len(texts) < n && lines.Scan(); {
		var row struct{ Text string }
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		texts = append(texts, row.Text)
	}
	if len(texts) < n {
		t.Fatalf("%s has %d texts; want %d", name, len(texts), n)
	}
	return texts
}
