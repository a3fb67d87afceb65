// Package credentials stands in for the AWS client's.
package credentials

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
)

type static struct{ credentials aws.Credentials }

// Retrieve returns what was given.
func (s static) Retrieve(context.Context) (aws.Credentials, error) { return s.credentials, nil }

// NewStaticCredentialsProvider returns a provider of these credentials.
func NewStaticCredentialsProvider(key, secret, token string) aws.CredentialsProvider {
	return static{aws.Credentials{AccessKeyID: key, SecretAccessKey: secret, SessionToken: token}}
}
