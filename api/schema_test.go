package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/flowhq/flowhq"
)

// A node is an object of openapi.yaml.
type node = map[string]any

// A spec is openapi.yaml.
type spec struct{ root node }

func loadSpec(t testing.TB) *spec {
	t.Helper()
	s := &spec{}
	if err := yaml.Unmarshal(openAPIText, &s.root); err != nil {
		t.Fatal(err)
	}
	return s
}

// at returns the object at a path of keys, following references, or nil.
func (s *spec) at(n node, keys ...string) node {
	for _, key := range keys {
		child, _ := n[key].(node)
		n = s.resolve(child)
	}
	return n
}

func (s *spec) resolve(n node) node {
	const maxHops = 5
	for range maxHops {
		ref, ok := n["$ref"].(string)
		if !ok {
			return n
		}
		n = s.root
		for key := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			n, _ = n[key].(node)
		}
		if n == nil {
			panic("openapi.yaml: nothing at " + ref)
		}
	}
	panic("openapi.yaml: references run in a circle")
}

// operation returns the description of a request, nil if there is none. Gin's
// :name is written {name} there.
func (s *spec) operation(method, path string) node {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	return s.at(s.root, "paths", colon.ReplaceAllString(path, "{$1}"), strings.ToLower(method))
}

var colon = regexp.MustCompile(`:([a-z]+)`)

// parameters returns the described parameters of a request that are in a place,
// by name.
func (s *spec) parameters(method, path, in string) map[string]node {
	found := map[string]node{}
	for _, of := range []node{s.at(s.root, "paths", colon.ReplaceAllString(path, "{$1}")),
		s.operation(method, path)} {
		list, _ := of["parameters"].([]any)
		for _, p := range list {
			if p := s.resolve(p.(node)); p["in"] == in {
				found[p["name"].(string)] = p
			}
		}
	}
	return found
}

// checkAnswer returns how an answer differs from its description.
func (s *spec) checkAnswer(method, path string, r *http.Response, body []byte) []string {
	described := s.at(s.operation(method, path), "responses", strconv.Itoa(r.StatusCode))
	if described == nil {
		return []string{fmt.Sprintf("status %d is not described", r.StatusCode)}
	}
	var bad []string
	for name := range s.at(described, "headers") {
		if r.Header.Get(name) == "" {
			bad = append(bad, "header "+name+" is missing")
		}
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	content := s.at(described, "content", media)
	if err != nil || content == nil {
		return append(bad, fmt.Sprintf("content type %q is not described", r.Header.Get("Content-Type")))
	}
	schema := s.at(content, "schema")
	if method == http.MethodHead || schema == nil {
		return bad
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return append(bad, err.Error())
	}
	return append(bad, s.check(schema, v, "answer")...)
}

// check returns how a JSON value differs from a schema. It knows what
// openapi.yaml uses of JSON Schema and panics at anything else.
func (s *spec) check(schema node, v any, at string) (bad []string) {
	schema = s.resolve(schema)
	wrong := func(format string, args ...any) { bad = append(bad, at+": "+fmt.Sprintf(format, args...)) }
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		rule := schema[keyword]
		switch keyword {
		case "description", "default", "required", "additionalProperties": // the last two: see properties
		case "type":
			if !hasType(v, rule) {
				wrong("%v (%s) is not %v", v, typeOf(v), rule)
			}
		case "enum":
			if !slices.Contains(rule.([]any), v) {
				wrong("%v is not one of %v", v, rule)
			}
		case "format":
			if text, ok := v.(string); ok && !hasFormat(text, rule.(string)) {
				wrong("%q is not %s", text, rule)
			}
		case "pattern":
			if text, ok := v.(string); ok && !regexp.MustCompile(rule.(string)).MatchString(text) {
				wrong("%q does not match %s", text, rule)
			}
		case "minLength", "maxLength", "minimum", "maximum", "minProperties":
			if size, ok := sizeOf(v); ok &&
				(keyword[:3] == "min") != (size >= float64(rule.(int))) && size != float64(rule.(int)) {
				wrong("%v breaks %s %v", v, keyword, rule)
			}
		case "items":
			elements, _ := v.([]any)
			for i, e := range elements {
				bad = append(bad, s.check(rule.(node), e, fmt.Sprintf("%s[%d]", at, i))...)
			}
		case "properties":
			if object, ok := v.(node); ok {
				bad = append(bad, s.checkMembers(schema, object, at)...)
			}
		default:
			panic("openapi.yaml: the test does not know the keyword " + keyword)
		}
	}
	return bad
}

// checkMembers holds an object against a schema, which here always forbids what
// it does not list.
func (s *spec) checkMembers(schema, object node, at string) (bad []string) {
	properties := schema["properties"].(node)
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := object[name.(string)]; !ok {
			bad = append(bad, fmt.Sprintf("%s: %s is missing", at, name))
		}
	}
	if schema["additionalProperties"] != false {
		bad = append(bad, at+": its schema must say additionalProperties: false")
	}
	for name, v := range object {
		property, ok := properties[name].(node)
		if !ok {
			bad = append(bad, fmt.Sprintf("%s: %s is not described", at, name))
			continue
		}
		bad = append(bad, s.check(property, v, at+"."+name)...)
	}
	return bad
}

func hasType(v, rule any) bool {
	if all, ok := rule.([]any); ok {
		return slices.ContainsFunc(all, func(r any) bool { return hasType(v, r) })
	}
	got := typeOf(v)
	return got == rule || rule == "number" && got == "integer"
}

func typeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		if v == math.Trunc(v) {
			return "integer"
		}
		return "number"
	case []any:
		return "array"
	default:
		return "object"
	}
}

func hasFormat(text, format string) bool {
	switch format {
	case "date-time":
		_, err := time.Parse(time.RFC3339Nano, text)
		return err == nil && strings.HasSuffix(text, "Z") // the description promises UTC
	case "uuid":
		return flowhq.TenantID(text).Valid()
	default:
		panic("openapi.yaml: the test does not know the format " + format)
	}
}

// sizeOf returns what a bound of v's type bounds.
func sizeOf(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case string:
		return float64(utf8.RuneCountInString(v)), true
	case node:
		return float64(len(v)), true
	}
	return 0, false
}
