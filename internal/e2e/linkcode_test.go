package e2e

import (
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

// A phone that cannot scan is linked by a code that is typed into it. A code that was
// asked for when the QR codes were nearly used up is good for as long as any.
func TestLinkedByCode(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.worker("worker")
	b := s.business(barbers)
	if status, err := s.call("POST", b.path()+"/pair-code", nil, nil); status != 409 {
		t.Errorf("a code for a tenant that was never started: %d, %v; want 409", status, err)
	}
	s.fault(object{"kind": "few_codes", "count": 1})
	b.command(flowhq.Start)
	eventually(t, patience, func() error { _, err := b.code(); return err })
	s.fault(object{"kind": "few_codes", "count": 0})

	var code struct {
		Code      string
		ExpiresAt time.Time `json:"expires_at"`
	}
	s.must(s.call("POST", b.path()+"/pair-code", nil, &code))
	if left := time.Until(code.ExpiresAt); left < time.Minute {
		t.Errorf("the code is good for %v", left)
	}
	first := code.Code
	s.must(s.call("POST", b.path()+"/pair-code", nil, &code))
	if code.Code != first {
		t.Error("asking again gave another code")
	}
	enter := "/phones/" + escape(b.PhoneNumber) + "/enter-code"
	if status, err := s.simulate("POST", enter, object{"code": "1234-5678"}, nil); status != 422 {
		t.Errorf("a wrong code: %d, %v; want 422", status, err)
	}
	s.must(s.simulate("POST", enter, object{"code": code.Code}, nil))
	b.connected(patience)
	ask(t, s.customer("+254711000001", "Amina"), b, "hello", patience)
	b.neverHostedTwice()
}
