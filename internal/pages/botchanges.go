package pages

import (
	"cmp"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
)

// A change is what differs between two versions of a profile, for somebody who looks over what they
// saved.
type change struct {
	List  string // of the entry; "" of what is in no list
	Entry string // what the entry is called by; "" of what is in no list
	Field string // the member that changed, as in the key of its name; "" if the entry came or went
	Lang  string // en or sw, of a text
	Old   string
	New   string
}

// Added and Removed say that the whole entry came or went.
func (c change) Added() bool { return c.Field == "" && c.New != "" }

// Removed is beside Added: the later version lacks the entry.
func (c change) Removed() bool { return c.Field == "" && c.Old != "" }

// maxChanges is how many changes are shown. An imported price list may change thousands.
const maxChanges = 100

// changesOf compares two versions. Entries are compared with those of the same id or name, so that
// one that was put in front does not change all that follow.
func changesOf(before, after flowhq.Profile) (all []change) {
	// The numbers of two versions always differ, and are no change.
	before.Version, after.Version = 0, 0
	old, now := keyed(before), keyed(after)
	// Entries that came or went are said once, and not field by field. A field may be in one
	// version only, so the paths of both are gone through.
	paths := map[string]bool{}
	for _, values := range []flat{old, now} {
		for path := range values.fields {
			paths[path] = true
		}
	}
	said := map[entryName]bool{}
	// In order, so that two versions are always told in the same way, and fields of an entry
	// together.
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		entry := old.entries[path]
		if entry.list == "" {
			// An entry that is new is in the later version alone.
			entry = now.entries[path]
		}
		// An entry that was renamed is called by its new name.
		label := cmp.Or(now.labels[entry], old.labels[entry])
		_, was := old.labels[entry]
		_, is := now.labels[entry]
		switch {
		case entry.list != "" && was != is:
			// Each field of the entry leads here, and only the first one may say it.
			if !said[entry] {
				c := change{List: entry.list, Entry: label, Old: label}
				if is {
					c.Old, c.New = "", label
				}
				all, said[entry] = append(all, c), true
			}
		case old.fields[path] != now.fields[path]:
			c := change{
				List: entry.list, Entry: label, Old: old.fields[path], New: now.fields[path],
			}
			c.Field, c.Lang = fieldName(path)
			all = append(all, c)
		}
		// One more than is shown is enough to stop at.
		if len(all) > maxChanges {
			return all[:maxChanges]
		}
	}
	return all
}

// fieldName is the member that a path ends with, and of a text the language.
func fieldName(path string) (name, lang string) {
	if text, ok := strings.CutPrefix(path, "texts."); ok {
		// Keys of texts have dots of their own, such as greet.welcome, so the language is what
		// follows the last dot. The names of fields have a - in place of each.
		i := strings.LastIndexByte(text, '.')
		return strings.ReplaceAll(text[:i], ".", "-"), text[i+1:]
	}
	name = lastName(path)
	// A text in two languages is one field of the form, told by its member and the language.
	if name == "en" || name == "sw" {
		return lastName(strings.TrimSuffix(path, "."+name)), name
	}
	return name, ""
}

// An entryName tells an entry of a list from the others. The list is part of it, since a service
// and a product may have the same id.
type entryName struct{ list, name string }

// flat is a profile as fields, of which those of lists are named by their entries.
type flat struct {
	fields  map[string]string
	entries map[string]entryName // by the path of each field
	labels  map[entryName]string // what each entry is called by
}

// keyed is a profile with its lists named by entry.
func keyed(p flowhq.Profile) flat {
	// Lists without ids are told by what no two of their entries share, such as a date.
	f := flat{map[string]string{}, map[string]entryName{}, map[entryName]string{}}
	for _, o := range p.Hours {
		f.put("hours", string(o.Day)+" "+o.Opens, string(o.Day), o)
	}
	for _, h := range p.Holidays {
		f.put("holidays", h.Date, h.Date, h)
	}
	for _, s := range p.Services {
		f.put("services", s.ID, cmp.Or(s.Name.EN, s.Name.SW), s)
	}
	for _, q := range p.Products {
		f.put("products", q.ID, cmp.Or(q.Name.EN, q.Name.SW), q)
	}
	for _, a := range p.Delivery.Areas {
		f.put("areas", a.Name, a.Name, a)
	}
	for _, y := range p.Payments {
		f.put("payments", y.Name+" "+y.Number, y.Name, y)
	}
	for _, a := range p.Answers {
		// An answer has no name. Owners know it by its first question.
		label := a.ID
		if len(a.Questions) > 0 {
			label = a.Questions[0]
		}
		f.put("answers", a.ID, label, a)
	}
	// The lists are done. What is left has no entries, and its paths alone tell its fields apart.
	p.Hours, p.Holidays, p.Services, p.Products, p.Payments, p.Answers = nil, nil, nil, nil,
		nil, nil
	p.Delivery.Areas = nil
	rest := url.Values{}
	encode("", reflect.ValueOf(p), rest)
	for path := range rest {
		f.fields[path] = rest.Get(path)
	}
	return f
}

// put adds an entry of a list.
func (f flat) put(list, name, label string, entry any) {
	// Entries are taken apart like a form, so a change is told by the same names of fields.
	values := url.Values{}
	// The line break keeps the path of an entry from being that of another field.
	encode(list+"\n"+name, reflect.ValueOf(entry), values)
	f.labels[entryName{list, name}] = label
	for path := range values {
		f.fields[path], f.entries[path] = values.Get(path), entryName{list, name}
	}
}
