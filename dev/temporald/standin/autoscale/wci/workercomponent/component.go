// Package workercomponent stands in for the workflows by which the Temporal
// server starts workers in a cloud.
package workercomponent

import "go.uber.org/fx"

// Module provides nothing.
var Module = fx.Options()
