package pipeline

import (
	"context"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// leaveToOthers decides about a question of a tenant whose customers the bot does not answer.
//
// Where a program of others does, the message waits for its answer as FORWARDED: the event that it
// came is in the feed already, which webhooks read. Where a person does, the chat is handed over
// until it is given back, so that it is in the list of those that wait for one.
func (p *Pipeline) leaveToOthers(j *job, config flowhq.Config) error {
	if config.AnsweredBy == flowhq.ByWebhook {
		j.outcome = &store.Outcome{
			Status: flowhq.Forwarded, Reason: "the business's own program answers",
		}
		return nil
	}
	o := store.Outcome{
		Status: flowhq.Ignored, Reason: "a person answers for this business",
		Facts: []flowhq.FactChange{
			{HandOver: &flowhq.HandOver{Reason: flowhq.HandOverUnanswered}},
		},
	}
	return p.persist("read the profile", func(ctx context.Context) error {
		profile, err := p.recentProfile(ctx)
		if err == nil {
			p.tellOwner(&o, j.question, profile, config)
			j.outcome = &o
		}
		return err
	})
}
