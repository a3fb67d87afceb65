package store

import "testing"

// FuzzCursor: a cursor that is taken is one that the same place would be written as, or says no
// more than it.
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

// FuzzNotice: anybody who may connect to the database may notify; what is taken for a notice of
// ours is one.
func FuzzNotice(f *testing.F) {
	for _, s := range []string{"", "config 00000000-0000-4000-8000-000000000000 7", "fleet - 0",
		"config - 0", "epoch x 1", "a b c d",
		"config 00000000-0000-4000-8000-000000000000 99999999999999999999", "\x00 \x00 \x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		n, err := parseNotice(payload)
		if err == nil && (n.Kind == "" || n.Kind != FleetChanged && !n.Tenant.Valid()) {
			t.Errorf("%q is taken as %+v", payload, n)
		}
	})
}
