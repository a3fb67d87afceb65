package main

import (
	"log/slog"
	"math"
	"os"
	"runtime/debug"
	"testing"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

func TestLimitMemory(t *testing.T) {
	const unlimited = math.MaxInt64
	for _, tt := range []struct {
		name, variable string
		limit          memlimit.Provider
		want           int64 // bytes
	}{
		{"container", "", memlimit.Limit(1000 << 20), 900 << 20},
		{"none", "", func() (uint64, error) { return 0, memlimit.ErrNoLimit }, unlimited},
		{"no groups", "", func() (uint64, error) { return 0, memlimit.ErrNoCgroup }, unlimited},
		{"set by hand", "3GiB", memlimit.Limit(1000 << 20), unlimited}, // as Go has read it at start
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("GOMEMLIMIT", tt.variable) // which is put back in the end
			if tt.variable == "" {
				os.Unsetenv("GOMEMLIMIT")
			}
			defer debug.SetMemoryLimit(debug.SetMemoryLimit(unlimited))
			limitMemory(slog.New(slog.DiscardHandler), tt.limit)
			if got := debug.SetMemoryLimit(-1); got != tt.want {
				t.Errorf("limit = %d; want %d", got, tt.want)
			}
		})
	}
}
