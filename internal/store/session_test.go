package store_test

import (
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var showsQR = flowhq.Transition{State: flowhq.QRReady}

func TestSetSession(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	soon := time.Now().Add(time.Minute).UTC().Truncate(time.Microsecond)
	ok(t, b.SetSession(t.Context(), tenant, epoch, flowhq.Transition{
		State: flowhq.QRReady, Reason: "waits for a scan", LastError: "the last code expired",
		Event: "QR_READY",
	}, store.Codes{QR: "2@abc", QRExpires: soon}))
	got := must(b.Tenant(t.Context(), tenant))(t)
	want := flowhq.Tenant{
		Status:  flowhq.TenantQRPending,
		Session: flowhq.Session{State: flowhq.QRReady, Reason: "waits for a scan"},
		Host: flowhq.Host{Status: flowhq.HostStarting, Worker: "host-a", Epoch: epoch,
			LastError: "the last code expired"},
	}
	ignore := cmp.Options{
		cmpopts.IgnoreTypes(time.Time{}),
		cmpopts.IgnoreFields(flowhq.Tenant{}, "ID", "Name", "PhoneNumber", "Config"),
	}
	if diff := cmp.Diff(want, got, ignore); diff != "" {
		t.Errorf("after QR_READY (-want +got):\n%s", diff)
	}
	if got, want := must(b.QR(t.Context(), tenant))(t),
		(flowhq.QR{State: flowhq.QRReady, Code: "2@abc", ExpiresAt: soon,
			Reason: "waits for a scan"}); got != want {
		t.Errorf("QR = %v; want %v", got, want)
	}
	wantEvents(t, b, tenant, "QR_READY host waits for a scan", "TENANT_CREATED admin ")

	ok(t, b.SetSession(t.Context(), tenant, epoch, connected, noCodes))
	got = must(b.Tenant(t.Context(), tenant))(t)
	want = flowhq.Tenant{
		Status:  flowhq.TenantActive,
		Session: flowhq.Session{State: flowhq.Connected},
		Host:    flowhq.Host{Status: flowhq.HostRunning, Worker: "host-a", Epoch: epoch},
	}
	if diff := cmp.Diff(want, got, ignore); diff != "" {
		t.Errorf("after CONNECTED (-want +got):\n%s", diff)
	}
	if got, want := must(b.QR(t.Context(), tenant))(t), (flowhq.QR{State: flowhq.Connected}); got != want {
		t.Errorf("QR = %v; want %v", got, want)
	}
}

func TestSinceFollowsTheStateAlone(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	ok(t, b.SetSession(t.Context(), tenant, epoch, connected, noCodes))
	first := must(b.Tenant(t.Context(), tenant))(t)
	again := connected
	again.Reason, again.LastError = "still", "hiccup"
	ok(t, b.SetSession(t.Context(), tenant, epoch, again, noCodes))
	second := must(b.Tenant(t.Context(), tenant))(t)
	if !second.Session.Since.Equal(first.Session.Since) || !second.Host.Since.Equal(first.Host.Since) {
		t.Errorf("since moved without a change of state: %+v, then %+v", first, second)
	}
	ok(t, b.SetSession(t.Context(), tenant, epoch,
		flowhq.Transition{State: flowhq.Disconnected, Ending: flowhq.EndDraining}, noCodes))
	third := must(b.Tenant(t.Context(), tenant))(t)
	if !third.Session.Since.After(first.Session.Since) || !third.Host.Since.After(first.Host.Since) {
		t.Errorf("since = %v and %v; want both to move", third.Session.Since, third.Host.Since)
	}
}

func TestExpiredQR(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	past := time.Now().Add(-time.Minute).UTC().Truncate(time.Microsecond)
	ok(t, b.SetSession(t.Context(), tenant, epoch, showsQR, store.Codes{QR: "2@abc", QRExpires: past}))
	if got, want := must(b.QR(t.Context(), tenant))(t),
		(flowhq.QR{State: flowhq.QRReady, ExpiresAt: past}); got != want {
		t.Errorf("QR = %v; want %v", got, want)
	}
	_, err := b.QR(t.Context(), nobody)
	wantCode(t, "QR of nobody", err, flowhq.NotFound)
}

// Every ending can be stored, and is cleared by what follows.
func TestEndings(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	for _, ending := range flowhq.Endings {
		ok(t, b.SetSession(t.Context(), tenant, epoch,
			flowhq.Transition{State: ending.SessionState(), Ending: ending, RetryAt: until}, noCodes))
		got := must(b.Tenant(t.Context(), tenant))(t).Session
		if got.Ending != ending || got.RetryAt == nil || !got.RetryAt.Equal(until) {
			t.Errorf("after %s: %+v", ending, got)
		}
		if qr := must(b.QR(t.Context(), tenant))(t); qr.Ending != ending {
			t.Errorf("QR after %s: %+v", ending, qr)
		}
	}
	ok(t, b.SetSession(t.Context(), tenant, epoch, connected, noCodes))
	if got := must(b.Tenant(t.Context(), tenant))(t).Session; got.Ending != "" || got.RetryAt != nil {
		t.Errorf("after CONNECTED: %+v", got)
	}
	if err := b.SetSession(t.Context(), tenant, epoch,
		flowhq.Transition{State: flowhq.Disconnected, Ending: "BORED"}, noCodes); err == nil {
		t.Error("a word that is no ending was stored")
	}
}

func TestQRAsked(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, _ := b.hosted(t)
	asked := func(within time.Duration) bool { return must(b.QRAsked(t.Context(), tenant, within))(t) }
	if asked(time.Hour) {
		t.Error("somebody asked, though nobody did")
	}
	must(b.QR(t.Context(), tenant))(t)
	if !asked(time.Hour) || asked(0) {
		t.Error("that somebody asked just now was not noted")
	}
	age := func(by string) {
		_, err := b.raw.Exec(t.Context(),
			`update flowhq.whatsapp_sessions set qr_asked_at = now() - $1::interval where tenant_id = $2`, by, tenant)
		ok(t, err)
	}
	age("3 s")
	must(b.QR(t.Context(), tenant))(t)
	if asked(2 * time.Second) {
		t.Error("a question seconds after another was written as well")
	}
	age("10 min")
	must(b.QR(t.Context(), tenant))(t)
	if !asked(time.Minute) {
		t.Error("a question minutes after another was not written")
	}
	_, err := b.QRAsked(t.Context(), nobody, time.Hour)
	wantCode(t, "QRAsked of nobody", err, flowhq.NotFound)
}

func TestRecordState(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, _ := b.hosted(t)
	ok(t, b.RecordState(t.Context(), tenant, flowhq.Transition{
		State: flowhq.LoggedOut, Ending: flowhq.EndLoggedOut, Reason: "unlinked on the phone",
		LastError: "logged out",
		Event:     "SESSION_LOGGED_OUT",
	}, 0, noOutcomes))
	got := must(b.Tenant(t.Context(), tenant))(t)
	if got.Status != flowhq.TenantError || got.Session.State != flowhq.LoggedOut ||
		got.Host.LastError != "logged out" {
		t.Errorf("after RecordState: %+v", got)
	}
	wantEvents(t, b, tenant, "SESSION_LOGGED_OUT workflow unlinked on the phone", "TENANT_CREATED admin ")
	ok(t, b.RecordState(t.Context(), nobody, flowhq.Stopped(flowhq.Counts{}), 0, noOutcomes))
	wantEvents(t, b, nobody)
}

// A host that the workflow has given up is fenced, though no other host follows.
func TestRecordStateFences(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	ok(t, b.RecordState(t.Context(), tenant, flowhq.Stopped(flowhq.Counts{}), 0, noOutcomes))
	wantCode(t, "SetSession after RecordState",
		b.SetSession(t.Context(), tenant, epoch, connected, noCodes), flowhq.Fenced)
	if got := must(b.Tenant(t.Context(), tenant))(t).Host.Status; got != flowhq.HostStopped {
		t.Errorf("the worker is %s; want %s", got, flowhq.HostStopped)
	}
}

func TestRecordStateKeepsALiveLease(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	ok(t, b.RecordState(t.Context(), tenant, flowhq.Stopped(flowhq.Counts{}), 0, noOutcomes))
	second := must(b.Claim(t.Context(), tenant, "host-b"))(t)
	if taken, _, err := b.TakeLease(t.Context(), tenant, second, ttl); err != nil || taken {
		t.Errorf("TakeLease beside host %d = %v, %v; want false", epoch, taken, err)
	}
}

func TestLink(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	other, otherEpoch := b.hosted(t)
	device := func(tenant flowhq.TenantID) string { return must(b.Device(t.Context(), tenant))(t) }
	number := func() string { return must(b.Tenant(t.Context(), tenant))(t).Session.Number }
	if got := device(tenant); got != "" {
		t.Errorf("Device before Link = %q", got)
	}
	for _, d := range []store.Device{{"1:2@s.whatsapp.net", "255711"}, {"1:3@s.whatsapp.net", "+255711"}} {
		ok(t, last(b.Link(t.Context(), tenant, epoch, d)))
		if device(tenant) != d.JID || number() != "+255711" {
			t.Errorf("after Link(%v): device %q, number %q", d, device(tenant), number())
		}
	}
	mine := store.Device{JID: "1:4@s.whatsapp.net", Number: "+255711"}
	wantCode(t, "Link of a number that is taken",
		last(b.Link(t.Context(), other, otherEpoch, mine)), flowhq.Conflict)
	if got := device(other); got != "" {
		t.Errorf("Device after a refused Link = %q", got)
	}
	ok(t, b.Unlink(t.Context(), tenant, epoch))
	if device(tenant) != "" || number() != "" {
		t.Errorf("after Unlink: device %q, number %q", device(tenant), number())
	}
	ok(t, last(b.Link(t.Context(), other, otherEpoch, mine)))
	for _, g := range []guest{{tenant: tenant, epoch: epoch}, {tenant: other, epoch: otherEpoch}} {
		ok(t, last(b.Link(t.Context(), g.tenant, g.epoch, store.Device{JID: "1:5@lid"}))) // numbers that are unknown do not clash
	}
	_, err := b.Device(t.Context(), nobody)
	wantCode(t, "Device of nobody", err, flowhq.NotFound)
}

// A link code is asked for once, shown while it is good, and gone with what follows.
func TestLinkCode(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	wanted := func() string { return must(b.LinkCodeNumber(t.Context(), tenant))(t) }
	if got := must(b.AskLinkCode(t.Context(), tenant))(t); got.Code != "" ||
		got.State == flowhq.QRReady || wanted() != "" {
		t.Errorf("AskLinkCode of a tenant that is not being linked = %+v, and is passed on", got)
	}
	ok(t, b.SetSession(t.Context(), tenant, epoch, showsQR, store.Codes{QR: "2@abc"}))
	if got := must(b.AskLinkCode(t.Context(), tenant))(t); got.Code != "" ||
		got.State != flowhq.QRReady || wanted() == "" {
		t.Errorf("AskLinkCode = %+v, wanted %q; want no code yet, and the number passed on", got, wanted())
	}
	if !must(b.QRAsked(t.Context(), tenant, time.Minute))(t) {
		t.Error("who asks for a link code does not keep the codes renewed")
	}
	for _, tt := range []struct {
		left        time.Duration
		shown, once string // what LinkCode and AskLinkCode return
	}{{time.Hour, "ABCD-EFGH", "ABCD-EFGH"}, {10 * time.Second, "ABCD-EFGH", ""}, {-time.Second, "", ""}} {
		expires := time.Now().Add(tt.left)
		ok(t, b.SetSession(t.Context(), tenant, epoch, showsQR, store.Codes{
			QR: "2@abc", Link: store.LinkCode{Code: "ABCD-EFGH", ExpiresAt: expires},
		}))
		shown, once := must(b.LinkCode(t.Context(), tenant))(t), must(b.AskLinkCode(t.Context(), tenant))(t)
		if shown.Code != tt.shown || once.Code != tt.once || (wanted() == "") != (tt.once != "") {
			t.Errorf("with %v left: LinkCode %q, AskLinkCode %q, wanted %q; want %q, %q", tt.left,
				shown.Code, once.Code, wanted(), tt.shown, tt.once)
		}
	}
	ok(t, b.SetSession(t.Context(), tenant, epoch, connected, noCodes))
	if got := must(b.LinkCode(t.Context(), tenant))(t); got.Code != "" || wanted() != "" {
		t.Errorf("LinkCode after CONNECTED = %+v", got)
	}
	_, err := b.AskLinkCode(t.Context(), nobody)
	wantCode(t, "AskLinkCode of nobody", err, flowhq.NotFound)
}

// TestRecordStateAgain records a state a second time, as after the death of a worker that had
// not said that it was done: there is one event, until something else has happened.
func TestRecordStateAgain(t *testing.T) {
	t.Parallel()
	b := open(t)
	tenant, epoch := b.hosted(t)
	count := func(want int, when string) {
		t.Helper()
		got := scalar[int](t, b, `select count(*) from flowhq.portal_event_logs where event_type = 'HOST_STARTING'`)
		if got != want {
			t.Errorf("%s: %d events; want %d", when, got, want)
		}
	}
	record := func(outcomes []store.CommandOutcome) {
		t.Helper()
		ok(t, b.RecordState(t.Context(), tenant, flowhq.Starting(flowhq.Counts{}), epoch, outcomes))
	}
	record(noOutcomes)
	record(noOutcomes)
	count(1, "recorded twice")
	epoch = must(b.Claim(t.Context(), tenant, "host"))(t)
	ok(t, b.SetSession(t.Context(), tenant, epoch, flowhq.Transition{State: flowhq.Connected}, noCodes))
	record(noOutcomes)
	count(2, "after a host was connected")
	given, _, err := b.Command(t.Context(), tenant,
		store.NewCommand{Command: flowhq.Start, Key: "k", Actor: "admin"})
	ok(t, err)
	outcomes := []store.CommandOutcome{{ID: given.ID, Outcome: "done"}}
	record(outcomes)
	record(outcomes)
	count(3, "with a command, twice")
}
