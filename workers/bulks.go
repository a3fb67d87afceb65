package workers

import (
	"context"
	"errors"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// bulks has Temporal run each bulk that was asked for and has not ended, and notes how far
// each has come. One that Temporal does not know was never begun there or was lost with it:
// it is begun again, and tenants that have its command already get nothing new.
func (r *reconciler) bulks(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, max(r.every, reconcileMin))
	defer cancel()
	open, err := r.store.OpenBulks(ctx) // few: an operator asks for one at a time
	if err != nil {
		return err
	}
	var errs []error
	for _, b := range open { // one that fails keeps no other from going on
		err := r.bulk(ctx, b)
		if err == nil {
			continue
		}
		errs = append(errs, err)
		// Without Temporal or the database none of the others would fare better.
		if flowhq.ErrorCode(err) == flowhq.Unavailable || len(errs) == mostErrors {
			break
		}
	}
	return errors.Join(errs...)
}

// bulk sees to one bulk: it is begun if Temporal does not know it, cancelled if an operator
// has said so, and its row is brought up to date.
func (r *reconciler) bulk(ctx context.Context, b store.OpenBulk) error {
	// now is how far it has come, by Temporal's word; b is what the row says.
	now, err := r.control.Bulk(ctx, b.ID)
	switch {
	case flowhq.ErrorCode(err) == flowhq.NotFound && b.Cancelled: // and was never begun
		ended := time.Now().UTC()
		now, err = b.Bulk, nil
		now.State, now.EndedAt = flowhq.BulkCancelled, &ended
	case flowhq.ErrorCode(err) == flowhq.NotFound:
		// Who is to get the command was decided when the bulk was asked for.
		var tenants []flowhq.TenantID
		if tenants, err = r.store.BulkTenants(ctx, b.ID); err != nil {
			return err
		}
		// It counts from the start again: commands are told apart by their keys.
		fresh := b.Bulk
		fresh.Sent, fresh.Failed = 0, 0
		now, err = r.control.StartBulk(ctx, fresh, tenants)
		if err == nil {
			r.log.Info("began a bulk that Temporal did not know", "bulk", b.ID)
		}
	case err == nil && b.Cancelled && now.State == flowhq.BulkRunning:
		now, err = r.control.CancelBulk(ctx, b.ID)
	}
	// A bulk that has not moved costs no write.
	if err != nil || now.Sent == b.Sent && now.Failed == b.Failed && now.EndedAt == nil {
		return err
	}
	return r.store.SetBulk(ctx, now)
}
