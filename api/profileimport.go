package api

import (
	"context"
	"mime"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/pricelist"
)

// csvTypes are the media types that browsers and tools send a CSV file as. text/plain is none:
// a page of another site may send it without asking.
var csvTypes = []string{"text/csv", "application/csv", "application/vnd.ms-excel"}

// file returns the body, a CSV file.
func (b *binder) file() []byte {
	media, _, err := mime.ParseMediaType(b.c.GetHeader("Content-Type"))
	if err != nil || !slices.Contains(csvTypes, media) {
		// The body is left alone: it may be large, and of no use.
		b.bodyRead = true
		b.stop(flowhq.Errorf(unsupported,
			"the body must be a CSV file, sent with Content-Type: text/csv"))
		return nil
	}
	// No list that fits a profile needs a larger file.
	data, _ := b.read(flowhq.MaxProfileBytes)
	return data
}

// An importMode says what becomes of the entries that the file does not have.
type importMode string

const (
	// The default, which loses nothing.
	importMerge   importMode = "merge"   // they stay
	importReplace importMode = "replace" // they are removed
)

// importRequest is POST /admin/tenants/:id/profile/import.
type importRequest struct {
	tenantRef
	List pricelist.List // "": that of the tenant's template
	Mode importMode
	// The answer says what would change, so that an owner can look first.
	DryRun bool
	File   []byte
	Match  *int64
}

func (r *importRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	r.List = word(b, "list", pricelist.Lists)
	r.Mode = word(b, "mode", []importMode{importMerge, importReplace})
	r.DryRun = b.flag("dry_run")
	r.Match = b.match()
	// The file comes last: a wrong parameter is reported before megabytes are read.
	r.File = b.file()
}

// imported says what a file has changed, or would.
type imported struct {
	DryRun  bool           `json:"dry_run"`
	List    pricelist.List `json:"list"`
	Version int64          `json:"version"` // of the profile as it is now
	pricelist.Report
}

func (i imported) headers() map[string]string { return etag(i.Version) }

// importList handles POST /admin/tenants/:id/profile/import. A file with a wrong line changes
// nothing.
func (a *API) importList(ctx context.Context, req importRequest) (answer imported, err error) {
	which, err := a.listOf(ctx, req.Tenant, req.List)
	if err != nil {
		return answer, err
	}
	// The file is read once. Apply is repeated with a newer profile if others change it meanwhile.
	table, err := pricelist.Read(req.File, which)
	if err != nil {
		return answer, err
	}
	answer = imported{DryRun: req.DryRun, List: which}
	// edit may run again for a newer profile; the report of the last run is answered.
	edit := func(p flowhq.Profile) (flowhq.Profile, error) {
		next, report, err := table.Apply(p, req.Mode == importReplace)
		answer.Report = report
		// The unchanged profile makes no version. A fault of the file is reported all the same.
		if req.DryRun {
			return p, err
		}
		return next, err
	}
	p, err := a.rewrite(ctx, req.Tenant, req.Match, "import of "+string(which), edit)
	answer.Version = p.Version
	return answer, err
}

// listOf returns the list that a request is about: the one it names, or what a business of the
// tenant's template offers.
func (a *API) listOf(
	ctx context.Context, id flowhq.TenantID, named pricelist.List,
) (pricelist.List, error) {
	if named != "" {
		return named, nil
	}
	// A shop lists products. All other templates offer services.
	t, err := a.Tenants.Tenant(ctx, id)
	if t.Config.Template == flowhq.EcommerceTemplate {
		return pricelist.Products, err
	}
	return pricelist.Services, err
}

// exportRequest is GET /admin/tenants/:id/profile/export.
type exportRequest struct {
	tenantRef
	List pricelist.List
}

func (r *exportRequest) bind(b *binder) {
	r.tenantRef.bind(b)
	r.List = word(b, "list", pricelist.Lists)
}

// csvFile answers with a CSV file.
type csvFile struct {
	name string
	data []byte
}

func (f csvFile) content() (string, []byte) { return "text/csv; charset=utf-8", f.data }

// The name is one of ours; quotes would end it within the header.
func (f csvFile) headers() map[string]string {
	name := strings.NewReplacer(`"`, "", `\`, "").Replace(f.name)
	return map[string]string{"Content-Disposition": `attachment; filename="` + name + `"`}
}

// exportList handles GET /admin/tenants/:id/profile/export.
func (a *API) exportList(ctx context.Context, req exportRequest) (csvFile, error) {
	which, err := a.listOf(ctx, req.Tenant, req.List)
	if err != nil {
		return csvFile{}, err
	}
	p, err := a.Profiles.Profile(ctx, req.Tenant)
	return csvFile{string(which) + ".csv", pricelist.Write(p, which)}, err
}
