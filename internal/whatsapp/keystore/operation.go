package keystore

import (
	"context"

	"github.com/flowhq/flowhq/internal/sessionlock"
)

// An operation is one decryption or one send. Each makes several calls of the library
// into its stores, so the operation travels in the context of those calls. Only the
// goroutine of the decryption or the send uses it.
type operation struct {
	hold *sessionlock.Hold
	// isFenced says that the operation is one transaction, in which the host was found to
	// be the newest.
	isFenced bool
	// draft is what a decryption without a transaction changes; nil in all other operations.
	draft *draft
	// identities are the identity keys that a decryption has written, by address. They
	// are stored once its transaction is.
	identities map[string][32]byte
	// failure is the first failure of the database within a decryption, as opposed to a
	// failure of the cryptography.
	failure error
	// send is what a send must achieve; nil in a decryption.
	send *send
}

type operationKey struct{}

// withOperation hands an operation through the library, whose functions know only the context.
func withOperation(ctx context.Context, op *operation) context.Context {
	return context.WithValue(ctx, operationKey{}, op)
}

// operationOf returns the operation that ctx belongs to, or nil.
func operationOf(ctx context.Context) *operation {
	op, _ := ctx.Value(operationKey{}).(*operation)
	return op
}

// sendOf returns the send that ctx belongs to, or nil.
func sendOf(ctx context.Context) *operation {
	if op := operationOf(ctx); op != nil && op.send != nil {
		return op
	}
	return nil
}

// noted returns err, and remembers it as the failure of the operation that ctx belongs to.
// It wraps every call to the database that a decryption makes, because the library drops
// some of these errors and mixes the others with errors of the cryptography.
func noted(ctx context.Context, err error) error {
	if op := operationOf(ctx); err != nil && op != nil && op.failure == nil {
		op.failure = err
	}
	return err
}
