package keystore

import (
	"fmt"
	"testing"
	"time"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
)

func lid(user string) types.JID    { return types.NewJID(user, types.HiddenUserServer) }
func number(user string) types.JID { return types.NewJID(user, types.DefaultUserServer) }

// numberOf is what a connection takes for the number of a LID.
func (u *user) numberOf(t *testing.T, user string) string {
	t.Helper()
	n, err := u.device.LIDs.GetPNForLID(t.Context(), lid(user))
	if err != nil {
		t.Fatal(err)
	}
	return n.User
}

// What a connection has learnt costs no statement, for a while.
func TestKnownMappingsCostNothing(t *testing.T) {
	u := newUser(t)
	ctx, away := t.Context(), canceled(t.Context())
	if err := u.device.LIDs.PutLIDMapping(ctx, lid("1"), number("255")); err != nil {
		t.Fatal(err)
	}
	if err := u.device.LIDs.PutLIDMapping(away, lid("1"), number("255")); err != nil {
		t.Errorf("a mapping that is stored is looked for: %v", err)
	}
	device := lid("1")
	device.Device = 3
	if n, err := u.device.LIDs.GetPNForLID(away, device); err != nil || n.String() != "255:3@s.whatsapp.net" {
		t.Errorf("the number of a known LID is %s, %v", n, err)
	}
	if err := u.device.LIDs.PutLIDMapping(away, lid("1"), number("256")); err == nil {
		t.Error("another number of the LID is not written")
	}
	if n, err := u.device.LIDs.GetPNForLID(away, lid("1")); err == nil {
		t.Errorf("after a write with an unknown outcome the number is taken to be %s", n)
	}
	if err := u.device.LIDs.PutLIDMapping(ctx, lid("1"), number("255")); err != nil {
		t.Fatal(err)
	}
	cache := u.keys.LIDs()
	cache.numbers["1"] = knownNumber{"255", time.Now()}
	if _, err := u.device.LIDs.GetPNForLID(away, lid("1")); err == nil {
		t.Error("a mapping is relied on for ever")
	}
}

// What other processes store of LIDs that are not known is seen at once.
func TestUnknownMappingsAreAskedFor(t *testing.T) {
	u := newUser(t)
	if n := u.numberOf(t, "1"); n != "" {
		t.Fatalf("the number is %s before anybody knows", n)
	}
	if err := u.of.LIDs().PutLIDMapping(t.Context(), lid("1"), number("255")); err != nil {
		t.Fatal(err)
	}
	if n := u.numberOf(t, "1"); n != "255" {
		t.Errorf("the number is %q; want 255", n)
	}
}

// A number is one LID's: whoever has it last.
func TestNumberThatChangesHands(t *testing.T) {
	for name, learn := range map[string]func(t *testing.T, u *user) error{
		"a message names both": func(t *testing.T, u *user) error {
			return u.device.LIDs.PutLIDMapping(t.Context(), lid("2"), number("255"))
		},
		"a list names both": func(t *testing.T, u *user) error {
			return u.device.LIDs.PutManyLIDMappings(t.Context(),
				[]store.LIDMapping{{LID: lid("2"), PN: number("255")}})
		},
		"another process knows, and the LID writes here": func(t *testing.T, u *user) error {
			if err := u.of.LIDs().PutLIDMapping(t.Context(), lid("2"), number("255")); err != nil {
				return err
			}
			u.numberOf(t, "2")
			return nil
		},
	} {
		u := newUser(t)
		if err := u.device.LIDs.PutLIDMapping(t.Context(), lid("1"), number("255")); err != nil {
			t.Fatal(err)
		}
		if err := learn(t, u); err != nil {
			t.Fatal(err)
		}
		if first, second := u.numberOf(t, "1"), u.numberOf(t, "2"); first != "" || second != "255" {
			t.Errorf("%s: the numbers are %q and %q; want the number with the second alone", name,
				first, second)
		}
	}
}

func TestKnownMappingsAreBounded(t *testing.T) {
	c := &lidCache{}
	for i := range 3 * maxKnown {
		c.remember(lid(fmt.Sprint(i)), number(fmt.Sprint(i)))
	}
	if n := len(c.numbers); n > maxKnown {
		t.Errorf("%d mappings are remembered; want at most %d", n, maxKnown)
	}
}

// Sessions under a number are moved once in a connection.
func TestSessionsAreMovedOnce(t *testing.T) {
	u := newUser(t)
	if err := u.device.Sessions.PutManySessions(t.Context(), map[string][]byte{"255:0": {1}}); err != nil {
		t.Fatal(err)
	}
	fences := 0
	u.fence = func() error { fences++; return nil }
	for range 3 {
		if err := u.device.Sessions.MigratePNToLID(t.Context(), number("255"), lid("1")); err != nil {
			t.Fatal(err)
		}
	}
	if got := u.kept(t, "1_1:0").Session; fences != 1 || len(got) != 1 {
		t.Errorf("the session under the LID is %v after %d transactions; want it there after 1", got, fences)
	}
}
