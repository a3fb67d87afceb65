package api

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestSendPlace sends a place in place of a text, by each of the routes.
func TestSendPlace(t *testing.T) {
	t.Parallel()
	s := setup(t).open(barber)
	s.leave(amina)
	id := members(s.do("GET", "/contacts", "", 200), "contacts", "id")[0]
	const place = `"location":{"latitude":-6.8161,"longitude":39.2804,` +
		`"name":"Kariakoo Market","address":" Msimbazi Street "}`
	const want = `{"status": "PENDING", "media": "LOCATION",
		"latitude": -6.8161, "longitude": 39.2804,
		"text": "Kariakoo Market\nMsimbazi Street\n-6.8161, 39.2804",
		"attachment": {"media_id": null, "content_type": "", "size": 0, "file_name": "",
			"name": "Kariakoo Market", "address": "Msimbazi Street"}}`
	send := func(path, body, key string, status int) answer {
		t.Helper()
		return s.send(call{method: "POST", path: s.path + path, body: body,
			header: http.Header{
				"Content-Type": {"application/json"}, "Idempotency-Key": {key},
			}}, status)
	}
	for i, to := range []struct{ path, body string }{
		{"/contacts/" + id + "/messages", `{` + place + `}`},
		{"/messages", `{"contact_id":` + id + `,` + place + `}`},
		{"/messages", `{"number":"+255711000009",` + place + `}`},
	} {
		key := "place-" + string(rune('a'+i))
		first := send(to.path, to.body, key, 202)
		s.contains(first.json, want)
		again := send(to.path, to.body, key, 202)
		if a, b := first.json.(node)["id"], again.json.(node)["id"]; a != b {
			t.Errorf("%s: repeated, it is message %v and %v", to.path, a, b)
		}
		// The same key for what differs in one thing alone.
		for _, change := range [][2]string{
			{"-6.8161", "-6.8162"}, {"39.2804", "39.28"}, {"Kariakoo Market", "Market"},
			{" Msimbazi Street ", ""},
		} {
			send(to.path, strings.Replace(to.body, change[0], change[1], 1), key, 409)
		}
	}
	got := members(s.do("GET", "/logs?direction=OUT", "", 200), "logs", "media")
	if !slices.Equal(got, []string{"LOCATION", "LOCATION", "LOCATION", ""}) {
		t.Errorf("the log has %v", got)
	}
}

// TestBadPlaces says which field is wrong, and that a message says one thing.
func TestBadPlaces(t *testing.T) {
	t.Parallel()
	s := setup(t).open(barber)
	s.leave(amina)
	id := members(s.do("GET", "/contacts", "", 200), "contacts", "id")[0]
	const both = "location.latitude location.longitude"
	for _, tt := range []struct{ body, fields string }{
		{`"text":"x","location":{"latitude":1,"longitude":1}`, "location"},
		{`"location":null`, "location text"},
		{`"location":{}`, both},
		{`"location":{"latitude":90.01,"longitude":-180.01}`, both},
		{`"location":{"latitude":-91,"longitude":181}`, both},
		{`"location":{"latitude":"1","longitude":null}`, both},
		{`"location":{"latitude":1e400,"longitude":1}`, "location.latitude"},
		{`"location":[1,2]`, "location text"},
		{`"location":{"latitude":1,"longitude":1,"name":"` + strings.Repeat("x", 201) +
			`","address":"a\nb"}`, "location.address location.name"},
		{`"location":{"latitude":1,"longitude":1,"name":"a\u202eb","url":"x"}`,
			"location.name location.url"},
	} {
		for path, to := range map[string]string{
			"/contacts/" + id + "/messages": "", "/messages": `"contact_id":` + id + `,`,
		} {
			got := sorted(s.do("POST", path, "{"+to+tt.body+"}", 400).fields())
			if !slices.Equal(got, strings.Fields(tt.fields)) {
				t.Errorf("%s %s: wrong fields %v; want %s", path, tt.body, got, tt.fields)
			}
		}
	}
}
