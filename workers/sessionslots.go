package workers

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/worker"

	"github.com/flowhq/flowhq/internal/hosting"
)

// sessionSlots are the slots of Temporal's session worker, as many as the capacity. A session is
// polled for only with a slot, so a process that is full takes none, and neither does one that
// drains.
type sessionSlots struct {
	worker.SlotSupplier
	hosts *hosting.Slots
}

// newSessionTuner returns the tuner of a worker that has hosts and no other activities.
func newSessionTuner(capacity int, hosts *hosting.Slots) (worker.WorkerTuner, error) {
	fixed, err := worker.NewFixedSizeSlotSupplier(capacity)
	if err != nil {
		return nil, fmt.Errorf("a capacity of %d: %w", capacity, err)
	}
	// Whatever the worker does not do gets slots as well, as the SDK asks each supplier.
	return worker.NewCompositeTuner(worker.CompositeTunerOptions{
		ActivitySlotSupplier: sessionSlots{fixed, hosts},
		WorkflowSlotSupplier: fixed, LocalActivitySlotSupplier: fixed,
		NexusSlotSupplier: fixed, SessionActivitySlotSupplier: fixed,
	})
}

// ReserveSlot waits for a slot, and then until the process takes sessions: a slot that a session
// leaves when the process drains must not be polled for. If ctx ends, the worker does, and nobody
// misses the slot.
func (s sessionSlots) ReserveSlot(
	ctx context.Context, info worker.SlotReservationInfo,
) (*worker.SlotPermit, error) {
	permit, err := s.SlotSupplier.ReserveSlot(ctx, info)
	if err != nil {
		return nil, err
	}
	if err := s.hosts.AwaitOpen(ctx); err != nil {
		return nil, err
	}
	return permit, nil
}
