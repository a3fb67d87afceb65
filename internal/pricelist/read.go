package pricelist

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/flowhq/flowhq"
)

// A List is what a table is of.
type List string

// The lists of a profile that can be kept as a table.
const (
	Products List = "products"
	Services List = "services"
)

// Lists lists every List.
var Lists = []List{Products, Services}

// Bounds of a file.
const (
	// The profile refuses more entries anyway. The bound is here so that a huge file ends early.
	maxRows   = flowhq.MaxProducts
	maxErrors = 20 // that Read names; more would say nothing new
)

// A Table is a file that was read.
type Table struct {
	list    List
	columns []column // in the order of the file
	rows    []row
}

// A row is one product or service.
type row struct {
	line int // in the file, the first being 1
	// Columns that the file does not have are no keys. An empty cell is one, and empties the field.
	cells map[column]string
}

// A faults collects what is wrong with a file.
type faults []flowhq.FieldError

// add notes a problem of a line, or of one cell of it.
func (f *faults) add(line int, c column, format string, args ...any) {
	where := fmt.Sprintf("line %d", line)
	if c != "" {
		where += ", " + string(c)
	}
	// The list is kept short: an error answer is bounded, and one wrong title repeats in each row.
	if len(*f) < maxErrors {
		*f = append(*f, flowhq.FieldError{Field: where, Message: fmt.Sprintf(format, args...)})
	}
}

// err is the Invalid error of what was found, or nil.
func (f faults) err() error {
	// The test is here: a nil *flowhq.Error in an error would not be nil.
	if f == nil {
		return nil
	}
	return &flowhq.Error{
		Code: flowhq.Invalid, Fields: f,
		Message: "the file has lines that are wrong; nothing of it was taken",
	}
}

// Read reads a CSV file of a list. An Invalid error names each line that is wrong.
func Read(data []byte, list List) (Table, error) {
	t := Table{list: list}
	// Excel's "Unicode text" is UTF-16. Guessing at encodings would turn names into rubbish that
	// customers read.
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return t, flowhq.Errorf(flowhq.Invalid,
			"the file is in UTF-16: save it as \"CSV UTF-8\", which spreadsheets offer beside CSV")
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // Excel's mark of UTF-8
	if line, ok := firstInvalid(data); !ok {
		return t, flowhq.Errorf(flowhq.Invalid, "line %d is not in UTF-8: save the file as "+
			"\"CSV UTF-8\", which spreadsheets offer beside CSV", line)
	}
	comma, skip := separator(data)
	r := csv.NewReader(bytes.NewReader(data[skip:]))
	// Rows may be shorter than the titles: spreadsheets leave empty cells at the end out.
	r.Comma, r.FieldsPerRecord = comma, -1
	// The reader counts from where it begins. Owners count from the first line of the file.
	lines := bytes.Count(data[:skip], []byte("\n"))
	var f faults
	for more := true; more && len(f) < maxErrors; {
		more = t.next(r, lines, &f)
	}
	if err := f.err(); err != nil {
		return t, err
	}
	if t.columns == nil {
		return t, flowhq.Errorf(flowhq.Invalid,
			"the file is empty: its first line names the columns: %s", t.columnList())
	}
	if len(t.rows) == 0 {
		return t, flowhq.Errorf(flowhq.Invalid, "the file has no row below its first line")
	}
	return t, nil
}

// firstInvalid returns the line of the first byte that is not UTF-8.
func firstInvalid(data []byte) (line int, ok bool) {
	for line := 1; ; line++ {
		one, rest, more := bytes.Cut(data, []byte("\n"))
		// NUL is valid UTF-8, but PostgreSQL refuses it in a text.
		if !utf8.Valid(one) || bytes.IndexByte(one, 0) >= 0 {
			return line, false
		}
		if !more {
			return 0, true
		}
		data = rest
	}
}

// separator returns what separates the cells, and how many bytes to skip before the titles. It is
// what the first line has most of; Excel may say it in a line of its own.
func separator(data []byte) (comma rune, skip int) {
	first, _, _ := bytes.Cut(data, []byte("\n"))
	if s, ok := bytes.CutPrefix(bytes.TrimSpace(first), []byte("sep=")); ok && len(s) == 1 {
		return rune(s[0]), min(len(first)+1, len(data))
	}
	comma, most := ',', -1
	// The comma wins a tie. Excel writes semicolons where the decimal sign is a comma.
	for _, c := range []rune{',', ';', '\t'} {
		if n := bytes.Count(first, []byte(string(c))); n > most {
			comma, most = c, n
		}
	}
	return comma, 0
}

// next reads one line, and reports whether there may be another. lines are those before what r
// reads.
func (t *Table) next(r *csv.Reader, lines int, f *faults) bool {
	cells, err := r.Read()
	if errors.Is(err, io.EOF) {
		return false
	}
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		f.add(lines+parse.StartLine, "", "must have its quotes in pairs: a text with quotes in it "+
			"is written with each of them twice, between quotes")
		return false // where the next line begins is not known
	}
	if err != nil {
		f.add(lines+1, "", "cannot be read")
		return false
	}
	line, _ := r.FieldPos(0)
	line += lines
	if strings.TrimSpace(strings.Join(cells, "")) == "" {
		return true // spreadsheets leave such lines at the end
	}
	if t.columns == nil {
		return t.readTitles(line, cells, f)
	}
	if len(t.rows) == maxRows {
		f.add(line, "", "is too much: a file may have at most %d rows", maxRows)
		return false
	}
	one := row{line, map[column]string{}}
	for i, cell := range cells {
		cell = unguarded(strings.TrimSpace(cell))
		if i < len(t.columns) {
			one.cells[t.columns[i]] = cell
		} else if cell != "" {
			f.add(line, "", "must have at most %d cells, as the first line has: put a text with "+
				"the separator in it between quotes", len(t.columns))
			break
		}
	}
	t.rows = append(t.rows, one)
	return true
}

// readTitles reads the first line, and reports whether the file can be read on.
func (t *Table) readTitles(line int, cells []string, f *faults) bool {
	for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1] // spreadsheets write empty columns at the end
	}
	seen := map[column]bool{}
	for i, head := range cells {
		c, ok := columnFor(head)
		switch {
		case !ok || !contains(columnsOf[t.list], c):
			f.add(line, "",
				"names a column %q in place %d that a list of %s does not have; it has %s",
				cut(head), i+1, t.list, t.columnList())
		case seen[c]:
			f.add(line, "", "names the column %s twice", c)
		}
		seen[c] = true
		// An unknown column is kept in its place: else the cells behind it would be read as others.
		t.columns = append(t.columns, c)
	}
	// Rows without an id are found by their name. Without a name the first line is probably no
	// titles.
	if !seen[colNameEN] && !seen[colNameSW] {
		f.add(line, "", "must name the columns, at least name_en or name_sw; there are %s",
			t.columnList())
	}
	return *f == nil
}

// columnList spells out the columns of the list.
func (t *Table) columnList() string {
	var names []string
	for _, c := range columnsOf[t.list] {
		names = append(names, string(c))
	}
	return strings.Join(names, ", ")
}

// contains reports whether a column is among those of a list, of which there are a dozen at most.
func contains(all []column, c column) bool {
	for _, a := range all {
		if a == c {
			return true
		}
	}
	return false
}

// cut shortens what an error quotes of a file.
func cut(s string) string {
	const most = 40 // characters
	// It is cut between characters, so that the error stays valid UTF-8.
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
