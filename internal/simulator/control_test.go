package simulator

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowhq/flowhq/internal/simulator/control"
	"github.com/flowhq/flowhq/internal/simulator/customers"
	"github.com/flowhq/flowhq/internal/simulator/server"
)

func TestControlRefusesBadRequests(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	long := strings.Repeat("x", customers.MaxText+1)
	for _, test := range []struct {
		method, path, body string
		status             int
		message            string
	}{
		{"POST", "/phones", `{"number":"0255","name":"x"}`, 400, "is not a number"},
		{"POST", "/phones", `{"number":"+255700000004","name":""}`, 400, "name"},
		{"POST", "/phones", `{"number":"+255700000004","nom":"x"}`, 400, "unknown field"},
		{"POST", "/phones", `{"number":"+255700000004","name":"x"} {}`, 400, "after its end"},
		{"POST", "/phones", `{`, 400, "body"},
		{"POST", "/phones", `{"number":"` + anna + `","name":"x"}`, 409, "is a customer"},
		{"POST", "/customers", `{"number":"` + shop + `","name":"x"}`, 409, "is a phone"},
		{"POST", "/customers", `{"number":"+2557","name":"x"}`, 400, "is not a number"},
		{"GET", "/phones/" + ben, ``, 404, "no phone"},
		{"GET", "/phones/x", ``, 400, "is not a number"},
		{"POST", "/phones/" + shop + "/scan", `{"code":""}`, 422, "not the code"},
		{"POST", "/phones/" + shop + "/logout", `{"device":1}`, 404, "no linked device 1"},
		{"POST", "/phones/" + shop + "/logout", `{"device":0}`, 404, "no linked device 0"},
		{"POST", "/customers/" + ben + "/messages", `{"to":"` + shop + `","text":"x"}`, 404, "no customer"},
		{"POST", "/customers/" + anna + "/messages", `{"to":"` + ben + `","text":"x"}`, 404,
			"not on WhatsApp"},
		{"POST", "/customers/" + anna + "/messages", `{"to":"` + shop + `","text":""}`, 400, "text"},
		{"POST", "/customers/" + anna + "/messages", `{"to":"` + shop + `","text":"` + long + `"}`,
			400, "text"},
		{"POST", "/customers/" + anna + "/messages", `{"to":"` + shop + `","text":"x","id":"a b"}`,
			400, "id must"},
		{"GET", "/customers/" + ben + "/inbox", ``, 404, "no customer"},
		{"GET", "/customers/" + anna + "/inbox?limit=0", ``, 400, "limit"},
		{"GET", "/customers/" + anna + "/inbox?from=x", ``, 400, "is not a number"},
		{"POST", "/faults", `{"kind":"fire"}`, 400, "kind must"},
		{"POST", "/faults", `{"kind":"drop","number":"` + ben + `"}`, 404, "nobody has"},
		{"POST", "/faults", `{"kind":"logout"}`, 400, "is not a number"},
		{"POST", "/faults", `{"kind":"logout","number":"` + anna + `"}`, 409, "is a customer"},
		{"POST", "/faults", `{"kind":"duplicate","number":"` + shop + `"}`, 400, "count"},
		{"POST", "/faults", `{"kind":"refuse_logins","seconds":-1}`, 400, "seconds"},
		{"POST", "/faults", `{"kind":"refuse_logins","seconds":1,"reason":200}`, 400, "reason"},
		{"GET", "/nowhere", ``, 404, "no such path"},
		{"DELETE", "/stats", ``, 404, "no such path"},
	} {
		status, message := r.callRaw(test.method, test.path, []byte(test.body), nil)
		if status != test.status || !strings.Contains(message, test.message) {
			t.Errorf("%s %s %.60s = %d %q; want %d with %q", test.method, test.path, test.body,
				status, message, test.status, test.message)
		}
	}
	if got := r.stats(); got.Phones != 1 || got.Customers != 1 {
		t.Errorf("%d phones and %d customers; want 1 and 1: bad requests create nothing",
			got.Phones, got.Customers)
	}
}

func TestControlRepeats(t *testing.T) {
	r := start(t)
	for _, path := range []string{"/phones", "/customers"} {
		in := object{"number": map[string]string{"/phones": shop, "/customers": anna}[path], "name": "x"}
		var first, second json.RawMessage
		if status, _ := r.call("POST", path, in, &first); status != http.StatusCreated {
			t.Errorf("POST %s = %d; want 201", path, status)
		}
		if status, _ := r.call("POST", path, in, &second); status != http.StatusOK {
			t.Errorf("second POST %s = %d; want 200", path, status)
		}
		if diff := cmp.Diff(string(first), string(second)); diff != "" {
			t.Errorf("POST %s (-first +second):\n%s", path, diff)
		}
	}
	r.must("GET", "/healthz", nil, nil)
	r.must("POST", "/phones/"+shop+"/logout", nil, nil) // nothing to unlink is not an error
}

// A number may be written with or without its plus sign, escaped or not.
func TestControlNumbers(t *testing.T) {
	r := start(t)
	r.phone(shop[1:])
	r.customer(anna)
	b := r.linked(shop[1:])
	for _, number := range []string{shop, shop[1:], url.PathEscape(shop), "%2B" + shop[1:]} {
		var v server.Phone
		r.must("GET", "/phones/"+number, nil, &v)
		if v.Number != shop {
			t.Errorf("GET /phones/%s is about %s; want %s", number, v.Number, shop)
		}
	}
	if _, err := b.say(pn(anna), "Karibu", ""); err != nil {
		t.Fatalf("SendMessage() = %v", err)
	}
	r.until("customer has the message", func() bool { return len(r.inbox(anna)) == 1 })
	for from, want := range map[string]int{shop: 1, shop[1:]: 1, url.QueryEscape(shop): 1, ben: 0} {
		var in struct{ Messages []customers.Letter }
		r.must("GET", "/customers/"+anna+"/inbox?limit=5&from="+from, nil, &in)
		if len(in.Messages) != want {
			t.Errorf("inbox from %s holds %d messages; want %d", from, len(in.Messages), want)
		}
	}
}

func TestControlLists(t *testing.T) {
	r := start(t)
	r.phone(kiosk)
	r.phone(shop)
	r.customer(ben)
	r.customer(anna)
	var phones struct{ Phones []server.Phone }
	var people struct{ Customers []server.Customer }
	r.must("GET", "/phones", nil, &phones)
	r.must("GET", "/customers", nil, &people)
	var got []string
	for _, v := range phones.Phones {
		got = append(got, v.Number)
	}
	for _, v := range people.Customers {
		got = append(got, v.Number)
		if !v.Connected {
			t.Errorf("customer %s is not connected", v.Number)
		}
	}
	if diff := cmp.Diff([]string{shop, kiosk, anna, ben}, got); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
}

// A message under an id of the caller's choice is sent under it.
func TestSendUnderGivenID(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	var sent struct{ ID string }
	r.must("POST", "/customers/"+anna+"/messages",
		object{"to": shop, "text": "Habari", "id": "3EB0123456789ABC"}, &sent)
	r.until("bot has the message", func() bool { return len(b.texts()) == 1 })
	if got := b.messages[0].Info.ID; got != sent.ID || got != "3EB0123456789ABC" {
		t.Errorf("message arrived under %s, the answer says %s; want 3EB0123456789ABC", got, sent.ID)
	}
}

// A chat shows what the customer wrote and got, in that order, and how far each message came.
func TestChat(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	r.must("POST", "/customers/"+anna+"/messages", object{"to": shop, "text": "Habari"}, nil)
	r.must("POST", "/customers/"+anna+"/messages", object{"to": shop, "kind": "location"}, nil)
	var chat struct{ Messages []control.Bubble }
	r.until("both have arrived", func() bool {
		r.must("GET", "/customers/"+anna+"/chat?with="+url.QueryEscape(shop), nil, &chat)
		return len(chat.Messages) == 2 && chat.Messages[1].Tick == customers.TickDelivered
	})
	if _, err := b.say(pn(anna), "Karibu", ""); err != nil {
		t.Fatalf("SendMessage() = %v", err)
	}
	r.until("the answer is there", func() bool {
		r.must("GET", "/customers/"+anna+"/chat?with="+url.QueryEscape(shop), nil, &chat)
		return len(chat.Messages) == 3
	})
	var got []control.Bubble
	for _, m := range chat.Messages {
		got = append(got, control.Bubble{Mine: m.Mine, Kind: m.Kind, Text: m.Text, Tick: m.Tick})
	}
	want := []control.Bubble{
		{Mine: true, Text: "Habari", Tick: customers.TickDelivered},
		{Mine: true, Kind: "location", Text: "Kariakoo Market", Tick: customers.TickDelivered},
		{Text: "Karibu"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("chat (-want +got):\n%s", diff)
	}
	if status, message := r.callRaw("GET", "/customers/"+anna+"/chat", nil, nil); status != 400 {
		t.Errorf("GET chat without a number = %d %q; want 400", status, message)
	}
}
