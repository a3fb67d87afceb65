package store_test

import (
	"context"
	"time"

	"github.com/flowhq/flowhq/internal/store"
)

// contactCalls are the calls about contacts and their chats, of which a guest has one.
var contactCalls = map[string]func(context.Context, *store.Store, guest) (any, error){
	"Contacts": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		all, _, err := s.Contacts(ctx, g.tenant, store.ContactFilter{})
		return all, err
	},
	"Contact": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.Contact(ctx, g.tenant, g.contact(ctx, s))
	},
	"Chats": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		all, _, err := s.Chats(ctx, g.tenant, store.ChatFilter{})
		return all, err
	},
	"Chat": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.Chat(ctx, g.tenant, g.contact(ctx, s))
	},
	"ReadChat": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.ReadChat(ctx, g.tenant, g.contact(ctx, s), 0)
	},
	"AddContact": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		_, added, err := s.AddContact(ctx, g.tenant, bNumber)
		return added, err
	},
	"HandOverContact": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.HandOverContact(ctx, g.tenant, store.ContactOrder{Contact: g.contact(ctx, s), Length: time.Hour, Actor: "admin"})
	},
	"GiveBackContact": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.GiveBackContact(ctx, g.tenant, store.ContactOrder{Contact: g.contact(ctx, s), Actor: "admin"})
	},
	"LeaveContactAlone": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.LeaveContactAlone(ctx, g.tenant, store.ContactOrder{Contact: g.contact(ctx, s), Actor: "admin"}, true)
	},
}
