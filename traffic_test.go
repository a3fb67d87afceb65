package flowhq_test

import (
	"testing"

	"github.com/flowhq/flowhq"
)

// TestReplyTime: a time that a part of the replies kept lies between the bounds of its count.
func TestReplyTime(t *testing.T) {
	t.Parallel()
	counts := func(pairs ...int) []int {
		all := make([]int, len(flowhq.ReplyBounds)+1)
		for i := 0; i < len(pairs); i += 2 {
			all[pairs[i]] = pairs[i+1]
		}
		return all
	}
	for _, tt := range []struct {
		name   string
		counts []int
		part   float64
		want   float64 // -1: none
	}{
		{"nothing", nil, .5, -1},
		{"only zeros", counts(), .5, -1},
		{"half of the first", counts(0, 10), .5, .005},
		{"the end of a bound", counts(0, 5, 6, 5), .5, .01},
		{"within a later bound", counts(0, 4, 6, 4), .75, .75},
		{"all", counts(3, 2), 1, .1},
		{"beyond the last bound", counts(13, 1), .5, 300},
	} {
		got := flowhq.Traffic{Replies: tt.counts}.ReplyTime(tt.part)
		switch {
		case got == nil && tt.want < 0:
		case got == nil || *got < tt.want-1e-9 || *got > tt.want+1e-9:
			t.Errorf("%s: %v; want %v", tt.name, got, tt.want)
		}
	}
}
