package store

import "testing"

// FuzzCursor: a cursor that is taken is one that the same place would be written as, or says no more than it.
func FuzzCursor(f *testing.F) {
	for _, s := range []string{"", "x", "MTc2NDAwMDAwMDAwMDAwMCAwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMDA", "LTEg", "====", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, c string) {
		at, id, err := parseCursor(c)
		if err != nil || at == nil {
			return
		}
		again, same, err := parseCursor(cursor(*at, string(*id)))
		if err != nil || !again.Equal(*at) || *same != *id {
			t.Errorf("%q is %v %s, and written again %v %v (%v)", c, at, *id, again, same, err)
		}
	})
}
