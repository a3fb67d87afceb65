// Package searchattributes holds the one list of Temporal's search attributes that a
// namespace of Flow HQ needs. A workflow that sets an attribute which its namespace lacks
// cannot go on: the server refuses the whole workflow task.
//
// The list is a text file, list.txt, because a shell script reads it too:
// deploy/temporal/namespace.sh, which prepares a server in production.
package searchattributes

import (
	_ "embed"
	"fmt"
	"strings"

	"go.temporal.io/api/enums/v1"
)

// list has one attribute a line: a name, a space, and a type as Temporal's command line
// tool spells it. Types are never changed: a server refuses another type for a known name.
//
//go:embed list.txt
var list string

// All returns the type of each search attribute by its name.
func All() map[string]enums.IndexedValueType {
	all := map[string]enums.IndexedValueType{}
	for line := range strings.Lines(list) {
		name, kind, _ := strings.Cut(strings.TrimSpace(line), " ")
		t, err := enums.IndexedValueTypeFromString(kind)
		if err != nil { // list.txt is part of the program, so every test that starts a server sees it
			panic(fmt.Sprintf("searchattributes: list.txt: %s: %v", name, err))
		}
		all[name] = t
	}
	return all
}

// Flags returns the arguments by which "temporal server start-dev" creates a namespace
// that has all of them.
func Flags() (args []string) {
	for line := range strings.Lines(list) {
		name, kind, _ := strings.Cut(strings.TrimSpace(line), " ")
		args = append(args, "--search-attribute", name+"="+kind)
	}
	return args
}
