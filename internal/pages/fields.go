package pages

import (
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Fields of a form are named like the parts of what they are about in JSON, such as
// services[2].price. The API names what is wrong by the same paths, so that each error finds its
// field without a table of them.

// separators are between the words of a list that is one field. Whole sentences have commas, so
// each of those has a line of its own.
var separators = map[string]string{"questions": "\n", "": ", "}

// encode puts a value into the fields of a form. What means "not given" is an empty field.
func encode(path string, v reflect.Value, out url.Values) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			encode(joined(path, jsonName(v.Type().Field(i))), v.Field(i), out)
		}
	case reflect.Slice:
		// Words are one field, and entries are rows with fields of their own.
		if words, ok := v.Interface().([]string); ok {
			set(out, path, strings.Join(words, separatorOf(path)))
			return
		}
		for i := range v.Len() {
			encode(entryPath(path, i), v.Index(i), out)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			encode(joined(path, key.String()), v.MapIndex(key), out)
		}
	case reflect.Pointer: // 0 of an optional number is a value, and not the lack of one
		if !v.IsNil() {
			set(out, path, scalar(v.Elem()))
		}
	default:
		// What is zero means "not given", and an empty field says the same.
		if !v.IsZero() {
			set(out, path, scalar(v))
		}
	}
}

// set keeps empty fields out, so that to have a field is to have something in it.
func set(out url.Values, path, text string) {
	if text != "" {
		out.Set(path, text)
	}
}

// scalar is a value as one would type it.
func scalar(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Float64:
		// As few digits as name the number exactly, so saving what was not touched changes
		// nothing.
		return strconv.FormatFloat(v.Float(), 'f', -1, 64)
	default:
		return v.String()
	}
}

// joined is the path of a member.
func joined(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// entryPath is the path of an entry of a list.
func entryPath(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

// lastName is the member that a path ends with: of services[2].name.en it is "en".
func lastName(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// separatorOf is what is between the words of a list.
func separatorOf(path string) string {
	if s, ok := separators[lastName(path)]; ok {
		return s
	}
	return separators[""]
}

// jsonName is the name of a field in JSON.
func jsonName(f reflect.StructField) string {
	// What follows a comma in the tag is an option, such as omitempty.
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

// A fieldReader reads values from the fields of a form, and notes the fields that are no such
// values. What else is wrong with them is the API's to say.
type fieldReader struct {
	values url.Values
	wrong  map[string]string // by field
	// placed are the rows of the form that the entries of each list were read from, by list.
	placed map[string][]int
	// whole is what is said of a field that is no whole number, and number of one that is none.
	whole, number string
}

// newFieldReader returns a reader of what was typed.
func newFieldReader(values url.Values, whole, number string) *fieldReader {
	return &fieldReader{values, map[string]string{}, map[string][]int{}, whole, number}
}

// read fills v, a pointer, from the field at a path and those below it.
func (r *fieldReader) read(path string, v any) { r.into(path, reflect.ValueOf(v).Elem()) }

// into fills v. An empty field is the zero value, which the profile has for "not given".
func (r *fieldReader) into(path string, v reflect.Value) {
	// Phones put a space after a word that they complete.
	text := strings.TrimSpace(r.values.Get(path))
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			r.into(joined(path, jsonName(v.Type().Field(i))), v.Field(i))
		}
	case reflect.Slice:
		if _, ok := v.Interface().([]string); ok {
			v.Set(reflect.ValueOf(splitWords(text, separatorOf(path))))
			return
		}
		// Never nil, so that a list that was emptied takes the old one's place.
		all := reflect.MakeSlice(v.Type(), 0, 0)
		// Rows that were left empty are no entries, so entry 2 may be row 5 of the form.
		r.placed[path] = r.rows(path)
		for _, i := range r.placed[path] {
			entry := reflect.New(v.Type().Elem()).Elem()
			r.into(entryPath(path, i), entry)
			all = reflect.Append(all, entry)
		}
		v.Set(all)
	case reflect.Pointer:
		// A field that was emptied must not keep the number from before.
		v.SetZero()
		if text != "" {
			v.Set(reflect.New(v.Type().Elem()))
			r.into(path, v.Elem())
		}
	case reflect.Bool:
		// A box that is not ticked is not sent, and means false.
		v.SetBool(text == "true")
	case reflect.Int, reflect.Int64:
		// The wrong number is read as 0. Callers send nothing while a field is wrong.
		n, err := strconv.ParseInt(digits(text), 10, 64)
		if err != nil && text != "" {
			r.wrong[path] = r.whole
		}
		v.SetInt(n)
	case reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil && text != "" {
			r.wrong[path] = r.number
		}
		v.SetFloat(n)
	default:
		v.SetString(text)
	}
}

// digits is a number as people write an amount, "TSh 10,000/=", without what is no digit. Anything
// else stays, so that it is refused.
func digits(text string) string {
	// Shopkeepers in East Africa end a price with /= or /-.
	text = strings.TrimSuffix(strings.TrimSuffix(text, "/="), "/-")
	for _, currency := range []string{"TSh", "KSh", "Sh", "TZS", "KES"} {
		// A currency alone is no amount, and stays to be refused.
		if len(text) > len(currency) && strings.EqualFold(text[:len(currency)], currency) {
			text = text[len(currency):]
			break
		}
	}
	// Commas and spaces only group the digits.
	return strings.Map(func(r rune) rune {
		if r == ',' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
}

// splitWords splits what was typed into one field for a list. A new line always separates, since a
// phone's keyboard offers one.
func splitWords(text, separator string) []string {
	// Never nil: in JSON a list without words is [].
	words := []string{}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool {
		return r == '\n' || strings.ContainsRune(strings.TrimSpace(separator), r)
	}) {
		if word = strings.TrimSpace(word); word != "" {
			words = append(words, word)
		}
	}
	return words
}

// notContent are members by which an entry is no fuller: one that has nothing else was left empty.
var notContent = []string{"id", "day", "remove"}

// rows are the entries of a list that have something in them, in order.
func (r *fieldReader) rows(list string) []int {
	filled := map[int]bool{}
	for path, values := range r.values {
		i, member, ok := entryOf(list, path)
		if ok && strings.TrimSpace(values[0]) != "" && !slices.Contains(notContent, member) {
			filled[i] = true
		}
	}
	rows := make([]int, 0, len(filled))
	for i := range filled {
		// Whoever ticks "remove" wants the entry gone, whatever its fields say.
		if r.values.Get(entryPath(list, i)+".remove") == "" {
			rows = append(rows, i)
		}
	}
	slices.Sort(rows)
	return rows
}

// entryOf splits a path into the number of an entry of the list and the member of it.
func entryOf(list, path string) (i int, member string, ok bool) {
	rest, ok := strings.CutPrefix(path, list+"[")
	if !ok {
		return 0, "", false
	}
	// What is directly the entry, without a member, is no field of a form.
	number, member, ok := strings.Cut(rest, "].")
	i, err := strconv.Atoi(number)
	// Names of fields come from the visitor, and no entry has a number below 0.
	return i, member, ok && err == nil && i >= 0
}

// fieldOf is the field of the form that an error of the API is about, by its path, and whether the
// page has it. The API counts the entries that it was sent, and the form has rows that were empty,
// or only a page of the list. Where several words are typed into one field, that field is wrong.
func (r *fieldReader) fieldOf(path string) (field string, ok bool) {
	for list, rows := range r.placed {
		// The dot gives the path of a whole entry, such as answers[3], an empty member.
		i, member, ok := entryOf(list, path+".")
		if !ok {
			continue
		}
		// -1 stands for an entry on another page of the list.
		if i >= len(rows) || rows[i] < 0 {
			return "", false
		}
		member, _, _ = strings.Cut(strings.TrimSuffix(member, "."), "[")
		path = strings.TrimSuffix(entryPath(list, rows[i])+"."+member, ".")
		break
	}
	if _, ok := r.values[path]; ok {
		return path, true
	}
	// An error may be about a part that has several fields, such as a text in two languages.
	for name := range r.values {
		if strings.HasPrefix(name, path+".") || strings.HasPrefix(name, path+"[") {
			return path, true
		}
	}
	return "", false
}
