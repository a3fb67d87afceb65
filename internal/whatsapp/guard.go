package whatsapp

import (
	"context"

	"github.com/flowhq/flowhq/internal/sessionlock"
)

// errOver answers every use of the keys after the connection has ended. To the
// library it is a cancellation: the only error on which it acknowledges nothing.
var errOver = sessionlock.ErrClosed

// A bracket marks, in a context, an operation of ours that holds the guard over
// several calls of the library into its stores. Only the operation's own
// goroutine uses it.
type bracket struct {
	hold *sessionlock.Hold
	// fenced says that the operation is one transaction, whose host has been
	// found to be the newest.
	fenced bool
	// identities are the identity keys that a decryption has written.
	identities map[string][32]byte
	// failed is the first failure of the database, as opposed to the
	// cryptography, within a decryption.
	failed error
	// send is what a send must achieve; nil in a decryption.
	send *sending
}

// identity notes an identity key that is written if the decryption succeeds.
func (b *bracket) identity(address string, key [32]byte) {
	if b.identities == nil {
		b.identities = make(map[string][32]byte)
	}
	b.identities[address] = key
}

type bracketKey struct{}

func withBracket(ctx context.Context, b *bracket) context.Context {
	return context.WithValue(ctx, bracketKey{}, b)
}

// bracketOf returns the bracket ctx runs in, or nil.
func bracketOf(ctx context.Context) *bracket {
	b, _ := ctx.Value(bracketKey{}).(*bracket)
	return b
}
