package codec

import (
	"errors"
	"strings"
	"testing"
)

func newSecrets(t testing.TB, keys ...Key) *Secrets {
	t.Helper()
	s, err := NewSecrets(keys)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSecrets: what is sealed says nothing, differs each time, and opens for its owner alone, also
// after another key has come before.
func TestSecrets(t *testing.T) {
	old, none := newSecrets(t, key("a", "a")), newSecrets(t)
	both := newSecrets(t, key("b", "b"), key("a", "a"))
	const secret, owner = "whsec_cHVycGxl", "6b457593-89a9-4759-9e8b-15979bdb7aa8"
	sealed := old.Seal(secret, owner)
	if strings.Contains(sealed, "cHVycGxl") || !strings.HasPrefix(sealed, "sealed:a:") ||
		old.Seal(secret, owner) == sealed {
		t.Errorf("%q is sealed as %q", secret, sealed)
	}
	for _, s := range []*Secrets{old, both} {
		if got, err := s.Open(sealed, owner); got != secret || err != nil {
			t.Errorf("Open = %q, %v; want the secret", got, err)
		}
	}
	if !strings.HasPrefix(both.Seal(secret, owner), both.Prefix()) || both.Prefix() != "sealed:b:" {
		t.Error("the first key does not seal")
	}
	// Without keys a secret is as it is, and one that was sealed is an error and no secret.
	if none.Seal(secret, owner) != secret || none.Prefix() != "" || both.Seal("", owner) != "" {
		t.Error("it is sealed without a key, or where there is nothing")
	}
	if got, err := both.Open(secret, owner); got != secret || err != nil {
		t.Errorf("Open of what is plain = %q, %v", got, err)
	}
	for name, tt := range map[string]struct {
		s             *Secrets
		sealed, owner string
	}{
		"no key":        {none, sealed, owner},
		"another key":   {newSecrets(t, key("a", "z")), sealed, owner},
		"another owner": {old, sealed, "another"},
		"another id":    {both, strings.Replace(sealed, ":a:", ":b:", 1), owner},
		"cut off":       {old, sealed[:20], owner},
		"nothing":       {old, "sealed:", owner},
		"changed":       {old, sealed[:len(sealed)-2] + "AA", owner},
		"made up":       {old, "sealed:a:" + strings.Repeat("A", 60), owner},
	} {
		if got, err := tt.s.Open(tt.sealed, tt.owner); got != "" || !errors.Is(err, ErrUnreadable) {
			t.Errorf("%s: Open = %q, %v; want ErrUnreadable", name, got, err)
		}
	}
	if _, err := NewSecrets([]Key{{"a", "short"}}); err == nil {
		t.Error("a short key is taken")
	}
}

// FuzzSecrets: nothing that a row may hold makes Open panic or is taken for a secret that was
// sealed, and each secret comes back.
func FuzzSecrets(f *testing.F) {
	s := newSecrets(f, key("a", "a"))
	for _, text := range []string{
		"", "whsec_AAAA", "sealed:", "sealed:a:", "sealed:b:AAAA", s.Seal("whsec_AAAA", "owner"),
		"sealed:a:" + strings.Repeat("A", 60), "sealed::::",
	} {
		f.Add(text, "owner")
	}
	f.Fuzz(func(t *testing.T, text, owner string) {
		got, err := s.Open(text, owner)
		if err != nil && got != "" ||
			err == nil && got != text && !strings.HasPrefix(text, s.Prefix()) {
			t.Errorf("Open(%q) = %q, %v", text, got, err)
		}
		if got, err := s.Open(s.Seal(text, owner), owner); err != nil || got != text {
			t.Errorf("%q comes back as %q, %v", text, got, err)
		}
		if _, err := s.Open(s.Seal("x"+text, owner), owner+"x"); err == nil {
			t.Errorf("what is %q's opens for another", owner)
		}
	})
}
