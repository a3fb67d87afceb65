// Package retry stands in for the AWS client's.
package retry

// Standard retries nothing.
type Standard struct{}

// NewStandard returns a Standard.
func NewStandard() *Standard { return &Standard{} }

// IsErrorRetryable reports false.
func (*Standard) IsErrorRetryable(error) bool { return false }
