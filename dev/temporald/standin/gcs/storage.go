// Package storage stands in for Google Cloud's storage client, which the Temporal
// server links for archives and a development server never calls. Every call
// returns an error.
package storage

import (
	"context"
	"errors"

	"google.golang.org/api/option"
)

// ScopeFullControl is a permission.
const ScopeFullControl = ""

var errAbsent = errors.New("this server was built without Google Cloud's client")

// What objects are and how they are asked for.
type (
	Query          struct{ Prefix string }
	BucketAttrs    struct{}
	ObjectAttrs    struct{ Name string }
	Client         struct{}
	BucketHandle   struct{}
	ObjectHandle   struct{}
	ObjectIterator struct{}
	Reader         struct{}
	Writer         struct{}
)

// NewClient returns an error.
func NewClient(context.Context, ...option.ClientOption) (*Client, error) { return nil, errAbsent }

func (*Client) Bucket(string) *BucketHandle                           { return &BucketHandle{} }
func (*BucketHandle) Object(string) *ObjectHandle                     { return &ObjectHandle{} }
func (*BucketHandle) Objects(context.Context, *Query) *ObjectIterator { return &ObjectIterator{} }
func (*BucketHandle) Attrs(context.Context) (*BucketAttrs, error)     { return nil, errAbsent }
func (*ObjectHandle) NewWriter(context.Context) *Writer               { return &Writer{} }
func (*ObjectHandle) NewReader(context.Context) (*Reader, error)      { return nil, errAbsent }
func (*ObjectHandle) Attrs(context.Context) (*ObjectAttrs, error)     { return nil, errAbsent }
func (*ObjectIterator) Next() (*ObjectAttrs, error)                   { return nil, errAbsent }
func (*Reader) Read([]byte) (int, error)                              { return 0, errAbsent }
func (*Reader) Close() error                                          { return errAbsent }
func (*Writer) Write([]byte) (int, error)                             { return 0, errAbsent }
func (*Writer) Close() error                                          { return errAbsent }
func (*Writer) CloseWithError(error) error                            { return errAbsent }
