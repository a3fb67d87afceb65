package api

import (
	"context"
	"time"

	"github.com/flowhq/flowhq"
)

// A host that is asked for a link code asks WhatsApp for it, which takes a moment.
const (
	linkCodeTimeout = 8 * time.Second // less than handleTimeout, to answer what is missing
	linkCodePoll    = 200 * time.Millisecond
)

// linkCode is a code to be typed into the phone.
type linkCode struct {
	Code      string    `json:"code"`
	ExpiresAt time.Time `json:"expires_at"`
}

// pairCode handles POST /admin/tenants/:id/pair-code. It waits until the tenant's host has put the
// code into the session's row. It asks the row again every linkCodePoll: a wait of seconds for one
// client is not worth a listener. No code in time is 503, and a session that shows no QR code is
// 409 (TestPairCode).
func (a *API) pairCode(ctx context.Context, req tenantRef) (linkCode, error) {
	q, err := a.Codes.AskLinkCode(ctx, req.Tenant)
	if err != nil {
		return linkCode{}, err
	}
	waiting, cancel := context.WithTimeout(ctx, linkCodeTimeout)
	defer cancel()
	tick := time.NewTicker(linkCodePoll)
	defer tick.Stop()
	// A code that is good for a while longer comes with the first answer, and nothing is waited
	// for.
	for q.Code == "" {
		// The state may change while the code is waited for, such as when another phone is linked.
		if q.State != flowhq.QRReady {
			return linkCode{}, flowhq.Errorf(flowhq.Conflict,
				"no phone can be linked now: %s", noCode(q))
		}
		select {
		case <-waiting.Done():
			return linkCode{}, flowhq.Errorf(flowhq.Unavailable,
				"WhatsApp gave no code in time; ask again, or scan the QR code")
		case <-tick.C:
		}
		if q, err = a.Codes.LinkCode(ctx, req.Tenant); err != nil {
			return linkCode{}, err
		}
	}
	a.noteCode(ctx, req.Tenant)
	return linkCode{q.Code, q.ExpiresAt}, nil
}
