package main

import (
	"github.com/flowhq/flowhq/internal/assistant"
	"github.com/flowhq/flowhq/internal/metrics"
	"github.com/flowhq/flowhq/internal/pipeline"
	"github.com/flowhq/flowhq/internal/reply"
)

// assistant returns who asks the language model, nil if the settings name none. The results that
// are known are there from the start, as zero.
func (p *process) assistant(counted *metrics.Worker) pipeline.Assistant {
	c := p.config.Assistant
	if c.Provider == "" {
		return nil // a nil interface, and not a nil client
	}
	// A result that has not come yet would be missing in Prometheus, and an alarm on its rate
	// would miss the first one.
	for _, r := range reply.AssistantResults() {
		counted.AssistantResult(r)
	}
	for _, f := range assistant.Failures {
		counted.AssistantResult("failed: " + f)
	}
	return assistant.New(assistant.Options{
		Provider: c.Provider, URL: c.URL, Model: c.Model, Key: c.Key.Reveal(), Log: p.log,
	})
}
