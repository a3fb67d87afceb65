package api

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/flowhq/flowhq/internal/media"
	"github.com/flowhq/flowhq/internal/webhook"
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

// aPicture is a small picture.
func aPicture(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestSendMedia uploads, sends what was uploaded as each kind that it can be, and deletes it.
func TestSendMedia(t *testing.T) {
	t.Parallel()
	s := setup(t).open(barber)
	s.leave(amina)
	id := members(s.do("GET", "/contacts", "", 200), "contacts", "id")[0]
	upload := func(query, body, kind, key string, status int) answer {
		t.Helper()
		return s.send(call{method: "POST", path: s.path + "/media" + query, body: body,
			header: http.Header{"Content-Type": {kind}, "Idempotency-Key": {key}}}, status)
	}
	first := upload("?file_name=menu.png", aPicture(t), "image/jpeg", "up", 201)
	s.contains(first.json, `{"content_type": "image/png", "file_name": "menu.png",
		"width": 40, "height": 30, "seconds": 0, "sendable": ["DOCUMENT", "IMAGE"]}`)
	again := upload("?file_name=menu.png", aPicture(t), "application/octet-stream", "up", 201)
	file := fmt.Sprint(first.json.(node)["id"])
	if fmt.Sprint(again.json.(node)["id"]) != file {
		t.Errorf("uploaded again: %s", again.body)
	}
	upload("?file_name=another.png", aPicture(t), "image/png", "up", 409)
	upload("", "", "image/png", "none", 400)
	upload("", strings.Repeat("x", 16<<20+1), "image/png", "large", 413)
	upload("", "x", "text/plain", "form", 415)
	for _, name := range []string{"a%2Fb", "a%5Cb", "a%0Ab", strings.Repeat("x", 241)} {
		if got := upload("?file_name="+name, "x", "image/png", "name", 400).fields(); !slices.Equal(
			got, []string{"file_name"}) {
			t.Errorf("file_name %.20s: wrong fields %v", name, got)
		}
	}
	s.contains(s.do("GET", "/media/"+file, "", 200).json, `{"id": `+file+`}`)

	send := func(content string, status int) answer {
		t.Helper()
		return s.do("POST", "/messages", `{"contact_id":`+id+`,`+content+`}`, status)
	}
	s.contains(send(`"image":{"media_id":`+file+`,"caption":" The menu "}`, 202).json,
		`{"text": "The menu", "media": "IMAGE", "kind": "REPLY", "attachment": {"media_id": `+file+`,
			"content_type": "image/png", "file_name": ""}}`)
	s.contains(send(`"document":{"media_id":`+file+`}`, 202).json,
		`{"text": "", "media": "DOCUMENT", "attachment": {"file_name": "menu.png"}}`)
	s.contains(s.do("POST", "/contacts/"+id+"/messages",
		`{"document":{"media_id":`+file+`,"file_name":"m.png"}}`, 202).json,
		`{"kind": "OPERATOR", "media": "DOCUMENT", "attachment": {"file_name": "m.png"}}`)
	for _, tt := range []struct{ content, fields string }{
		{`"voice":{"media_id":` + file + `}`, "voice.media_id"},
		{`"image":{"media_id":999999}`, "image.media_id"},
		{`"image":{"media_id":0}`, "image.media_id"},
		{`"image":{}`, "image.media_id"},
		{`"image":{"media_id":1,"url":"https://example.com"}`, "image.url"},
		{`"image":{"media_id":1,"file_name":"x"}`, "image.file_name"},
		{`"voice":{"media_id":1,"caption":"x"}`, "voice.caption"},
		{`"document":{"media_id":1,"file_name":"a/b"}`, "document.file_name"},
		{`"image":{"media_id":1,"caption":"` + strings.Repeat("x", 1025) + `"}`, "image.caption"},
		{`"image":{"media_id":1},"voice":{"media_id":1}`, "voice"},
		{`"text":"x","image":{"media_id":1}`, "image"},
		{`"image":{"url":"http://example.com/a.png"}`, "image.url"},
		{`"image":{"url":"https://127.0.0.1/a.png"}`, "image.url"},
		{`"image":{"url":"https://[::1]/a.png"}`, "image.url"},
		{`"image":{"url":"file:///etc/passwd"}`, "image.url"},
	} {
		got := sorted(send(tt.content, 400).fields())
		if !slices.Equal(got, strings.Fields(tt.fields)) {
			t.Errorf("%.80s: wrong fields %v; want %s", tt.content, got, tt.fields)
		}
	}
	s.do("DELETE", "/media/"+file, "", 409) // three messages wait
	other := fmt.Sprint(upload("", "%PDF-1.7", "application/pdf", "pdf", 201).json.(node)["id"])
	s.contains(s.do("DELETE", "/media/"+other, "", 200).json, `{"deleted": `+other+`}`)
	s.do("DELETE", "/media/"+other, "", 404)
	s.do("GET", "/media/"+other, "", 404)
	s.do("GET", "/media/x", "", 404)
}

// TestFetchMedia sends what an address leads to, which is fetched once for each key.
func TestFetchMedia(t *testing.T) {
	t.Parallel()
	fetched, picture := 0, aPicture(t)
	from := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fetched++
		switch r.URL.Path {
		case "/menu.png":
			_, _ = w.Write([]byte(picture))
		case "/page":
			_, _ = w.Write([]byte("<html>"))
		default:
			http.NotFound(w, r)
		}
	}))
	defer from.Close()
	guard := webhook.Guard{
		Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, PlainHTTP: true,
	}
	s := setup(t, func(o *Options) { o.Fetcher = media.NewFetcher(guard) }).open(barber)
	send := func(path, key string, status int) answer {
		t.Helper()
		return s.send(call{method: "POST", path: s.path + "/messages",
			body: `{"number":"+255711000009","image":{"url":"` + from.URL + path + `"}}`,
			header: http.Header{
				"Content-Type": {"application/json"}, "Idempotency-Key": {key},
			}}, status)
	}
	first, again := send("/menu.png?permission=1", "a", 202), send("/menu.png?permission=1", "a", 202)
	if a, b := first.json.(node)["id"], again.json.(node)["id"]; a != b || fetched != 1 {
		t.Errorf("messages %v and %v, fetched %d times", a, b, fetched)
	}
	if strings.Contains(string(first.body), "permission") {
		t.Errorf("the address is in the answer: %s", first.body)
	}
	send("/menu.png", "a", 409)
	for path, want := range map[string]string{"/page": "text/html", "/none": "404"} {
		got := send(path, "b", 400)
		if f := got.fields(); !slices.Equal(f, []string{"image.url"}) ||
			!strings.Contains(string(got.body), want) {
			t.Errorf("%s: %s", path, got.body)
		}
	}
}
