package pricelist

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
)

// A Change says what became of one product or service.
type Change struct {
	Line   int      `json:"line"` // in the file; 0 if it is not in the file
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	Fields []string `json:"fields"` // that are changed
}

// A Report says what a table changes in a profile.
type Report struct {
	Added   []Change `json:"added"`
	Changed []Change `json:"changed"`
	Removed []Change `json:"removed"`
	// An owner who uploads the same file twice sees here that nothing was lost.
	Unchanged int `json:"unchanged"` // rows that change nothing
}

// Apply changes the table's list in a profile. A row changes the entry of its id, or else that of
// one of its names, and only what the file has a column for; a row of no entry adds one. Entries
// that are in no row stay, unless replace is set.
//
// The profile is normalized and validated as a whole. An Invalid error names lines of the file as
// far as they are what is wrong.
//
// Apply does not change p: its caller may call Apply again with a newer profile when somebody else
// has changed the profile meanwhile. Nothing is half done: with an error the caller keeps the old
// profile.
func (t Table) Apply(p flowhq.Profile, replace bool) (flowhq.Profile, Report, error) {
	var f faults
	var r Report
	// The profile's check names an entry by its place in the list. The owner sees lines of the
	// file.
	var lines []int // of each entry of the list; 0 for those that are not in the file
	if t.list == Services {
		p.Services, lines = merge(&t, p.Services, serviceKeys, readService, replace, &r, &f)
	} else {
		p.Products, lines = merge(&t, p.Products, productKeys, readProduct, replace, &r, &f)
	}
	// Cells that could not be read come first: the profile's check would name their empty fields
	// again.
	if err := f.err(); err != nil {
		return p, r, err
	}
	// Normalized gives new entries their ids and keeps the order, so lines still fits the list.
	p = p.Normalized()
	if err := p.Validate(); err != nil {
		return p, r, t.named(err, lines)
	}
	// New entries without an id in the file have one only now. The report names it, so that a
	// client finds the entry.
	for _, list := range [][]Change{r.Added, r.Changed, r.Removed} {
		for i := range list {
			at := slices.Index(lines, list[i].Line)
			if list[i].ID != "" || list[i].Line == 0 || at < 0 {
				continue
			}
			if t.list == Services {
				list[i].ID = p.Services[at].ID
			} else {
				list[i].ID = p.Products[at].ID
			}
		}
	}
	return p, r, nil
}

// keys are by which a row finds its entry: the id and the names. Both names count, since the owner
// of a file in one language need not know the other name.
type keys struct{ id, en, sw string }

func serviceKeys(s flowhq.Service) keys { return keys{s.ID, s.Name.EN, s.Name.SW} }
func productKeys(p flowhq.Product) keys { return keys{p.ID, p.Name.EN, p.Name.SW} }

// name is what a report calls an entry.
func (k keys) name() string {
	if k.en != "" {
		return k.en
	}
	return k.sw
}

// fold makes names that an owner would not tell apart the same. Without it a second space in a cell
// would make a second entry of the same product.
func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// merge changes a list by the rows of a table, and returns it with the line of each entry.
func merge[T any](
	t *Table, old []T, of func(T) keys, read func(T, row, *faults) (T, []string),
	replace bool, r *Report, f *faults,
) (all []T, lines []int) {
	// The lists are empty and not nil: clients get [] and not null.
	r.Added, r.Changed, r.Removed = []Change{}, []Change{}, []Change{}
	// The profile's own list must stay as it is: a refused file changes nothing.
	all = slices.Clone(old)
	lines = make([]int, len(all))
	// Only the entries of before are in the maps. Two rows of one new name are two entries, which
	// the profile's check refuses with both lines.
	byID, byName := map[string]int{}, map[string]int{}
	for i, entry := range all {
		k := of(entry)
		byID[k.id] = i
		for _, name := range []string{k.en, k.sw} {
			if name != "" {
				byName[fold(name)] = i
			}
		}
	}
	for _, row := range t.rows {
		i, found := find(row, byID, byName)
		// Else the later row would win in silence, and the owner would not learn which price
		// counts.
		if found && lines[i] != 0 {
			f.add(row.line, "", "is of the same %s as line %d: each may have one line",
				strings.TrimSuffix(string(t.list), "s"), lines[i])
			continue
		}
		var before T
		if found {
			before = all[i]
		}
		// The row of a fault is read all the same, so that one upload finds all faults of the file.
		after, changed := read(before, row, f)
		k := of(after)
		if k.name() == "" {
			f.add(row.line, "", "must have a name in name_en or name_sw")
			continue
		}
		c := Change{Line: row.line, ID: k.id, Name: k.name(), Fields: changed}
		switch {
		case !found:
			all, lines = append(all, after), append(lines, row.line)
			r.Added = append(r.Added, c)
			continue
		case len(changed) > 0:
			r.Changed = append(r.Changed, c)
		default:
			r.Unchanged++
		}
		all[i], lines[i] = after, row.line
	}
	if !replace {
		return all, lines
	}
	// all is a copy, so its array may be used for what is kept.
	kept := all[:0]
	keptLines := lines[:0]
	for i, entry := range all {
		if lines[i] == 0 {
			k := of(entry)
			r.Removed = append(r.Removed, Change{ID: k.id, Name: k.name(), Fields: []string{}})
			continue
		}
		kept, keptLines = append(kept, entry), append(keptLines, lines[i])
	}
	return kept, keptLines
}

// find returns the entry that a row is of. A row with an id that no entry has is a new one of that
// id, also if its name is known: the profile's own check then says that the name is taken.
func find(r row, byID, byName map[string]int) (int, bool) {
	// The id decides alone: a renamed product keeps its id, and with it what orders refer to.
	if id := r.cells[colID]; id != "" {
		i, ok := byID[id]
		return i, ok
	}
	// The first name that is known decides. English comes first, as it does in the file.
	for _, c := range []column{colNameEN, colNameSW} {
		if name := fold(r.cells[c]); name != "" {
			if i, ok := byName[name]; ok {
				return i, true
			}
		}
	}
	return 0, false
}

// path is that of a field of an entry of a list, as the profile's check names it. The indexes are
// those of flowhq.Profile.Validate; a change of its form there is a change here.
var path = regexp.MustCompile(`(services|products)\[([0-9]+)\](\.[a-z_.]+)?(\[[0-9]+\])?`)

// named returns an error of the profile's check with the lines of the file in place of the entries
// of the list.
func (t Table) named(err error, lines []int) error {
	e, ok := errors.AsType[*flowhq.Error](err)
	if !ok {
		return err
	}
	name := func(found string) string {
		m := path.FindStringSubmatch(found)
		i, _ := strconv.Atoi(m[2])
		// What is of the other list, or of an entry that no row is of, has no line and keeps its
		// path.
		if m[1] != string(t.list) || i >= len(lines) || lines[i] == 0 {
			return found
		}
		where := fmt.Sprintf("line %d", lines[i])
		if field := strings.TrimPrefix(m[3], "."); field != "" {
			// Field paths become titles of columns: name.en is name_en. Only availability has a
			// name of its own, since the profile stores the opposite.
			where += ", " + strings.Replace(strings.ReplaceAll(field, ".", "_"),
				"unavailable", string(colAvailability), 1)
		}
		return where
	}
	named := &flowhq.Error{
		Code: e.Code, Message: "the file has lines that are wrong; nothing of it was taken",
	}
	// The message is read as well: it may name a second entry, such as one that has the name
	// already.
	for _, f := range e.Fields {
		named.Fields = append(named.Fields, flowhq.FieldError{
			Field:   path.ReplaceAllStringFunc(f.Field, name),
			Message: path.ReplaceAllStringFunc(f.Message, name),
		})
	}
	return named
}
