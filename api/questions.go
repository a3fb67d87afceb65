package api

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// Questions are what customers have asked and the bot had no answer to. Those of one wording and
// status are one group.
type Questions interface {
	QuestionGroups(
		ctx context.Context, id flowhq.TenantID, f store.FactFilter,
	) (page []flowhq.QuestionGroup, next int64, err error)
	// QuestionGroup fails with code NotFound for an id that is no question of the tenant's.
	QuestionGroup(
		ctx context.Context, id flowhq.TenantID, question int64,
	) (flowhq.QuestionGroup, error)
	// SetQuestion moves a question and its group to a status. It fails with code Conflict if there
	// is no such move.
	SetQuestion(
		ctx context.Context, id flowhq.TenantID, question int64, to flowhq.UnansweredStatus,
		actor string,
	) error
	// AnswerQuestion changes the profile, and with it marks the question and its group as
	// RESOLVED. It fails with code Conflict if the version in the profile is not current, or if
	// the question is not OPEN.
	AnswerQuestion(
		ctx context.Context, id flowhq.TenantID, question int64, c store.ProfileChange,
	) (flowhq.Profile, error)
}

// questionRoutes lists the endpoints of questions, among those of facts.
func (a *API) questionRoutes(r router) {
	const read, send, path = flowhq.ScopeRead, flowhq.ScopeSend, "/unanswered"
	r.get(path, read, handle(a, 200, a.listQuestions))
	r.get(path+"/:question", read, handle(a, 200, a.readQuestion))
	r.patch(path+"/:question", send, handle(a, 200, a.changeQuestion))
	r.post(path+"/:question/answer", send, handle(a, 200, a.answerQuestion))
}

// questionsRequest is GET /admin/tenants/:id/unanswered.
type questionsRequest struct{ factsRequest }

func (r *questionsRequest) bind(b *binder) {
	bindFacts(&r.factsRequest, b, flowhq.UnansweredStatuses)
}

// questionList is a page of groups of questions.
type questionList struct {
	Unanswered []flowhq.QuestionGroup `json:"unanswered"`
	Next       string                 `json:"next"`
}

// listQuestions handles GET /admin/tenants/:id/unanswered.
func (a *API) listQuestions(
	ctx context.Context, req questionsRequest,
) (answer questionList, err error) {
	page, next, err := a.Facts.QuestionGroups(ctx, req.Tenant, req.FactFilter)
	answer.Unanswered, answer.Next, err = paged(ctx, a, req.Tenant, page, next, err)
	return answer, err
}

// questionRef is a request about one question and its group.
type questionRef struct {
	tenantRef
	ID int64
}

func (r *questionRef) bind(b *binder) {
	r.tenantRef.bind(b)
	r.ID = b.id("question")
}

// readQuestion handles GET /admin/tenants/:id/unanswered/:question.
func (a *API) readQuestion(ctx context.Context, req questionRef) (flowhq.QuestionGroup, error) {
	return a.Facts.QuestionGroup(ctx, req.Tenant, req.ID)
}

// questionChange is PATCH /admin/tenants/:id/unanswered/:question: it dismisses a question, or
// opens it again.
type questionChange struct {
	questionRef
	Status flowhq.UnansweredStatus
}

func (r *questionChange) bind(b *binder) {
	r.questionRef.bind(b)
	var body statusBody
	b.body(&body)
	r.Status = requiredWord(b, "status", body.Status,
		[]flowhq.UnansweredStatus{flowhq.UnansweredOpen, flowhq.UnansweredDismissed})
}

// changeQuestion handles PATCH /admin/tenants/:id/unanswered/:question. The status is part of what
// makes a group, so the group that is answered is the one that the question is in now.
func (a *API) changeQuestion(
	ctx context.Context, req questionChange,
) (g flowhq.QuestionGroup, err error) {
	if err = a.Facts.SetQuestion(ctx, req.Tenant, req.ID, req.Status, actor(ctx)); err == nil {
		g, err = a.Facts.QuestionGroup(ctx, req.Tenant, req.ID)
	}
	return g, err
}

// answerBody is the body of POST /admin/tenants/:id/unanswered/:question/answer.
type answerBody struct {
	// Without any, the customer's own words are the question.
	Questions []string    `json:"questions"`
	Answer    flowhq.Text `json:"answer"`
}

// answerRequest is POST /admin/tenants/:id/unanswered/:question/answer. It has no key: an answer
// that is there already is not added again.
type answerRequest struct {
	questionRef
	answerBody
}

func (r *answerRequest) bind(b *binder) {
	r.questionRef.bind(b)
	b.body(&r.answerBody)
	one := flowhq.Answer{Questions: r.Questions, Answer: r.Answer}
	if len(one.Questions) == 0 {
		one.Questions = []string{"?"} // the customer's own words, which are not known here
	}
	// The answer is checked by the rules of a profile, in a profile of its own, before the tenant's
	// is read.
	p := flowhq.Profile{Answers: []flowhq.Answer{one}}.Normalized()
	for _, f := range fieldErrors(checkProfile(p)) {
		// What an empty profile lacks besides is not this request's fault.
		if name, ok := strings.CutPrefix(f.Field, "answers[0]."); ok {
			b.wrong(name, f.Message)
		}
	}
}

// answered says what has become of a question, and of the profile.
type answered struct {
	Question flowhq.QuestionGroup `json:"question"`
	Answer   flowhq.Answer        `json:"answer"`
	Version  int64                `json:"version"` // of the profile
}

// headers has the version, as the answer has changed the profile.
func (q answered) headers() map[string]string { return etag(q.Version) }

// answerQuestion handles POST /admin/tenants/:id/unanswered/:question/answer. What the owner
// answers is in the profile as everything that the bot may say, so the bot knows it from the next
// message on.
func (a *API) answerQuestion(ctx context.Context, req answerRequest) (answered, error) {
	for try := 1; ; try++ {
		// Both are read anew in each try: the question may have been answered, and the profile
		// changed.
		q, err := a.Facts.QuestionGroup(ctx, req.Tenant, req.ID)
		if err != nil {
			return answered{}, err
		}
		p, err := a.Profiles.Profile(ctx, req.Tenant)
		if err != nil {
			return answered{}, err
		}
		next := flowhq.Answer{Questions: req.Questions, Answer: req.Answer}
		if len(next.Questions) == 0 {
			// A message may have several lines, and characters that a profile does not take.
			next.Questions = []string{flowhq.CleanLine(q.Text)}
		}
		// The first request may have died before its answer. The answer in the profile shows that
		// it was done.
		if q.Status == flowhq.UnansweredResolved {
			if same, ok := answerIn(p, next); ok { // a repeated request
				return answered{q, same, p.Version}, nil
			}
		}
		// Two answers to one question would contradict each other in the profile.
		if q.Status != flowhq.UnansweredOpen {
			return answered{}, flowhq.Errorf(flowhq.Conflict, "question %d is %s: make it OPEN "+
				"first, or change the answers of the profile", req.ID, q.Status)
		}
		p, err = withAnswer(p, next)
		if err != nil {
			return answered{}, err
		}
		// One statement adds the version and resolves the question, so neither is there without the
		// other.
		p, err = a.Facts.AnswerQuestion(ctx, req.Tenant, req.ID,
			store.ProfileChange{Profile: p, Actor: actor(ctx), Reason: "answer to a question"})
		if flowhq.ErrorCode(err) == flowhq.Conflict && try < profileTries {
			continue // somebody has changed the profile, or the question
		}
		if err != nil {
			return answered{}, err
		}
		// The question is read again for its new group; withAnswer has put the answer at the end.
		q, err = a.Facts.QuestionGroup(ctx, req.Tenant, req.ID)
		return answered{q, p.Answers[len(p.Answers)-1], p.Version}, err
	}
}

// answerIn finds an answer with the same words. Both are compared as normalized, since the profile
// has the normalized one.
func answerIn(p flowhq.Profile, a flowhq.Answer) (flowhq.Answer, bool) {
	a = flowhq.Profile{Answers: []flowhq.Answer{a}}.Normalized().Answers[0]
	for _, known := range p.Answers {
		if known.Answer == a.Answer && slices.Equal(known.Questions, a.Questions) {
			return known, true
		}
	}
	return a, false
}

// withAnswer adds an answer to a profile. An error names what is wrong as the request has it.
func withAnswer(p flowhq.Profile, a flowhq.Answer) (flowhq.Profile, error) {
	// Cloned, since append could write into the list of the profile that was read.
	p.Answers = append(slices.Clone(p.Answers), a)
	p = p.Normalized()
	var fields []flowhq.FieldError
	own := "answers[" + strconv.Itoa(len(p.Answers)-1) + "]."
	err := checkProfile(p)
	// Faults of other answers keep their paths: the stored profile has them, and not the request.
	for _, f := range fieldErrors(err) {
		f.Field = strings.TrimPrefix(f.Field, own)
		fields = append(fields, f)
	}
	if len(fields) > 0 {
		return p, wrongFields(fields)
	}
	return p, err
}
