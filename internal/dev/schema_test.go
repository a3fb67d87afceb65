package dev

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestSchema(t *testing.T) {
	files := func(texts ...string) fstest.MapFS {
		m := fstest.MapFS{"README": {Data: []byte("not a migration")}}
		for i, text := range texts {
			m[string(rune('1'+i))+"_x.up.sql"] = &fstest.MapFile{Data: []byte(text)}
		}
		return m
	}
	for _, tt := range []struct {
		name      string
		kept, now fstest.MapFS
		leads     bool
	}{
		{"the same", files("a"), files("a"), true},
		{"a new migration", files("a"), files("a", "b"), true},
		{"edited in place", files("a"), files("b"), false},
		{"a newer database", files("a", "b"), files("a"), false},
		{"another second migration", files("a", "b"), files("a", "c"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &dataFolder{dir: t.TempDir()}
			if _, ok := f.keptSchema(); ok {
				t.Error("a new folder has a schema")
			}
			before, err := schemaOf(tt.kept)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.keepSchema(before); err != nil {
				t.Fatal(err)
			}
			now, err := schemaOf(tt.now)
			if err != nil {
				t.Fatal(err)
			}
			if kept, ok := f.keptSchema(); !ok || kept.leadsTo(now) != tt.leads {
				t.Errorf("kept %v, %t; it leads to %v: want %t", kept, ok, now, tt.leads)
			}
			if err := f.errOtherSchema(); !strings.Contains(err.Error(), "remove "+f.dir) {
				t.Errorf("%v; want the folder to remove", err)
			}
		})
	}
}
