package api

import (
	"context"
	"time"

	"github.com/flowhq/flowhq"
)

// intakeRequest is GET /admin/tenants/:id/intake.
type intakeRequest struct {
	Tenant flowhq.TenantID
	From   time.Time
}

// ofDay is from when on is counted unless the request says.
const ofDay = 24 * time.Hour

func (r *intakeRequest) bind(b *binder) {
	r.Tenant = b.tenant()
	if r.From = b.time("from"); r.From.IsZero() {
		r.From = time.Now().Add(-ofDay)
	}
}

// intake is flowhq.Intake, and since when.
type intake struct {
	From time.Time `json:"from"`
	flowhq.Intake
}

// readIntake handles GET /admin/tenants/:id/intake.
func (a *API) readIntake(ctx context.Context, req intakeRequest) (intake, error) {
	if _, err := a.Tenants.Tenant(ctx, req.Tenant); err != nil {
		return intake{}, err
	}
	counts, err := a.Logs.Intake(ctx, req.Tenant, req.From)
	return intake{req.From.UTC(), counts}, err
}
