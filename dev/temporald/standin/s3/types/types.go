// Package types stands in for the AWS client's errors, which never occur here.
package types

// NoSuchBucket is an error.
type NoSuchBucket struct{}

func (*NoSuchBucket) Error() string { return "no such bucket" }

// NoSuchKey is an error.
type NoSuchKey struct{}

func (*NoSuchKey) Error() string { return "no such key" }
