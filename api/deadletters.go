package api

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

const (
	// maxReason bounds a reason that dead letters are selected by, in characters. The longest
	// quote what a server answered.
	maxReason = 2000
	// maxRetried bounds the dead letters of one retry. Each is a transaction of its own, which
	// takes a few milliseconds, and the request has handleTimeout.
	maxRetried = 100
)

// failuresRequest is a request for a list of what has failed: of dead letters, or of deliveries that
// were set aside.
type failuresRequest struct{ store.FailureFilter }

// filter reads what the lists have in common.
func (r *failuresRequest) filter(b *binder) {
	v, _ := b.parameter("reason")
	r.Reason = b.reason(v)
	r.Cursor, r.Limit = b.page()
}

// reason checks the reason of a dead letter, which is compared as it is: a reason that quotes what
// a server answered may have line ends.
func (b *binder) reason(v string) string {
	if !utf8.ValidString(v) || utf8.RuneCountInString(v) > maxReason ||
		strings.ContainsRune(v, 0) {
		b.wrong("reason", "must be at most "+number(maxReason)+" characters")
		return ""
	}
	return v
}

// tenantLettersRequest is GET /admin/tenants/:id/dead-letters.
type tenantLettersRequest struct{ failuresRequest }

func (r *tenantLettersRequest) bind(b *binder) {
	r.Tenant = b.tenant()
	r.filter(b)
}

// allFailuresRequest is GET /admin/dead-letters and GET /admin/webhook-deliveries.
type allFailuresRequest struct{ failuresRequest }

func (r *allFailuresRequest) bind(b *binder) {
	r.Tenant = b.anyTenant()
	r.filter(b)
}

// deadLetterList is a page of dead letters, and on the first page the reasons that there are.
type deadLetterList struct {
	DeadLetters []flowhq.DeadLetter `json:"dead_letters"`
	// Reasons are those of all pages, counted among the newest dead letters. They are empty on
	// later pages, which a client reads one after the other.
	Reasons []flowhq.DeadLetterReason `json:"reasons"`
	Next    string                    `json:"next"`
}

// listDeadLetters handles GET /admin/tenants/:id/dead-letters.
func (a *API) listDeadLetters(
	ctx context.Context, req tenantLettersRequest,
) (deadLetterList, error) {
	if _, err := a.Tenants.Tenant(ctx, req.Tenant); err != nil {
		return deadLetterList{}, err
	}
	return a.deadLetters(ctx, req.FailureFilter)
}

// listAllDeadLetters handles GET /admin/dead-letters, the dead letters of all tenants, or of one.
func (a *API) listAllDeadLetters(
	ctx context.Context, req allFailuresRequest,
) (deadLetterList, error) {
	return a.deadLetters(ctx, req.FailureFilter)
}

// deadLetters returns a page of dead letters.
func (a *API) deadLetters(
	ctx context.Context, f store.FailureFilter,
) (answer deadLetterList, err error) {
	page, next, err := a.Logs.DeadLetters(ctx, f)
	var reasons []flowhq.DeadLetterReason
	// A client that pages through has the reasons from its first page, so they are not counted
	// anew.
	if err == nil && f.Cursor == 0 {
		reasons, err = a.Logs.DeadLetterReasons(ctx, f)
	}
	return deadLetterList{list(page), list(reasons), cursor(next)}, err
}

// A letterRef names a message of any tenant.
type letterRef struct {
	Tenant  string `json:"tenant_id"`
	Message int64  `json:"message"`
}

// retryBody is the body of POST /admin/tenants/:id/dead-letters/retry: either messages, or the
// dead letters with a reason.
type retryBody struct {
	Messages []int64 `json:"messages"`
	Reason   *string `json:"reason"`
	// Cursor is the next of an earlier answer: those with this reason that are newer. Before is what
	// it was called, which clients may still send.
	Cursor string `json:"cursor"`
	Before string `json:"before"`
}

// retryAllBody is the body of POST /admin/dead-letters/retry.
type retryAllBody struct {
	Messages []letterRef `json:"messages"`
	Reason   *string     `json:"reason"`
	Tenant   string      `json:"tenant_id"` // only its dead letters with the reason; "" = of all
	Cursor   string      `json:"cursor"`
	Before   string      `json:"before"`
}

// A retrySelection is what is to be retried: letters, or those that the filter selects.
type retrySelection struct {
	Letters []letterRef
	Filter  store.FailureFilter
	// ByReason says that the filter counts.
	ByReason bool
}

// choose checks that a request names messages or a reason, and not both.
func (r *retrySelection) choose(
	b *binder, letters []letterRef, reason *string, cursor, before string,
) {
	r.Letters, r.ByReason = letters, reason != nil
	// An empty list is a mistake of who wrote it, and nil a list that was left out.
	switch {
	case r.ByReason == (letters != nil):
		b.wrong("messages", "must be given, or reason, and not both")
	case r.ByReason:
		if r.Filter.Reason = b.reason(*reason); r.Filter.Reason == "" {
			b.wrong("reason", "must be the reason of dead letters, as they are listed")
		}
	case len(letters) == 0 || len(letters) > maxRetried:
		b.wrong("messages", "must be a list of 1 to "+number(maxRetried)+" messages")
	}
	name, next := "cursor", cursor
	if before != "" {
		name, next = "before", before
	}
	r.Filter.Cursor = b.goesOn(name, next, r.ByReason && (cursor == "" || before == ""))
}

// goesOn reads the "next" of an earlier answer in the body of a retry by a reason.
func (b *binder) goesOn(name, next string, allowed bool) int64 {
	if next == "" {
		return 0
	}
	position, err := strconv.ParseInt(next, 10, 64)
	if err != nil || position < 1 || !allowed {
		b.wrong(name, `must be the "next" of an earlier answer about the same reason`)
	}
	return position
}

// retryLettersRequest is POST /admin/tenants/:id/dead-letters/retry. It needs no key: what was
// retried is no dead letter any more, so a repeated request retries nothing twice.
type retryLettersRequest struct{ retrySelection }

func (r *retryLettersRequest) bind(b *binder) {
	r.Filter.Tenant = b.tenant()
	var body retryBody
	b.body(&body)
	var letters []letterRef
	if body.Messages != nil {
		// Not nil, so that choose can tell an empty list from none.
		letters = []letterRef{}
	}
	for i, m := range body.Messages {
		b.messageAt("messages["+number(i)+"]", m)
		letters = append(letters, letterRef{string(r.Filter.Tenant), m})
	}
	r.choose(b, letters, body.Reason, body.Cursor, body.Before)
}

// messageAt checks the id of a message in a list.
func (b *binder) messageAt(path string, id int64) {
	if id < 1 {
		b.wrong(path, "must be the id of a message, a whole number from 1")
	}
}

// retryAllLettersRequest is POST /admin/dead-letters/retry.
type retryAllLettersRequest struct{ retrySelection }

func (r *retryAllLettersRequest) bind(b *binder) {
	var body retryAllBody
	b.body(&body)
	for i, m := range body.Messages {
		path := "messages[" + number(i) + "]"
		b.messageAt(path+".message", m.Message)
		if !flowhq.TenantID(m.Tenant).Valid() {
			b.wrong(path+".tenant_id", "must be the id of a tenant, a UUID in lower case")
		}
	}
	r.choose(b, body.Messages, body.Reason, body.Cursor, body.Before)
	r.Filter.Tenant = b.tenantOfReason(body.Tenant, r.ByReason)
}

// tenantOfReason reads whose are retried by a reason in the body of a retry, "" for all tenants. What
// is retried by its id has its tenant beside it.
func (b *binder) tenantOfReason(v string, byReason bool) flowhq.TenantID {
	if v != "" && !byReason {
		b.wrong("tenant_id", "goes with reason, not with a list")
		return ""
	}
	return b.tenantIn("tenant_id", v)
}

// A refusedLetter is a message that was not retried, and why.
type refusedLetter struct {
	letterRef
	// Code is that of the problem that a request for this message alone would be answered with.
	Code   flowhq.Code `json:"code"`
	Detail string      `json:"detail"`
}

// lettersRetried says what became of a retry of many.
type lettersRetried struct {
	Retried []letterRef     `json:"retried"`
	Refused []refusedLetter `json:"refused"`
	// Next is "" unless there are newer dead letters with the reason.
	Next string `json:"next"`

	tenant flowhq.TenantID // whose they are; "" = of all tenants
}

// location is the list of those that are left.
func (l lettersRetried) location() string {
	if l.tenant == "" {
		return "/admin/dead-letters"
	}
	return "/admin/tenants/" + string(l.tenant) + "/dead-letters"
}

// retryDeadLetters handles POST /admin/tenants/:id/dead-letters/retry. It answers 202, like the
// retry of one message: the rows are ready to be handled again.
func (a *API) retryDeadLetters(
	ctx context.Context, req retryLettersRequest,
) (lettersRetried, error) {
	if _, err := a.Tenants.Tenant(ctx, req.Filter.Tenant); err != nil {
		return lettersRetried{}, err
	}
	answer, err := a.retryLetters(ctx, req.retrySelection)
	answer.tenant = req.Filter.Tenant
	return answer, err
}

// retryAllDeadLetters handles POST /admin/dead-letters/retry, for letters of any tenants.
func (a *API) retryAllDeadLetters(
	ctx context.Context, req retryAllLettersRequest,
) (lettersRetried, error) {
	return a.retryLetters(ctx, req.retrySelection)
}

// retryLetters retries dead letters one by one, each in a transaction of its own. If the database
// fails on the way, those before it are retried, and the request may be repeated. A message that
// cannot be retried keeps no other one from it.
//
// The oldest go first, whether they are named or selected, and over all pages: a host answers what
// is ready at once, so a chat whose last message came first would be answered backwards.
func (a *API) retryLetters(
	ctx context.Context, s retrySelection,
) (answer lettersRetried, err error) {
	next := int64(0)
	// One page is retried, and Next leads to the others: more would not be done within one request.
	if s.ByReason {
		s.Filter.Limit, s.Filter.OldestFirst = maxRetried, true
		var page []flowhq.DeadLetter
		if page, next, err = a.Logs.DeadLetters(ctx, s.Filter); err != nil {
			return answer, err
		}
		for _, d := range page {
			s.Letters = append(s.Letters, letterRef{string(d.Tenant), d.Message})
		}
	}
	slices.SortStableFunc(s.Letters, func(l, m letterRef) int { return cmp.Compare(l.Message, m.Message) })
	answer = lettersRetried{
		Retried: []letterRef{}, Refused: []refusedLetter{}, Next: cursor(next),
	}
	for _, l := range s.Letters {
		_, err := a.Logs.Retry(ctx, flowhq.TenantID(l.Tenant), l.Message, actor(ctx))
		switch refused := refusal(err); {
		case err == nil:
			answer.Retried = append(answer.Retried, l)
		case refused != nil:
			answer.Refused = append(answer.Refused, refusedLetter{
				l, refused.Code, refused.Message})
		// The database is down, or the time is over. A repeated request finds the letters before
		// this one no longer dead, and does not retry them twice.
		default:
			return lettersRetried{}, err
		}
	}
	return answer, nil
}

// refusal is err if it says that one of several cannot be retried, which keeps no other from it.
func refusal(err error) *flowhq.Error {
	e, isKnown := errors.AsType[*flowhq.Error](err)
	if isKnown && (e.Code == flowhq.NotFound || e.Code == flowhq.Conflict) {
		return e
	}
	return nil
}
