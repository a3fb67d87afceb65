package customers

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flowhq/flowhq/internal/simulator/database"
)

// A full inbox drops its oldest letter, counts what comes again, and is the same after a
// restart.
func TestInbox(t *testing.T) {
	db, err := database.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const limit = 20
	i := newInbox(db, "1")
	i.limit = limit
	for n := range limit + 1 {
		i.receive(Letter{ID: fmt.Sprint("ID", n), From: "+2", Text: "Habari"})
	}
	i.receive(Letter{ID: "ID7", From: "+2"}) // again
	i.receive(Letter{ID: "ID7", From: "+3"}) // somebody else's
	i.receive(Letter{ID: "ID0", From: "+2"}) // was dropped, so it is new
	before := i.letters("", limit+1)
	if len(before) != limit || before[len(before)-1].ID != "ID0" || before[0].ID != "ID3" {
		t.Errorf("%d letters from %s; want %d from ID3", len(before), before[0].ID, limit)
	}
	var repeats int
	for _, l := range before {
		repeats += l.Repeats
	}
	if repeats != 1 {
		t.Errorf("%d repeats; want 1", repeats)
	}
	if got := i.letters("+3", 10); len(got) != 1 || got[0].ID != "ID7" {
		t.Errorf("letters from +3 = %+v; want one", got)
	}

	if err = db.Flush(); err != nil {
		t.Fatal(err)
	}
	again := newInbox(db, "1")
	if err = db.Each(database.Inbox, func(name string, value []byte) error {
		_, index, _ := strings.Cut(name, "/")
		return again.load(index, value)
	}); err != nil {
		t.Fatal(err)
	}
	diff := cmp.Diff(before, again.letters("", limit+1), cmpopts.IgnoreUnexported(Letter{}))
	if diff != "" {
		t.Errorf("letters after a restart (-before +after):\n%s", diff)
	}
}
