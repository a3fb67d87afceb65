package store_test

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/google/go-cmp/cmp"
)

// A guest is a tenant, its host, and something to talk about.
type guest struct {
	tenant   flowhq.TenantID
	epoch    int64
	msgID    int64  // inbound, not answered
	sent     string // WhatsApp id of a reply
	command  int64  // that nobody has applied
	fact     string // number of a booking, an order and a ticket
	account  string // of a user
	key      string // id of an API key
	webhook  string // that has one delivery
	delivery int64
	media    int64
}

// contact is the id of the guest's first contact, 0 if it cannot be read.
func (g guest) contact(ctx context.Context, s *store.Store) int64 {
	all, _, _ := s.Contacts(ctx, g.tenant, store.ContactFilter{})
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].ID
}

// calls are all methods that take a tenant, and what each yields for reading.
var calls = map[string]func(context.Context, *store.Store, guest) (any, error){
	"Tenant": func(ctx context.Context, s *store.Store, g guest) (any, error) { return s.Tenant(ctx, g.tenant) },
	"UpdateTenant": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		name := "renamed"
		return s.UpdateTenant(ctx, g.tenant, flowhq.TenantChange{Name: &name}, "admin")
	},
	"Profile":   func(ctx context.Context, s *store.Store, g guest) (any, error) { return s.Profile(ctx, g.tenant) },
	"ProfileAt": func(ctx context.Context, s *store.Store, g guest) (any, error) { return s.ProfileAt(ctx, g.tenant, 1) },
	"ProfileVersions": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		vs, _, err := s.ProfileVersions(ctx, g.tenant, 0, 0)
		return vs, err
	},
	"ChangeProfile": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		p, err := s.Profile(ctx, g.tenant)
		if err != nil {
			return nil, err
		}
		p.Capacity++
		return s.ChangeProfile(ctx, g.tenant, store.ProfileChange{Profile: p, Actor: "admin"})
	},
	"Command": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		c, _, err := s.Command(ctx, g.tenant, store.NewCommand{Command: flowhq.Restart, Key: "again", Actor: "admin"})
		return c, err
	},
	"TenantCommand": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.TenantCommand(ctx, g.tenant, g.command)
	},
	"TenantCommands": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		cs, _, err := s.TenantCommands(ctx, g.tenant, 0, 0)
		return cs, err
	},
	"Deletion": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		if _, _, err := s.Command(ctx, g.tenant, store.NewCommand{Command: flowhq.Delete, Key: "gone", Actor: "admin"}); err != nil {
			return nil, err
		}
		return s.Deletion(ctx, g.tenant)
	},
	"TenantSnapshot": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		v, err := s.TenantSnapshot(ctx, g.tenant, 0)
		return v.Commands, err
	},
	"RecordOutcomes": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.RecordOutcomes(ctx, g.tenant, []store.CommandOutcome{{ID: g.command, Outcome: "done"}})
	},
	"ClaimAbove": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.ClaimAbove(ctx, g.tenant, "host-b", 0)
	},
	"PruneCommands": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		deleted, _, err := s.PruneCommands(ctx, g.tenant, 0)
		return deleted, err
	},
	"Erase": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.Erase(ctx, g.tenant, "admin")
	},
	"Messages": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		ms, _, err := s.Messages(ctx, g.tenant, store.MessageFilter{})
		return ms, err
	},
	"EventsBefore": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		page, _, err := s.EventsBefore(ctx, g.tenant, 0, 0)
		return page, err
	},
	"Events": func(ctx context.Context, s *store.Store, g guest) (any, error) { return s.Events(ctx, g.tenant, 0) },
	"AddEvent": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.AddEvent(ctx, flowhq.Event{Tenant: g.tenant, Type: "NOTED", Actor: "admin"})
	},
	"AddEventEvery": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.AddEventEvery(ctx, time.Minute, flowhq.Event{Tenant: g.tenant, Type: "NOTED_AGAIN", Actor: "admin"})
	},
	"QR":          func(ctx context.Context, s *store.Store, g guest) (any, error) { return s.QR(ctx, g.tenant) },
	"AskLinkCode": func(ctx context.Context, s *store.Store, g guest) (any, error) { return s.AskLinkCode(ctx, g.tenant) },
	"LinkCode":    func(ctx context.Context, s *store.Store, g guest) (any, error) { return s.LinkCode(ctx, g.tenant) },
	"LinkCodeNumber": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.LinkCodeNumber(ctx, g.tenant)
	},
	"QRAsked": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.QRAsked(ctx, g.tenant, time.Minute)
	},
	"Bookings": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		all, _, err := s.Bookings(ctx, g.tenant, store.FactFilter{})
		return all, err
	},
	"Orders": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		all, _, err := s.Orders(ctx, g.tenant, store.FactFilter{})
		return all, err
	},
	"Tickets": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		all, _, err := s.Tickets(ctx, g.tenant, store.FactFilter{})
		return all, err
	},
	"Questions": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		all, _, err := s.Questions(ctx, g.tenant, store.FactFilter{})
		return all, err
	},
	"HandOvers": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		all, _, err := s.HandOvers(ctx, g.tenant, store.FactFilter{})
		return all, err
	},
	"FollowUps": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		all, _, err := s.FollowUps(ctx, g.tenant, store.FactFilter{})
		return all, err
	},
	"Taken": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.Taken(ctx, g.tenant, time.Now())
	},
	"FollowUpSubject": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		subject, err := s.FollowUpSubject(ctx, g.tenant, flowhq.AboutBooking, g.fact)
		return subject.Pending, err
	},
	"SendFollowUp": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		f, err := onlyFollowUp(ctx, s, g.tenant)
		if err != nil {
			return nil, err
		}
		return s.SendFollowUp(ctx, g.tenant, f, store.FollowUpMessage{Text: "x", PerMinute: 9, PerContact: 9})
	},
	"EndFollowUp": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		f, err := onlyFollowUp(ctx, s, g.tenant)
		if err != nil {
			return nil, err
		}
		return nil, s.EndFollowUp(ctx, g.tenant, f.ID, flowhq.FollowUpMissed, "x")
	},
	"PlanFollowUp": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		f, err := onlyFollowUp(ctx, s, g.tenant)
		if err != nil {
			return nil, err
		}
		return nil, s.PlanFollowUp(ctx, g.tenant, f.ID, f.DueAt)
	},
	"CancelFollowUp": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		f, err := onlyFollowUp(ctx, s, g.tenant)
		if err != nil {
			return nil, err
		}
		return s.CancelFollowUp(ctx, g.tenant, f.ID, "admin")
	},
	"SetBooking": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		status := flowhq.BookingCancelled
		return nil, s.SetBooking(ctx, g.tenant, g.fact, store.BookingChange{Status: &status}, 1, "admin")
	},
	"SetOrder": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.SetOrder(ctx, g.tenant, g.fact, moved(flowhq.OrderFulfilled), "admin")
	},
	"SetTicket": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.SetTicket(ctx, g.tenant, g.fact, flowhq.TicketClosed, "admin")
	},
	"SetQuestion": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		all, _, err := s.Questions(ctx, g.tenant, store.FactFilter{})
		if err != nil {
			return nil, err
		}
		return nil, s.SetQuestion(ctx, g.tenant, all[0].ID, flowhq.UnansweredDismissed, "admin")
	},
	"SetTranscript": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.SetTranscript(ctx, g.tenant, g.epoch, g.msgID, "said")
	},
	"Booking": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.Booking(ctx, g.tenant, g.fact)
	},
	"Order": func(ctx context.Context, s *store.Store, g guest) (any, error) { return s.Order(ctx, g.tenant, g.fact) },
	"Ticket": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.Ticket(ctx, g.tenant, g.fact)
	},
	"HandOverOf": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		all, _, err := s.HandOvers(ctx, g.tenant, store.FactFilter{})
		if err != nil {
			return nil, err
		}
		return s.HandOverOf(ctx, g.tenant, all[0].ID)
	},
	"SetHandOver": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		all, _, err := s.HandOvers(ctx, g.tenant, store.FactFilter{})
		if err != nil {
			return nil, err
		}
		return nil, s.SetHandOver(ctx, g.tenant, all[0].ID, flowhq.HandOverEnded, "admin")
	},
	"AddBooking": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		n := store.NewBooking{Booking: *booking(tomorrow().Add(48*time.Hour), flowhq.BookingConfirmed), Capacity: 1, Key: "k", Actor: "admin"}
		n.Booking.Contact = aNumber
		b, err := s.AddBooking(ctx, g.tenant, n)
		return b.Service, err
	},
	"QuestionGroups": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		all, _, err := s.QuestionGroups(ctx, g.tenant, store.FactFilter{})
		return all, err
	},
	"QuestionGroup": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		all, _, err := s.Questions(ctx, g.tenant, store.FactFilter{})
		if err != nil {
			return nil, err
		}
		return s.QuestionGroup(ctx, g.tenant, all[0].ID)
	},
	"AnswerQuestion": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		all, _, err := s.Questions(ctx, g.tenant, store.FactFilter{})
		if err != nil {
			return nil, err
		}
		p, err := s.Profile(ctx, g.tenant)
		if err != nil {
			return nil, err
		}
		p.Capacity++
		return s.AnswerQuestion(ctx, g.tenant, all[0].ID, store.ProfileChange{Profile: p, Actor: "admin"})
	},
	"PruneFacts": func(ctx context.Context, s *store.Store, g guest) (any, error) { return s.PruneFacts(ctx, g.tenant) },
	"DueHandOvers": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		due, _, err := s.DueHandOvers(ctx, g.tenant, 10)
		return due, err
	},
	"EndHandOver": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.EndHandOver(ctx, g.tenant, g.epoch, 1, nil)
	},
	"ReceiveOwn": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		_, err := s.ReceiveOwn(ctx, g.tenant, g.epoch, store.Own{Inbound: text("own"), HandOverFor: time.Hour})
		return nil, err
	},
	"Write": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		m, err := s.Write(ctx, g.tenant, store.NewMessage{To: aNumber, Text: "come", Key: "k", Actor: "admin"})
		return m.Text, err
	},
	"Claim": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.Claim(ctx, g.tenant, "host-b")
	},
	"TakeLease": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		taken, _, err := s.TakeLease(ctx, g.tenant, g.epoch, ttl)
		return taken, err
	},
	"RenewLeases": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		renewed, _, err := s.RenewLeases(ctx, []store.Lease{{Tenant: g.tenant, Epoch: g.epoch, SeenAt: &noon}}, time.Hour)
		return renewed, err
	},
	"VersionRefused": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.VersionRefused(ctx, g.tenant, young)
	},
	"ReleaseLease": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.ReleaseLease(ctx, g.tenant, g.epoch)
	},
	"SetSession": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.SetSession(ctx, g.tenant, g.epoch, connected, noCodes)
	},
	"RecordState": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.RecordState(ctx, g.tenant, connected, 0, noOutcomes)
	},
	"Link": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.Link(ctx, g.tenant, g.epoch, store.Device{JID: "new@s.whatsapp.net", Number: "+" + string(g.tenant)})
	},
	"ConfirmNumber": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.ConfirmNumber(ctx, g.tenant, g.epoch)
	},
	"RelinkAsked": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.RelinkAsked(ctx, g.tenant)
	},
	"Unlink": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.Unlink(ctx, g.tenant, g.epoch)
	},
	"ForgetDevice": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.ForgetDevice(ctx, g.tenant, "device")
	},
	"Device": func(ctx context.Context, s *store.Store, g guest) (any, error) { return s.Device(ctx, g.tenant) },
	"Receive": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		r, err := s.Receive(ctx, g.tenant, g.epoch, text("another"))
		return r.New, err
	},
	"Unanswered": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.Unanswered(ctx, g.tenant, 0, 0)
	},
	"Unsent": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.Unsent(ctx, g.tenant, 0, 0)
	},
	"CountAttempt": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.CountAttempt(ctx, g.tenant, g.epoch, g.msgID)
	},
	"WithdrawAttempt": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.WithdrawAttempt(ctx, g.tenant, g.epoch, g.msgID)
	},
	"DeadLetter": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.DeadLetter(ctx, g.tenant, g.epoch, g.msgID, "it never works")
	},
	"Retry": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		if err := s.DeadLetter(ctx, g.tenant, g.epoch, g.msgID, "it never works"); err != nil {
			return nil, err
		}
		return s.Retry(ctx, g.tenant, g.msgID, "admin")
	},
	"Consult": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.Consult(ctx, g.tenant, g.epoch, consulting(g.msgID))
	},
	"SetSuggestion": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.SetSuggestion(ctx, g.tenant, g.epoch, g.msgID, []byte(`{"intent":"price"}`))
	},
	"Mute": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		_, err := s.Mute(ctx, g.tenant, g.epoch, g.msgID, time.Hour, "writes a lot")
		return nil, err
	},
	"Unmute": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.Unmute(ctx, g.tenant, g.msgID, "admin")
	},
	"RecentReplies": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.RecentReplies(ctx, g.tenant, noon)
	},
	"InboundID": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		id, _, err := s.InboundID(ctx, g.tenant, text("question"))
		return id == g.msgID, err
	},
	"Revise": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.Revise(ctx, g.tenant, g.epoch, g.msgID, store.Revision{At: noon, Revoked: true})
	},
	"SetTimer": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		_, err := s.SetTimer(ctx, g.tenant, g.epoch, text("x"), flowhq.DisappearingTimer{Seconds: 60, SetAt: noon})
		return nil, err
	},
	"WordlessAnswered": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.WordlessAnswered(ctx, g.tenant, g.msgID, time.Hour)
	},
	"Conversation": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.Conversation(ctx, g.tenant, g.msgID)
	},
	"Answer": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		_, done, err := s.Answer(ctx, g.tenant, g.epoch, g.msgID, answer("reply-2"))
		return done, err
	},
	"SetOutbound": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.SetOutbound(ctx, g.tenant, g.epoch, g.sent, flowhq.Sent, "")
	},
	"Receipts": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return nil, s.Receipts(ctx, g.tenant, g.epoch, []store.Receipt{{WAID: g.sent, Status: flowhq.Read, At: noon}})
	},
	"Outbound": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		sent, err := s.Outbound(ctx, g.tenant, g.sent)
		return sent, err
	},
	"PruneMessages": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		deleted, _, err := s.PruneMessages(ctx, g.tenant, 0)
		return deleted, err
	},
	"PruneConversations": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		deleted, _, err := s.PruneConversations(ctx, g.tenant, 0)
		return deleted, err
	},
	"PruneContacts": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		deleted, _, err := s.PruneContacts(ctx, g.tenant, 0)
		return deleted, err
	},
	"Feed": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		return s.Feed(ctx, g.tenant, store.FeedPage{UpTo: 1 << 62})
	},
	"PruneEvents": func(ctx context.Context, s *store.Store, g guest) (any, error) {
		deleted, _, err := s.PruneEvents(ctx, g.tenant, 0)
		return deleted, err
	},
}

var connected = flowhq.Transition{State: flowhq.Connected, Event: flowhq.EventSessionConnected}

// What a host and a workflow write of a session that has no codes, and of no command.
var (
	noCodes    store.Codes
	noOutcomes []store.CommandOutcome
)

// writes are the methods of a host that write.
var writes = []string{"SetSession", "Link", "Unlink", "Receive", "SetTimer", "Revise", "Answer", "SetOutbound", "Receipts", "CountAttempt", "WithdrawAttempt", "DeadLetter", "ReceiveOwn", "EndHandOver", "SetTranscript", "Consult", "SetSuggestion"}

// newGuest creates a tenant with rows in all tables that the store writes. The
// customers and WhatsApp ids of all guests are the same.
func newGuest(t *testing.T, b *bench) guest {
	t.Helper()
	tenant, epoch := b.hosted(t)
	g := guest{tenant: tenant, epoch: epoch, sent: b.reply(t, tenant, epoch, "reply")}
	left := b.receive(t, tenant, epoch, "facts")
	g.fact = flowhq.Reference(left)
	ok(t, second(b.Answer(t.Context(), tenant, epoch, left, withFacts("facts-reply",
		flowhq.FactChange{Booking: booking(tomorrow(), flowhq.BookingConfirmed)}, flowhq.FactChange{Order: &flowhq.Order{Status: flowhq.OrderConfirmed}},
		flowhq.FactChange{Ticket: &flowhq.Ticket{Subject: "x", Status: flowhq.TicketOpen}}, flowhq.FactChange{Unanswered: &flowhq.Unanswered{Text: "?"}}))))
	b.exec(t, `insert into flowhq.handovers (tenant_id, contact_id, reason, until) values ($1, 0, 'ANGER', now())`, tenant)
	must(b.Consult(t.Context(), tenant, epoch, consulting(b.receive(t, tenant, epoch, "strange"))))(t)
	g.msgID = b.receive(t, tenant, epoch, "question")
	g.command = b.command(t, tenant, flowhq.Start, "key").ID
	b.change(t, tenant, func(p *flowhq.Profile) { p.Capacity = 3 })
	g.account = must(b.InviteAccount(t.Context(), tenant, person(), aLink(), "admin"))(t).ID
	g.key = must(b.AddAPIKey(t.Context(), tenant, aKey, aSecret(), "admin"))(t).ID
	g.webhook, g.delivery = b.hooked(t, tenant)
	g.media = must(b.AddMedia(t.Context(), tenant, someMedia("upload")))(t).ID
	return g
}

// TestCallsAreComplete fails for a method that nobody tried as two tenants.
func TestCallsAreComplete(t *testing.T) {
	t.Parallel()
	others := []string{"Close", "Answers", "Ping", "Listen", "CreateTenant", "CreateTenantOnce", "BeginBulk", "Bulk", "Bulks", "OpenBulks", "BulkTenants", "SetBulk", "CancelBulk", "PruneKeys", "PruneMedia", "Tenants", "Selected", "TenantIDs", "PruneErased", "PruneFleetEvents", "PruneDeletions",
		"FeedOfAll", "FollowFeed", "PruneFeed", "ResealWebhooks", "AsideDeliveries", "AsideReasons", "ClaimFollowUps", "ClaimWebhooks", "GiveUpForwarded", "ContactErasures", "AreKnown", "Installation", "Address", "TakeReconcilerLease", "Unsettled", "StillIn", "GuardsTenants", "SignInWait", "CountWrongPassword", "ForgetWrongPasswords",
		"BeatWorker", "AddTraffic", "Traffic", "NewTenants", "EndWorker", "Workers", "SetWaiting", "WorkerAges", "WorkerLives", "Unhosted", "EndLeases", "Uptime",
		"AddLoginEvent", "Login", "LoginByLink", "UseLink", "SetPassword", "SignIn", "SignedIn", "SignOut", "UseAPIKey", "Fleet", "FleetEvents", "Audit", "AddFleetEvent", "SetFleet", "DrainWorker", "ConfigureVersion", "TakeVersion", "ClaimVersionLookup"}
	for m := range reflect.TypeFor[*store.Store]().Methods() {
		if calls[m.Name] == nil && messageCalls[m.Name] == nil && contactCalls[m.Name] == nil && webhookCalls[m.Name] == nil && !slices.Contains(others, m.Name) {
			t.Errorf("%s is in neither list", m.Name)
		}
	}
}

func TestTwoTenants(t *testing.T) {
	t.Parallel()
	b := open(t)
	bystander := newGuest(t, b)
	before := dump(t, b, bystander.tenant)
	all := maps.Clone(calls)
	maps.Copy(all, messageCalls)
	maps.Copy(all, contactCalls)
	maps.Copy(all, webhookCalls)
	for name, call := range all {
		g := newGuest(t, b)
		first, err := call(t.Context(), b.Store, g)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(before, dump(t, b, bystander.tenant)); diff != "" {
			t.Fatalf("%s changed another tenant (-want +got):\n%s", name, diff)
		}
		second, err := call(t.Context(), b.Store, newGuest(t, b))
		if err != nil || reflect.TypeOf(first) != reflect.TypeOf(second) {
			t.Errorf("%s as another tenant = %v, %v; want the like of %v", name, second, err, first)
		}
		if v := reflect.ValueOf(first); v.Kind() == reflect.Slice && v.Len() != reflect.ValueOf(second).Len() {
			t.Errorf("%s: %v for one tenant and %v for another", name, first, second)
		}
	}
}

// TestAnotherTenantsMessage uses the one id that both tenants' rows draw from.
func TestAnotherTenantsMessage(t *testing.T) {
	t.Parallel()
	b := open(t)
	owner, thief := newGuest(t, b), newGuest(t, b)
	before := dump(t, b, owner.tenant)
	_, done, err := b.Answer(t.Context(), thief.tenant, thief.epoch, owner.msgID, answer("stolen"))
	if done || err != nil {
		t.Errorf("Answer of another tenant's message = %v, %v; want false, nil", done, err)
	}
	if diff := cmp.Diff(before, dump(t, b, owner.tenant)); diff != "" {
		t.Errorf("the owner's rows changed (-want +got):\n%s", diff)
	}
}
