package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/flowhq/flowhq"
)

// maxBody bounds the body of a request, in bytes.
const maxBody = 64 << 10

// body decodes the request's body, one JSON object, into the struct that v
// points to. It is stricter than encoding/json: a member must be spelled exactly
// like the json tag of a field, may come once, and may not be null.
func (b *binder) body(v any) {
	data, ok := b.read()
	if !ok {
		return
	}
	if len(data) == 0 {
		b.stop(flowhq.Errorf(flowhq.Invalid, "the request needs a body, a JSON object"))
		return
	}
	b.decode(data, v)
}

// noBody refuses a body, but for the empty object that some clients always send.
func (b *binder) noBody() {
	if data, ok := b.read(); ok && len(data) > 0 {
		b.decode(data, &struct{}{})
	}
}

// read returns the body without white space around it. It reports false, and
// notes why, if there is too much of it or it does not arrive.
func (b *binder) read() ([]byte, bool) {
	b.bodyRead = true
	data, err := io.ReadAll(http.MaxBytesReader(b.c.Writer, b.c.Request.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		b.stop(flowhq.Errorf(tooMuch, "the body of a request may have at most %d bytes", maxBody))
		return nil, false
	}
	if err != nil {
		b.stop(&flowhq.Error{Code: flowhq.Invalid, Message: "the body of the request did not arrive whole", Err: err})
		return nil, false
	}
	return bytes.TrimSpace(data), true
}

func (b *binder) decode(data []byte, v any) {
	if !isJSON(b.c.GetHeader("Content-Type")) {
		b.stop(flowhq.Errorf(unsupported, "the body must be JSON in UTF-8, sent with Content-Type: application/json"))
		return
	}
	if !utf8.Valid(data) {
		b.stop(flowhq.Errorf(flowhq.Invalid, "the body is not valid UTF-8"))
		return
	}
	if err := checkObject(data); err != nil {
		b.stop(err)
		return
	}
	b.members(data, fieldsOf(v))
}

// isJSON reports whether a Content-Type means JSON in UTF-8, which is the only
// encoding JSON has.
func isJSON(contentType string) bool {
	media, params, err := mime.ParseMediaType(contentType)
	charset := params["charset"]
	return err == nil && media == "application/json" && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// checkObject returns an error unless data is one JSON object and nothing else.
func checkObject(data []byte) error {
	var whole json.RawMessage
	err := json.Unmarshal(data, &whole)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return flowhq.Errorf(flowhq.Invalid, "the body is not valid JSON: %v, at byte %d", syntax, syntax.Offset)
	}
	if err != nil || data[0] != '{' {
		return flowhq.Errorf(flowhq.Invalid, "the body must be a JSON object")
	}
	return nil
}

// members stores each member of an object, which is known to be well-formed, in
// the field of its name.
func (b *binder) members(object []byte, fields map[string]reflect.Value) {
	d := json.NewDecoder(bytes.NewReader(object))
	_, _ = d.Token() // the opening brace
	seen := map[string]bool{}
	for d.More() {
		var value json.RawMessage
		key, err := d.Token()
		name, _ := key.(string)
		if err = errors.Join(err, d.Decode(&value)); err != nil {
			b.stop(&flowhq.Error{Code: flowhq.Invalid, Message: "the body is not valid JSON", Err: err})
			return
		}
		field, known := fields[name]
		switch {
		case !known:
			b.wrong(name, "is not a field of this request")
		case seen[name]:
			b.wrong(name, "must be given only once")
		case string(value) == "null" || json.Unmarshal(value, field.Addr().Interface()) != nil:
			b.wrong(name, "must be "+describe(field.Type()))
		}
		seen[name] = true
	}
}

// fieldsOf returns the fields of the struct that v points to by their JSON names.
func fieldsOf(v any) map[string]reflect.Value {
	s := reflect.ValueOf(v).Elem()
	fields := map[string]reflect.Value{}
	for i := range s.NumField() {
		name, _, _ := strings.Cut(s.Type().Field(i).Tag.Get("json"), ",")
		fields[name] = s.Field(i)
	}
	return fields
}

// describe says which JSON a Go type takes.
func describe(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Int:
		return "a whole number"
	case reflect.Bool:
		return "true or false"
	default:
		panic("api: a request has a field of type " + t.String())
	}
}

// check notes the problems of an error that Validate returned.
func (b *binder) check(err error) {
	if e, ok := errors.AsType[*flowhq.Error](err); ok {
		for _, f := range e.Fields {
			b.wrong(f.Field, f.Message)
		}
	}
}
