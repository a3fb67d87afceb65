package simulator

import (
	"context"

	"github.com/flowhq/flowhq/internal/sessionlock"
)

// A turn is the right to use sessions, carried in a context: by a decryption,
// with the changes it makes if it succeeds, or by a send.
type turn struct {
	// hold is held throughout a decryption, and by a send only while it encrypts.
	hold    *sessionlock.Hold
	changes map[string][]byte // nil for a send: changes are made at once
}

type turnKey struct{}

func turnOf(ctx context.Context) *turn {
	t, _ := ctx.Value(turnKey{}).(*turn)
	return t
}

// sending runs send with a context in which the library's reading and writing
// of sessions holds the guard.
func (s *signalStore) sending(ctx context.Context, send func(context.Context) error) error {
	t := &turn{hold: s.guard.NewHold()}
	defer t.hold.Release() // if it failed between reading and writing
	return send(context.WithValue(ctx, turnKey{}, t))
}
