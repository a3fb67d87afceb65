package keystore

import "testing"

func TestArray(t *testing.T) {
	tests := []struct {
		in   any
		want string
	}{
		{[]string{"a:0", "b_1:2"}, `{"a:0","b_1:2"}`},
		{[]string{`q"u\o,te`}, `{"q\"u\\o,te"}`},
		{[]string{}, "{}"},
		{[][]byte{{0, 255}, {1}}, `{"\\x00ff","\\x01"}`},
	}
	for _, tt := range tests {
		if got, err := newArray(tt.in).Value(); got != tt.want || err != nil {
			t.Errorf("array(%v) = %v, %v; want %v", tt.in, got, err, tt.want)
		}
	}
	if _, err := newArray([]int{1}).Value(); err == nil {
		t.Error("an array of integers is encoded")
	}
}
