//go:build failpoints

package failpoint

import (
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"
)

func TestFatesFollowFromTheSeed(t *testing.T) {
	hits := func(text string, mixed bool) (struck []int) {
		p, err := parse(text)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 1000 {
			if mixed {
				p.hit("other", func(string, fate) {})
			}
			p.hit("point", func(string, fate) { struck = append(struck, i) })
		}
		return struck
	}
	first := hits("seed=7,point=kill:0.1,other=kill:0.5", false)
	if len(first) < 50 || len(first) > 200 {
		t.Errorf("a point of probability 0.1 was struck %d times in 1000", len(first))
	}
	if again := hits("seed=7,point=kill:0.1,other=kill:0.5", true); !slices.Equal(first, again) {
		t.Errorf("the same seed gave %v, then %v", first, again)
	}
	if other := hits("seed=8,*=kill:0.1", false); slices.Equal(first, other) {
		t.Error("another seed gave the same")
	}
	if none := hits("seed=7,other=kill:1", false); none != nil {
		t.Errorf("a point that is not armed was struck at %v", none)
	}
}

func TestParse(t *testing.T) {
	p, err := parse("seed=3,a=panic:0.5,*=pause:1:80ms")
	if err != nil || p.seed != 3 || p.fates["a"] != (fate{"panic", 0.5, 0}) ||
		p.fates["*"] != (fate{"pause", 1, 80 * time.Millisecond}) {
		t.Errorf("parse() = %+v, %v", p, err)
	}
	for _, bad := range []string{"a", "a=kill", "a=kill:x", "a=burn:1", "a=pause:1", "seed=x"} {
		if _, err := parse(bad); err == nil {
			t.Errorf("parse(%q) = nil; want an error", bad)
		}
	}
}

// TestKill runs itself as the process that is killed.
func TestKill(t *testing.T) {
	if os.Getenv(Variable) != "" {
		Hit("here")
		t.Fatal("still alive")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKill$")
	cmd.Env = append(os.Environ(), Variable+"=here=kill:1")
	out, err := cmd.CombinedOutput()
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || status.Signal() != syscall.SIGKILL {
		t.Errorf("the process ended with %v; want killed: %s", err, out)
	}
}
