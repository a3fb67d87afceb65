package store_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/demo"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/google/go-cmp/cmp"
)

// change stores a profile on top of the current one, after edit.
func (b *bench) change(t testing.TB, tenant flowhq.TenantID, edit func(*flowhq.Profile)) flowhq.Profile {
	t.Helper()
	p := must(b.Profile(t.Context(), tenant))(t)
	edit(&p)
	return must(b.ChangeProfile(t.Context(), tenant,
		store.ProfileChange{Profile: p, Actor: "admin", Reason: "test"}))(t)
}

// failing takes what a method returns, which must be an error of this code.
func failing(t testing.TB, code flowhq.Code) func(flowhq.Profile, error) {
	t.Helper()
	return func(_ flowhq.Profile, err error) { t.Helper(); wantCode(t, "profile", err, code) }
}

func TestProfile(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, other := b.tenant(t), b.tenant(t)
	fresh := must(b.Profile(t.Context(), tenant))(t)
	if diff := cmp.Diff(flowhq.NewProfile("+255"), fresh); diff != "" {
		t.Errorf("the profile of a new tenant (-want +got):\n%s", diff)
	}
	for i, name := range demo.Names {
		want := demo.Profile(name)
		want.Place.Address.EN = `"quoted" \n \\ ` + "new\nline 🛍"
		want.Version = int64(i)
		must(b.ChangeProfile(t.Context(), tenant, store.ProfileChange{Profile: want, Actor: "admin"}))(t)
		want.Version++
		if diff := cmp.Diff(want, must(b.Profile(t.Context(), tenant))(t)); diff != "" {
			t.Errorf("%s (-stored +read):\n%s", name, diff)
		}
	}
	if p := must(b.Profile(t.Context(), other))(t); p.Version != 0 {
		t.Errorf("another tenant has version %d", p.Version)
	}
	wantEvents(t, b, tenant, "PROFILE_CHANGED admin version 5", "PROFILE_CHANGED admin version 4",
		"PROFILE_CHANGED admin version 3",
		"PROFILE_CHANGED admin version 2", "PROFILE_CHANGED admin version 1", "TENANT_CREATED admin ")
	failing(t, flowhq.NotFound)(b.Profile(t.Context(), nobody))
	failing(t, flowhq.NotFound)(b.ChangeProfile(t.Context(), nobody, store.ProfileChange{Profile: fresh}))
}

// Of many who change one version at once, one comes through; the others are told.
func TestChangeProfileAtOnce(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	p := b.change(t, tenant, func(*flowhq.Profile) {})
	const writers = 8
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			_, errs[i] = b.ChangeProfile(t.Context(), tenant,
				store.ProfileChange{Profile: p, Actor: fmt.Sprint(i)})
		})
	}
	wg.Wait()
	var through int
	for _, err := range errs {
		if err == nil {
			through++
		} else if wantCode(t, "change", err, flowhq.Conflict); !strings.Contains(err.Error(),
			"changed meanwhile") {
			t.Errorf("the others are told %q", err)
		}
	}
	if v := must(b.Profile(t.Context(), tenant))(t).Version; through != 1 || v != 2 {
		t.Errorf("%d came through and the version is %d; want 1 and 2", through, v)
	}
}

func TestProfileVersions(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	const changes = flowhq.KeptVersions + 5
	for i := range changes {
		b.change(t, tenant, func(p *flowhq.Profile) { p.Capacity = i + 1 })
	}
	var seen []int64
	before, pages := int64(0), 0
	for more := true; more; more = before > 0 {
		page, next, err := b.ProfileVersions(t.Context(), tenant, before, 20)
		ok(t, err)
		for _, v := range page {
			seen = append(seen, v.Version)
			if v.Actor != "admin" || v.Reason != "test" || v.CreatedAt.IsZero() {
				t.Errorf("version is %+v", v)
			}
		}
		before = next
		pages++
	}
	if len(seen) != flowhq.KeptVersions || pages != 3 || seen[0] != changes || seen[len(seen)-1] != 6 {
		t.Errorf("versions in %d pages are %v", pages, seen)
	}
	if p := must(b.ProfileAt(t.Context(), tenant, 6))(t); p.Capacity != 6 || p.Version != 6 {
		t.Errorf("version 6 has capacity %d and says it is %d", p.Capacity, p.Version)
	}
	for _, gone := range []int64{5, changes + 1} {
		failing(t, flowhq.NotFound)(b.ProfileAt(t.Context(), tenant, gone))
	}
	failing(t, flowhq.NotFound)(b.ProfileAt(t.Context(), nobody, 1))
}

// A host learns of a change by the notice that it gets for a changed config.
func TestChangeProfileNotifies(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant := b.tenant(t)
	notices := b.listen(t)
	b.change(t, tenant, func(*flowhq.Profile) {})
	wantNotice(t, notices, store.Notice{Kind: store.NewConfig, Tenant: tenant})
}
