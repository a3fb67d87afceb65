package access

import "testing"

// FuzzSecrets: no text makes the readers of keys and tokens panic, and what is no key is not taken for one by its beginning.
func FuzzSecrets(f *testing.F) {
	for _, s := range []string{"", "fhq_", NewKey(), NewKey()[:40], NewToken(), NewToken() + "=",
		"fhq_\x00", "FHQ_" + NewKey()[4:]} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if IsKey(s) {
			if name := KeyName(s); len(name) >= len(s) || s[:len(name)] != name {
				t.Errorf("the name of %q is %q", s, name)
			}
			if IsKey(s[:len(s)-1]) || IsKey(s+"x") || IsToken(s) {
				t.Errorf("%q is a key, and so is another text", s)
			}
		}
		IsToken(s)
		Hash(s)
	})
}
