package simulator

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/flowhq/flowhq/internal/simulator/server"
)

const (
	shop  = "+255700000001"
	kiosk = "+255700000009"
	anna  = "+255700000002"
	ben   = "+255700000003"
)

func (r *rig) devices(number string) []server.Device {
	r.t.Helper()
	var v server.Phone
	r.must("GET", "/phones/"+number, nil, &v)
	return v.Devices
}

func TestPairing(t *testing.T) {
	r := start(t)
	r.phone(shop)
	b := r.bot()
	var linked struct{ JID, LID string }
	r.must("POST", "/phones/"+shop+"/scan", object{"code": b.code()}, &linked)
	r.online(b)
	if got := b.Store.ID.String(); got != linked.JID || got != "255700000001:1@s.whatsapp.net" {
		t.Errorf("bot is %s, the scan says %s; want 255700000001:1@s.whatsapp.net", got, linked.JID)
	}
	if got := b.Store.LID.String(); got != linked.LID {
		t.Errorf("bot is %s, the scan says %s", got, linked.LID)
	}
	if !saw[*events.PairSuccess](b) {
		t.Error("bot was not told that it is linked")
	}
	want := []server.Device{{ID: 1, JID: linked.JID, Connected: true}}
	if diff := cmp.Diff(want, r.devices(shop)); diff != "" {
		t.Errorf("devices of the phone (-want +got):\n%s", diff)
	}
	if got := r.stats(); got.Logins != 1 || got.Connections != 1 || got.Numbers[shop].Connected != 1 {
		t.Errorf("stats = %+v; want one login and one connection", got)
	}
}

func TestScanRefused(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.phone(kiosk)
	r.customer(anna)
	taken := r.bot()
	used := taken.code()
	r.must("POST", "/phones/"+shop+"/scan", object{"code": used}, nil)
	r.online(taken)

	// change replaces one field of a code: 0 the ref, 1 and 2 keys, 3 the secret.
	change := func(code string, field int, value string) string {
		link, rest, _ := strings.Cut(code, "#")
		fields := strings.Split(rest, ",")
		fields[field] = value
		return link + "#" + strings.Join(fields, ",")
	}
	other := "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" // 32 zero bytes
	for _, test := range []struct {
		name, phone string
		alter       func(string) string
		status      int
		message     string
	}{
		{"wrong secret", kiosk, func(c string) string { return change(c, 3, other) }, 422, "hmac-mismatch"},
		{"wrong noise key", kiosk, func(c string) string { return change(c, 1, other) }, 422,
			"not those of the device"},
		{"wrong identity", kiosk, func(c string) string { return change(c, 2, other) }, 422,
			"not those of the device"},
		{"damaged key", kiosk, func(c string) string { return change(c, 2, "AAAA") }, 422, "damaged"},
		{"unknown ref", kiosk, func(c string) string { return change(c, 0, "2@AAAA") }, 422,
			"no device shows"},
		{"used code", kiosk, func(string) string { return used }, 422, "no device shows"},
		{"not a code", kiosk, func(string) string { return "https://example.com" }, 422, "not the code"},
		{"no such phone", ben, func(c string) string { return c }, 404, "no phone"},
		{"a customer", anna, func(c string) string { return c }, 404, "no phone"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := r.bot()
			status, message := r.call("POST", "/phones/"+test.phone+"/scan",
				object{"code": test.alter(b.code())}, nil)
			if status != test.status || !strings.Contains(message, test.message) {
				t.Errorf("scan = %d %q; want %d with %q", status, message, test.status, test.message)
			}
			if test.message == "hmac-mismatch" {
				r.until("bot is told", func() bool { return saw[*events.PairError](b) })
			}
		})
	}
	if got := r.devices(kiosk); len(got) != 0 {
		t.Errorf("devices of the phone = %v; want none", got)
	}
}

// A code without the link around it is what older clients show.
func TestScanBareCode(t *testing.T) {
	r := start(t)
	r.phone(shop)
	b := r.bot()
	_, code, _ := strings.Cut(b.code(), "#")
	r.must("POST", "/phones/"+shop+"/scan", object{"code": code[:strings.LastIndex(code, ",")]}, nil)
	r.online(b)
}

func TestRejectedByTheBot(t *testing.T) {
	r := start(t)
	r.phone(shop)
	b := r.bot()
	b.PrePairCallback = func(_ types.JID, _, _ string) bool { return false }
	status, message := r.call("POST", "/phones/"+shop+"/scan", object{"code": b.code()}, nil)
	if status != http.StatusUnprocessableEntity || !strings.Contains(message, "internal-error") {
		t.Errorf("scan = %d %q; want 422 with internal-error", status, message)
	}
	if got := r.devices(shop); len(got) != 0 {
		t.Errorf("devices of the phone = %v; want none", got)
	}
}

func TestFourCompanionsAtMost(t *testing.T) {
	r := start(t)
	r.phone(shop)
	for range 4 {
		r.linked(shop)
	}
	b := r.bot()
	if status, message := r.call("POST", "/phones/"+shop+"/scan", object{"code": b.code()},
		nil); status != 422 {
		t.Errorf("fifth scan = %d %q; want 422", status, message)
	}
}

// Unlinking on the phone reaches a bot that is connected, one that is not, and
// the customers who write to it.
func TestLogout(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	r.say(anna, shop, "before")
	r.until("bot has the message", func() bool { return len(b.texts()) == 1 })
	stale := r.again(b)
	var out struct{ Unlinked []int }
	r.must("POST", "/phones/"+shop+"/logout", nil, &out)
	if diff := cmp.Diff([]int{1}, out.Unlinked); diff != "" {
		t.Errorf("unlinked (-want +got):\n%s", diff)
	}
	r.until("bot is told", func() bool { return saw[*events.LoggedOut](b) })
	stale.connect()
	r.until("login is refused", func() bool { return saw[*events.LoggedOut](stale) })

	again := r.linked(shop)
	if got := again.Store.ID.Device; got != 2 {
		t.Errorf("new companion has id %d; want 2: ids are not used twice", got)
	}
	r.say(anna, shop, "after")
	r.until("new bot has the message", func() bool { return len(again.texts()) == 1 })
	if diff := cmp.Diff([]string{"after"}, again.texts()); diff != "" {
		t.Errorf("new bot received (-want +got):\n%s", diff)
	}
}

func TestLogoutByTheBot(t *testing.T) {
	r := start(t)
	r.phone(shop)
	b := r.linked(shop)
	b.Store.Container = deletable{b.signals}
	if err := b.Logout(t.Context()); err != nil {
		t.Fatalf("Logout() = %v", err)
	}
	r.until("phone has no companion", func() bool { return len(r.devices(shop)) == 0 })
	if saw[*events.LoggedOut](b) {
		t.Error("bot was told of a logout it asked for")
	}
}

// A bot is linked by the code it shows, typed into the phone whose number it asked
// for; a code that was mistyped can be typed again.
func TestLinkByCode(t *testing.T) {
	r := start(t)
	r.phone(shop)
	b := r.bot()
	b.connect()
	<-b.codes // the connection is ready
	code, err := b.PairPhone(t.Context(), shop, true, whatsmeow.PairClientChrome, "Chrome (Linux)")
	if err != nil {
		t.Fatalf("PairPhone() = %v", err)
	}
	path := "/phones/" + shop + "/enter-code"
	for typed, want := range map[string]string{"1234-5678": "not the code", "12": "8 characters"} {
		if status, message := r.call("POST", path, object{"code": typed}, nil); status != 422 ||
			!strings.Contains(message, want) {
			t.Errorf("POST %s %s = %d %q; want 422 and %q", path, typed, status, message, want)
		}
	}
	r.must("POST", path, object{"code": code}, nil)
	r.online(b)
	r.customer(anna)
	r.say(anna, shop, "Habari")
	r.until("bot has the message", func() bool { return len(b.texts()) == 1 })
}

func TestLinkByCodeOfNobody(t *testing.T) {
	r := start(t)
	r.phone(shop)
	if status, message := r.call("POST", "/phones/"+shop+"/enter-code", object{"code": "ABCD-EFGH"},
		nil); status != 422 || message == "" {
		t.Errorf("a code that nobody shows = %d %q; want 422 and why", status, message)
	}
	b := r.bot()
	b.connect()
	<-b.codes
	if _, err := b.PairPhone(t.Context(), shop, true, whatsmeow.PairClientChrome, "Flow HQ"); err == nil {
		t.Error("PairPhone() with a name that is no browser's succeeded; WhatsApp refuses it")
	}
}
