package keystore

import (
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"strings"
)

// An array is a list of strings or of byte strings, written as PostgreSQL writes arrays.
// Without it the library puts one placeholder per element into its statements
// (sqlstore/store.go, GetManySessions), and pgx prepares one statement for each length.
type array struct{ v any }

// newArray has the type that the library asks for, which is that of lib/pq's Array.
func newArray(v any) interface {
	driver.Valuer
	sql.Scanner
} {
	return array{v}
}

// Value returns the array's text form.
func (a array) Value() (driver.Value, error) {
	var elements []string
	switch v := a.v.(type) {
	case []string:
		for _, s := range v {
			elements = append(elements, quoteElement.Replace(s))
		}
	case [][]byte:
		for _, b := range v {
			elements = append(elements, `\\x`+hex.EncodeToString(b))
		}
	default:
		return nil, errors.New("array: unsupported element type")
	}
	if len(elements) == 0 {
		return "{}", nil
	}
	return `{"` + strings.Join(elements, `","`) + `"}`, nil
}

// quoteElement escapes what ends an element within quotation marks.
var quoteElement = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// Scan is part of the interface that the library asks for. The library never calls it.
func (array) Scan(any) error { return errors.New("array: cannot be scanned") }
