package store_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// submission is a request to put the tenant on the air with its own number, which no other tenant
// has.
func submission(number, key string) store.SetupSubmission {
	return store.SetupSubmission{Key: key, Actor: "user", NewSetupRequest: flowhq.NewSetupRequest{
		BusinessName: "Salon Asha", Template: flowhq.SupportTemplate, WhatsAppNumber: number,
		Language: flowhq.Swahili,
	}}
}

// The calls of setup requests are among those that TestTwoTenants tries.
func init() {
	submit := func(ctx context.Context, s *store.Store, g guest) (flowhq.SetupRequest, error) {
		t, err := s.Tenant(ctx, g.tenant)
		if err != nil {
			return flowhq.SetupRequest{}, err
		}
		r, _, err := s.SubmitSetup(ctx, g.tenant, submission(t.PhoneNumber, "k"))
		return r, err
	}
	maps.Copy(calls, map[string]func(context.Context, *store.Store, guest) (any, error){
		"SubmitSetup": func(ctx context.Context, s *store.Store, g guest) (any,
			error) {
			return submit(ctx, s, g)
		},
		"SetupRequest": func(ctx context.Context, s *store.Store, g guest) (any, error) {
			r, err := submit(ctx, s, g)
			if err != nil {
				return nil, err
			}
			return s.SetupRequest(ctx, g.tenant, r.ID)
		},
		"SetupRequests": func(ctx context.Context, s *store.Store, g guest) (any, error) {
			_, err := submit(ctx, s, g)
			if err != nil {
				return nil, err
			}
			page, _, err := s.SetupRequests(ctx, store.SetupFilter{Tenant: g.tenant})
			return page, err
		},
		"DecideSetup": func(ctx context.Context, s *store.Store, g guest) (any, error) {
			r, err := submit(ctx, s, g)
			if err != nil {
				return nil, err
			}
			r, _, err = s.DecideSetup(ctx, r.ID,
				store.SetupDecision{Status: flowhq.SetupApproved, Actor: "operator"})
			return r, err
		},
	})
}

func (b *bench) submit(t *testing.T, tenant flowhq.TenantID, n store.SetupSubmission) flowhq.SetupRequest {
	t.Helper()
	r, _, err := b.SubmitSetup(t.Context(), tenant, n)
	ok(t, err)
	return r
}

func (b *bench) decide(t *testing.T, id string, status flowhq.SetupStatus,
	notes string) (flowhq.SetupRequest, error) {
	t.Helper()
	r, _, err := b.DecideSetup(t.Context(), id,
		store.SetupDecision{Status: status, Notes: notes, Actor: "operator"})
	return r, err
}

// setups are the tenant's setup requests as their statuses, newest first.
func (b *bench) setups(t *testing.T, tenant flowhq.TenantID) (all []flowhq.SetupStatus) {
	t.Helper()
	page, _, err := b.SetupRequests(t.Context(), store.SetupFilter{Tenant: tenant})
	ok(t, err)
	for _, r := range page {
		all = append(all, r.Status)
	}
	return all
}

// TestSetupRequest is the life of one: it is submitted, taken up, approved, and ACTIVE when the
// session connects.
func TestSetupRequest(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	const number = "+255755000111"
	r := b.submit(t, tenant, submission(number, "k1"))
	if r.Status != flowhq.SetupSubmitted || r.SubmittedBy != "user" || r.WhatsAppNumber != number ||
		r.Tenant != tenant {
		t.Errorf("submitted: %+v", r)
	}
	for _, key := range []string{"k1", "k2"} { // a form that is sent again may have no key
		if again := b.submit(t, tenant, submission(number, key)); again != r {
			t.Errorf("again: %+v; want %+v", again, r)
		}
	}
	other := submission(number, "k1")
	other.BusinessName = "Another"
	_, _, err := b.SubmitSetup(t.Context(), tenant, other)
	wantCode(t, "another request under the key", err, flowhq.Conflict)
	if got := must(b.Tenant(t.Context(), tenant))(t); got.Config.BusinessName == "Salon Asha" || got.Wanted {
		t.Errorf("a request that is only submitted has changed the tenant: %+v", got)
	}

	for range 2 {
		if r, err = b.decide(t, r.ID, flowhq.SetupReviewing, ""); err != nil ||
			r.Status != flowhq.SetupReviewing {
			t.Errorf("review: %+v, %v", r, err)
		}
	}
	for range 2 {
		if r, err = b.decide(t, r.ID, flowhq.SetupApproved, "called"); err != nil ||
			r.Status != flowhq.SetupApproved || r.Notes != "called" || r.DecidedBy != "operator" {
			t.Errorf("approve: %+v, %v", r, err)
		}
	}
	got := must(b.Tenant(t.Context(), tenant))(t)
	if !got.Wanted || got.PhoneNumber != number || got.Config.BusinessName != "Salon Asha" ||
		got.Config.Template != flowhq.SupportTemplate || got.Config.Language != flowhq.Swahili {
		t.Errorf("approved: %+v", got)
	}
	if diff := cmp.Diff([]string{"start setup:" + r.ID}, b.waiting(t, tenant)); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
	_, err = b.decide(t, r.ID, flowhq.SetupRejected, "no")
	wantCode(t, "reject what was approved", err, flowhq.Conflict)
	_, err = b.decide(t, r.ID, flowhq.SetupReviewing, "")
	wantCode(t, "review what was approved", err, flowhq.Conflict)

	ok(t, b.SetSession(t.Context(), tenant, 0, flowhq.Transition{State: flowhq.QRReady}, noCodes))
	if diff := cmp.Diff([]flowhq.SetupStatus{flowhq.SetupApproved}, b.setups(t, tenant)); diff != "" {
		t.Errorf("before it is connected (-want +got):\n%s", diff)
	}
	for range 2 {
		ok(t, b.SetSession(t.Context(), tenant, 0, connected, noCodes))
	}
	if diff := cmp.Diff([]flowhq.SetupStatus{flowhq.SetupActive}, b.setups(t, tenant)); diff != "" {
		t.Errorf("connected (-want +got):\n%s", diff)
	}
	if r, err = b.decide(t, r.ID, flowhq.SetupApproved, ""); err != nil ||
		r.Status != flowhq.SetupActive || r.Notes != "called" {
		t.Errorf("approve what is ACTIVE: %+v, %v", r, err)
	}
	if again := b.submit(t, tenant, submission(number, "k3")); again.ID != r.ID {
		t.Errorf("submitted what is ACTIVE: %+v", again)
	}
	var told []flowhq.EventType
	for _, e := range b.story(t, tenant) {
		if len(e) > 5 && e[:5] == "SETUP" || e == "START_REQUESTED" {
			told = append(told, e)
		}
	}
	want := []flowhq.EventType{"SETUP_REQUEST_SUBMITTED", "SETUP_REQUEST_REVIEWING",
		"SETUP_REQUEST_APPROVED", "START_REQUESTED", "SETUP_REQUEST_ACTIVE"}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestSetupRejected: who was rejected may submit the same once more, and a later request takes the
// place of one that is open.
func TestSetupRejected(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	first := b.submit(t, tenant, submission("+255755000112", "k1"))
	for range 2 {
		if r, err := b.decide(t, first.ID, flowhq.SetupRejected, "no"); err != nil ||
			r.Status != flowhq.SetupRejected || r.Notes != "no" {
			t.Errorf("reject: %+v, %v", r, err)
		}
	}
	_, err := b.decide(t, first.ID, flowhq.SetupApproved, "")
	wantCode(t, "approve what was rejected", err, flowhq.Conflict)
	if again := b.submit(t, tenant, submission("+255755000112", "k1")); again.ID != first.ID {
		t.Error("the key made a second request")
	}
	second := b.submit(t, tenant, submission("+255755000112", "k2"))
	third := b.submit(t, tenant, submission("+255755000113", "k3"))
	if diff := cmp.Diff([]flowhq.SetupStatus{flowhq.SetupSubmitted, flowhq.SetupRejected,
		flowhq.SetupRejected}, b.setups(t, tenant)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, err = b.decide(t, second.ID, flowhq.SetupApproved, "")
	wantCode(t, "approve what was replaced", err, flowhq.Conflict)
	if got := must(b.Tenant(t.Context(), tenant))(t); got.Wanted || third.Status != flowhq.SetupSubmitted {
		t.Errorf("started: %+v", got)
	}
	_, err = b.SetupRequest(t.Context(), b.tenant(t), third.ID)
	wantCode(t, "another tenant's", err, flowhq.NotFound)
	_, err = b.decide(t, string(nobody), flowhq.SetupApproved, "")
	wantCode(t, "none", err, flowhq.NotFound)

	for i := range 70 {
		b.submit(t, tenant, submission(fmt.Sprintf("+2557560%05d", i), fmt.Sprint("n", i)))
	}
	if n := len(b.setups(t, tenant)); n > 51 {
		t.Errorf("%d are kept", n)
	}
}

// TestSetupOfAnothersNumber: what cannot be approved changes nothing, and starts nothing.
func TestSetupOfAnothersNumber(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, other := b.tenant(t), b.tenant(t)
	n := submission(b.number(t, other), "k1")
	r := b.submit(t, tenant, n)
	before := dump(t, b, tenant)
	_, err := b.decide(t, r.ID, flowhq.SetupApproved, "")
	wantCode(t, "approve with another's number", err, flowhq.Conflict)
	n.Key, n.BusinessName, n.Approved = "k2", "Another", true
	_, _, err = b.SubmitSetup(t.Context(), tenant, n)
	wantCode(t, "automatic with another's number", err, flowhq.Conflict)
	if diff := cmp.Diff(before, dump(t, b, tenant)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.command(t, tenant, flowhq.Delete, "d")
	n.Approved = false
	_, _, err = b.SubmitSetup(t.Context(), tenant, n)
	wantCode(t, "of a tenant that is being deleted", err, flowhq.Conflict)
	_, err = b.decide(t, r.ID, flowhq.SetupApproved, "")
	wantCode(t, "approve of a tenant that is being deleted", err, flowhq.Conflict)
	_, _, err = b.SubmitSetup(t.Context(), nobody, n)
	wantCode(t, "of nobody", err, flowhq.NotFound)
	ok(t, b.Erase(t.Context(), tenant, "test"))
	_, err = b.SetupRequest(t.Context(), "", r.ID)
	wantCode(t, "of a tenant that is erased", err, flowhq.NotFound)
}

// TestSetupApprovedAtOnce: where nobody has to approve, a submission starts the session once.
func TestSetupApprovedAtOnce(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	n := submission(b.number(t, tenant), "k1")
	n.Approved = true
	for range 2 {
		if r := b.submit(t, tenant, n); r.Status != flowhq.SetupApproved || r.DecidedBy != "user" {
			t.Errorf("submitted: %+v", r)
		}
	}
	if got := b.waiting(t, tenant); len(got) != 1 || !must(b.Tenant(t.Context(), tenant))(t).Wanted {
		t.Errorf("commands: %v", got)
	}
}

// TestSetupOfWhatIsConnected: a tenant that is ACTIVE already makes its request ACTIVE at once.
func TestSetupOfWhatIsConnected(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	number := b.number(t, tenant)
	b.linked(t, tenant, epoch, number)
	ok(t, b.SetSession(t.Context(), tenant, epoch, connected, noCodes))
	r := b.submit(t, tenant, submission(number, "k1"))
	if r, err := b.decide(t, r.ID, flowhq.SetupApproved, ""); err != nil || r.Status != flowhq.SetupActive {
		t.Errorf("approved: %+v, %v", r, err)
	}
	if story := b.story(t, tenant); !slices.Contains(story, "SETUP_REQUEST_ACTIVE") {
		t.Errorf("events %v", story)
	}
}

// TestSetupApprovedWhileConnecting: whichever of the two is first, the request becomes ACTIVE.
func TestSetupApprovedWhileConnecting(t *testing.T) {
	t.Parallel()
	b := open(t)
	for round := range 20 {
		tenant, epoch := b.hosted(t)
		number := b.number(t, tenant)
		b.linked(t, tenant, epoch, number)
		ok(t, b.SetSession(t.Context(), tenant, epoch,
			flowhq.Transition{State: flowhq.Disconnected}, noCodes))
		r := b.submit(t, tenant, submission(number, "k1"))
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := b.decide(t, r.ID, flowhq.SetupApproved, ""); err != nil {
				t.Error(err)
			}
		})
		both.Go(func() {
			if err := b.SetSession(t.Context(), tenant, epoch, connected, noCodes); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		if diff := cmp.Diff([]flowhq.SetupStatus{flowhq.SetupActive}, b.setups(t, tenant)); diff != "" {
			t.Fatalf("round %d (-want +got):\n%s", round, diff)
		}
	}
}

// TestSetupPages: each request is on one page, whatever the filter.
func TestSetupPages(t *testing.T) {
	t.Parallel()
	b := open(t)
	var want []string
	for range 5 {
		tenant := b.tenant(t)
		want = append(want, b.submit(t, tenant, submission(b.number(t, tenant), "k")).ID)
	}
	slices.Reverse(want)
	_, err := b.decide(t, want[0], flowhq.SetupRejected, "no")
	ok(t, err)
	for _, f := range []store.SetupFilter{{Limit: 2}, {Limit: 2, Status: flowhq.SetupSubmitted}} {
		var got []string
		for {
			page, next, err := b.SetupRequests(t.Context(), f)
			ok(t, err)
			for _, r := range page {
				got = append(got, r.ID)
			}
			if f.Cursor = next; next == "" {
				break
			}
		}
		if f.Status != "" {
			want = want[1:]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", f, diff)
		}
	}
	_, _, err = b.SetupRequests(t.Context(), store.SetupFilter{Cursor: "x"})
	wantCode(t, "no cursor", err, flowhq.Invalid)
}
