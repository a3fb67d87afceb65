package dev

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq/internal/apiclient"
)

// A phone is linked to the tenant whose name was typed, or it is said what became of it.
func TestTypedQR(t *testing.T) {
	t.Parallel()
	const id = "57144b14-fea9-476c-be42-7f1bc09efbef"
	tenant := `{"id": "` + id + `", "name": "My shop", "phone_number": "+255712345678",
		"session": {"state": "DISCONNECTED", "reason": "all workers are full", "number": "+255712345678"}}`
	state := "DISCONNECTED"
	mux := http.NewServeMux()
	answer := func(pattern, format string, args ...any) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter,
			_ *http.Request) {
			fmt.Fprintf(w, format, args...)
		})
	}
	answer("GET /admin/tenants", `{"tenants": [%s]}`, tenant)
	answer("GET /admin/tenants/"+id, "%s", tenant)
	answer("POST /admin/tenants/"+id+"/session/start", `{"command": "start", "id": 7}`)
	mux.HandleFunc("GET /admin/tenants/"+id+"/qr",
		func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"state": %q}`, state) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)

	typed := func(text string) string {
		var printed scratch
		s := &stack{console: &console{w: &printed}, password: "hunter2",
			api: adminAPI{apiclient.Client{Base: server.URL, Password: "hunter2"}}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s.execute(ctx, text)
		return printed.String()
	}
	wants := func(text, want string) {
		t.Helper()
		if got := typed(text); !strings.Contains(got, want) {
			t.Errorf("%q printed\n%s\nwant %q", text, got, want)
		}
	}
	wants("qr", "My shop  +255712345678  ")
	wants("what", `type "qr NAME"`)
	wants("qr your shop", `there is no tenant "your shop"`)
	wants("qr my", "My shop: DISCONNECTED: all workers are full\nnobody scanned; type \"qr my\" again\n")
	state = "CONNECTED"
	wants("qr My shop", "My shop is linked to +255712345678.\n")
}
