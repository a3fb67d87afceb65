// Package tokens holds the colours and letters that all pages share, those of the product and the
// one to try it on. Each site serves them as the beginning of its own style sheet, so that they are
// written down once and cost a browser no request of their own.
package tokens

import (
	_ "embed"
	"slices"
)

//go:embed tokens.css
var css []byte

// Before returns a style sheet that begins with the tokens.
func Before(sheet []byte) []byte { return slices.Concat(css, sheet) }
