package dev

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"strings"
)

// A schema is the migrations that a private database was made with: their checksums by their
// names. Before the first release the one migration is edited in place, and afterwards two
// branches may have different ones under one number. The database itself knows the number only.
type schema map[string]string

// schemaOf reads the migrations of a folder.
func schemaOf(files fs.FS) (schema, error) {
	// Only the files that lead up: the tables are made by them alone.
	names, err := fs.Glob(files, "*.up.sql")
	if err != nil {
		return nil, err
	}
	s := schema{}
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		s[name] = fmt.Sprintf("%x", sha256.Sum256(data))
	}
	return s, nil
}

// leadsTo reports whether migrations that are only missing take a database from s to the other
// schema.
func (s schema) leadsTo(other schema) bool {
	for name, sum := range s {
		// A name that is missing gives "", which no checksum is, so it counts as changed.
		if other[name] != sum {
			return false
		}
	}
	return true
}

// keptSchema returns the schema of the private database as it was kept at the last start. ok is
// false if there is none, or it cannot be read.
func (f *dataFolder) keptSchema() (s schema, ok bool) {
	data, err := os.ReadFile(f.path("schema"))
	if err != nil {
		return nil, false
	}
	s = schema{}
	for line := range strings.Lines(string(data)) {
		name, sum, found := strings.Cut(strings.TrimSpace(line), " ")
		if !found {
			return nil, false
		}
		s[name] = sum
	}
	return s, true
}

// keepSchema notes the schema of the private database, for the next start.
func (f *dataFolder) keepSchema(s schema) error {
	// A start that has changed nothing writes nothing.
	if kept, ok := f.keptSchema(); ok && maps.Equal(kept, s) {
		return nil
	}
	var b strings.Builder
	for name, sum := range s {
		fmt.Fprintln(&b, name, sum)
	}
	return os.WriteFile(f.path("schema"), []byte(b.String()), 0o600)
}

// errOtherSchema says that the private database is of no use to this program. In production the
// advice would be to run the newer program; here nothing is lost that is not made again.
func (f *dataFolder) errOtherSchema() error {
	return errors.New("the private database was made by another version of Flow HQ, with other " +
		"tables: remove " + f.dir + ", which keeps development data only, and start again")
}
