package workflows

import (
	"context"
	"errors"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/flowhq/flowhq/internal/codec"
)

// Converter returns a data converter that encrypts with c. A worker that lacks a key
// can not run the workflows that need it, and loses nothing: the SDK would drop a
// signal that it cannot decode, and end a workflow whose argument it cannot, so here
// such a payload fails the task, which Temporal offers again until a worker has the
// key.
func Converter(c *codec.Codec) converter.DataConverter { return patient{c.Converter()} }

// patient is a converter that is strict within workflows.
type patient struct{ converter.DataConverter }

// WithContext is called outside of workflows.
func (p patient) WithContext(context.Context) converter.DataConverter { return p.DataConverter }

// WithWorkflowContext is called within workflows.
func (p patient) WithWorkflowContext(workflow.Context) converter.DataConverter {
	return strict(p)
}

// strict panics at a payload that it has no key for.
type strict struct{ converter.DataConverter }

// FromPayload decodes one payload.
func (s strict) FromPayload(p *common.Payload, valuePtr any) error {
	return must(s.DataConverter.FromPayload(p, valuePtr))
}

// FromPayloads decodes several.
func (s strict) FromPayloads(p *common.Payloads, valuePtrs ...any) error {
	return must(s.DataConverter.FromPayloads(p, valuePtrs...))
}

func must(err error) error {
	if errors.Is(err, codec.ErrUnreadable) {
		panic(err)
	}
	return err
}
