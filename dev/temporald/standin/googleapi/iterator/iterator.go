// Package iterator stands in for that of Google's API clients.
package iterator

import "errors"

// Done is returned after the last element.
var Done = errors.New("no more items in iterator")
