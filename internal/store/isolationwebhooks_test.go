package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// webhookCalls are the calls about webhooks, of which a guest has one with one delivery.
var webhookCalls = map[string]func(context.Context, *store.Store, guest) (any, error){
	"Webhooks": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.Webhooks(ctx, g.tenant)
	},
	"Webhook": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.Webhook(ctx, g.tenant, g.webhook)
	},
	"AddWebhook": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.AddWebhook(ctx, g.tenant, aWebhook, "admin")
	},
	"ChangeWebhook": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.ChangeWebhook(ctx, g.tenant, g.webhook, store.WebhookChange{Enabled: new(bool)}, "admin")
	},
	"DisableWebhook": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.DisableWebhook(ctx, g.tenant, g.webhook, "gone")
	},
	"DeleteWebhook": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.DeleteWebhook(ctx, g.tenant, g.webhook, "admin")
	},
	"RotateWebhookSecret": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.RotateWebhookSecret(ctx, g.tenant, g.webhook, "whsec_bmV3", "admin")
	},
	"TestWebhook": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.TestWebhook(ctx, g.tenant, g.webhook, "admin")
	},
	"ReplayWebhook": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.ReplayWebhook(ctx, g.tenant, g.webhook, store.Replay{From: 1}, "admin")
	},
	"Reply": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		by, within := flowhq.ByWebhook, flowhq.MaxAnswerWithin
		change := flowhq.TenantChange{AnsweredBy: &by,
			AnswerWithinMinutes: flowhq.Optional[int]{Set: true, Value: &within}}
		if _, err := s.UpdateTenant(ctx, g.tenant, change, "admin"); err != nil {
			return nil, err
		}
		return s.Reply(ctx, g.tenant, store.NewReply{InReplyTo: g.msgID, Text: "hi", Actor: "admin"})
	},
	"Deliveries": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		all, _, err := s.Deliveries(ctx, g.tenant, g.webhook, store.DeliveryFilter{})
		return all, err
	},
	"RetryDelivery": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		if err := s.DisableWebhook(ctx, g.tenant, g.webhook, "gone"); err != nil {
			return nil, err
		}
		on := true
		if _, err := s.ChangeWebhook(ctx, g.tenant, g.webhook,
			store.WebhookChange{Enabled: &on}, "admin"); err != nil {
			return nil, err
		}
		return nil, s.RetryDelivery(ctx, g.tenant, g.delivery, "admin")
	},
	"Intake": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.Intake(ctx, g.tenant, time.Now().Add(-time.Hour))
	},
	"PruneDeliveries": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.PruneDeliveries(ctx, g.tenant)
	},
	"ReadForWebhook": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.ReadForWebhook(ctx, g.tenant, g.webhook, time.Minute)
	},
	"RestWebhook": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		_, rests, err := s.RestWebhook(ctx, g.tenant, g.webhook, 0)
		return rests, err
	},
	"WaitingChats": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		chats, err := s.WaitingChats(ctx, g.tenant, g.webhook, nil, false, 10)
		return len(chats), err
	},
	"NextDelivery": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		_, there, err := s.NextDelivery(ctx, g.tenant, g.webhook, 0, true)
		return there, err
	},
	"RecordAttempt": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.RecordAttempt(ctx, g.tenant, g.webhook, g.delivery, store.WebhookAttempt{Accepted: true})
	},
	"HastenDeliveries": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.HastenDeliveries(ctx, g.tenant, g.webhook)
	},
	"SetAsideExpired": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.SetAsideExpired(ctx, g.tenant, g.webhook, "a day")
	},
}

// aWebhook is told of messages of customers.
var aWebhook = store.NewWebhook{
	URL: "https://example.com/", Types: []flowhq.EventType{flowhq.EventMessageReceived}, Secret: "whsec_b2xk",
}

// firstOf drops where the next page begins.
func firstOf[T any](page T, _ int64, err error) (T, error) { return page, err }

// hooked gives a tenant a webhook with one delivery.
func (b *bench) hooked(t *testing.T, tenant flowhq.TenantID) (id string, delivery int64) {
	t.Helper()
	id = must(b.AddWebhook(t.Context(), tenant, aWebhook, "admin"))(t).ID
	must(b.TestWebhook(t.Context(), tenant, id, "admin"))(t)
	must(b.ReadForWebhook(t.Context(), tenant, id, time.Minute))(t)
	all := must(firstOf(b.Deliveries(t.Context(), tenant, id, store.DeliveryFilter{})))(t)
	return id, all[0].ID
}
