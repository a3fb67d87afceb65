package reply

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata")

// TestOldConversations plays every conversation in testdata. A file begins with the
// tenant's settings; a line "-- title --" begins a conversation afresh; ">" is
// what the customer writes ("> [media]" a picture, with what follows as its
// caption), "@ 40m" lets time pass, and "<" is what the bot says.
func TestOldConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	if want := len(flowhq.Templates) * len(flowhq.Languages); len(files) != want {
		t.Fatalf("testdata has %d conversation files; want one for each template and language, %d", len(files), want)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := play(string(want))
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-file +bot); run with -update if the bot is right:\n%s", file, diff)
			}
		})
	}
}

// play returns the script with the bot's lines as the bot says them now.
func play(script string) (string, error) {
	var out strings.Builder
	var c flowhq.Config
	var s State
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for i, line := range strings.Split(strings.TrimSuffix(script, "\n"), "\n") {
		mark, rest, _ := strings.Cut(line, " ")
		switch mark {
		case "<":
			continue // said anew below
		case "template:":
			c.Template = flowhq.Template(strings.ToUpper(rest))
		case "language:":
			c.Language = flowhq.Language(strings.ToUpper(rest))
		case "business:":
			c.BusinessName = rest
		case "--":
			s = State{}
		case "@":
			d, err := time.ParseDuration(rest)
			if err != nil {
				return "", fmt.Errorf("line %d: %w", i+1, err)
			}
			now = now.Add(d)
		case ">", "", "#":
		default:
			return "", fmt.Errorf("line %d: %q begins with none of < > @ -- #", i+1, line)
		}
		out.WriteString(line + "\n")
		if mark == ">" {
			var text string
			text, s, _ = Answer(written(rest, now), c, s)
			for l := range strings.SplitSeq(text, "\n") {
				out.WriteString(strings.TrimSuffix("< "+l, " ") + "\n")
			}
		}
	}
	return out.String(), nil
}

func written(line string, at time.Time) Message {
	if caption, isMedia := strings.CutPrefix(line, "[media]"); isMedia {
		return Message{Text: strings.TrimSpace(caption), Kind: flowhq.KindMedia, At: at}
	}
	return Message{Text: line, Kind: flowhq.KindText, At: at}
}
