package demo_test

import (
	"errors"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/demo"
)

func TestProfilesAreValid(t *testing.T) {
	t.Parallel()
	for _, name := range demo.Names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				err, _ := recover().(string)
				if err != "" {
					t.Fatal(err)
				}
			}()
			p := demo.Profile(name)
			if e, ok := errors.AsType[*flowhq.Error](p.Validate()); ok {
				t.Error(e.Fields)
			}
			if err := demo.Tenant(name).Validate(); err != nil {
				t.Error(err)
			}
			if n := len(p.Answers); n < 10 {
				t.Errorf("it has %d answers, want 10 or more", n)
			}
			for _, path := range p.Missing() {
				t.Logf("missing: %s", path)
			}
		})
	}
}
