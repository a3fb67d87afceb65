package pipeline

import (
	"context"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/reply"
)

// A known is what the owner has told, as it was compiled last.
type known struct {
	version   int64 // of the profile
	config    flowhq.Config
	profile   flowhq.Profile
	knowledge *reply.Knowledge
}

// knowledgeOf returns the knowledge of a version of the tenant's profile, or of a later one. The
// version comes with each conversation, so nothing is read while it stays the same. A conversation
// that was read before a change must not bring a compilation: many may wait for the rate limiter.
// Compiling takes a while for a long list of products, and is done once for each version and
// config.
func (p *Pipeline) knowledgeOf(version int64, config flowhq.Config) (*known, error) {
	if k := p.known.Load(); k != nil && k.version >= version && k.config == config {
		return k, nil
	}
	// One compilation at a time: chats that wait for the same version would otherwise each do the
	// work.
	p.compiling.Lock()
	defer p.compiling.Unlock()
	last := p.known.Load()
	if last != nil && last.version >= version && last.config == config {
		return last, nil // another chat was faster
	}
	k := known{version: version, config: config}
	err := p.persist("read profile", func(ctx context.Context) (err error) {
		k.profile, err = p.Store.Profile(ctx, p.Tenant)
		return err
	})
	if err != nil {
		return nil, err
	}
	// It may be newer than the conversation says. The next one says so too, and is served.
	k.version = k.profile.Version
	if k.knowledge, err = compilations.compile(p.ctx, k.profile, config); err != nil {
		return nil, errEnded
	}
	// It is stored whole and never changed, so that chats read it without a lock.
	p.known.Store(&k)
	return &k, nil
}
