package flowhq

import (
	"encoding/json"
	"testing"
)

func TestOptional(t *testing.T) {
	t.Parallel()
	type change struct {
		Days Optional[int] `json:"days,omitzero"`
	}
	for _, tt := range []struct {
		json  string
		set   bool
		value int // -1: null
	}{
		{`{}`, false, -1}, {`{"days":null}`, true, -1}, {`{"days":0}`, true, 0}, {`{"days":7}`, true, 7},
	} {
		var c change
		if err := json.Unmarshal([]byte(tt.json), &c); err != nil {
			t.Errorf("%s: %v", tt.json, err)
			continue
		}
		value := -1
		if c.Days.Value != nil {
			value = *c.Days.Value
		}
		if c.Days.Set != tt.set || value != tt.value {
			t.Errorf("%s = set %v, %d; want %v, %d", tt.json, c.Days.Set, value, tt.set, tt.value)
		}
		if back, err := json.Marshal(c); err != nil || string(back) != tt.json {
			t.Errorf("%s comes back as %s, %v", tt.json, back, err)
		}
	}
	if err := json.Unmarshal([]byte(`{"days":"7"}`), &change{}); err == nil {
		t.Error("a string is taken for a number")
	}
}
