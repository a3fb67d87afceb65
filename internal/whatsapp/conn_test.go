package whatsapp

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

func TestPairing(t *testing.T) {
	w := newWorld(t)
	phone, h := w.phone(), newRecorder()
	conn, device := w.link(phone, h)
	if device.Number != phone || !strings.HasSuffix(device.LID, "@lid") ||
		!strings.Contains(device.JID, ":") {
		t.Errorf("linked as %+v; want number %s, a LID, and a JID with a device number", device, phone)
	}
	if len(h.linked) != 1 || h.linked[0] != device {
		t.Errorf("the handler linked %+v; want %+v", h.linked, device)
	}
	if since := time.Since(conn.LastSeen()); since > patience {
		t.Errorf("last seen %v ago", since)
	}
	w.hangUp(conn)
	if end := w.wantEnd(conn, flowhq.EndFailed); end.Ending.NonRetryable() {
		t.Error("a connection that this program closes is not dialled again by itself")
	}

	// From now on the stored keys log in, without a scan, in any process.
	again := w.dialOn(w.newNetwork(), device.JID, h)
	if e := w.next(again, Online); e.Device != device {
		t.Errorf("online as %+v; want %+v", e.Device, device)
	}
}

func TestPairingRejectedByHandler(t *testing.T) {
	w := newWorld(t)
	phone, h := w.phone(), newRecorder()
	h.linkErr = flowhq.Errorf(flowhq.Conflict, "the number belongs to another tenant")
	c := w.dial("", h)
	if status := w.scan(phone, w.next(c, QR).QR); status != http.StatusUnprocessableEntity {
		t.Errorf("scan = %d; want the phone to say that it failed", status)
	}
	end := w.wantEnd(c, flowhq.EndPairFailed)
	if flowhq.ErrorCode(end) != flowhq.Conflict {
		t.Errorf("the end has code %q (%v); want the handler's error in it", flowhq.ErrorCode(end), end)
	}
	var rows int
	if err := w.db.QueryRow("select count(*) from whatsmeow_device").Scan(&rows); rows != 0 || err != nil {
		t.Errorf("%d devices are stored, %v; want none", rows, err)
	}
}

func TestCodesFollowEachOtherAndExpire(t *testing.T) {
	w := newWorld(t)
	w.network.timing.firstCode, w.network.timing.nextCode = 60*time.Millisecond, 20*time.Millisecond
	c := w.dial("", newRecorder())
	var codes []string
	for e := range c.Events() {
		if left := time.Until(e.QRExpires); e.Kind != QR || left > 60*time.Millisecond {
			t.Errorf("event %s expires in %v", e.Kind, left)
		}
		codes = append(codes, e.QR)
	}
	w.wantEnd(c, flowhq.EndQRExpired)
	if len(codes) < 2 || codes[0] == codes[1] {
		t.Errorf("%d codes were shown, the first twice: %v; want several different ones",
			len(codes), codes[0] == codes[1])
	}
}

func TestUnknownDevicePairs(t *testing.T) {
	w := newWorld(t)
	c := w.dial("255799999999:3@s.whatsapp.net", newRecorder())
	w.next(c, QR)
}

func TestMalformedDeviceOrVersionIsInvalid(t *testing.T) {
	w := newWorld(t)
	for _, as := range [][2]string{{"", "a:b:c@x@y"}, {"not a version", ""}} {
		_, err := w.network.Dial(t.Context(), as[0], as[1], newRecorder())
		if flowhq.ErrorCode(err) != flowhq.Invalid {
			t.Errorf("Dial of device %q as version %q = %v; want code Invalid", as[1], as[0], err)
		}
	}
}

func TestDropIsLost(t *testing.T) {
	w := newWorld(t)
	phone, h := w.phone(), newRecorder()
	c, device := w.link(phone, h)
	w.fault("drop", phone, nil)
	w.wantEnd(c, flowhq.EndLost)
	w.next(w.dial(device.JID, h), Online)
}

func TestUnreachableServer(t *testing.T) {
	w := newWorld(t)
	w.server.Addr = "127.0.0.1:1"
	c := w.dial("", newRecorder())
	if end := w.wantEnd(c, flowhq.EndUnreachable); end.Err == nil {
		t.Error("the end has no cause")
	}
}

func TestLogoutOnThePhone(t *testing.T) {
	w := newWorld(t)
	phone, h := w.phone(), newRecorder()
	c, device := w.link(phone, h)
	w.fault("logout", phone, nil)
	w.wantEnd(c, flowhq.EndDeviceRemoved)
	// The keys are gone: the device pairs anew.
	again := w.dial(device.JID, h)
	w.next(again, QR)
}

func TestLogoutWhileAway(t *testing.T) {
	w := newWorld(t)
	phone, h := w.phone(), newRecorder()
	c, device := w.link(phone, h)
	w.hangUp(c)
	w.fault("logout", phone, nil)
	w.wantEnd(w.dial(device.JID, h), flowhq.EndLoggedOut)
	w.next(w.dial(device.JID, h), QR)
}

func TestReplaced(t *testing.T) {
	w := newWorld(t)
	h := newRecorder()
	first, device := w.link(w.phone(), h)
	second := w.dialOn(w.newNetwork(), device.JID, h)
	w.next(second, Online)
	w.wantEnd(first, flowhq.EndReplacedByStranger)
}

func TestRefusedLogins(t *testing.T) {
	w := newWorld(t)
	phone, h := w.phone(), newRecorder()
	c, device := w.link(phone, h)
	w.hangUp(c)
	for _, tt := range []struct {
		reason int
		want   flowhq.Ending
	}{
		{503, flowhq.EndLost}, {402, flowhq.EndTempBanned}, {405, flowhq.EndOutdated},
		{409, flowhq.EndRefused}, {406, flowhq.EndBanned}, {403, flowhq.EndLocked},
	} {
		w.fault("refuse_logins", phone, object{"seconds": 3600, "reason": tt.reason})
		end := w.wantEnd(w.dial(device.JID, h), tt.want)
		if hasEnd := !end.Until.IsZero(); hasEnd != (tt.reason == 402) {
			t.Errorf("%d: a ban until %v", tt.reason, end.Until)
		}
	}
	// None of these cost the keys.
	w.fault("refuse_logins", phone, object{"seconds": 0})
	again := w.dial(device.JID, h)
	w.next(again, Online)
	w.hangUp(again)
	// This one does.
	w.fault("refuse_logins", phone, object{"seconds": 3600, "reason": 401})
	w.wantEnd(w.dial(device.JID, h), flowhq.EndLoggedOut)
	w.next(w.dial(device.JID, h), QR)
}

func TestUnlink(t *testing.T) {
	w := newWorld(t)
	phone, h := w.phone(), newRecorder()
	c, device := w.link(phone, h)
	if err := c.Unlink(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.over(c)
	var view struct{ Devices []any }
	w.call("GET", "/phones/"+phone, nil, &view)
	if len(view.Devices) != 0 {
		t.Errorf("the phone lists %d devices; want none", len(view.Devices))
	}
	w.next(w.dial(device.JID, h), QR)
}

func TestUnlinkWithoutWhatsApp(t *testing.T) {
	w := newWorld(t)
	phone, h := w.phone(), newRecorder()
	c, device := w.link(phone, h)
	w.fault("drop", phone, nil)
	w.wantEnd(c, flowhq.EndLost)
	if err := c.Unlink(t.Context()); flowhq.ErrorCode(err) != flowhq.Unavailable {
		t.Errorf("Unlink = %v; want code Unavailable", err)
	}
	w.next(w.dial(device.JID, h), Online)
}

func TestCloseWaitsForHandler(t *testing.T) {
	w := newWorld(t)
	phone, customer, h := w.phone(), w.customer(), newRecorder()
	c, _ := w.link(phone, h)
	entered, leave := make(chan struct{}), make(chan struct{})
	h.onReceive(func(context.Context, Inbound) error {
		close(entered)
		<-leave
		return nil
	})
	w.write(customer, phone, "hello")
	<-entered
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := c.Close(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Close while the handler runs = %v; want it to wait", err)
	}
	close(leave)
	w.hangUp(c)
	w.wantEnd(c, flowhq.EndFailed)
}

func TestNetworkRefusesAnotherServer(t *testing.T) {
	w := newWorld(t)
	for name, o := range map[string]Options{
		"WhatsApp itself": {DB: w.db, Log: w.network.log},
		"another name":    {DB: w.db, Log: w.network.log, Server: w.server, DeviceName: "Other"},
	} {
		if _, err := New(t.Context(), o); flowhq.ErrorCode(err) != flowhq.Invalid {
			t.Errorf("New for %s = %v; want code Invalid", name, err)
		}
	}
}
