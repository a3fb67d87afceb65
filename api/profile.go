package api

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"regexp"
	"strconv"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/reply"
	"github.com/flowhq/flowhq/internal/store"
)

const (
	// maxProfiles is how many requests with a profile are handled at a time. A profile and its JSON
	// may have some megabytes in memory.
	maxProfiles = 4
	// profileTries is how often a change without a condition is tried when others change the same
	// profile at once. More would fail as well: who changes a profile that often is a program gone
	// wrong.
	profileTries = 3
	// matchHeader has the version that a change is of.
	matchHeader = "If-Match"
)

// profileAnswer answers with a profile, whose version is the ETag.
type profileAnswer struct{ flowhq.Profile }

// headers lets a client send the version back as If-Match.
func (p profileAnswer) headers() map[string]string { return etag(p.Version) }

// etag is the header that has the version of a profile.
func etag(version int64) map[string]string {
	return map[string]string{"ETag": `"` + strconv.FormatInt(version, 10) + `"`}
}

// readProfile handles GET /admin/tenants/:id/profile.
func (a *API) readProfile(ctx context.Context, req tenantRef) (profileAnswer, error) {
	p, err := a.Profiles.Profile(ctx, req.Tenant)
	return profileAnswer{p}, err
}

// versionTag is the ETag of a profile. It is a strong tag of at most 18 digits, which fit 64 bits.
// A weak one would not do for If-Match.
var versionTag = regexp.MustCompile(`^"(0|[1-9][0-9]{0,17})"$`)

// match returns the version that the request is to change, nil for any.
func (b *binder) match() *int64 {
	// The header is a list by HTTP, but a change is of one version.
	tags := b.c.Request.Header.Values(matchHeader)
	// Without a condition the last change wins, as in most APIs.
	if len(tags) == 0 || len(tags) == 1 && tags[0] == "*" {
		return nil
	}
	m := versionTag.FindStringSubmatch(tags[0])
	// A tag that is ignored would overwrite what the client has not seen.
	if len(tags) > 1 || m == nil {
		b.wrong(matchHeader, `must be one ETag of the profile, such as "7", or *`)
		return nil
	}
	version, _ := strconv.ParseInt(m[1], 10, 64) // the pattern allows nothing else
	return &version
}

// matchBody is match for a request whose body may have the version as well. A client that sends
// back what it read means that version, though it sends no If-Match.
func (b *binder) matchBody(version int64) *int64 {
	match := b.match()
	if version <= 0 || b.err != nil { // a negative one is refused as a field
		return match
	}
	if match != nil && *match != version {
		b.wrong("version", "must be that of If-Match, or be left out")
	}
	return &version
}

// replaceRequest is PUT /admin/tenants/:id/profile. It has no key: to repeat it changes nothing.
type replaceRequest struct {
	tenantRef
	Profile flowhq.Profile
	// NoZone and NoCurrency say that the body has none, which leaves them as they are: a Kenyan
	// business must not get Tanzania's by being silent.
	NoZone, NoCurrency bool
	Match              *int64
}

func (r *replaceRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	b.nullable = true
	b.largeBody(&r.Profile, flowhq.MaxProfileBytes)
	r.Match = b.matchBody(r.Profile.Version)
	// It is noted before Normalized fills the defaults in.
	r.NoZone, r.NoCurrency = r.Profile.TimeZone == "", r.Profile.Currency == ""
	r.Profile = r.Profile.Normalized()
	b.check(checkProfile(r.Profile))
}

// checkProfile returns an Invalid error that names what is wrong with a profile, or nil.
func checkProfile(p flowhq.Profile) error {
	if err := p.Validate(); err != nil {
		return err
	}
	// The texts of the bot are known to package reply alone.
	return p.ValidateTexts(reply.Texts())
}

// replaceProfile handles PUT /admin/tenants/:id/profile.
func (a *API) replaceProfile(ctx context.Context, req replaceRequest) (profileAnswer, error) {
	edit := func(old flowhq.Profile) (flowhq.Profile, error) {
		// The body replaces all else: what it leaves out is empty from now on.
		p := req.Profile
		if req.NoZone {
			p.TimeZone = old.TimeZone
		}
		if req.NoCurrency {
			p.Currency = old.Currency
		}
		return p, nil
	}
	return a.rewrite(ctx, req.Tenant, req.Match, "", edit)
}

// mergeRequest is PATCH /admin/tenants/:id/profile.
type mergeRequest struct {
	tenantRef
	Body  []byte // a JSON object whose members have the right types
	Match *int64
}

func (r *mergeRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	b.nullable = true
	data, ok := b.read(flowhq.MaxProfileBytes)
	if !ok {
		return
	}
	if len(data) == 0 {
		b.stop(flowhq.Errorf(flowhq.Invalid, "the request needs a body, a JSON object"))
		return
	}
	var scratch flowhq.Profile
	b.decode(data, &scratch) // finds all that is wrong without the profile
	// The bytes are kept, as the patch is applied anew to whichever version is current.
	r.Body, r.Match = data, b.matchBody(scratch.Version)
}

// mergeProfile handles PATCH /admin/tenants/:id/profile. Members that are left out stay, objects
// are merged, and lists are replaced whole (as in RFC 7396).
func (a *API) mergeProfile(ctx context.Context, req mergeRequest) (profileAnswer, error) {
	// The patch is applied to the newest profile in each try, so that another's change of another
	// member is kept.
	edit := func(p flowhq.Profile) (flowhq.Profile, error) {
		p.Texts = maps.Clone(p.Texts) // the only part that is changed in place
		// This binder has no request: members reads bytes, and wrong only notes.
		b := &binder{nullable: true}
		b.members("", req.Body, fieldsOf(&p))
		p = p.Normalized()
		// The whole is checked, since a patch that is right by itself may not fit the rest.
		b.check(checkProfile(p))
		if len(b.fields) > 0 {
			return p, wrongFields(b.fields)
		}
		return p, nil
	}
	return a.rewrite(ctx, req.Tenant, req.Match, "", edit)
}

// rewrite changes a tenant's profile by edit, which may be called again if others change it at the
// same time. A version that match does not name is not changed. A change that changes nothing
// makes no version.
func (a *API) rewrite(
	ctx context.Context, id flowhq.TenantID, match *int64, reason string,
	edit func(flowhq.Profile) (flowhq.Profile, error),
) (profileAnswer, error) {
	for try := 1; ; try++ {
		old, err := a.Profiles.Profile(ctx, id)
		if err != nil {
			return profileAnswer{}, err
		}
		// The store compares once more, in the statement that writes.
		if match != nil && *match != old.Version {
			return profileAnswer{}, flowhq.Errorf(notCurrent, "the profile is at version %d, and "+
				"this request is about version %d: read the profile again, then change that",
				old.Version, *match)
		}
		next, err := edit(old)
		if err != nil {
			return profileAnswer{}, err
		}
		// The store writes the version after it, and refuses if another one is there by then.
		next.Version = old.Version
		// A repeated request would otherwise push older versions out of those that are kept.
		if reflect.DeepEqual(old, next) {
			return profileAnswer{old}, nil
		}
		change := store.ProfileChange{Profile: next, Actor: actor(ctx), Reason: reason}
		next, err = a.Profiles.ChangeProfile(ctx, id, change)
		// After the last try the client gets 409, and decides what to do.
		if flowhq.ErrorCode(err) == flowhq.Conflict {
			if try < profileTries {
				continue // with a condition, the next try says which version there is now
			}
		}
		return profileAnswer{next}, err
	}
}

// gapList is what an owner could still tell.
type gapList struct {
	Version int64               `json:"version"`
	Missing []flowhq.FieldError `json:"missing"`
}

// missingInProfile handles GET /admin/tenants/:id/profile/missing.
func (a *API) missingInProfile(ctx context.Context, req tenantRef) (gapList, error) {
	p, err := a.Profiles.Profile(ctx, req.Tenant)
	return gapList{p.Version, list(p.Gaps())}, err
}

// versionsRequest is GET /admin/tenants/:id/profile/versions.
type versionsRequest struct {
	tenantRef
	Before int64
	Limit  int
}

func (r *versionsRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Before = b.cursor()
	// The default shows all that are kept, as clients seldom page.
	r.Limit = b.number("limit", flowhq.KeptVersions, 1, maxLimit)
}

// versionList is a page of versions. Next is "" on the last page.
type versionList struct {
	Versions []flowhq.ProfileVersion `json:"versions"`
	Next     string                  `json:"next"`
}

// listProfileVersions handles GET /admin/tenants/:id/profile/versions.
func (a *API) listProfileVersions(
	ctx context.Context, req versionsRequest,
) (answer versionList, err error) {
	page, next, err := a.Profiles.ProfileVersions(ctx, req.Tenant, req.Before, req.Limit)
	for i := range page {
		page[i].Actor = shownActor(ctx, page[i].Actor)
	}
	answer.Versions, answer.Next, err = paged(ctx, a, req.Tenant, page, next, err)
	return answer, err
}

// versionRef is a request about one version of a profile.
type versionRef struct {
	tenantRef
	Version int64
}

func (r *versionRef) bind(b *binder) {
	r.tenantRef.bind(b)
	r.Version = b.id("version")
}

// readProfileVersion handles GET /admin/tenants/:id/profile/versions/:version. There is no ETag:
// an older version is no version to change.
func (a *API) readProfileVersion(ctx context.Context, req versionRef) (flowhq.Profile, error) {
	return a.Profiles.ProfileAt(ctx, req.Tenant, req.Version)
}

// restoreRequest is POST /admin/tenants/:id/profile/versions/:version/restore.
type restoreRequest struct {
	versionRef
	Match *int64
}

func (r *restoreRequest) bind(b *binder) {
	r.versionRef.bind(b)
	r.Match = b.match()
}

// restoreProfile handles POST /admin/tenants/:id/profile/versions/:version/restore: undo. What was
// is a new version, so that this can be undone too. To repeat it changes nothing.
func (a *API) restoreProfile(ctx context.Context, req restoreRequest) (profileAnswer, error) {
	// Old versions are kept for a while; one that is gone is 404.
	old, err := a.Profiles.ProfileAt(ctx, req.Tenant, req.Version)
	if err != nil {
		return profileAnswer{}, err
	}
	reason := "version " + strconv.FormatInt(req.Version, 10) + " again"
	edit := func(flowhq.Profile) (flowhq.Profile, error) {
		// A newer program may check what an older one did not.
		return old, checkProfile(old)
	}
	return a.rewrite(ctx, req.Tenant, req.Match, reason, edit)
}

// fieldErrors returns the fields that an error names.
func fieldErrors(err error) []flowhq.FieldError {
	if e, ok := errors.AsType[*flowhq.Error](err); ok {
		return e.Fields
	}
	return nil
}

// wrongFields is the Invalid error of a request that was read once more in its handler.
func wrongFields(fields []flowhq.FieldError) error {
	return &flowhq.Error{
		Code: flowhq.Invalid, Fields: fields,
		Message: "the request has fields that are missing or wrong",
	}
}
