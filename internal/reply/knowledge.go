package reply

import (
	"github.com/flowhq/flowhq"
)

// Knowledge is what the owner has told, with the indexes that finding it in messages needs. It
// is made once for each version of a profile, is immutable, and safe for concurrent use.
type Knowledge struct {
	profile flowhq.Profile
	config  flowhq.Config
}

// Compile prepares a profile for [Decide].
func Compile(p flowhq.Profile, c flowhq.Config) *Knowledge {
	return &Knowledge{profile: p, config: c}
}

// Config is the tenant's configuration that the knowledge was made with.
func (k *Knowledge) Config() flowhq.Config { return k.config }
