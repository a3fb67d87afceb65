// Package smithy stands in for the base of the AWS client.
package smithy

// APIError is an error that says which.
type APIError interface {
	error
	ErrorCode() string
}
