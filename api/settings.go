package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/flowhq/flowhq"
)

// settings reads the body of a change into v. PATCH takes the members that are to change. PUT takes
// what GET gives as well: who reads a thing, changes a setting in it and sends the whole back means
// that setting. Members that say how the thing is, the state, cannot be set and are left out there.
func (b *binder) settings(v any, id string, state []string) {
	data, ok := b.read(maxBody)
	if !ok {
		return
	}
	// An empty body is told from a wrong one, as a client that forgot it sees no JSON error to make
	// sense of.
	if len(data) == 0 {
		b.stop(flowhq.Errorf(flowhq.Invalid, "the request needs a body, a JSON object"))
		return
	}
	// PATCH refuses the state, because a client that sends it there believes that it can be set.
	if b.c.Request.Method == http.MethodPut {
		data = b.withoutState(data, id, state)
	}
	b.decode(data, v)
}

// withoutState returns an object without its state and with the members of its config beside the
// others. What is no object, or has a member twice, is returned as it is, for decode to refuse.
func (b *binder) withoutState(data []byte, id string, state []string) []byte {
	var object, config map[string]json.RawMessage
	// Unmarshal would take U+FFFD for what is no UTF-8.
	if !utf8.Valid(data) || json.Unmarshal(data, &object) != nil || repeats(data, len(object)) {
		return data
	}
	if given, ok := object["id"]; ok {
		// The whole of another tenant was sent here by mistake.
		if string(given) != `"`+id+`"` {
			return data
		}
		delete(object, "id")
	}
	maps.DeleteFunc(object, func(name string, _ json.RawMessage) bool {
		return slices.Contains(state, name)
	})
	if whole, ok := object["config"]; ok {
		if json.Unmarshal(whole, &config) != nil || repeats(whole, len(config)) {
			return data
		}
		delete(object, "config")
		for name, value := range config {
			// A client that says the same setting twice in two ways means one of them.
			if other, ok := object[name]; ok && !bytes.Equal(other, value) {
				b.wrong("config."+name, "must be the same as "+name+", or be left out")
			}
			object[name] = value
		}
	}
	// Each member is JSON already.
	flat, _ := json.Marshal(object)
	return flat
}

// repeats reports whether an object has more members than names.
func repeats(object []byte, names int) bool {
	d := json.NewDecoder(bytes.NewReader(object))
	_, _ = d.Token() // the opening brace
	n := 0
	for d.More() {
		var value json.RawMessage
		if _, err := d.Token(); err != nil || d.Decode(&value) != nil {
			return true
		}
		n++
	}
	return n != names
}
