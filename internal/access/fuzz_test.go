package access

import (
	"fmt"
	"testing"

	"github.com/flowhq/flowhq"
)

// FuzzSecrets: no text makes the readers of keys and tokens panic, and what is no key is not taken
// for one by its beginning.
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

// FuzzStoredHash: a row that was changed by hand neither makes a sign-in panic nor lets anybody in.
func FuzzStoredHash(f *testing.F) {
	const form = "$argon2id$v=19$m=%d,t=%d,p=%d$c2FsdHNhbHRzYWx0c2FsdA$%s"
	for _, s := range []string{
		"", "$argon2id$", "$argon2i$v=19$m=8,t=1,p=1$c2FsdA$AAAA", fmt.Sprintf(form, 8, 1, 1, ""),
		fmt.Sprintf(form, 8, 1, 1, "AAAAAAAAAAAAAAAAAAAAAA"), fmt.Sprintf(form, 0, 0, 0, "AAAA"),
		fmt.Sprintf(form, 4294967295, 4294967295, 255, "AAAA"), fmt.Sprintf(form, 8, 1, 256, "AA"),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, stored string) {
		var version, memory, passes, threads int
		_, _ = fmt.Sscanf(stored, "$argon2id$v=%d$m=%d,t=%d,p=%d$", &version, &memory, &passes,
			&threads)
		const most = 1 << 10 // KiB; what is allowed takes a second, and too few would be tried
		if memory > most && memory <= maxArgonMemory || passes > 3 && passes <= maxArgonTime {
			return
		}
		right, err := matches(stored, "a password that nobody has")
		if right || err != nil && flowhq.ErrorCode(err) != flowhq.Internal {
			t.Errorf("%q: %t, %v", stored, right, err)
		}
	})
}
