package e2e

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/reply"
)

// utterances are n texts of customers for a template in a language, real ones and then
// pairs of them. The bot answers each by itself, whatever was written before: it neither hands the
// chat over nor asks back. So a test can count one reply to each.
func utterances(t testing.TB, template flowhq.Template, language flowhq.Language, n int) []string {
	t.Helper()
	name := strings.ToLower(string(template) + "." + string(language) + ".jsonl")
	f, err := os.Open(filepath.Join("..", "..", "testdata", "utterances", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	nothing := reply.Compile(flowhq.NewProfile("+254700000001"),
		flowhq.Config{Template: template, Language: language, BusinessName: "X"})
	var real []string
	for lines := bufio.NewScanner(f); len(real) < n && lines.Scan(); {
		var row struct{ Text string }
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if isAnswered(nothing, row.Text) {
			real = append(real, row.Text)
		}
	}
	texts := real[:len(real):len(real)]
	for _, a := range real {
		for _, b := range real {
			if text := a + ". " + b; len(texts) < n && a != b && isAnswered(nothing, text) {
				texts = append(texts, text)
			}
		}
	}
	const enough = 40 // that nobody writes one of them again and again, as a program does
	if len(texts) < enough {
		t.Fatalf("%s has %d texts; want %d", name, len(texts), enough)
	}
	for i := 0; len(texts) < n; i++ {
		texts = append(texts, texts[i])
	}
	return texts
}

// isAnswered reports whether the bot answers a text and leaves nothing open.
func isAnswered(k *reply.Knowledge, text string) bool {
	turn := reply.Decide(reply.Input{
		Message:   reply.Message{Text: text, Kind: flowhq.KindText, At: time.Now()},
		Knowledge: k, Reference: "K00000",
	})
	s := turn.State
	return turn.Reply != "" && len(turn.Facts) == 0 && s.Misses == 0 && s.Booking == nil && s.Order == nil &&
		s.Ticket == nil && reflect.ValueOf(s.Ask).IsZero()
}
