package flowhq_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
)

// deceptions are texts that are not what they look like.
var deceptions = []string{
	"a\u202eb", "a\u2066b", "a\u2069b", "a\u200bb", "a\u200cb", "a\u200db", "\u200da", "👩\u200d",
	"a\u200eb", "a\u200fb", "a\u061cb", "\ufeffa", "a\u00adb", "a\u2060b", "a\u180eb", "a\u034fb",
	"a\u115fb", "a\u3164b", "a\uffa0b", "a\u2800b", "a\U000e0041b", "a\nb", "a\rb", "a\tb",
	"a\x00b", "a\x1b[31mb", "a\u0085b", "a\u2028b", "a\u2029b", "a\ufffdb", "a\xffb",
}

func TestPlainLine(t *testing.T) {
	t.Parallel()
	for _, s := range deceptions {
		if flowhq.PlainLine(s) {
			t.Errorf("%q is taken for plain", s)
		}
		if c := flowhq.CleanLine(s); !flowhq.PlainLine(c) || strings.Trim(c, "a b👩[31m") != "" {
			t.Errorf("%q is cleaned to %q", s, c)
		}
	}
	for _, s := range []string{"", "Blue Door", "Mama Ngina's №1 — “Kuku”", "قهوة", "Ünïcödé",
		"👩\u200d👩\u200d👧 Salon", "👩🏽\u200d🔬 Lab", "❤\ufe0f\u200d🔥", "☎\ufe0f 24/7"} {
		if !flowhq.PlainLine(s) || flowhq.CleanLine(s) != s {
			t.Errorf("%q is not taken for plain, or cleaned to %q", s, flowhq.CleanLine(s))
		}
	}
}

// manyLines are the texts of a profile by which nobody knows a thing. All others are names, ids,
// numbers or links.
var manyLines = []string{".description.", ".address.", ".note.", ".answer.", "texts"}

// TestProfileNamesCannotDeceive puts each deception into each text of a profile.
func TestProfileNamesCannotDeceive(t *testing.T) {
	t.Parallel()
	many := func(path string) bool {
		for _, m := range manyLines {
			if strings.Contains(path, m) {
				return true
			}
		}
		return false
	}
	var p flowhq.Profile
	fill(reflect.ValueOf(&p).Elem())
	n := 0
	walk(reflect.ValueOf(&p).Elem(), "", func(path string, leaf reflect.Value) {
		if many(path) {
			return
		}
		n++
		before := leaf.String()
		for _, d := range deceptions {
			leaf.SetString(d)
			named := false
			for _, f := range fields(t, p.Validate()) {
				named = named || strings.HasPrefix(path, f) || strings.HasPrefix(f, path)
			}
			if !named {
				t.Errorf("%s may be %q", path, d)
			}
		}
		leaf.SetString(before)
	})
	if n < 20 {
		t.Errorf("%d names were tried; a profile has more", n)
	}
}

// fill gives each list of a value one entry.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	default: // has no list in it
	}
}

// walk calls f with each text of a value and its path in JSON.
func walk(v reflect.Value, path string, f func(string, reflect.Value)) {
	switch v.Kind() {
	case reflect.String:
		f(path, v)
	case reflect.Struct:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			walk(v.Field(i), strings.TrimPrefix(path+"."+name, "."), f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), path+"["+string(rune('0'+i))+"]", f)
		}
	default: // has no text in it
	}
}

// FuzzCleanLine: whatever is cleaned is plain, and nothing is left to clean.
func FuzzCleanLine(f *testing.F) {
	for _, s := range deceptions {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := flowhq.CleanLine(s)
		if !flowhq.PlainLine(c) || flowhq.CleanLine(c) != c || len(c) > len(s) {
			t.Errorf("%q is cleaned to %q, and that to %q", s, c, flowhq.CleanLine(c))
		}
		if flowhq.PlainLine(s) && !flowhq.PlainText(s) {
			t.Errorf("%q is a plain line, and no plain text", s)
		}
	})
}
