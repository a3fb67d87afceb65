// Package aws stands in for a part of the AWS client that the Temporal server
// links and a development server never calls. It has what the server's archiver
// and its Elasticsearch client refer to.
package aws

import "context"

// Config is what a client is made with.
type Config struct{ Credentials CredentialsProvider }

// Credentials are never had here.
type Credentials struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// CredentialsProvider returns credentials.
type CredentialsProvider interface {
	Retrieve(context.Context) (Credentials, error)
}

// ClientLogMode is a set of flags.
type ClientLogMode uint64

// Retryer tells which errors may go away by themselves.
type Retryer interface{ IsErrorRetryable(error) bool }

// String returns a pointer to s.
func String(s string) *string { return &s }

// Int32 returns a pointer to n.
func Int32(n int32) *int32 { return &n }
