package api

import (
	"context"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// maxMuteMinutes bounds a mute; who is never to be answered is left alone.
const maxMuteMinutes = 30 * 24 * 60

// muteBody is the body of PUT /admin/tenants/:id/contacts/:contact/muted.
type muteBody struct {
	Minutes *int64 `json:"minutes"`
}

// muteRequest is PUT /admin/tenants/:id/contacts/:contact/muted.
type muteRequest struct {
	contactRef
	Length time.Duration
}

func (r *muteRequest) bind(b *binder) {
	r.contactRef.bind(b)
	var body muteBody
	b.body(&body)
	// Left out must not mean 0: the bot would begin to answer who is muted for a reason.
	if body.Minutes == nil {
		b.wrong("minutes", "must be given; 0 has the contact answered again")
		return
	}
	b.bounded("minutes", body.Minutes, 0, maxMuteMinutes)
	r.Length = time.Duration(*body.Minutes) * time.Minute
}

// muteContact handles PUT /admin/tenants/:id/contacts/:contact/muted: the contact is not answered
// for that long from now on.
func (a *API) muteContact(ctx context.Context, req muteRequest) (flowhq.Contact, error) {
	err := a.Contacts.MuteContact(ctx, req.Tenant, store.ContactOrder{
		Contact: req.Contact, Actor: actor(ctx), Length: req.Length,
	})
	if err != nil {
		return flowhq.Contact{}, err
	}
	return a.Contacts.Contact(ctx, req.Tenant, req.Contact)
}
