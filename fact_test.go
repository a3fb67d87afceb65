package flowhq

import (
	"regexp"
	"testing"
)

// A reference is unique and has the form that customers are told, also past the two million
// messages after which it grows.
func TestReference(t *testing.T) {
	form := regexp.MustCompile(`^[A-Z][0-9]{5,}$`)
	seen := map[string]int64{}
	for _, from := range []int64{1, 1_999_000, 3_999_000, 123_456_789_000} {
		for id := from; id < from+2000; id++ {
			r := Reference(id)
			if other, ok := seen[r]; ok {
				t.Fatalf("messages %d and %d have the reference %s", other, id, r)
			}
			if !form.MatchString(r) {
				t.Fatalf("Reference(%d) = %q", id, r)
			}
			seen[r] = id
		}
	}
}
