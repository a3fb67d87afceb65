package hosting

import (
	"context"
	"log/slog"

	"github.com/flowhq/flowhq/internal/store"
)

// A Listener takes notice of what happens in the database. It must not block: the notices
// of all tenants come through one connection.
type Listener interface {
	Notice(n store.Notice)
}

// A NoticeStore tells of changes in the database until ctx ends. The store is one.
type NoticeStore interface {
	Listen(ctx context.Context, notice func(store.Notice)) error
}

// Listen passes what the database tells on to all listeners, in their order, until ctx
// ends. The store connects again by itself; after an interruption it sends a notice of kind
// store.Resync, as anything may have happened meanwhile.
func Listen(ctx context.Context, s NoticeStore, log *slog.Logger, listeners ...Listener) {
	err := s.Listen(ctx, func(n store.Notice) {
		for _, l := range listeners {
			l.Notice(n)
		}
	})
	if err != nil && ctx.Err() == nil {
		log.Error("stopped listening to the database", "err", err)
	}
}

// notify leaves a note in a channel that has room for one: who reads it looks at what is
// there now, so a second note would say nothing new.
func notify(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
