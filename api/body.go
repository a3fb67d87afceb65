package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flowhq/flowhq"
)

// maxBody bounds the body of a request, in bytes. Most bodies have some hundred bytes; a profile, a
// file and payloads have bounds of their own.
const maxBody = 64 << 10

// body decodes the request's body, one JSON object, into the struct that v
// points to. It is stricter than encoding/json: a member must be spelled exactly
// like the json tag of a field, may come once, and may be null only where the field is a
// flowhq.Optional.
func (b *binder) body(v any) { b.largeBody(v, maxBody) }

// largeBody is body for one of at most this many bytes.
func (b *binder) largeBody(v any, limit int64) {
	data, ok := b.read(limit)
	if !ok {
		return
	}
	// An empty body is not taken for {}: a body that a proxy has lost must not make the request do
	// something by its defaults.
	if len(data) == 0 {
		b.stop(flowhq.Errorf(flowhq.Invalid, "the request needs a body, a JSON object"))
		return
	}
	b.decode(data, v)
}

// noBody refuses a body, but for the empty object that some clients always send. A body that would
// be ignored is an error like an unknown parameter: its sender expects it to have an effect.
func (b *binder) noBody() {
	if data, ok := b.read(maxBody); ok && len(data) > 0 {
		b.decode(data, &struct{}{})
	}
}

// read is readRaw without white space around the body.
func (b *binder) read(limit int64) ([]byte, bool) {
	data, ok := b.readRaw(limit)
	return bytes.TrimSpace(data), ok
}

// readRaw returns the body as it is, of at most this many bytes. It reports false, and notes why,
// if it has more or does not arrive.
func (b *binder) readRaw(limit int64) ([]byte, bool) {
	b.bodyRead = true
	data, err := b.readAll(limit)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		// What is left of the body would be taken for the next request of the connection.
		b.c.Header("Connection", "close")
		b.stop(flowhq.Errorf(tooSlow, "the body of the request did not arrive in time"))
		return nil, false
	}
	if _, exceeded := errors.AsType[*http.MaxBytesError](err); exceeded {
		b.stop(flowhq.Errorf(tooLarge, "the body of this request may have at most %d bytes", limit))
		return nil, false
	}
	// The sender broke off, or was slower than the server waits. Nothing failed here, so it is 400
	// and not 500.
	if err != nil {
		b.stop(&flowhq.Error{
			Code: flowhq.Invalid, Message: "the body of the request did not arrive whole", Err: err,
		})
		return nil, false
	}
	return data, true
}

// readAll reads the body until the request's deadline, at which net/http alone would go on to wait,
// and then hang up without an answer.
func (b *binder) readAll(limit int64) ([]byte, error) {
	if deadline, ok := b.c.Request.Context().Deadline(); ok {
		// A server that cannot end a read, as in tests, is none that strangers reach.
		connection := http.NewResponseController(b.c.Writer)
		if connection.SetReadDeadline(deadline) == nil {
			// net/http watches the connection from here on, for a caller who hangs up.
			defer func() { _ = connection.SetReadDeadline(time.Time{}) }()
		}
	}
	return io.ReadAll(http.MaxBytesReader(b.c.Writer, b.c.Request.Body, limit))
}

// decode decodes a JSON object into the struct that v points to. UTF-8 is checked first:
// encoding/json would replace invalid bytes by U+FFFD without a word, and a tenant would be stored
// with a name that nobody sent.
func (b *binder) decode(data []byte, v any) {
	// The type comes first: a form would else be told of a syntax error rather than what to send.
	if !isJSON(b.c.GetHeader("Content-Type")) {
		b.stop(notJSON())
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
	b.members("", data, fieldsOf(v))
}

// isJSON reports whether a Content-Type means JSON in UTF-8, which is the only
// encoding JSON has. A form of another site cannot send this type without the browser asking
// first, so the check also keeps such forms out.
func isJSON(contentType string) bool {
	media, params, err := mime.ParseMediaType(contentType)
	charset := params["charset"]
	return err == nil && media == "application/json" &&
		(charset == "" || strings.EqualFold(charset, "utf-8"))
}

// checkObject returns an error unless data is one JSON object and nothing else. The place of a
// syntax error is named, since bodies are often written by hand. The callers have taken the space
// away and found something left, so there is a first byte.
func checkObject(data []byte) error {
	var whole json.RawMessage
	err := json.Unmarshal(data, &whole)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return flowhq.Errorf(flowhq.Invalid,
			"the body is not valid JSON: %v, at byte %d", syntax, syntax.Offset)
	}
	if err != nil || data[0] != '{' {
		return flowhq.Errorf(flowhq.Invalid, "the body must be a JSON object")
	}
	return nil
}

// members stores each member of an object, which is known to be well-formed, in
// the field of its name. Wrong ones are named after the prefix, the path to the
// object.
func (b *binder) members(prefix string, object []byte, fields map[string]reflect.Value) {
	// Token by token, because a map would keep the last of two members of one name, and nobody
	// would learn of the other.
	d := json.NewDecoder(bytes.NewReader(object))
	_, _ = d.Token() // the opening brace
	seen := map[string]bool{}
	// The loop ends with the problems that an answer can name: a body of thousands of unknown
	// members is not walked to its end.
	for d.More() && !b.full() {
		var value json.RawMessage
		key, err := d.Token()
		name, _ := key.(string)
		if err = errors.Join(err, d.Decode(&value)); err != nil {
			b.stop(&flowhq.Error{
				Code: flowhq.Invalid, Message: "the body is not valid JSON", Err: err,
			})
			return
		}
		field, known := fields[name]
		switch {
		case !known:
			b.wrong(prefix+name, "is not a field of this request")
		case seen[name]:
			b.wrong(prefix+name, "must be given only once")
		default:
			b.value(prefix+name, value, field)
		}
		seen[name] = true
	}
}

// value stores a JSON value, which is known to be well-formed, in a field. What is wrong in it is
// named after the path to it.
func (b *binder) value(path string, value json.RawMessage, field reflect.Value) {
	// Objects, lists and maps are taken apart, so that each wrong member is named by its own path.
	// What is left is one value, which encoding/json reads.
	kind := field.Kind()
	switch {
	case kind == reflect.Pointer && value[0] == '{' && isPlainStruct(field.Type().Elem()):
		// A new struct, as the old one may be part of the stored profile.
		field.Set(reflect.New(field.Type().Elem()))
		b.value(path, value, field.Elem())
	case isPlainStruct(field.Type()) && value[0] == '{':
		b.members(path+".", value, fieldsOf(field.Addr().Interface()))
	case kind == reflect.Slice && value[0] == '[':
		b.elements(path, value, field)
	case kind == reflect.Map && value[0] == '{':
		b.entries(path, value, field)
	// Null empties a field only where the request says so. Elsewhere it is more likely a value that
	// the client has failed to fill in.
	case string(value) == "null" && b.nullable:
		field.SetZero()
	case string(value) == "null" && optionalOf(field.Type()) == nil,
		kind == reflect.Slice || kind == reflect.Map,
		json.Unmarshal(value, field.Addr().Interface()) != nil:
		field.SetZero() // it may be half of what it was given
		b.wrong(path, "must be "+describe(field.Type()))
	}
}

// maxElements bounds a list in a body: an entry of two bytes may take hundreds in memory. What may
// be in the list is for its request to say.
const maxElements = 5000

// elements stores a JSON list in the slice list.
func (b *binder) elements(path string, value json.RawMessage, list reflect.Value) {
	var all []json.RawMessage
	if err := json.Unmarshal(value, &all); err != nil {
		b.wrong(path, "must be "+describe(list.Type()))
		return
	}
	if len(all) > maxElements {
		b.wrong(path, "must be a list of at most "+strconv.Itoa(maxElements)+" entries")
		return
	}
	// The list takes the place of the old one, with entries that the stored profile does not share.
	list.Set(reflect.MakeSlice(list.Type(), len(all), len(all)))
	for i := range all {
		if b.full() {
			return
		}
		b.value(path+"["+strconv.Itoa(i)+"]", all[i], list.Index(i))
	}
}

// entries stores the members of a JSON object in a map, whose other entries stay. Null deletes an
// entry, if the request takes null.
func (b *binder) entries(path string, object json.RawMessage, m reflect.Value) {
	d := json.NewDecoder(bytes.NewReader(object))
	_, _ = d.Token() // the opening brace
	// A new map: the old one is that of the stored profile, which a wrong request must not change.
	merged := reflect.MakeMap(m.Type())
	for _, key := range m.MapKeys() {
		merged.SetMapIndex(key, m.MapIndex(key))
	}
	seen := map[string]bool{}
	for d.More() && !b.full() {
		var value json.RawMessage
		token, err := d.Token()
		name, _ := token.(string)
		if err = errors.Join(err, d.Decode(&value)); err != nil || seen[name] {
			b.wrong(path+"."+name, "must be given only once")
			continue
		}
		seen[name] = true
		key, entry := reflect.ValueOf(name), reflect.New(m.Type().Elem()).Elem()
		if old := merged.MapIndex(key); old.IsValid() {
			entry.Set(old)
		}
		if string(value) == "null" && b.nullable {
			merged.SetMapIndex(key, reflect.Value{}) // deletes it
			continue
		}
		b.value(path+"."+name, value, entry)
		merged.SetMapIndex(key, entry)
	}
	m.Set(merged)
}

// encoding/json alone does not do: it takes a member in any case of its letters, takes the last
// of several, and cannot tell which of them were wrong.

// fieldsOf returns the fields of the struct that v points to by their JSON names. Those of an
// embedded struct are the struct's own, as in encoding/json.
func fieldsOf(v any) map[string]reflect.Value {
	s := reflect.ValueOf(v).Elem()
	fields := map[string]reflect.Value{}
	for _, f := range reflect.VisibleFields(s.Type()) {
		if f.Anonymous {
			continue // its fields come by themselves
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields[name] = s.FieldByIndex(f.Index)
	}
	return fields
}

// isPlainStruct reports whether a field of type t takes an object member by member.
func isPlainStruct(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && optionalOf(t) == nil
}

// optionalOf returns the type of the value of a flowhq.Optional, which tells null from being
// left out, or nil if t is another type. The types of these are many, but only theirs read
// JSON by themselves and have a Value.
func optionalOf(t reflect.Type) reflect.Type {
	if t.Kind() != reflect.Struct || !reflect.PointerTo(t).Implements(unmarshaler) {
		return nil
	}
	value, ok := t.FieldByName("Value")
	if !ok {
		return nil
	}
	return value.Type
}

// unmarshaler is what a flowhq.Optional implements and a plain struct of a request does not.
var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// describe says which JSON a Go type takes. It panics for a type that no request has had so far:
// whoever adds one decides what its error says.
func describe(t reflect.Type) string {
	if value := optionalOf(t); value != nil {
		return describe(value) + " or null"
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	case reflect.Map:
		return "an object"
	case reflect.Bool:
		return "true or false"
	case reflect.Struct:
		return "an object"
	default:
		panic("api: a request has a field of type " + t.String())
	}
}

// check notes the problems of an error that Validate returned. It adds to what binding found: of a
// field that has a problem already, the first one stays.
func (b *binder) check(err error) {
	for _, f := range fieldErrors(err) {
		b.wrong(f.Field, f.Message)
	}
}
