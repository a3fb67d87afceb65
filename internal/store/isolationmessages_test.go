package store_test

import (
	"context"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// messageCalls are the calls about single messages, the erasure of contacts, and changes on a
// condition.
var messageCalls = map[string]func(context.Context, *store.Store, guest) (any, error){
	"AddMedia": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.AddMedia(ctx, g.tenant, someMedia("another"))
	},
	"Media": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.Media(ctx, g.tenant, g.media)
	},
	"MediaFiles": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		page, _, err := s.MediaFiles(ctx, g.tenant, 0, 0)
		return page, err
	},
	"MediaOf": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.MediaOf(ctx, g.tenant, "upload")
	},
	"MediaBytes": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		data, err := s.MediaBytes(ctx, g.tenant, g.media)
		return string(data), err
	},
	"MediaToSend": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.MediaToSend(ctx, g.tenant, g.media, flowhq.MediaImage)
	},
	"SetMediaUpload": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.SetMediaUpload(ctx, g.tenant, g.epoch, g.media, flowhq.MediaImage,
			flowhq.MediaUpload{URL: "x"})
	},
	"DeleteMedia": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.DeleteMedia(ctx, g.tenant, g.media, "admin")
	},
	"MuteContact": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.MuteContact(ctx, g.tenant,
			store.ContactOrder{Contact: g.contact(ctx, s), Actor: "admin", Length: time.Hour})
	},
	"MessageHistory": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.MessageHistory(ctx, g.tenant, g.msgID)
	},
	"DeadLetters": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		if err := s.DeadLetter(ctx, g.tenant, g.epoch, g.msgID, "x"); err != nil {
			return nil, err
		}
		page, _, err := s.DeadLetters(ctx, store.FailureFilter{Tenant: g.tenant})
		return page, err
	},
	"DeadLetterReasons": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.DeadLetterReasons(ctx, store.FailureFilter{Tenant: g.tenant})
	},
	"EraseContact": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.EraseContact(ctx, g.tenant, g.contact(ctx, s), "admin")
	},
	"EraseAliases": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		// Every guest has a contact with these addresses.
		e := store.Erasure{Tenant: g.tenant, Contact: 1, AskedAt: time.Now().Add(time.Hour)}
		return nil, s.EraseAliases(ctx, e, []string{aLID, "255700000041@s.whatsapp.net"})
	},
	"EraseContactRows": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.EraseContactRows(ctx, store.Erasure{Tenant: g.tenant, Contact: g.contact(ctx, s)})
	},
	"UpdateTenantAt": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		t, err := s.Tenant(ctx, g.tenant)
		if err != nil {
			return nil, err
		}
		name := "renamed again"
		return s.UpdateTenantAt(ctx, g.tenant, flowhq.TenantChange{Name: &name}, &t.UpdatedAt, "admin")
	},
	"FinishErasure": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		id := g.contact(ctx, s)
		if err := s.EraseContact(ctx, g.tenant, id, "admin"); err != nil {
			return nil, err
		}
		return nil, s.FinishErasure(ctx,
			store.Erasure{Tenant: g.tenant, Contact: id, Addresses: []string{"255700000041@s.whatsapp.net"}})
	},
}
