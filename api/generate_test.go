package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/flowhq/flowhq"
)

// A generator makes requests from openapi.yaml. Two of three keep to it; a third is hostile.
type generator struct {
	*rand.Rand
	spec    *spec
	routes  []route
	tenants []flowhq.TenantID
	// askers are headers of who asks; the first one may do everything.
	askers []http.Header
}

// A route is an operation by its method and path, as openapi.yaml has them.
type route struct{ method, path string }

func newGenerator(seed, stream uint64, s *spec) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, stream)), spec: s}
	for path, item := range s.at(s.root, "paths") {
		for method := range item.(node) {
			// The first would end the run's own sign-in, and the second locks it out.
			if method != "parameters" && path != "/auth/sign-out" && path != "/auth/password" {
				g.routes = append(g.routes, route{strings.ToUpper(method), path})
			}
		}
	}
	slices.SortFunc(g.routes, func(a, b route) int {
		return strings.Compare(a.method+a.path,
			b.method+b.path)
	})
	return g
}

// one returns one of all.
func one[T any](g *generator, all []T) T { return all[g.IntN(len(all))] }

// chance reports true in so many of a hundred cases.
func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

// nasty are texts that have broken programs.
var nasty = []string{
	"", " ", "\x00", "a\x00b", "\u202e\u2066x", "\ufeff", "\u200b", "\ud7ff\U0010ffff", "\xff\xfe",
	"\xc0\xaf", "\r\nX-Injected: 1", "\x1b[31m", "é\u0301\u0301\u0301",
	"' OR 1=1 --", "'; drop table flowhq.tenants; --", "\\'; --", "%s%n%x%d", "{{.}}",
	"${jndi:ldap://x}", "$(id)", "<script>alert(1)</script>", "=1+1", "@SUM(A1)",
	"../../etc/passwd", "..%2f..%2fetc", "%00", "/", "//", ".", "..", "null", "true", "NaN",
	"Infinity", "-0", "1e999", "0x10", "١٢٣", "９９", "9223372036854775807",
	"9223372036854775808", "-1", "00000000-0000-0000-0000-000000000000",
	strings.Repeat("x", 101), strings.Repeat("9", 400), strings.Repeat("é", 5000),
	strings.Repeat("(", 3000), strings.Repeat("👩‍👩‍👧", 300),
}

// odd are JSON values of wrong types and sizes.
var odd = []string{
	`null`, `true`, `0`, `-1`, `1.5`, `1e400`, `-1e-400`, `99999999999999999999999999`,
	`9007199254740993`, `9223372036854775807`, `""`, `"x"`, `[]`, `{}`, `[[]]`, `[null]`,
	`{"a":{"a":{"a":1}}}`, `"\u0000"`, `"\ud800"`, `"\u202e"`,
	strings.Repeat("[", 500) + strings.Repeat("]", 500),
	strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000),
	strings.Repeat(`{"a":`, 9_999) + "1" + strings.Repeat("}", 9_999),
	"[" + strings.Repeat("0,", 6000) + "0]", `"` + strings.Repeat("z", 40_000) + `"`,
}

// words are texts by the name of a member or parameter, which its schema does not tell.
func (g *generator) word(name string) string {
	switch {
	case strings.Contains(name, "number") && g.chance(70):
		return fmt.Sprintf("+2557%08d", g.IntN(1e8))
	case name == "email":
		return fmt.Sprintf("g%d@example.com", g.IntN(1e9))
	case name == "time_zone":
		return "Africa/Nairobi"
	case name == "opens", name == "closes":
		return fmt.Sprintf("%02d:00", g.IntN(25))
	case name == "date":
		return fmt.Sprintf("2027-%02d-%02d", 1+g.IntN(12), 1+g.IntN(28))
	case name == "from", name == "to", name == "now", strings.HasSuffix(name, "_at"),
		name == "start", name == "end":
		return fmt.Sprintf("2027-%02d-%02dT%02d:00:00Z", 1+g.IntN(12), 1+g.IntN(28), g.IntN(24))
	case name == "password", name == "new":
		return "a long sentence"
	case name == "contact", name == "message", name == "cursor", name == "before":
		return fmt.Sprint(1 + g.IntN(30))
	}
	return one(g, []string{"Haircut", "kunyoa", "Blue Door", "mkate", "x", "hello there", "K1", "Ünïcödé 🛍"})
}

// value returns a value that a schema takes, as far as the schema tells.
func (g *generator) value(schema node, name string, depth int) any {
	const maxDepth = 6
	schema = g.spec.resolve(schema)
	if all, ok := schema["enum"].([]any); ok {
		return one(g, all)
	}
	kind := schema["type"]
	if all, ok := kind.([]any); ok {
		kind = one(g, all)
	}
	switch kind {
	case "integer", "number":
		low, high := 0, 1000
		if n, ok := schema["minimum"].(int); ok {
			low = n
		}
		if n, ok := schema["maximum"].(int); ok {
			high = n
		}
		return one(g, []int{low, high, low + g.IntN(max(high-low, 1))})
	case "boolean":
		return g.chance(50)
	case "null":
		return nil
	case "array":
		list := []any{}
		items, _ := schema["items"].(node)
		for range g.IntN(4) {
			if depth < maxDepth {
				list = append(list, g.value(items, name, depth+1))
			}
		}
		return list
	case "object":
		return g.object(schema, depth)
	}
	if schema["format"] == "uuid" {
		return fmt.Sprintf("00000000-0000-4000-8000-%012x", g.IntN(4))
	}
	return g.word(name)
}

// object returns an object with what is required and half of what is not.
func (g *generator) object(schema node, depth int) any {
	const maxDepth = 6
	object := node{}
	required, _ := schema["required"].([]any)
	properties, _ := schema["properties"].(node)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if slices.Contains(required, any(name)) || depth < maxDepth && g.chance(50) {
			object[name] = g.value(properties[name].(node), name, depth+1)
		}
	}
	if more, ok := schema["additionalProperties"].(node); ok && g.chance(50) {
		object[g.word("")] = g.value(more, "", depth+1)
	}
	return object
}

// request returns a request, and whether it is hostile.
func (g *generator) request() (c call, hostile bool) {
	r := one(g, g.routes)
	hostile = g.IntN(3) == 0
	c = call{method: r.method, header: http.Header{}}
	asker := g.askers[0]
	if strings.HasPrefix(r.path, ownPath) {
		asker = g.askers[1]
	}
	if g.chance(15) {
		asker = one(g, g.askers)
	}
	maps.Copy(c.header, asker)
	c.path = g.path(r, hostile) + g.query(r, hostile)
	for name := range g.spec.parameters(r.method, r.path, "header") {
		if g.chance(30) {
			c.header[name] = []string{one(g,
				[]string{`"1"`, `"0"`, `W/"1"`, "*", "key-" + fmt.Sprint(g.IntN(1000)), "bulk:x",
					strings.Repeat("k", 129)})}
		}
	}
	content := g.spec.at(g.spec.operation(r.method, r.path), "requestBody", "content")
	for media := range content {
		c.header["Content-Type"] = []string{media}
		described := g.spec.at(content, media)
		body := described["example"]
		if media == "application/json" && (body == nil || g.chance(70)) {
			body = g.value(g.spec.at(described, "schema"), "", 0)
		}
		if text, ok := body.(string); ok {
			c.body = text
		} else if b, err := json.Marshal(body); err == nil {
			c.body = string(b)
		}
	}
	if hostile {
		g.spoil(&c)
	}
	return c, hostile
}

// path fills the parameters of a path.
func (g *generator) path(r route, hostile bool) string {
	segments := strings.Split(r.path, "/")
	for i, s := range segments {
		if !strings.HasPrefix(s, "{") {
			continue
		}
		switch {
		case hostile && g.chance(20):
			segments[i] = url.PathEscape(one(g, nasty))
		case s == "{id}":
			segments[i] = string(one(g, g.tenants))
		case s == "{account}", s == "{key}", s == "{request}", s == "{bulk}", s == "{webhook}":
			segments[i] = never
		case s == "{number}":
			segments[i] = one(g, []string{"K1", "O1", "T1"})
		default:
			segments[i] = fmt.Sprint(1 + g.IntN(20))
		}
	}
	return strings.Join(segments, "/")
}

// query fills some of the parameters of a query.
func (g *generator) query(r route, hostile bool) string {
	values := url.Values{}
	parameters := g.spec.parameters(r.method, r.path, "query")
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if !g.chance(40) {
			continue
		}
		value := fmt.Sprint(g.value(g.spec.at(parameters[name], "schema"), name, 0))
		if hostile && g.chance(50) {
			value = one(g, nasty)
		}
		values.Add(name, value)
		if hostile && g.chance(10) {
			values.Add(name, value)
		}
	}
	if hostile && g.chance(10) {
		return "?" + one(g, []string{"%zz", "a=1;b=2", strings.Repeat("a&", 50), "=", "&&",
			"limit=%00", "password=x"})
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}

// spoil makes a request worse.
func (g *generator) spoil(c *call) {
	if g.chance(10) {
		c.header["X-Long"] = []string{strings.Repeat("h", 1000+g.IntN(10_000))}
	}
	if g.chance(10) {
		c.header["X-Request-Id"] = []string{never}
	}
	if c.body == "" {
		if g.chance(30) {
			c.body = one(g, odd)
		}
		return
	}
	at := g.IntN(len(c.body))
	switch g.IntN(10) {
	case 0:
		c.body = c.body[:at]
	case 1:
		c.body = c.body[:at] + one(g, nasty) + c.body[at:]
	case 2:
		c.body = strings.Replace(c.body, "{", `{"name":"a","name":"b",`, 1)
	case 3:
		c.header["Content-Type"] = []string{one(g,
			[]string{"text/plain", "application/json; charset=utf-16",
				"application/x-www-form-urlencoded", "", "multipart/form-data; boundary=x", "a/b/c"})}
	case 4:
		c.body = strings.Repeat(" ", 1<<20) + c.body
	case 5:
		c.body = one(g, odd)
	default:
		g.replaceMember(c)
	}
}

// replaceMember gives a member of the body a value of another type, or a nasty text.
func (g *generator) replaceMember(c *call) {
	var body node
	if json.Unmarshal([]byte(c.body), &body) != nil || len(body) == 0 {
		return
	}
	name := one(g, slices.Sorted(maps.Keys(body)))
	value := json.RawMessage(one(g, odd))
	if text, err := json.Marshal(one(g, nasty)); err == nil && g.chance(50) {
		value = text
	}
	body[name] = value
	if b, err := json.Marshal(body); err == nil {
		c.body = string(b)
	}
}
