// Package migrations holds the history of the schema flowhq as SQL files, in
// golang-migrate's naming.
//
// A file that has been released is never changed: a correction is a new file.
// Each file is one transaction together with its version, so it has no statement
// that begins or ends one, nor any that cannot be in one, such as create index
// concurrently. It holds its locks until its end while sessions go on: what takes
// long belongs in a file of its own. PostgreSQL 15 must understand all of it.
package migrations

import "embed"

// Files holds NNNNNN_name.up.sql and its counterpart .down.sql for every version.
//
//go:embed *.sql
var Files embed.FS
