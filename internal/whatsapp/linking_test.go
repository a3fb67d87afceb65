package whatsapp

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

func TestServerThatIsNotWhatsApp(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct{ fault, text string }{{"wrong_tls", "TLS"}, {"wrong_noise", "Noise"}} {
		w.fault(tt.fault, "", object{"seconds": 60})
		end := w.wantEnd(w.dial("", newRecorder()), flowhq.EndCertificate)
		if !strings.Contains(end.Reason, tt.text) || end.Err == nil {
			t.Errorf("%s: %q, %v; want a text about %s, with the cause", tt.fault, end.Reason, end.Err, tt.text)
		}
		w.fault(tt.fault, "", object{"seconds": 0})
	}
	w.next(w.dial("", newRecorder()), QR)
}

// throughProxy has all connections go through an HTTP proxy.
func (w *world) throughProxy(proxy string) {
	w.Helper()
	u, err := url.Parse(proxy)
	if err != nil {
		w.Fatal(err)
	}
	w.network.transport = newTransport(w.server, u)
}

func TestProxyRefuses(t *testing.T) {
	w := newWorld(t)
	var asked string
	proxy := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		asked = r.Method + " " + r.Host
		http.Error(answer, "not for you", http.StatusForbidden)
	}))
	t.Cleanup(proxy.Close)
	w.throughProxy(proxy.URL)
	end := w.wantEnd(w.dial("", newRecorder()), flowhq.EndProxy)
	if !strings.Contains(end.Reason, "403") || asked != "CONNECT web.whatsapp.com:443" {
		t.Errorf("%q after %s; want one with the proxy's answer", end.Reason, asked)
	}
}

func TestProxyIsAway(t *testing.T) {
	w := newWorld(t)
	for _, proxy := range []string{"http://127.0.0.1:1", "socks5://127.0.0.1:1"} {
		w.throughProxy(proxy)
		w.wantEnd(w.dial("", newRecorder()), flowhq.EndProxy)
	}
}

func TestPasskeyAsked(t *testing.T) {
	w := newWorld(t)
	phone := w.phone()
	w.fault("want_passkey", phone, nil)
	c := w.dial("", newRecorder())
	if status := w.scan(phone, w.next(c, QR).QR); status != http.StatusUnprocessableEntity {
		t.Errorf("scan = %d; want the phone to say that it came to nothing", status)
	}
	w.wantEnd(c, flowhq.EndPasskey)
}

// A phone that is about to scan has the secret in the code changed: the old code is
// void, the new one is shown at once and works.
func TestCodeIsRedrawn(t *testing.T) {
	w := newWorld(t)
	phone := w.phone()
	c := w.dial("", newRecorder())
	first := w.next(c, QR)
	w.fault("refresh_codes", "", nil)
	second := w.next(c, QR)
	if first.QR == second.QR {
		t.Fatal("the code is the same")
	}
	if ref := func(code string) string { ref, _, _ := strings.Cut(code, ","); return ref }; ref(first.QR) != ref(second.QR) {
		t.Error("another code is shown; want the same with another secret")
	}
	if status := w.scan(phone, second.QR); status != http.StatusOK {
		t.Errorf("scan of the new code = %d", status)
	}
	w.next(c, Linked)
	w.next(c, Online)
}

func TestOldCodeIsVoid(t *testing.T) {
	w := newWorld(t)
	c := w.dial("", newRecorder())
	first := w.next(c, QR)
	w.fault("refresh_codes", "", nil)
	w.next(c, QR)
	if status := w.scan(w.phone(), first.QR); status != http.StatusUnprocessableEntity {
		t.Errorf("scan of the old code = %d; want it refused", status)
	}
	w.wantEnd(c, flowhq.EndPairFailed)
}

func TestLinkByCode(t *testing.T) {
	w := newWorld(t)
	phone := w.phone()
	c := w.dial("", newRecorder())
	qr := w.next(c, QR)
	c.AskLinkCode(phone)
	code := w.next(c, LinkCode)
	if !code.CodesEnd.Equal(qr.CodesEnd) || time.Until(code.CodesEnd) < 2*time.Minute {
		t.Errorf("the link code is good until %v, the QR codes until %v", code.CodesEnd, qr.CodesEnd)
	}
	path := "/phones/" + url.PathEscape(phone) + "/enter-code"
	if status := w.call("POST", path, object{"code": "1234-5678"}, nil); status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong code = %d; want it refused", status)
	}
	if status := w.call("POST", path, object{"code": code.LinkCode}, nil); status != http.StatusOK {
		t.Errorf("the code = %d", status)
	}
	if linked := w.next(c, Linked); linked.Device.Number != phone {
		t.Errorf("linked as %+v; want %s", linked.Device, phone)
	}
	w.next(c, Online)
}
