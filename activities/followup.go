package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/failpoint"
	"github.com/flowhq/flowhq/internal/reply"
	"github.com/flowhq/flowhq/internal/store"
)

// A FollowUpInput names a booking or an order. It is all that a workflow of follow-ups knows.
type FollowUpInput struct {
	Tenant flowhq.TenantID      `json:"tenant"`
	About  flowhq.FollowUpAbout `json:"about"`
	Number string               `json:"number"`
	// Installation is whose tenant it is.
	Installation string `json:"installation,omitempty"`
}

// FollowUpNext is when there is something to do again.
type FollowUpNext struct {
	At time.Time `json:"at,omitzero"` // zero: there is nothing more to do
}

// followUpPause is after how long a follow-up is tried again for which the tenant's limits had no
// room. The shortest window of the limits is a minute, so earlier tries would fail as well.
const followUpPause = time.Minute

// FollowUpOptions is how a workflow schedules FollowUp: until it succeeds.
func FollowUpOptions() workflow.ActivityOptions {
	return short(15*time.Second, "send what is due, and find out what is next")
}

// FollowUp does with the follow-ups of a booking or order what is due now, and returns when the
// next one is. The rows say what is to be sent, so it may be repeated, and at any time: what was
// sent is not PENDING any more.
func (a *Activities) FollowUp(ctx context.Context, in FollowUpInput) (FollowUpNext, error) {
	// Two installations may share a Temporal namespace by mistake. The rows of the other are not
	// here, and to answer "nothing to do" would end its workflow.
	if ours := a.Store.Installation(); in.Installation != "" && in.Installation != ours {
		return FollowUpNext{}, flowhq.Errorf(flowhq.Unavailable,
			"tenant %s is of another installation, %s; this worker serves %s",
			in.Tenant, in.Installation, ours)
	}
	subject, err := a.Store.FollowUpSubject(ctx, in.Tenant, in.About, in.Number)
	// With nothing pending the zero answer ends the workflow: a new follow-up starts another one.
	if err != nil || len(subject.Pending) == 0 {
		return FollowUpNext{}, err
	}
	tenant, err := a.Store.Tenant(ctx, in.Tenant)
	if flowhq.ErrorCode(err) == flowhq.NotFound { // it was deleted meanwhile, with the rows
		return FollowUpNext{}, nil
	}
	if err != nil {
		return FollowUpNext{}, err
	}
	profile, err := a.Store.Profile(ctx, in.Tenant)
	if err != nil {
		return FollowUpNext{}, err
	}
	var next FollowUpNext
	// The rows are few: two of a booking, four of an order.
	for _, f := range subject.Pending {
		at, err := a.followUp(ctx, tenant, profile, subject, f)
		if err != nil {
			return FollowUpNext{}, err
		}
		if !at.IsZero() && (next.At.IsZero() || at.Before(next.At)) {
			next.At = at
		}
	}
	return next, nil
}

// followUp sees to one follow-up, and returns when it is to be looked at again, zero for never.
func (a *Activities) followUp(
	ctx context.Context, tenant flowhq.Tenant, profile flowhq.Profile,
	subject store.FollowUpSubject, f flowhq.FollowUp,
) (again time.Time, err error) {
	standing := subject.Standing
	// Neither is there if the row was erased. Then Waits is false, and the follow-up is cancelled.
	switch b, o := subject.Booking, subject.Order; {
	case b != nil:
		// The time counts too: a booking that was moved has follow-ups of its own for its new time.
		standing.Waits = b.Status == flowhq.BookingConfirmed && b.StartsAt.Equal(f.AboutAt)
	case o != nil:
		standing.Waits = o.Status == flowhq.OrderOpen ||
			o.Status == flowhq.OrderConfirmed && o.Unpaid
	}
	step := f.Next(subject.Now, profile, standing)
	switch step.Status {
	case flowhq.FollowUpPending:
		again = step.At
	case flowhq.FollowUpSent:
		text := reply.FollowUp(reply.FollowUpInput{
			Profile: profile, Config: tenant.Config, State: subject.State, Now: subject.Now,
			Booking: subject.Booking, Order: subject.Order,
		})
		// A crash before the write leaves the row PENDING, and the activity is tried again. After
		// the write it is SENT, and is not among the Pending any more.
		failpoint.Hit("followup.due")
		sent, err := a.Store.SendFollowUp(ctx, tenant.ID, f, store.FollowUpMessage{
			Text: text, PerMinute: tenant.Config.RepliesPerMinute,
			PerContact: tenant.Config.RepliesPerContact,
		})
		failpoint.Hit("followup.written")
		if sent.Held { // something has changed since the subject was read
			sent.Standing.Waits = standing.Waits
			step = f.Next(subject.Now, profile, sent.Standing)
			return a.held(ctx, tenant.ID, f, step, subject.Now)
		}
		// Conflict says that the tenant's limits have no room just now.
		if flowhq.ErrorCode(err) != flowhq.Conflict {
			return time.Time{}, err
		}
		again = subject.Now.Add(followUpPause)
	default:
		return time.Time{}, a.Store.EndFollowUp(ctx, tenant.ID, f.ID, step.Status, step.Reason)
	}
	// The row is written only if the time is another one: each write is a new version in the index.
	if again.Equal(f.NextAt) {
		return again, nil
	}
	return again, a.Store.PlanFollowUp(ctx, tenant.ID, f.ID, again)
}

// held ends a follow-up that the database has held back, with the reason for which it did.
func (a *Activities) held(
	ctx context.Context, tenant flowhq.TenantID, f flowhq.FollowUp, step flowhq.FollowUpStep,
	now time.Time,
) (again time.Time, err error) {
	// The two agree on what holds back. Should they not, it is looked at again, and not sent.
	if step.Status == flowhq.FollowUpSent || step.Status == flowhq.FollowUpPending {
		again = now.Add(followUpPause)
		return again, a.Store.PlanFollowUp(ctx, tenant, f.ID, again)
	}
	return time.Time{}, a.Store.EndFollowUp(ctx, tenant, f.ID, step.Status, step.Reason)
}
