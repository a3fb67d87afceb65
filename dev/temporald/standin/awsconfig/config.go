// Package config stands in for the AWS client's.
package config

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
)

var errAbsent = errors.New("this server was built without the AWS client")

// EnvConfig is what the environment says.
type EnvConfig struct{ Credentials aws.Credentials }

// Option is a setting that is ignored.
type Option struct{}

// NewEnvConfig returns an error.
func NewEnvConfig() (EnvConfig, error) { return EnvConfig{}, errAbsent }

// LoadDefaultConfig returns an error.
func LoadDefaultConfig(context.Context, ...Option) (aws.Config, error) {
	return aws.Config{}, errAbsent
}

// WithRegion is ignored.
func WithRegion(string) Option { return Option{} }

// WithClientLogMode is ignored.
func WithClientLogMode(aws.ClientLogMode) Option { return Option{} }
