package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	qrcode "rsc.io/qr"
)

// quiet is the empty border that a scanner needs, in modules.
const quiet = 2

// QR returns a code as lines of half blocks, two rows of modules a line, as a character is
// about twice as high as it is wide. The colours are set, so that the code is dark on light
// on every terminal: many scanners do not read the inverse.
func QR(text string) (string, error) {
	// The least error correction, and so the smallest picture. A terminal has no dirt on it.
	c, err := qrcode.Encode(text, qrcode.L)
	if err != nil {
		return "", fmt.Errorf("draw the code: %w", err)
	}
	const whiteOnBlack, plain = "\x1b[97;40m", "\x1b[0m"
	var b strings.Builder
	for y := -quiet; y < c.Size+quiet; y += 2 { // modules outside of the code are white
		b.WriteString(whiteOnBlack)
		for x := -quiet; x < c.Size+quiet; x++ {
			b.WriteRune(halves[c.Black(x, y)][c.Black(x, y+1)])
		}
		b.WriteString(plain + "\n")
	}
	return b.String(), nil
}

// halves maps (upper module is black) and (lower module is black) to the character whose
// drawn half is what is white.
var halves = map[bool]map[bool]rune{
	false: {false: '█', true: '▀'},
	true:  {false: '▄', true: ' '},
}

// clean returns s without what would move a cursor, change a colour or hide a text. Its
// lines stay.
func clean(s string) string {
	// A character takes the place of each that is left out: that something was there may
	// matter.
	return strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, s)
}

// oneLine returns s as clean does, and on one line, for a cell of a table.
func oneLine(s string) string { return clean(strings.ReplaceAll(s, "\n", "⏎ ")) }

// columnGap is the empty space between two columns, in characters.
const columnGap = 2

// table writes rows of cells in columns. An empty cell is a dash, so that programs like awk
// count the same columns in every row.
func table(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, columnGap, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			row[i] = cmp.Or(oneLine(cell), "-")
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

// moment shows a time as the operator's clock does.
func moment(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

// momentIf shows a time, and nothing if there is none.
func momentIf(t *time.Time) string {
	if t == nil {
		return ""
	}
	return moment(*t)
}

// asJSON writes v for programs.
func asJSON(w io.Writer, v any) error {
	// Not cleaned: programs want what is there.
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
