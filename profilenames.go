package flowhq

import (
	"strings"
	"unicode"
)

// A unique checks that no two entries of a list have one id or name. A customer who names a thing
// must not mean two.
type unique struct {
	check *profileCheck
	ids   map[string]string // path of the first entry by its id
	names map[string]string // path of the first entry by its folded name
	// also are the aliases, which are compared once all names are known.
	also []alias
}

// An alias is another word for an entry.
type alias struct{ path, entry, name string }

// newUnique returns a unique that has seen nothing.
func newUnique(c *profileCheck) *unique {
	return &unique{check: c, ids: map[string]string{}, names: map[string]string{}}
}

// id checks the id of the entry at a path. A missing one is made by Normalized.
func (u *unique) id(at, id string) {
	if !profileID.MatchString(id) {
		u.check.wrong(at+".id",
			"must be 1 to 60 lower-case letters, digits, - or _, and begin with a letter or digit")
		return
	}
	if first, ok := u.ids[id]; ok {
		u.check.wrong(at+".id", "must not be the id of "+first+" as well")
		return
	}
	u.ids[id] = at
}

// thing checks the name and the aliases of the entry at a path.
func (u *unique) thing(at string, name Text, aliases []string) {
	if strings.TrimSpace(name.EN) == "" && strings.TrimSpace(name.SW) == "" {
		u.check.wrong(at+".name", "must be given in at least one language")
	}
	u.check.line(at+".name.en", name.EN, MaxProfileName)
	u.check.line(at+".name.sw", name.SW, MaxProfileName)
	u.name(at, at+".name.en", name.EN)
	u.name(at, at+".name.sw", name.SW)
	u.others(at, aliases)
}

// place checks the name and the aliases of an area.
func (u *unique) place(at, name string, aliases []string) {
	u.check.required(at+".name", name, MaxProfileName)
	u.name(at, at+".name", name)
	u.others(at, aliases)
}

// name checks that no other entry has the name.
func (u *unique) name(at, path, name string) {
	key := foldName(name)
	if first, ok := u.names[key]; ok && first != at && key != "" {
		u.check.wrong(path, "must not be a name of "+first+" as well")
		return
	}
	u.names[key] = at
}

// others checks the list of an entry's aliases.
func (u *unique) others(at string, aliases []string) {
	u.check.lines(at+".aliases", aliases, MaxAliases, MaxProfileName)
	for i, a := range aliases {
		u.also = append(u.also, alias{index(at+".aliases", i), at, foldName(a)})
	}
}

// aliases checks that no alias is the name of another entry. Two entries may share an alias: the
// bot then asks which of them is meant.
func (u *unique) aliases() {
	for _, a := range u.also {
		if first, ok := u.names[a.name]; ok && first != a.entry && a.name != "" {
			u.check.wrong(a.path, "must not be a name of "+first)
		}
	}
}

// slug makes an id of a name: letters and digits of ASCII, other characters as one hyphen each
// run.
func slug(name string) string {
	const most = 40 // leaves room for what makes it unique
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		if b.Len() >= most {
			break
		}
		switch {
		case r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	return strings.TrimSuffix(b.String(), "-")
}
