package e2e

import (
	"fmt"
	"testing"

	"github.com/flowhq/flowhq"
)

// TestSetupRequest: a tenant's owner asks for the bot, an operator approves, and the request is
// ACTIVE once the phone is linked, though the API was killed meanwhile.
func TestSetupRequest(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	b := s.business(barbers)
	var invited struct{ Token string }
	s.must(s.call("POST", b.path()+"/users",
		flowhq.NewAccount{Email: "asha@example.com", Name: "Asha", Role: flowhq.RoleOwner}, &invited))
	_, cookie := asker{s: s}.asks(s.api, "POST", "/auth/link",
		fmt.Sprintf(`{"token":%q,"password":"a long sentence"}`, invited.Token), 200)
	owner := asker{s, "Cookie", cookie}
	body := fmt.Sprintf(`{"business_name":"Blue Door","template_type":"BOOKING","whatsapp_number":%q,"language":"EN"}`, b.PhoneNumber)
	made, _ := owner.asks(s.api, "POST", "/portal/tenant/setup-requests", body, 201)
	id := made["id"].(string)

	s.must(s.call("POST", "/admin/setup-requests/"+id+"/approve", map[string]string{"notes": "called"}, nil))
	s.serve() // kills the API and starts another
	b.scan()
	b.connected(patience)
	got, _ := owner.asks(s.api, "GET", "/portal/tenant/setup-requests/"+id, "", 200)
	if got["status"] != string(flowhq.SetupActive) {
		t.Errorf("the tenant is ACTIVE and its setup request %v", got)
	}
	if s.events(b.id, flowhq.EventSetupActive) != 1 || s.events(b.id, flowhq.EventSetupApproved) != 1 {
		t.Error("the tenant's history lacks the approval, or that it is ACTIVE")
	}
	if now, err := b.read(); err != nil || now.Config.BusinessName != "Blue Door" {
		t.Errorf("the tenant did not get what was asked for: %+v, %v", now.Config, err)
	}
}
