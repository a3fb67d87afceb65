// Package option stands in for that of Google's API clients.
package option

// ClientOption is a setting that is ignored.
type ClientOption struct{}

// WithTokenSource is ignored.
func WithTokenSource(any) ClientOption { return ClientOption{} }
