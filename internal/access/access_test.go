package access

import (
	"context"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
)

func TestKeys(t *testing.T) {
	form := regexp.MustCompile(`^fhq_[0-9A-Za-z]{44}$`)
	seen, characters := map[string]bool{}, map[rune]bool{}
	for range 1000 {
		k := NewKey()
		if !form.MatchString(k) || !IsKey(k) || seen[k] {
			t.Fatalf("NewKey() = %q", k)
		}
		seen[k] = true
		for _, r := range k[4:] {
			characters[r] = true
		}
	}
	if len(characters) != 62 {
		t.Errorf("keys are made of %d characters; want 62", len(characters))
	}
	k := NewKey()
	other := byte('a')
	if k[9] == other {
		other = 'b'
	}
	for _, wrong := range []string{"", "fhq_", k[1:], k[:len(k)-1], k + "a",
		strings.ToUpper(k[:4]) + k[4:], k[:9] + string(other) + k[10:], " " + k} {
		if IsKey(wrong) {
			t.Errorf("IsKey(%q) = true", wrong)
		}
	}
	if name := KeyName(k); name != k[:10] {
		t.Errorf("KeyName = %q", name)
	}
}

func TestTokens(t *testing.T) {
	a, b := NewToken(), NewToken()
	if a == b || !IsToken(a) || string(Hash(a)) == string(Hash(b)) || len(Hash(a)) != 32 {
		t.Errorf("NewToken() = %q and %q", a, b)
	}
	for _, wrong := range []string{"", a[1:], a + "A", a + "=", strings.Repeat("!", len(a)),
		a[:len(a)-1] + "_"} {
		if IsToken(wrong) {
			t.Errorf("IsToken(%q) = true", wrong)
		}
	}
}

func TestPasswords(t *testing.T) {
	h := NewHasher()
	hash := func(password string) string {
		s, err := h.Hash(t.Context(), password)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	stored := hash("correct horse")
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") || stored == hash("correct horse") {
		t.Errorf("hash %q: want argon2id with a salt of its own", stored)
	}
	// Made by the reference implementation: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1
	const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for _, tt := range []struct {
		stored, password string
		want             bool
	}{
		{stored, "correct horse", true}, {stored, "correct horse ", false}, {stored, "", false},
		{reference, "password", true}, {reference, "Password", false},
		{"", "correct horse", false}, {"", "", false},
	} {
		if got, err := h.Matches(t.Context(), tt.stored, tt.password); got != tt.want || err != nil {
			t.Errorf("Matches(%.20q, %q) = %t, %v; want %t", tt.stored, tt.password, got, err, tt.want)
		}
	}
	for _, broken := range []string{
		"x", stored[:40], strings.Replace(stored, "m=19456", "m=4194304", 1),
		strings.Replace(stored, "t=2", "t=4000", 1), strings.Replace(stored, "p=1", "p=0", 1),
		strings.Replace(stored, "v=19", "v=16", 1), strings.Replace(stored, "argon2id", "argon2i", 1),
	} {
		if got, err := h.Matches(t.Context(), broken, "correct horse"); got ||
			flowhq.ErrorCode(err) != flowhq.Internal {
			t.Errorf("Matches(%q) = %t, %v; want an error", broken, got, err)
		}
	}
}

// TestStormOfSignIns: hashing takes no more memory than its slots, and who comes when too many wait
// is told so.
func TestStormOfSignIns(t *testing.T) {
	h := NewHasher()
	for range cap(h.slots) {
		h.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var refused atomic.Int64
	var all sync.WaitGroup
	for range maxWaiting + 10 {
		all.Go(func() {
			if _, err := h.Hash(ctx, "x"); flowhq.ErrorCode(err) == flowhq.Unavailable && ctx.Err() == nil {
				refused.Add(1)
			}
		})
	}
	deadline := time.Now().Add(10 * time.Second)
	for refused.Load() < 10 || len(h.waiting) < maxWaiting {
		if time.Now().After(deadline) {
			t.Fatalf("%d refused, %d wait", refused.Load(), len(h.waiting))
		}
		runtime.Gosched()
	}
	cancel()
	all.Wait()
	if n := refused.Load(); n != 10 || len(h.waiting) != 0 {
		t.Errorf("%d refused; want 10", n)
	}
}

func TestRecent(t *testing.T) {
	now := time.Now()
	r := NewRecent(func() time.Time { return now })
	if !r.First("a", time.Minute) || r.First("a", time.Minute) || !r.First("b", time.Minute) {
		t.Error("the first is not told from the second")
	}
	now = now.Add(time.Minute)
	if !r.First("a", time.Minute) {
		t.Error("a minute later it is not the first again")
	}
	for range 3 * maxRecent {
		r.First(NewToken(), time.Hour)
	}
	if n := len(r.seen); n > maxRecent+1 {
		t.Errorf("%d are remembered; want at most %d", n, maxRecent)
	}
}

func TestAllow(t *testing.T) {
	const own, other flowhq.TenantID = "own", "other"
	operator := flowhq.Principal{Kind: flowhq.PrincipalOperator, Scopes: []flowhq.Scope{"read"}}
	user := flowhq.Principal{Kind: flowhq.PrincipalUser, Tenant: own, Scopes: []flowhq.Scope{"read"}}
	for _, tt := range []struct {
		who   flowhq.Principal
		scope flowhq.Scope
		reach Reach
		named flowhq.TenantID
		want  flowhq.Code
	}{
		{flowhq.Principal{}, "", Self, "", flowhq.Forbidden},
		{flowhq.Principal{}, "read", Installation, "", flowhq.Forbidden},
		{operator, "", Self, "", ""}, {user, "", Self, "", ""},
		{operator, "read", Installation, "", ""}, {operator, "operate", Installation, "", flowhq.Forbidden},
		{operator, "read", NamedTenant, other, ""}, {operator, "read", Operators, other, ""},
		{operator, "read", OwnTenant, "", flowhq.Forbidden},
		{user, "read", Installation, "", flowhq.Forbidden},
		{user, "read", NamedTenant, own, ""}, {user, "read", NamedTenant, other, flowhq.NotFound},
		{user, "operate", NamedTenant, other, flowhq.NotFound},
		{user, "read", NamedTenant, "", flowhq.NotFound},
		{user, "operate", NamedTenant, own, flowhq.Forbidden},
		{user, "read", Operators, own, flowhq.Forbidden}, {user, "read", Operators, other, flowhq.NotFound},
		{user, "read", OwnTenant, "", ""}, {user, "send", OwnTenant, "", flowhq.Forbidden},
	} {
		if got := flowhq.ErrorCode(Allow(tt.who, Need{tt.scope, tt.reach}, tt.named)); got != tt.want {
			t.Errorf("Allow(%s, %s of %s, %q) = %q; want %q", tt.who.Kind, tt.scope, tt.reach,
				tt.named, got, tt.want)
		}
	}
}

func TestNobody(t *testing.T) {
	if p := From(t.Context()); p.Kind != "" || len(p.Scopes) > 0 {
		t.Errorf("From = %+v; want nobody", p)
	}
	want := Emergency("192.0.2.1")
	if got := From(With(t.Context(), want)); got.Actor() != "admin (192.0.2.1)" {
		t.Errorf("From = %+v", got)
	}
}

func TestShown(t *testing.T) {
	user := flowhq.Principal{Kind: flowhq.PrincipalUser, Tenant: "t"}
	for actor, want := range map[string]string{
		"admin (192.0.2.1)": "operator", "operator asha@example.com (192.0.2.1)": "operator",
		"user juma@example.com (192.0.2.1)": "user juma@example.com (192.0.2.1)",
		"host":                              "host", "workflow": "workflow",
		"api key fhq_abcdef (192.0.2.1)": "api key fhq_abcdef (192.0.2.1)",
	} {
		if got := Shown(user, actor); got != want {
			t.Errorf("Shown(%q) = %q; want %q", actor, got, want)
		}
		if got := Shown(flowhq.Principal{}, actor); got != actor {
			t.Errorf("Shown(%q) to an operator = %q", actor, got)
		}
	}
}
