package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq"
)

// TestRoutesAreDescribed holds Gin's routes against openapi.yaml.
func TestRoutesAreDescribed(t *testing.T) {
	f := setup(t)
	var routes, heads, gets, described []string
	for _, r := range f.api.engine.Routes() {
		path := colon.ReplaceAllString(r.Path, "{$1}")
		switch r.Method {
		case http.MethodHead:
			heads = append(heads, path)
			continue
		case http.MethodGet:
			gets = append(gets, path)
		}
		routes = append(routes, r.Method+" "+path)
	}
	for path, item := range f.spec.at(f.spec.root, "paths") {
		for method := range item.(node) {
			if method != "parameters" {
				described = append(described, strings.ToUpper(method)+" "+path)
			}
		}
	}
	for _, s := range [][]string{routes, heads, gets, described} {
		slices.Sort(s)
	}
	if diff := gocmp.Diff(described, routes); diff != "" {
		t.Errorf("routes (-described +served):\n%s", diff)
	}
	if diff := gocmp.Diff(gets, heads); diff != "" {
		t.Errorf("HEAD (-GET +HEAD):\n%s", diff)
	}
}

// TestOperationsAreComplete asks of each operation what readers rely on.
func TestOperationsAreComplete(t *testing.T) {
	s := loadSpec(t)
	ids := map[string]bool{}
	for path, item := range s.at(s.root, "paths") {
		for method, op := range item.(node) {
			op, ok := op.(node)
			if !ok || method == "parameters" {
				continue
			}
			id, _ := op["operationId"].(string)
			if id == "" || ids[id] || op["summary"] == nil || op["tags"] == nil {
				t.Errorf("%s %s lacks an operationId of its own, a summary or a tag", method, path)
			}
			ids[id] = true
			if responses := s.at(op, "responses"); method != "get" && responses["403"] == nil {
				t.Errorf("%s %s does not describe 403, which a page of another site gets", method, path)
			}
			if strings.Contains(path, "{id}") && s.parameters(method, path, "path")["id"] == nil {
				t.Errorf("%s %s does not describe {id}", method, path)
			}
		}
	}
}

// TestWordsAreDescribed holds the enums of openapi.yaml against the program's.
func TestWordsAreDescribed(t *testing.T) {
	s := loadSpec(t)
	codes := maps.Clone(statuses)
	delete(codes, hungUp) // is never read
	for _, tt := range []struct {
		schema node
		want   []string
	}{
		{s.at(s.root, "components", "schemas", "TenantStatus"), words(flowhq.TenantStatuses)},
		{s.at(s.root, "components", "schemas", "SessionState"), words(flowhq.SessionStates)},
		{s.at(s.root, "components", "schemas", "Ending"), append(words(flowhq.Endings), "")},
		{s.at(s.root, "components", "schemas", "Wait"), append(words(flowhq.Waits), "")},
		{s.at(s.root, "components", "schemas", "MessageStatus"), words(flowhq.MessageStatuses)},
		{s.at(s.root, "components", "schemas", "Message", "properties", "kind"), words(flowhq.Kinds)},
		{s.at(s.root, "components", "schemas", "Template"), words(flowhq.Templates)},
		{s.at(s.root, "components", "schemas", "BulkState"), words(flowhq.BulkStates)},
		{s.at(s.root, "components", "schemas", "NewBulk", "properties", "command"),
			words(flowhq.BulkCommands)},
		{s.at(s.root, "components", "schemas", "Command", "properties", "command"), words(flowhq.Commands)},
		{s.at(s.root, "components", "schemas", "Language"), words(flowhq.Languages)},
		{s.at(s.root, "components", "schemas", "Scope"), words(flowhq.Scopes)},
		{s.at(s.root, "components", "schemas", "Role"), append(words(flowhq.OperatorRoles), "STAFF")},
		{s.at(s.root, "components", "schemas", "Principal", "properties", "kind"),
			words(flowhq.PrincipalKinds)},
		{s.at(s.root, "components", "schemas", "SetupStatus"), words(flowhq.SetupStatuses)},
		{s.at(s.root, "components", "schemas", "BookingStatus"), words(flowhq.BookingStatuses)},
		{s.at(s.root, "components", "schemas", "OrderStatus"), words(flowhq.OrderStatuses)},
		{s.at(s.root, "components", "schemas", "TicketStatus"), words(flowhq.TicketStatuses)},
		{s.at(s.root, "components", "schemas", "HandOverStatus"), words(flowhq.HandOverStatuses)},
		{s.at(s.root, "components", "schemas", "HandOver", "properties", "reason"),
			words(flowhq.HandOverReasons)},
		{s.at(s.root, "components", "schemas", "UnansweredStatus"), words(flowhq.UnansweredStatuses)},
		{s.at(s.root, "components", "schemas", "Contact", "properties", "left_alone"),
			words(flowhq.LeftAlones)},
		{s.at(s.root, "components", "schemas", "Problem", "properties", "code"),
			words(slices.Collect(maps.Keys(codes)))},
	} {
		var got []string
		for _, v := range tt.schema["enum"].([]any) {
			got = append(got, v.(string))
		}
		slices.Sort(got)
		slices.Sort(tt.want)
		if diff := gocmp.Diff(tt.want, got); diff != "" {
			t.Errorf("enum (-program +described):\n%s", diff)
		}
	}
}

func words[T ~string](all []T) (w []string) {
	for _, a := range all {
		w = append(w, string(a))
	}
	return w
}

// TestBodiesAreDescribed holds the fields of request bodies against openapi.yaml;
// those of answers are checked wherever a test gets one.
func TestBodiesAreDescribed(t *testing.T) {
	s := loadSpec(t)
	for schema, body := range map[string]any{
		"NewTenant": &flowhq.NewTenant{}, "TenantChange": &flowhq.TenantChange{},
		"NewBulk": &bulkBody{}, "BulkFilter": &bulkFilter{},
		"FleetChange": &flowhq.FleetChange{},
		"NewBooking":  &newBookingBody{}, "BookingChange": &bookingBody{},
		"OrderChange": &orderBody{}, "TicketChange": &statusBody{}, "HandOverChange": &statusBody{},
		"UnansweredChange": &statusBody{}, "NewAnswer": &answerBody{}, "NewContact": &contactBody{},
		"LeftAloneChange": &aloneBody{}, "NewHandOver": &handOverBody{}, "NewMessage": &contentBody{},
		"PortalNewSetup":  &portalSetupBody{},
		"NewSetupRequest": &flowhq.NewSetupRequest{}, "SetupApproval": &approvalBody{},
		"SetupRejection": &rejectionBody{},
		"NewAccount":     &flowhq.NewAccount{}, "AccountChange": &flowhq.AccountChange{},
		"NewKey": &flowhq.NewAPIKey{}, "SignIn": &signInBody{}, "LinkUse": &linkBody{},
		"Forgotten": &forgotBody{}, "PasswordChange": &passwordBody{},
	} {
		n := s.at(s.root, "components", "schemas", schema)
		want := slices.Sorted(maps.Keys(fieldsOf(body)))
		if diff := gocmp.Diff(want, slices.Sorted(maps.Keys(n["properties"].(node)))); diff != "" {
			t.Errorf("%s (-program +described):\n%s", schema, diff)
		}
		for name, field := range fieldsOf(body) {
			kind := map[string]string{
				"a string": "string", "a whole number": "integer", "true or false": "boolean",
				"an object": "object", "a whole number or null": "[integer null]", "a list": "array",
			}[describe(field.Type())]
			if got := fmt.Sprint(s.at(n, "properties", name)["type"]); got != kind {
				t.Errorf("%s.%s is described as %v; want %s", schema, name, got, kind)
			}
		}
	}
	for _, op := range []node{
		s.operation("POST", "/admin/tenants"), s.operation("PUT", "/admin/tenants/:id"),
		s.operation("POST", "/admin/bulk"), s.operation("PUT", "/admin/fleet"),
		s.operation("PUT", "/admin/tenants/:id/profile"),
		s.operation("PATCH", "/admin/tenants/:id/profile"),
		s.operation("POST", "/admin/tenants/:id/preview"),
		s.operation("POST", "/admin/tenants/:id/bookings"),
		s.operation("PATCH", "/admin/tenants/:id/bookings/:number"),
		s.operation("PATCH", "/admin/tenants/:id/orders/:number"),
		s.operation("PATCH", "/admin/tenants/:id/tickets/:number"),
		s.operation("PATCH", "/admin/tenants/:id/handovers/:handover"),
		s.operation("PATCH", "/admin/tenants/:id/unanswered/:question"),
		s.operation("POST", "/admin/tenants/:id/unanswered/:question/answer"),
		s.operation("POST", "/admin/tenants/:id/contacts"),
		s.operation("PUT", "/admin/tenants/:id/contacts/:contact/left-alone"),
		s.operation("PUT", "/admin/tenants/:id/contacts/:contact/muted"),
		s.operation("POST", "/admin/tenants/:id/contacts/:contact/hand-over"),
		s.operation("POST", "/admin/tenants/:id/contacts/:contact/messages"),
		s.operation("POST", "/admin/tenants/:id/contacts/:contact/read"),
		s.operation("POST", "/admin/operators"), s.operation("PATCH", "/admin/operators/:account"),
		s.operation("POST", "/admin/keys"), s.operation("POST", "/admin/tenants/:id/users"),
		s.operation("PATCH", "/admin/tenants/:id/users/:account"),
		s.operation("POST", "/admin/tenants/:id/keys"), s.operation("POST", "/auth/sign-in"),
		s.operation("POST", "/auth/link"), s.operation("PUT", "/auth/password"),
		s.operation("POST", "/portal/setup-request"),
	} {
		content := s.at(op, "requestBody", "content", "application/json")
		for _, problem := range s.check(s.at(content, "schema"), viaJSON(t, content["example"]), "example") {
			t.Error(problem)
		}
	}
}

// viaJSON returns v with the types that JSON gives it.
func viaJSON(t *testing.T, v any) (out any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err := cmp.Or(err, json.Unmarshal(b, &out)); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestParametersAreTaken sends each described query parameter.
func TestParametersAreTaken(t *testing.T) {
	f := setup(t)
	id := f.create()
	hook := f.send(call{method: "POST", path: "/admin/tenants/" + string(id) + "/webhooks",
		body: `{"url":"https://example.com/x"}`}, http.StatusCreated).json.(node)["id"].(string)
	user, portal := f.signedInAs(id, flowhq.RoleOwner), f.portalAs(id, flowhq.RoleOwner)
	for _, r := range f.api.engine.Routes() {
		if r.Path == OpenIDPath {
			continue // what is right there only a provider knows: TestOpenID
		}
		for name, p := range f.spec.parameters(r.Method, r.Path, "query") {
			value := ""
			schema := f.spec.at(p, "schema")
			if enum, ok := schema["enum"].([]any); ok {
				value = enum[0].(string)
			} else if schema["type"] == "integer" {
				value = "1"
			} else if schema["type"] == "boolean" {
				value = "true"
			}
			c := call{method: r.Method, path: strings.NewReplacer(":id", string(id), ":webhook",
				hook).Replace(r.Path) + "?" + name + "=" + value}
			switch c.header = (http.Header{}); {
			case strings.HasPrefix(r.Path, ownPath+"/current/"):
				c.header = portal.Clone()
			case strings.HasPrefix(r.Path, ownPath):
				c.header = user.Clone()
			}
			switch {
			case strings.HasSuffix(r.Path, "/import"):
				c.body = "name,price\nx,1\n"
				c.header.Set("Content-Type", "text/csv")
			case strings.HasSuffix(r.Path, "/media") && r.Method == http.MethodPost:
				c.body = "bytes"
				c.header.Set("Content-Type", "application/octet-stream")
				f.send(c, http.StatusCreated)
				continue
			case r.Method == http.MethodPost:
				c.body = plainPayload
			}
			f.send(c, http.StatusOK)
		}
	}
}

// TestSchemaCheck makes sure that the check finds what it is for.
func TestSchemaCheck(t *testing.T) {
	s := loadSpec(t)
	for _, tt := range []struct {
		schema, value string
		ok            bool
	}{
		{"Health", `{"status":"ok"}`, true},
		{"Health", `{"status":"fine"}`, false},
		{"Health", `{"status":null}`, false},
		{"Health", `{}`, false},
		{"Health", `{"status":"ok","more":1}`, false},
		{"Replies", `0`, true}, {"Replies", `-1`, false}, {"Replies", `100001`, false},
		{"Replies", `1.5`, false},
		{"Name", `"x"`, true}, {"Name", `""`, false},
		{"Name", `"` + strings.Repeat("é", 100) + `"`, true},
		{"Name", `"` + strings.Repeat("é", 101) + `"`, false},
		{"Time", `"2026-01-02T03:04:05.678Z"`, true},
		{"Time", `"2026-01-02T03:04:05+03:00"`, false}, {"Time", `"today"`, false},
		{"TenantChange", `{}`, false}, {"TenantChange", `{"language":"EN"}`, true},
		{"EventList", `{"events":[{}],"next":""}`, false},
		{"EventList", `{"events":[],"next":""}`, true},
		{"EventList", `{"events":null,"next":""}`, false},
	} {
		var v any
		if err := json.Unmarshal([]byte(tt.value), &v); err != nil {
			t.Fatal(err)
		}
		problems := s.check(s.at(s.root, "components", "schemas", tt.schema), v, "value")
		if got := len(problems) == 0; got != tt.ok {
			t.Errorf("%s as %s: %v; want ok = %t", tt.value, tt.schema, problems, tt.ok)
		}
	}
}
