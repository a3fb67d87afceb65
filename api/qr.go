package api

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	qrcode "rsc.io/qr"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/advice"
)

// modulePixels is the width of one black or white square of a code's picture. A
// code of WhatsApp then fills some 500 pixels, which phones scan at once.
const modulePixels = 8

// qrAnswer is the code to scan; QR, Code and ExpiresAt are null if there is none.
type qrAnswer struct {
	State     flowhq.SessionState `json:"state"`
	QR        *string             `json:"qr"` // PNG as a data URL
	Code      *string             `json:"code"`
	ExpiresAt *time.Time          `json:"expires_at"`
	Reason    string              `json:"reason"`
	Ending    flowhq.Ending       `json:"ending"`
	// NextStep is what happens next, or what a person should do, in words.
	NextStep string `json:"next_step"`
}

// qr handles GET /admin/tenants/:id/qr.
//
// That there is no code is no error here: a page that shows the code asks every few seconds, and
// has to say how the session is meanwhile. qrPicture answers 404 instead, as an image cannot say
// anything.
func (a *API) qr(ctx context.Context, req tenantRef) (qrAnswer, error) {
	q, err := a.Codes.QR(ctx, req.Tenant)
	if err != nil {
		return qrAnswer{}, err
	}
	answer := qrAnswer{
		State: q.State, Reason: q.Reason, Ending: q.Ending, NextStep: advice.NextStep(q.Ending),
	}
	if q.Code == "" {
		return answer, nil
	}
	p, err := draw(q.Code)
	if err != nil {
		return qrAnswer{}, err
	}
	// Only a code that was given is noted: a page that asks how the session is has read nothing.
	a.noteCode(ctx, req.Tenant)
	url := "data:image/png;base64," + base64.StdEncoding.EncodeToString(p)
	answer.QR, answer.Code, answer.ExpiresAt = &url, &q.Code, &q.ExpiresAt
	return answer, nil
}

// picture is a PNG image.
type picture []byte

func (p picture) content() (string, []byte) { return "image/png", p }

// qrPicture handles GET /admin/tenants/:id/qr.png, for a browser's img element or a viewer.
func (a *API) qrPicture(ctx context.Context, req tenantRef) (picture, error) {
	q, err := a.Codes.QR(ctx, req.Tenant)
	if err != nil {
		return nil, err
	}
	if q.Code == "" {
		return nil, flowhq.Errorf(flowhq.NotFound, "there is no code to scan: %s", noCode(q))
	}
	a.noteCode(ctx, req.Tenant)
	return draw(q.Code)
}

// noCode says why a session has no code, and what to do about it. A caller who asks for a code
// wants to link a phone, so "the session is CONNECTED" alone would not help.
func noCode(q flowhq.QR) string {
	switch q.State {
	case flowhq.QRReady:
		return "the last one has expired and the next one comes in a moment"
	case flowhq.Connecting:
		return "the session is connecting; ask again in a moment"
	case flowhq.Connected:
		return "the session is linked and connected"
	default:
		if q.Ending != "" {
			return fmt.Sprintf("%s. %s", q.Reason, advice.NextStep(q.Ending))
		}
		return fmt.Sprintf("the session is %s; start the session first", q.State)
	}
}

// draw returns the picture of a code. The least error correction does, and gives the largest
// squares: a screen is neither torn nor stained.
func draw(code string) (picture, error) {
	c, err := qrcode.Encode(code, qrcode.L)
	if err != nil {
		return nil, fmt.Errorf("draw the code: %w", err)
	}
	c.Scale = modulePixels
	return c.PNG(), nil
}
