package workers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/failpoint"
	"github.com/flowhq/flowhq/internal/store"
)

const (
	// erasuresAtOnce is how many contacts one pass erases; a later one erases the rest.
	erasuresAtOnce = 20
	// eraseAgain is after how long an erasure that has failed is tried again.
	eraseAgain = 30 * time.Second
)

// people is what the WhatsApp library knows of people. keystore.Store is one.
type people interface {
	// Aliases adds the JIDs that the same people have.
	Aliases(ctx context.Context, jids []string) ([]string, error)
	// ErasePerson deletes what a device knows of a person.
	ErasePerson(ctx context.Context, device string, jids []string) error
	// ForgetAliases deletes which LID has which number.
	ForgetAliases(ctx context.Context, jids []string) error
}

// erasures erases the contacts that operators have asked to erase. Each step may be repeated, and
// the row that says what is to be erased goes with the last one. So a worker that dies on the way
// leaves the rest to the next one.
func (r *reconciler) erasures(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, eraseAgain)
	defer cancel()
	due, err := r.store.ContactErasures(ctx, eraseAgain, erasuresAtOnce)
	var failed []error
	for _, e := range due {
		if err := r.erase(ctx, e); err != nil {
			failed = append(failed, fmt.Errorf(
				"erase contact %d of tenant %s: %w", e.Contact, e.Tenant, err))
		}
	}
	return errors.Join(err, errors.Join(failed...))
}

// erase erases one contact.
func (r *reconciler) erase(ctx context.Context, e store.Erasure) error {
	addresses, err := r.people.Aliases(ctx, e.Addresses)
	if err != nil {
		return err
	}
	// Before the table of aliases is cleared, or nobody would know afterwards that they are one.
	if err := r.store.EraseAliases(ctx, e, addresses); err != nil {
		return err
	}
	failpoint.Hit("erase.aliases")
	if err := r.store.EraseContactRows(ctx, e); err != nil {
		return err
	}
	failpoint.Hit("erase.rows")
	device, err := r.store.Device(ctx, e.Tenant)
	if err != nil {
		return err
	}
	if err := r.people.ErasePerson(ctx, device, addresses); err != nil {
		return err
	}
	// Another contact may have the same addresses. Then the library keeps which of them are one.
	known, err := r.store.AreKnown(ctx, addresses)
	if err == nil && !known {
		err = r.people.ForgetAliases(ctx, addresses)
	}
	if err != nil {
		return err
	}
	failpoint.Hit("erase.keys")
	e.Addresses = addresses
	if err := r.store.FinishErasure(ctx, e); err != nil {
		return err
	}
	failpoint.Hit("erase.finished")
	// Last, and without an error: a workflow that is not told wakes once in vain.
	r.endFollowUps(ctx, e)
	return nil
}

// endFollowUps has the workflows look that had follow-ups ahead: they find none, and end. One that
// is not told finds out by its own timer.
func (r *reconciler) endFollowUps(ctx context.Context, e store.Erasure) {
	for _, followed := range e.Followed {
		about, number, _ := strings.Cut(followed, ":")
		err := r.control.FollowUp(ctx, e.Tenant, flowhq.FollowUpAbout(about), number)
		if err != nil {
			r.log.Warn("could not tell a workflow that its follow-ups are erased",
				"tenant", string(e.Tenant), "err", err)
			return
		}
	}
}
