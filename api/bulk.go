package api

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// BulkRecords keeps bulks in the database from the moment that they are asked for, with how
// far each was some seconds ago.
type BulkRecords interface {
	// BeginBulk records a bulk. With a key that was used before it returns the first bulk;
	// if the body was another one, it fails with code Conflict.
	BeginBulk(
		ctx context.Context, key string, body []byte, b flowhq.Bulk, tenants []flowhq.TenantID,
	) (flowhq.Bulk, error)
	Bulk(ctx context.Context, id string) (flowhq.Bulk, error)
	BulkTenants(ctx context.Context, id string) ([]flowhq.TenantID, error)
	// Bulks returns one page, the newest first, and the cursor of the next one, "" for none.
	Bulks(ctx context.Context, after string, limit int) (page []flowhq.Bulk, next string, err error)
	CancelBulk(ctx context.Context, id string) (flowhq.Bulk, error)
}

// Bulks runs the bulks that were recorded, and knows how far they are now. It is Temporal,
// and may be away: then bulks wait for it, and the reconciler starts them.
type Bulks interface {
	StartBulk(ctx context.Context, b flowhq.Bulk, tenants []flowhq.TenantID) (flowhq.Bulk, error)
	Bulk(ctx context.Context, id string) (flowhq.Bulk, error)
	Bulks(ctx context.Context, limit int) ([]flowhq.Bulk, error)
	CancelBulk(ctx context.Context, id string) (flowhq.Bulk, error)
}

// Defaults and bounds of the requests about bulks.
const (
	// defaultPerSecond is how many tenants a second get the command, unless the request says
	// otherwise. At that rate a thousand tenants take 100 s; each may log in to WhatsApp.
	defaultPerSecond = 10
	// defaultBulks and maxBulks bound the list, in rows.
	defaultBulks = 20
	maxBulks     = 100
)

// bulkBody is the body of POST /admin/bulk.
type bulkBody struct {
	Command flowhq.Command `json:"command"`
	Filter  bulkFilter     `json:"filter"`
	// PerSecond is nil where the body leaves it out, which 0 is not: 0 is refused.
	PerSecond *int `json:"per_second"`
}

// bulkFilter selects tenants as the parameters of GET /admin/tenants do. All stands
// alone: nobody stops everybody because a field was left out.
type bulkFilter struct {
	Status   flowhq.TenantStatus `json:"status"`
	Session  flowhq.SessionState `json:"session"`
	Template flowhq.Template     `json:"template"`
	Search   string              `json:"search"`
	// Attention and Stale are nil where the body leaves them out.
	Attention *bool  `json:"attention"`
	Worker    string `json:"worker"`
	Stale     *bool  `json:"stale"`
	// Tenants are those that were ticked one by one; nil = all that the other fields select.
	Tenants []flowhq.TenantID `json:"tenants"`
	All     bool              `json:"all"`
}

// bulkRequest is POST /admin/bulk.
type bulkRequest struct {
	bulkBody
	// ID is the bulk's, derived from the request's Key.
	ID  string
	Key string
}

func (r *bulkRequest) bind(b *binder) {
	b.body(&r.bulkBody)
	if !slices.Contains(flowhq.BulkCommands, r.Command) {
		b.wrong("command", "must be "+choices(flowhq.BulkCommands))
	}
	if r.PerSecond == nil {
		n := defaultPerSecond
		r.PerSecond = &n
	}
	if *r.PerSecond < 1 || *r.PerSecond > flowhq.MaxPerSecond {
		b.wrong("per_second",
			fmt.Sprintf("must be a whole number from 1 to %d", flowhq.MaxPerSecond))
	}
	r.Filter.check(b)
	// The same request begins the same bulk, however often it is sent. Without an Idempotency-Key
	// the id comes from the request's own, so each such request is a bulk of its own.
	r.Key = b.key()
	r.ID = uuid.NewSHA1(uuid.NameSpaceURL, []byte("flowhq:bulk:"+r.Key)).String()
}

// check notes what is wrong with a filter. An empty one is wrong, and so is one that says all
// and something else: it is not clear what its author meant. The rules are those of the list's
// parameters, so a filter that was tried there selects the same tenants here.
func (f bulkFilter) check(b *binder) {
	if f.Status != "" && !slices.Contains(flowhq.TenantStatuses, f.Status) {
		b.wrong("filter.status", "must be "+choices(flowhq.TenantStatuses))
	}
	if f.Session != "" && !slices.Contains(flowhq.SessionStates, f.Session) {
		b.wrong("filter.session", "must be "+choices(flowhq.SessionStates))
	}
	if f.Template != "" && !slices.Contains(flowhq.Templates, f.Template) {
		b.wrong("filter.template", "must be "+choices(flowhq.Templates))
	}
	if !validText(f.Search) {
		b.wrong("filter.search", "must be at most 100 printable characters")
	}
	if !validText(f.Worker) {
		b.wrong("filter.worker", "must be at most 100 printable characters")
	}
	if len(f.Tenants) > maxLimit || f.Tenants != nil && len(f.Tenants) == 0 {
		b.wrong("filter.tenants", fmt.Sprintf("must be 1 to %d ids of tenants", maxLimit))
	}
	for i, id := range f.Tenants {
		if !id.Valid() && !b.full() {
			b.wrong(fmt.Sprintf("filter.tenants[%d]", i),
				"must be the id of a tenant, a UUID in lower case")
		}
	}
	none := f.Status == "" && f.Session == "" && f.Template == "" && f.Search == "" &&
		f.Attention == nil && f.Worker == "" && f.Stale == nil && f.Tenants == nil
	if none && !f.All {
		b.wrong("filter", `must select something; {"all": true} selects every tenant`)
	}
	if !none && f.All {
		b.wrong("filter.all", "must be left out where other fields select")
	}
}

// startBulk handles POST /admin/bulk. The bulk is recorded with its tenants first, which makes
// it durable: if Temporal cannot start it now, the reconciler of the workers does later.
//
// A client sees 202 with the bulk in either case, and how far it is by reading it
// (TestBulkWithoutTemporal). The tenants are selected now and not as the bulk goes on, so that what
// an operator is told it reaches is what it reaches. One more than MaxBulk is asked for, to tell a
// full bulk from one that is too large.
func (a *API) startBulk(ctx context.Context, req bulkRequest) (bulkAccepted, error) {
	b, err := a.beginBulk(ctx, req)
	return bulkAccepted{b}, err
}

// bulkAccepted answers with a bulk, and says where to see how far it is.
type bulkAccepted struct{ flowhq.Bulk }

func (b bulkAccepted) location() string { return "/admin/bulk/" + b.ID }

// beginBulk records a bulk and has it started.
func (a *API) beginBulk(ctx context.Context, req bulkRequest) (flowhq.Bulk, error) {
	// The body is kept beside the key: the same key with another body is 409.
	body, err := json.Marshal(req.bulkBody)
	if err != nil {
		return flowhq.Bulk{}, err
	}
	f := store.TenantFilter{
		Status: req.Filter.Status, Session: req.Filter.Session,
		Template: req.Filter.Template, Search: req.Filter.Search,
		Attention: req.Filter.Attention, Worker: req.Filter.Worker, Stale: req.Filter.Stale,
		Only: req.Filter.Tenants,
	}
	tenants, err := a.Tenants.Selected(ctx, f, flowhq.MaxBulk+1)
	if err != nil {
		return flowhq.Bulk{}, err
	}
	if len(tenants) > flowhq.MaxBulk {
		message := fmt.Sprintf(
			"selects more than %d tenants, which is too many for one bulk", flowhq.MaxBulk)
		return flowhq.Bulk{}, &flowhq.Error{
			Code: flowhq.Invalid, Message: "the filter " + message,
			Fields: []flowhq.FieldError{{Field: "filter", Message: message}},
		}
	}
	b, err := a.BulkRecords.BeginBulk(ctx, req.Key, body, flowhq.Bulk{
		ID: req.ID, Command: req.Command, Actor: actor(ctx), PerSecond: *req.PerSecond,
	}, tenants)
	// A repeated request may find that its bulk has ended, which must not begin again.
	if err != nil || b.State != flowhq.BulkRunning {
		return b, err
	}
	// A repeated request may find other tenants than the first one did.
	if tenants, err = a.BulkRecords.BulkTenants(ctx, b.ID); err != nil {
		return b, err
	}
	// A Temporal that hangs must not use up the caller's time, as the bulk is recorded by now.
	calling, cancel := context.WithTimeout(ctx, signalTimeout)
	defer cancel()
	begun, err := a.Bulks.StartBulk(calling, b, tenants)
	if err != nil {
		a.Log.Warn("a bulk waits until Temporal answers again", "bulk", b.ID, "err", err)
		return b, nil
	}
	return begun, nil
}

// current returns a bulk as it is now, if Temporal knows, else as it was a moment ago. What
// Temporal does not answer within signalTimeout is no error: a progress some seconds old is better
// than none.
func (a *API) current(ctx context.Context, b flowhq.Bulk) flowhq.Bulk {
	if b.State != flowhq.BulkRunning {
		return b
	}
	calling, cancel := context.WithTimeout(ctx, signalTimeout)
	defer cancel()
	if now, err := a.Bulks.Bulk(calling, b.ID); err == nil {
		return now
	}
	return b
}

// bulkRef is a request about one bulk.
type bulkRef struct{ ID string }

func (r *bulkRef) bind(b *binder) {
	if r.ID = b.c.Param("bulk"); !flowhq.ValidBulkID(r.ID) {
		b.stop(flowhq.Errorf(flowhq.NotFound,
			"there is no such bulk; the id of a bulk is a UUID in lower case"))
	}
}

// readBulk handles GET /admin/bulk/:bulk.
func (a *API) readBulk(ctx context.Context, req bulkRef) (flowhq.Bulk, error) {
	b, err := a.BulkRecords.Bulk(ctx, req.ID)
	if err != nil {
		return b, err
	}
	return a.current(ctx, b), nil
}

// cancelBulk handles DELETE /admin/bulk/:bulk. That it is cancelled is recorded first, so that
// the reconciler sees to it if Temporal does not answer.
func (a *API) cancelBulk(ctx context.Context, req bulkRef) (bulkAccepted, error) {
	b, err := a.BulkRecords.CancelBulk(ctx, req.ID)
	// There is nothing to stop where Temporal runs nothing.
	if err != nil || b.State != flowhq.BulkRunning {
		return bulkAccepted{b}, err
	}
	calling, cancel := context.WithTimeout(ctx, signalTimeout)
	defer cancel()
	now, err := a.Bulks.CancelBulk(calling, req.ID)
	if err != nil {
		a.Log.Info("a bulk is not cancelled yet: the reconciler will see to it",
			"bulk", req.ID, "err", err)
		return bulkAccepted{b}, nil
	}
	return bulkAccepted{now}, nil
}

// bulksRequest is GET /admin/bulk.
type bulksRequest struct {
	Cursor string
	Limit  int
}

func (r *bulksRequest) bind(b *binder) {
	r.Limit = b.number("limit", defaultBulks, 1, maxBulks)
	r.Cursor = b.text("cursor")
}

// bulkList is a page of bulks, the newest first.
type bulkList struct {
	Bulks []flowhq.Bulk `json:"bulks"`
	Next  string        `json:"next"`
}

// listBulks handles GET /admin/bulk. One call to Temporal says how far the running ones are.
func (a *API) listBulks(ctx context.Context, req bulksRequest) (bulkList, error) {
	bulks, next, err := a.BulkRecords.Bulks(ctx, req.Cursor, req.Limit)
	if err != nil || !slices.ContainsFunc(bulks, running) {
		return bulkList{list(bulks), next}, err
	}
	calling, cancel := context.WithTimeout(ctx, signalTimeout)
	defer cancel()
	known, err := a.Bulks.Bulks(calling, maxBulks)
	if err != nil {
		a.Log.Info("bulks are listed as they were a moment ago: Temporal does not answer",
			"err", err)
	}
	// Of a bulk that has ended the row is final, so only those that run are replaced.
	for i, b := range bulks {
		n := slices.IndexFunc(known, func(k flowhq.Bulk) bool { return k.ID == b.ID })
		if n >= 0 && running(b) {
			bulks[i] = known[n]
		}
	}
	return bulkList{list(bulks), next}, nil
}

// running reports whether Temporal knows more of a bulk than its row does.
func running(b flowhq.Bulk) bool { return b.State == flowhq.BulkRunning }
