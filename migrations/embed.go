// Package migrations holds the history of the schema flowhq as SQL files, in
// golang-migrate's naming.
//
// A file that has been released is never changed: a correction is a new file.
// Each file is sent as one query and so is one transaction; a statement that
// cannot run in a transaction, such as create index concurrently, needs a file
// of its own. PostgreSQL 15 must understand all of it.
package migrations

import "embed"

// Files holds NNNNNN_name.up.sql and its counterpart .down.sql for every version.
//
//go:embed *.sql
var Files embed.FS
