package pipeline

import (
	"context"
	"encoding/json"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/assistant"
	"github.com/flowhq/flowhq/internal/failpoint"
	"github.com/flowhq/flowhq/internal/reply"
	"github.com/flowhq/flowhq/internal/store"
)

// An Assistant asks a language model. *assistant.Client is one.
type Assistant interface {
	// Reserve takes a place for one call, which release gives back, or says why there is none.
	Reserve() (release func(), failure string)
	// Suggest asks, once, within seconds. A failure is in the suggestion.
	Suggest(ctx context.Context, q assistant.Question) reply.Suggestion
}

// consult asks the language model about a question that the bot does not understand. It returns
// nil where the model is not asked, which is nearly always.
//
// It runs in the chat's goroutine, so no other chat waits for the model, and before the reply is
// composed, so the customer may still change the question meanwhile. A suggestion for another
// text than the one that is answered is not followed.
func (p *Pipeline) consult(c *chat, j *job, config flowhq.Config) (*reply.Suggestion, error) {
	if p.Assistant == nil {
		return nil, nil //nolint:nilnil // nobody was asked
	}
	// The model must not be asked about words that the customer has changed or deleted since.
	p.applyRevisions(c, j, false)
	known, err := p.knowledgeOf(c.standing.ProfileVersion, config)
	if err != nil || !known.profile.Assistant.Enabled {
		return nil, err
	}
	in := p.input(c, j, known)
	if !reply.AsksAssistant(in) {
		return nil, nil //nolint:nilnil // nobody was asked
	}
	s := reply.Suggestion{For: reply.Fingerprint(in.Message.Text)}
	// The place is taken before the request is counted: see assistant.Client.Reserve.
	release, failure := p.Assistant.Reserve()
	if failure != "" {
		s.Failure = failure
		return &s, nil
	}
	defer release()
	found, err := p.claimConsultation(j, known.profile, s)
	switch {
	case err != nil:
		return nil, err
	case found.Suggestion != nil: // an earlier host, or an earlier attempt, has asked
		if json.Unmarshal(found.Suggestion, &s) != nil {
			s.Failure = assistant.FailureFormat
		}
		return &s, nil
	case !found.Due: // the customer has deleted it
		return nil, nil //nolint:nilnil // nobody was asked
	case !found.Allowed:
		s.Failure = assistant.FailureBudget
		return &s, nil
	}
	q := assistant.Question{
		Profile: known.profile, Config: config, Text: in.Message.Text, Now: in.Message.At,
		Language: reply.Decide(in).Understood.Language,
	}
	if found.Earlier != nil {
		_ = json.Unmarshal(found.Earlier, &q.Earlier) // without them the model knows less
	}
	// Between the claim and the write a crash leaves the claim's "interrupted". The next host then
	// answers without the model, and the tenant pays for one call at most.
	s = p.ask(q)
	err = p.persist("write suggestion", func(ctx context.Context) error {
		return p.Store.SetSuggestion(ctx, p.Tenant, p.Epoch, j.question.ID, p.encode(s))
	})
	failpoint.Hit("suggestion.written")
	return &s, err
}

// claimConsultation counts the request before it is made.
func (p *Pipeline) claimConsultation(
	j *job, profile flowhq.Profile, s reply.Suggestion,
) (found store.Consultation, err error) {
	// It stands in the row until SetSuggestion replaces it.
	s.Failure = assistant.FailureInterrupted
	err = p.persist("claim suggestion", func(ctx context.Context) (err error) {
		found, err = p.Store.Consult(ctx, p.Tenant, p.Epoch, store.Consulting{
			ID: j.question.ID, First: j.lines()[0].ID,
			// The owner's day ends at the owner's midnight, as a budget per day is understood.
			Day:   p.Now().In(profile.Zone()).Format(time.DateOnly),
			Limit: profile.Assistant.DailyRequests, Failed: p.encode(s),
		})
		return err
	})
	failpoint.Hit("suggestion.claimed")
	return found, err
}

// ask asks the model. When the pipeline is stopped, the call is ended: a drain does not wait for
// it, and the customer gets the bot's own answer.
func (p *Pipeline) ask(q assistant.Question) reply.Suggestion {
	// Requests are counted when they are made, since a provider bills a failed one too.
	p.Metrics.AssistantRequests.Inc()
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	go func() {
		select {
		case <-p.stopping:
			cancel()
		case <-ctx.Done():
		}
	}()
	return p.Assistant.Suggest(ctx, q)
}

// countSuggestion counts what became of a suggestion: "accepted", "refused_number", "failed_busy".
func (p *Pipeline) countSuggestion(u reply.Understood) {
	if u.Assistant != "" {
		p.Metrics.AssistantResult(u.Assistant).Inc()
	}
}
