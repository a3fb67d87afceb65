package api

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/access"
)

// binders read each kind of request that the API takes; TestEachRequestIsFuzzed holds it complete.
var binders = map[string]func(*binder){
	"accountChange": binds[accountChange], "accountRef": binds[accountRef],
	"intakeRequest": binds[intakeRequest], "allFailuresRequest": binds[allFailuresRequest],
	"aloneRequest":  binds[aloneRequest],
	"answerRequest": binds[answerRequest], "answererRequest": binds[answererRequest],
	"approvalRequest": binds[approvalRequest], "auditRequest": binds[auditRequest],
	"bookingChange": binds[bookingChange], "mediaRef": binds[mediaRef],
	"newMediaRequest": binds[newMediaRequest],
	"bookingsRequest": binds[bookingsRequest], "bulkRef": binds[bulkRef],
	"bulkRequest": binds[bulkRequest], "bulksRequest": binds[bulksRequest],
	"chatsRequest": binds[chatsRequest], "readChatRequest": binds[readChatRequest],
	"tenantChange": binds[tenantChange], "codecRequest": binds[codecRequest],
	"commandRequest": binds[commandRequest], "pageRequest": binds[pageRequest],
	"contactRef": binds[contactRef], "contactsRequest": binds[contactsRequest],
	"newTenantRequest": binds[newTenantRequest], "deliveriesRequest": binds[deliveriesRequest],
	"exportRequest": binds[exportRequest],
	"factRef":       binds[factRef], "feedRequest": binds[feedRequest],
	"fleetRequest": binds[fleetRequest], "followUpRef": binds[followUpRef],
	"followUpsRequest": binds[followUpsRequest], "forgotRequest": binds[forgotRequest],
	"handOverChange": binds[handOverChange], "handOverRef": binds[handOverRef],
	"handOverRequest": binds[handOverRequest], "handOversRequest": binds[handOversRequest],
	"importRequest": binds[importRequest], "inviteRequest": binds[inviteRequest],
	"keyRef": binds[keyRef], "keyRequest": binds[keyRequest], "linkRequest": binds[linkRequest],
	"tenantsRequest": binds[tenantsRequest], "mergeRequest": binds[mergeRequest],
	"messageRef": binds[messageRef], "messagesRequest": binds[messagesRequest],
	"muteRequest": binds[muteRequest], "newBookingRequest": binds[newBookingRequest],
	"newContactRequest": binds[newContactRequest], "newWebhookRequest": binds[newWebhookRequest],
	"openIDRequest": binds[openIDRequest], "orderChange": binds[orderChange],
	"ordersRequest": binds[ordersRequest], "ownerRef": binds[ownerRef],
	"passwordRequest": binds[passwordRequest], "portalLogsRequest": binds[portalLogsRequest],
	"portalRef": binds[portalRef], "portalSetupRequest": binds[portalSetupRequest],
	"previewRequest": binds[previewRequest], "questionChange": binds[questionChange],
	"questionRef": binds[questionRef], "questionsRequest": binds[questionsRequest],
	"commandRef": binds[commandRef], "rejectionRequest": binds[rejectionRequest],
	"replaceRequest": binds[replaceRequest], "replayRequest": binds[replayRequest],
	"replyRequest": binds[replyRequest], "restoreRequest": binds[restoreRequest],
	"retryAllLettersRequest": binds[retryAllLettersRequest],
	"retryLettersRequest":    binds[retryLettersRequest],
	"retryAsideRequest":      binds[retryAsideRequest],
	"setupRef":               binds[setupRef], "setupsRequest": binds[setupsRequest],
	"signInRequest": binds[signInRequest], "submitRequest": binds[submitRequest],
	"tenantLettersRequest": binds[tenantLettersRequest], "tenantRef": binds[tenantRef],
	"ticketChange": binds[ticketChange], "ticketsRequest": binds[ticketsRequest],
	"versionRef": binds[versionRef], "versionsRequest": binds[versionsRequest],
	"viewerRequest": binds[viewerRequest], "visitRequest": binds[visitRequest],
	"webhookChangeRequest": binds[webhookChangeRequest], "webhookRef": binds[webhookRef],
	"workerRef": binds[workerRef], "writeRequest": binds[writeRequest],
}

// binds reads a request of one kind.
func binds[T any, P interface {
	*T
	bind(*binder)
}](b *binder) {
	P(new(T)).bind(b)
}

// TestEachRequestIsFuzzed: whoever adds a kind of request adds it to binders.
func TestEachRequestIsFuzzed(t *testing.T) {
	bind := regexp.MustCompile(`(?m)^func \(r \*(\w+)\) bind\(b \*binder\)`)
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range bind.FindAllSubmatch(text, -1) {
			if name := string(found[1]); binders[name] == nil && name != "visit" {
				t.Errorf("%s: requests of type %s are not in binders", file, name)
			}
		}
	}
}

// FuzzBind: whatever a stranger sends, each kind of request takes or refuses, and says so in a few
// fields: path, query, body and every header that is read.
func FuzzBind(f *testing.F) {
	names := make([]string, 0, len(binders))
	for name := range binders {
		names = append(names, name)
	}
	slices.Sort(names)
	for i := range names {
		f.Add(uint8(i), "17", "cursor=17&limit=5", "17", []byte(`{}`))
	}
	at := func(name string) uint8 { return uint8(slices.Index(names, name)) }
	f.Add(at("feedRequest"), never, "type=MESSAGE_RECEIVED,ORDER_CREATED&after=3", "99", []byte(nil))
	f.Add(at("feedRequest"), never, "type=,&after=-1", "9223372036854775808", []byte(nil))
	f.Add(at("replaceRequest"), never, "", `"3"`, []byte(`{"texts":{"x":null}}`))
	f.Add(at("importRequest"), never, "replace=true", `W/"3"`, []byte("name,price\nx,\"1\n"))
	f.Add(at("replayRequest"), never, "", "", []byte(`{"from":9,"to":1,"since":"2026-11-27"}`))
	f.Add(at("openIDRequest"), "", "state=a&code=b", "a.b.c", []byte(nil))
	f.Add(at("codecRequest"), "", "", "", []byte(`{"payloads":[{"data":"\u0000"}]}`))
	f.Add(at("retryAllLettersRequest"), never, "", "", []byte(`{"cursor":"x","before":"y"}`))
	f.Fuzz(func(t *testing.T, kind uint8, path, query, header string, body []byte) {
		name := names[int(kind)%len(names)]
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest(http.MethodPost, "/", io.NopCloser(bytes.NewReader(body)))
		c.Request.URL.RawQuery = query
		mediaType := "application/json"
		if name == "importRequest" {
			mediaType = "text/csv"
		}
		c.Request.Header = http.Header{
			"Content-Type": {mediaType}, matchHeader: {header}, keyHeader: {header},
			lastEventID: {header}, "Cookie": {header}, "X-User-Email": {header},
		}
		for _, p := range []string{
			"id", "account", "key", "request", "bulk", "worker", "webhook", "file", "number", "message",
			"command", "version", "followup", "handover", "question", "contact", "kind",
		} {
			c.Params = append(c.Params, gin.Param{Key: p, Value: path})
		}
		c.Request = c.Request.WithContext(access.With(t.Context(), access.Emergency("192.0.2.7")))
		c.Set(portalUserKey, flowhq.Account{}) // as the portal's middleware does
		b := newBinder(c, false)
		binders[name](b)
		err := b.finish()
		if code := flowhq.ErrorCode(err); code == flowhq.Internal || code == flowhq.Unavailable {
			t.Errorf("%s is refused as if it were our fault: %v", name, err)
		}
		if len(b.fields) > maxFieldErrors {
			t.Errorf("%s has %d wrong fields; want at most %d", name, len(b.fields), maxFieldErrors)
		}
		for _, wrong := range b.fields {
			if wrong.Field == "" || wrong.Message == "" || strings.Contains(wrong.Message, "\n") {
				t.Errorf("%s says %+v", name, wrong)
			}
		}
	})
}
