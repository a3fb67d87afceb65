package api

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// Bounds of a request.
const (
	// maxFieldErrors is how many problems one answer names; more would say nothing new.
	maxFieldErrors = 20
	// maxSearch bounds a search text or a cursor, in characters.
	maxSearch = 100
	// maxKey bounds an Idempotency-Key, in bytes. It is stored with each command; a UUID, which
	// most clients send, has 36.
	maxKey = 128
	// maxParameters bounds the parameters of a query; no endpoint has as many.
	maxParameters = 40
)

// keyHeader carries the caller's own key of a request, by which a repeated one is known. The answer
// to a repeated key is the first request's; with another body it is 409 (TestOneKeyTwoCommands).
const keyHeader = "Idempotency-Key"

// reservedKeys are the beginnings of the keys that a bulk and an approval give to their commands. A
// caller must not be able to guess one, and so have a tenant left out.
var reservedKeys = []string{"bulk:", store.SetupKeyPrefix}

// A binder reads one request for its handler. It collects whatever is wrong instead of
// stopping at the first problem, so that one answer names everything. Its methods return a
// zero value for what they could not read.
//
// A query parameter or a body that the endpoint does not have is wrong too: a misspelt
// filter that was ignored would select everything.
type binder struct {
	c     *gin.Context
	query url.Values
	// known are the query parameters that this endpoint has.
	known map[string]bool
	// bodyRead and keyRead say that this endpoint has a body and an Idempotency-Key.
	bodyRead, keyRead bool
	// nullable says that null in the body empties a field.
	nullable bool

	// fields are the problems with single fields, and err is the first problem with the
	// request as a whole.
	fields []flowhq.FieldError
	err    error
}

// newBinder parses the query string. The password's parameter is known to every endpoint of an
// installation that allows it.
func newBinder(c *gin.Context, queryAuth bool) *binder {
	b := &binder{c: c, known: map[string]bool{passwordParameter: queryAuth}}
	// The query stays nil, which reads as empty; finish returns the error before the handler is
	// called.
	if tooManyParameters(c.Request.URL.RawQuery) {
		b.stop(flowhq.Errorf(flowhq.Invalid,
			"the query string has more than %d parameters", maxParameters))
		return b
	}
	var err error
	if b.query, err = url.ParseQuery(c.Request.URL.RawQuery); err != nil {
		b.stop(flowhq.Errorf(flowhq.Invalid, "the query string is malformed"))
	}
	return b
}

// tooManyParameters reports whether a query has more parameters than any endpoint. It is
// asked before the query is parsed: a stranger must not make us parse thousands.
func tooManyParameters(query string) bool { return strings.Count(query, "&") >= maxParameters }

// finish returns what is wrong with the request: nil, an error about the request as a whole, or an
// Invalid error that names the fields. A key on a request that would ignore it is an error, because
// its sender relies on it.
func (b *binder) finish() error {
	// A body of a GET is left unread: HTTP gives it no meaning.
	method := b.c.Request.Method
	writes := method != http.MethodGet && method != http.MethodHead
	if !b.bodyRead && writes {
		b.noBody()
	}
	if b.err != nil {
		return b.err
	}
	if !b.keyRead && writes && len(b.c.Request.Header.Values(keyHeader)) > 0 {
		b.wrong(keyHeader, "has no effect on this request, which may be repeated without it")
	}
	// In order, so that the same request gets the same answer each time.
	for _, name := range slices.Sorted(maps.Keys(b.query)) {
		if !b.known[name] {
			b.wrong(name, "is not a parameter of this request")
		}
	}
	if len(b.fields) == 0 {
		return nil
	}
	return &flowhq.Error{
		Code: flowhq.Invalid, Fields: b.fields,
		Message: "the request has fields that are missing or wrong",
	}
}

// stop notes a problem with the request as a whole. The first one wins: those that follow are often
// its consequences.
func (b *binder) stop(err error) {
	if b.err == nil {
		b.err = err
	}
}

// full reports whether as many problems are noted as one answer names.
func (b *binder) full() bool { return len(b.fields) >= maxFieldErrors }

// wrong notes a problem with one field, unless one is noted already. The caller may have made
// the name up, so it is cut: an answer must not be as large as the caller likes.
func (b *binder) wrong(field, message string) {
	const maxName = 100
	if b.full() {
		return
	}
	if len(field) > maxName {
		// The cut may halve a character, which JSON cannot hold.
		field = strings.ToValidUTF8(field[:maxName], "") + "…"
	}
	if !slices.ContainsFunc(b.fields, func(f flowhq.FieldError) bool { return f.Field == field }) {
		b.fields = append(b.fields, flowhq.FieldError{Field: field, Message: message})
	}
}

// tenant returns the tenant that the path names. Since only a lower-case UUID
// can be one, anything else is answered as if it were not found, which it is.
func (b *binder) tenant() flowhq.TenantID {
	id := flowhq.TenantID(b.c.Param("id"))
	if !id.Valid() {
		b.stop(flowhq.Errorf(flowhq.NotFound,
			"there is no such tenant; the id of a tenant is a UUID in lower case"))
		return ""
	}
	return id
}

// anyTenant reads the filter of a list of all tenants by one of them, "" for all: forms
// send what was not chosen as "".
func (b *binder) anyTenant() flowhq.TenantID {
	v, _ := b.parameter("tenant")
	return b.tenantIn("tenant", v)
}

// tenantIn checks a tenant's id that may be left out.
func (b *binder) tenantIn(name, v string) flowhq.TenantID {
	if id := flowhq.TenantID(v); v == "" || id.Valid() {
		return id
	}
	b.wrong(name, "must be the id of a tenant, a UUID in lower case")
	return ""
}

// message returns the id of the message that the path names.
func (b *binder) message() int64 { return b.id("message") }

// id returns the number by which the path names a thing of this kind. Anything but a
// number is answered as if it were not found, which it is.
func (b *binder) id(kind string) int64 {
	id, err := strconv.ParseInt(b.c.Param(kind), 10, 64)
	if err != nil || id < 1 {
		b.stop(flowhq.Errorf(flowhq.NotFound,
			"there is no such %s; the id of a %s is a whole number", kind, kind))
		return 0
	}
	return id
}

// key returns the caller's key of this request, or the request's id in its place. A request without
// a key is never taken for a repeated one, since each request has an id of its own
// (TestKeysAreNotRequestIDs).
func (b *binder) key() string {
	b.keyRead = true
	keys := b.c.Request.Header.Values(keyHeader)
	if len(keys) == 0 {
		return requestID(b.c)
	}
	if len(keys) != 1 || !validKey(keys[0]) {
		b.wrong(keyHeader, "must be one header of 1 to 128 printable ASCII characters")
	}
	// Here a key may be wrong already. That is noted, and finish keeps the handler from using it.
	for _, reserved := range reservedKeys {
		if strings.HasPrefix(keys[0], reserved) {
			b.wrong(keyHeader, "must not begin with "+reserved)
		}
	}
	return keys[0]
}

// validKey reports whether a key is short, and printable in logs and events.
func validKey(key string) bool {
	unprintable := func(r rune) bool { return r < ' ' || r > '~' }
	return key != "" && len(key) <= maxKey && !strings.ContainsFunc(key, unprintable)
}

// parameter returns a query parameter and whether it was given. Two values of one name are an
// error: proxies and libraries disagree on which one counts.
func (b *binder) parameter(name string) (string, bool) {
	// What no method has asked for when finish runs is no parameter of this endpoint.
	b.known[name] = true
	values := b.query[name]
	if len(values) > 1 {
		b.wrong(name, "must be given only once")
	}
	if len(values) != 1 {
		return "", false
	}
	return values[0], true
}

// number returns a query parameter from low to high, or fallback without one. A number out of
// bounds is refused rather than corrected: a client that asks for 5000 rows and gets 1000 would
// take them for all.
func (b *binder) number(name string, fallback, low, high int) int {
	v, given := b.parameter(name)
	if !given {
		return fallback
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < low || n > high {
		b.wrong(name, "must be a whole number from "+strconv.Itoa(low)+" to "+strconv.Itoa(high))
		return 0
	}
	return n
}

// position returns a query parameter that an earlier answer gave as "next", or 0 if there is none
// or it is empty. Clients should not calculate one; that it is an id is no promise.
func (b *binder) position(name string) int64 {
	v, _ := b.parameter(name)
	if v == "" {
		return 0
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 1 {
		b.wrong(name, `must be the "next" of an earlier answer`)
		return 0
	}
	return n
}

// cursor returns where the page begins, as an earlier answer gave it as "next". In some lists it
// was called before, which clients may still send.
func (b *binder) cursor() int64 {
	at, old := b.position("cursor"), b.position("before")
	if at > 0 && old > 0 {
		b.wrong("before", "must be left out beside cursor")
	}
	return max(at, old)
}

// page returns what chooses a page of a list, by a query parameter each: what the page comes before,
// and how many rows it has at most.
func (b *binder) page() (before int64, limit int) {
	limit = b.number("limit", defaultLimit, 1, maxLimit)
	return b.cursor(), limit
}

// text returns a query parameter of any text, "" without one.
func (b *binder) text(name string) string {
	v, _ := b.parameter(name)
	if !validText(v) {
		b.wrong(name, "must be at most 100 printable characters")
		return ""
	}
	return v
}

// who returns a query parameter that is part of somebody's name or number, "" without one. A plus sign
// that was not escaped has come as a space.
func (b *binder) who(name string) string {
	v := b.text(name)
	if rest, ok := strings.CutPrefix(v, " "); ok {
		return "+" + rest
	}
	return v
}

// opaque returns a query parameter that an earlier answer gave as "next" and that holds a name, ""
// if there is none.
func (b *binder) opaque(name string) string {
	// A name of 60 characters of four bytes each, a word and an id, in base64.
	const longest = 450
	v, _ := b.parameter(name)
	if len(v) > longest || !utf8.ValidString(v) || strings.ContainsFunc(v, unicode.IsControl) {
		b.wrong(name, `must be the "next" of an earlier answer`)
		return ""
	}
	return v
}

// validText reports whether a text may be searched for. Control characters are refused, because
// PostgreSQL takes no NUL in a text, and the answer would be 500.
func validText(s string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxSearch &&
		!strings.ContainsFunc(s, unicode.IsControl)
}

// flag returns a query parameter that is true or false, false without one.
func (b *binder) flag(name string) bool {
	v, given := b.parameter(name)
	if given && v != "true" && v != "false" {
		b.wrong(name, "must be true or false")
	}
	return v == "true"
}

// either returns a query parameter that is true or false, nil for none and for an empty one.
func (b *binder) either(name string) *bool {
	v, _ := b.parameter(name)
	switch v {
	case "":
		return nil
	case "true", "false":
		is := v == "true"
		return &is
	}
	b.wrong(name, "must be true or false")
	return nil
}

// word returns a query parameter that is one of all, "" without one. An empty value is wrong too;
// optionalWord takes one for none.
func word[T ~string](b *binder, name string, all []T) T {
	v, given := b.parameter(name)
	if !given {
		return ""
	}
	if !slices.Contains(all, T(v)) {
		b.wrong(name, "must be "+choices(all))
		return ""
	}
	return T(v)
}

// choices spells out a closed set of words for an error message.
func choices[T ~string](all []T) string {
	var words []string
	for _, a := range all {
		words = append(words, string(a))
	}
	return "one of " + strings.Join(words, ", ")
}
