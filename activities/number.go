package activities

import (
	"context"
	"fmt"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/whatsapp"
)

// checkNumber has the session end before it serves if a phone of another number than the
// tenant's was linked: an operator says first whether that is meant.
func (s *session) checkNumber(l store.Linking) {
	if l.Confirmed {
		return
	}
	s.differs.Store(&whatsapp.EndError{
		Reason: flowhq.EndNumberDiffers,
		Text:   fmt.Sprintf("the code was scanned with %s, and the tenant's number is %s", l.Number, l.Wanted),
	})
}

// confirmNumber finds out whether a device that is linked may serve the tenant.
func (s *session) confirmNumber(ctx context.Context) error {
	if !s.linked {
		return nil
	}
	l, err := s.Store.ConfirmNumber(ctx, s.tenant, s.lease.Epoch)
	if err != nil {
		return fmt.Errorf("confirm number: %w", err)
	}
	s.checkNumber(l)
	return nil
}
