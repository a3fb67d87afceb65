package codec

import (
	"context"
	"errors"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"
)

// Converter returns the default data converter with payloads encrypted. Temporal's client
// uses it for everything that the package comment names.
//
// A worker that lacks a key cannot run the workflows that need it, and loses nothing. The
// SDK would drop a signal that it cannot decode, and end a workflow whose argument it cannot
// decode. Within workflows this converter panics instead. A panic fails only the task, which
// Temporal offers again until a worker has the key.
func (c *Codec) Converter() converter.DataConverter {
	return contextual{converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), c)}
}

// contextual is a converter that panics within workflows and returns errors elsewhere. The
// SDK asks by WithWorkflowContext and WithContext which of the two is needed.
type contextual struct{ converter.DataConverter }

// WithContext is called outside of workflows, where the caller gets an error.
func (c contextual) WithContext(context.Context) converter.DataConverter { return c.DataConverter }

// WithWorkflowContext is called within workflows.
func (c contextual) WithWorkflowContext(workflow.Context) converter.DataConverter {
	return panicking(c)
}

// panicking panics at a payload that it has no key for. Other errors, such as a payload of
// another type, are the workflow's to handle.
type panicking struct{ converter.DataConverter }

// FromPayload decodes one payload.
func (p panicking) FromPayload(payload *common.Payload, valuePtr any) error {
	return panicUnreadable(p.DataConverter.FromPayload(payload, valuePtr))
}

// FromPayloads decodes several.
func (p panicking) FromPayloads(payloads *common.Payloads, valuePtrs ...any) error {
	return panicUnreadable(p.DataConverter.FromPayloads(payloads, valuePtrs...))
}

// panicUnreadable panics if err means that there is no key, else returns err.
func panicUnreadable(err error) error {
	if errors.Is(err, ErrUnreadable) {
		panic(err)
	}
	return err
}
