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

// quietZone is the empty border of a code, in modules. The standard for QR codes, ISO/IEC
// 18004, asks for four. With two the picture is two lines shorter, which counts where a code
// fills most of the height of a terminal.
const quietZone = 2

// QR returns a code as lines of half blocks, two rows of modules a line, as a character is
// about twice as high as it is wide. The colours are set, so that the code is dark on light on
// every terminal: many scanners do not read the inverse. The only error is of a text that is
// too long for a QR code, which none of WhatsApp's is.
func QR(text string) (string, error) {
	// The least error correction, and so the smallest picture. A terminal has no dirt on it.
	c, err := qrcode.Encode(text, qrcode.L)
	if err != nil {
		return "", fmt.Errorf("draw the code: %w", err)
	}
	const whiteOnBlack, plain = "\x1b[97;40m", "\x1b[0m"
	var b strings.Builder
	for y := -quietZone; y < c.Size+quietZone; y += 2 { // modules outside of the code are white
		b.WriteString(whiteOnBlack)
		for x := -quietZone; x < c.Size+quietZone; x++ {
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

// clean returns s without what would move a cursor, change a colour or hide a text, such as an
// escape sequence or the marks that turn the direction of writing. Its lines stay.
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

// oneLine returns s as clean does, and on one line, for a cell of a table. A line break stays
// visible as a sign: a customer could otherwise write a text that looks like another row.
func oneLine(s string) string { return clean(strings.ReplaceAll(s, "\n", "⏎ ")) }

// columnGap is the empty space between two columns, in characters.
const columnGap = 2

// table writes rows of cells in columns. An empty cell is a dash, so that programs like awk
// count the same columns in every row. The whole table is in memory before the first byte is
// written, as the widths depend on the last row too.
func table(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, columnGap, ' ', 0)
	for _, row := range rows {
		// In place: the rows are made for this call.
		for i, cell := range row {
			row[i] = cmp.Or(oneLine(cell), "-")
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

// formatTime shows a time as the operator's clock does. There is no zone: who compares it with
// a server's log in UTC finds the exact time in the output of -json.
func formatTime(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

// formatTimeIf shows a time, and nothing if there is none.
func formatTimeIf(t *time.Time) string {
	if t == nil {
		return ""
	}
	return formatTime(*t)
}

// asJSON writes v for programs, in the fields of the API, so that a script may use either.
func asJSON(w io.Writer, v any) error {
	// Not cleaned: programs want what is there.
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
