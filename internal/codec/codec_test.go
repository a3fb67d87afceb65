package codec

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/testing/protocmp"
)

func key(id, letter string) Key { return Key{id, strings.Repeat(letter, KeyBytes)} }

func newCodec(t *testing.T, keys ...Key) *Codec {
	t.Helper()
	c, err := New(keys)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func payload(t *testing.T, v any) *common.Payload {
	t.Helper()
	p, err := converter.GetDefaultDataConverter().ToPayload(v)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRoundTrip(t *testing.T) {
	c := newCodec(t, key("a", "a"))
	in := []*common.Payload{payload(t, map[string]string{"secret": "purple"}), payload(t, nil),
		payload(t, []byte("raw"))}
	sealed, err := c.Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range sealed {
		if bytes.Contains(p.GetData(), []byte("purple")) ||
			string(p.GetMetadata()[keyName]) != "a" || bytes.Equal(p.GetData(), again[i].GetData()) {
			t.Errorf("payload %d is sealed as %v; want it unreadable, named, and another each time", i, p)
		}
	}
	twice, err := c.Encode(sealed)
	if err != nil || !cmp.Equal(twice, sealed, protocmp.Transform()) {
		t.Errorf("Encode of what is encrypted = %v, %v; want it as it was", twice, err)
	}
	out, err := c.Decode(sealed)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, out, protocmp.Transform()); diff != "" {
		t.Errorf("round trip (-want +got):\n%s", diff)
	}
}

func TestRotation(t *testing.T) {
	old := newCodec(t, key("a", "a"))
	both := newCodec(t, key("b", "b"), key("a", "a"))
	plain := payload(t, "x")
	sealed, err := old.Encode([]*common.Payload{plain})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := both.Decode(append(sealed, plain)) // of before there were keys
	if err != nil || !cmp.Equal(opened, []*common.Payload{plain, plain}, protocmp.Transform()) {
		t.Errorf("Decode with a newer key in front = %v, %v", opened, err)
	}
	sealed, err = both.Encode([]*common.Payload{plain})
	if err != nil || string(sealed[0].GetMetadata()[keyName]) != "b" {
		t.Errorf("Encode = %v, %v; want the first key", sealed, err)
	}
	if _, err := old.Decode(sealed); !errors.Is(err, ErrUnreadable) || !strings.Contains(err.Error(), `"b"`) {
		t.Errorf("Decode without the key: %v; want its name", err)
	}
}

func TestUnreadable(t *testing.T) {
	c := newCodec(t, key("a", "a"), key("b", "b"))
	seal := func() *common.Payload {
		sealed, err := c.Encode([]*common.Payload{payload(t, "purple")})
		if err != nil {
			t.Fatal(err)
		}
		return sealed[0]
	}
	for name, spoil := range map[string]func(*common.Payload){
		"a bit changed": func(p *common.Payload) { p.Data[len(p.Data)-1] ^= 1 },
		"cut off":       func(p *common.Payload) { p.Data = p.Data[:len(p.Data)-1] },
		"too short":     func(p *common.Payload) { p.Data = p.Data[:5] },
		"empty":         func(p *common.Payload) { p.Data = nil },
		"another's key": func(p *common.Payload) { p.Metadata[keyName] = []byte("b") },
		"no key":        func(p *common.Payload) { delete(p.Metadata, keyName) },
	} {
		p := seal()
		spoil(p)
		if out, err := c.Decode([]*common.Payload{p}); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%s: %v, %v; want an error", name, out, err)
		}
	}
	if _, err := newCodec(t, key("a", "z")).Decode([]*common.Payload{seal()}); !errors.Is(err,
		ErrUnreadable) {
		t.Errorf("another key of the same name: %v; want an error", err)
	}
}

func TestBadKeys(t *testing.T) {
	for name, keys := range map[string][]Key{
		"short": {{"a", "hunter2"}}, "twice": {key("a", "a"), key("a", "b")}, "no id": {key("", "a")},
	} {
		if c, err := New(keys); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: New = %v, %v; want an error that does not tell the key", name, c, err)
		}
	}
}

// Without keys what is plain stays plain, and what is not is recognised.
func TestNoKeys(t *testing.T) {
	none := newCodec(t)
	in := []*common.Payload{payload(t, "x")}
	out, err := none.Encode(in)
	if err != nil || !cmp.Equal(in, out, protocmp.Transform()) {
		t.Errorf("Encode = %v, %v; want it plain", out, err)
	}
	sealed, err := newCodec(t, key("a", "a")).Encode(in)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := none.Decode(sealed); !errors.Is(err, ErrUnreadable) {
		t.Errorf("Decode of what is encrypted: %v; want an error", err)
	}
}

func TestJSON(t *testing.T) {
	c := newCodec(t, key("a", "a"))
	const in = `{"payloads":[{"metadata":{"encoding":"anNvbi9wbGFpbg=="},"data":"IngiIA==","new":1}]}`
	sealed, err := c.EncodeJSON(t.Context(), []byte(in))
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.DecodeJSON(t.Context(), sealed)
	if err != nil || !strings.Contains(string(out), `IngiIA==`) ||
		strings.Contains(string(sealed), `IngiIA==`) {
		t.Errorf("%s, %v; want it as it was", out, err)
	}
	if out, err := c.DecodeJSON(t.Context(), []byte(`{}`)); err != nil ||
		!strings.Contains(string(out), `"payloads":[]`) {
		t.Errorf("DecodeJSON of nothing = %s, %v", out, err)
	}
	for _, bad := range []string{``, `[]`, `{"payloads":1}`, `{"payloads":[{"data":"!"}]}`} {
		if out, err := c.DecodeJSON(t.Context(), []byte(bad)); err == nil {
			t.Errorf("DecodeJSON(%s) = %s; want an error", bad, out)
		}
	}
}
