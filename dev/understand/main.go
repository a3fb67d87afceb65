// Command understand trains and measures what the bot understands.
//
//	go run ./dev/understand train    writes internal/understand/data/weights.gz
//	go run ./dev/understand eval     writes the figures of docs/answers.md
//
// Both take a few minutes of one processor, and do the same each time.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/flowhq/flowhq/internal/understand"
	"github.com/flowhq/flowhq/internal/understand/train"
)

const (
	folder  = "internal/understand"
	answers = "docs/answers.md"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func run(args []string) error {
	if len(args) != 1 || args[0] != "train" && args[0] != "eval" {
		return errors.New("usage: go run ./dev/understand train|eval")
	}
	rows, err := train.Load(folder)
	if err != nil {
		return err
	}
	if args[0] == "eval" {
		return writeFigures(train.Report(rows, say))
	}
	packed, err := understand.Pack(train.Train(rows, say))
	if err != nil {
		return err
	}
	say("%d rows, %d KiB of weights", len(rows), len(packed)>>10)
	return os.WriteFile(filepath.Join(folder, "data", "weights.gz"), packed, 0o644)
}

// Lines of docs/answers.md between which the figures stand.
const (
	figuresBegin = "<!-- figures: written by go tool task eval -->\n"
	figuresEnd   = "<!-- end of figures -->\n"
)

// writeFigures prints the report, and puts it into the page.
func writeFigures(report string) error {
	fmt.Print(report)
	page, err := os.ReadFile(answers)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(page), figuresBegin)
	_, after, ended := strings.Cut(rest, figuresEnd)
	if !found || !ended {
		return fmt.Errorf("%s: the lines around the figures are gone", answers)
	}
	return os.WriteFile(answers, []byte(before+figuresBegin+report+figuresEnd+after), 0o644)
}
