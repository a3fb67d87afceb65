package contract

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// description has one operation of each kind that the tests need.
const description = `
openapi: 3.1.0
info: {title: T, version: "1"}
paths:
  /things:
    post:
      operationId: make
      requestBody:
        x-null-is-left-out: true
        required: true
        content:
          application/json:
            schema: {type: object, additionalProperties: false, properties: {n: {type: integer}}}
      responses:
        "201":
          description: Made.
          headers: {Location: {schema: {type: string}}}
          content:
            application/json:
              schema: {type: object, additionalProperties: false, required: [id], properties: {id: {type: string, format: uuid}}}
        "400": {$ref: "#/components/responses/Bad"}
  /things/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
    get:
      operationId: read
      parameters:
        - {name: kind, in: query, schema: {type: string, enum: [a, b]}}
      responses:
        "200": {description: It., content: {application/json: {schema: {type: object}}}}
  /things/all:
    get:
      operationId: all
      responses:
        "200": {description: All., content: {text/event-stream: {}}}
components:
  responses:
    Bad:
      description: Bad.
      content: {application/problem+json: {schema: {$ref: "#/components/schemas/Problem"}}}
  schemas:
    Problem: {type: object, required: [code], properties: {code: {type: string}}}
`

// TestTransport: a difference is reported, and nothing else is, whatever the test does with the
// answer.
func TestTransport(t *testing.T) {
	c, err := Load([]byte(description))
	if err != nil {
		t.Fatal(err)
	}
	const id, location = `{"id":"00000000-0000-4000-8000-000000000000"}`, "/things/1"
	for _, tt := range []struct {
		method, path, body string
		status             int
		kind, location     string
		answer             string
		want               string // in what is reported; "" = nothing is
	}{
		{"POST", "/things", `{"n":1}`, 201, "application/json", location, id, ""},
		{"POST", "/things", `{"n":null}`, 201, "application/json", location, id, ""},
		{"POST", "/things", `{"n":"x"}`, 201, "application/json", location, id, "was taken"},
		{"POST", "/things", `{"m":1}`, 201, "application/json", location, id, "was taken"},
		{"POST", "/things", `{"m":1}`, 400, "application/problem+json", "", `{"code":"x"}`, ""},
		{"POST", "/things", `{}`, 400, "application/problem+json", "", `{}`, "code"},
		{"POST", "/things", `{}`, 201, "application/json", "", id, "header Location is missing"},
		{"POST", "/things", `{}`, 201, "application/json", location, `{"id":"x"}`, "uuid"},
		{"POST", "/things", `{}`, 201, "application/json", location, `{}`, "id"},
		{"POST", "/things", `{}`, 201, "text/html", location, id, `content type "text/html"`},
		{"POST", "/things", `{}`, 202, "application/json", location, id, "status 202 is not described"},
		{"GET", "/things/7", "", 200, "application/json", "", `{}`, ""},
		{"HEAD", "/things/7", "", 200, "application/json", "", ``, ""},
		{"GET", "/things/7?kind=", "", 200, "application/json", "", `{}`, ""},
		{"GET", "/things/7?kind=c", "", 200, "application/json", "", `{}`, "was taken"},
		{"GET", "/things/all", "", 200, "text/event-stream", "", "data: x\n\n", ""},
		{"GET", "/nowhere", "", 404, "application/problem+json", "", `{"code":"x"}`, ""},
		{"GET", "/nowhere", "", 404, "text/plain", "", "404", "content type"},
		{"GET", "/nowhere", "", 200, "application/json", "", `{}`, "not described"},
		{"DELETE", "/things/7", "", 200, "application/json", "", `{}`, "not described"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", tt.kind)
			if tt.location != "" {
				w.Header().Set("Location", tt.location)
			}
			w.WriteHeader(tt.status)
			if tt.method != http.MethodHead {
				_, _ = io.WriteString(w, tt.answer)
			}
		}))
		var reported []string
		client := http.Client{Transport: Transport{Contract: c,
			Report: func(err error) { reported = append(reported, err.Error()) }}}
		q, err := http.NewRequest(tt.method, server.URL+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		if tt.body != "" {
			q.Header.Set("Content-Type", "application/json")
		}
		p, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(p.Body)
		p.Body.Close()
		client.CloseIdleConnections()
		server.Close()
		if err != nil || string(got) != tt.answer {
			t.Errorf("%s %s: the caller gets %q, %v; want %q", tt.method, tt.path, got, err, tt.answer)
		}
		all := strings.Join(reported, "\n")
		if (all == "") != (tt.want == "") || !strings.Contains(all, tt.want) {
			t.Errorf("%s %s with %s, %d %s %s: reported %q; want %q", tt.method, tt.path, tt.body,
				tt.status, tt.kind, tt.answer, all, tt.want)
		}
	}
	if n := c.Seen()[Answer{"GET", "/things/{id}", 200}]; n != 4 {
		t.Errorf("GET /things/{id} was answered %d times with 200; want 4", n)
	}
	if got := c.Path("/things/all"); got != "/things/all" {
		t.Errorf("/things/all is %s", got)
	}
}

// TestLoad refuses what is no description of this kind.
func TestLoad(t *testing.T) {
	for _, text := range []string{"", "a: [", strings.Replace(description, "3.1.0", "3.0.3", 1),
		strings.Replace(description, "description: It.,", "", 1)} {
		if _, err := Load([]byte(text)); err == nil {
			t.Errorf("%.40q is taken", text)
		}
	}
}
