package e2e

import (
	"fmt"
	"sync"
	"time"
)

// A journal is what was done to the stand, and what the operator saw. The zero
// value is ready.
type journal struct {
	mu       sync.Mutex
	entries  []entry
	counts   map[string]int // of faults, by kind
	healed   bool
	problems []string
}

type entry struct {
	from, to time.Time
	what     string
}

// note records a fault. One that could not be made, mostly because its victim was
// down already, does not count.
func (j *journal) note(from time.Time, f fault, err error) {
	what := fmt.Sprintf("%s of %s, %v, %d", f.kind, f.lane(), f.lasts.Round(time.Millisecond), f.count)
	if err != nil {
		what += ": " + err.Error()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, entry{from, time.Now(), what})
	if err == nil {
		if j.counts == nil {
			j.counts = map[string]int{}
		}
		j.counts[f.kind]++
	}
}

// see records what the operator saw.
func (j *journal) see(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now()
	j.entries = append(j.entries, entry{now, now, fmt.Sprintf(format, args...)})
}

// accuse records what fails the run.
func (j *journal) accuse(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.problems = append(j.problems, fmt.Sprintf(format, args...))
}

func (j *journal) disarm() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.healed = true
}

func (j *journal) armed() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return !j.healed
}

func (j *journal) faults() (n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range j.counts {
		n += c
	}
	return n
}
