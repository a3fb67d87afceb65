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

// A full outbox drops its oldest message, takes no mark back, and is the same after a restart.
func TestOutbox(t *testing.T) {
	db, err := database.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	o := newOutbox(db, "1")
	for n := range MaxOutbox + 1 {
		o.add(Sent{ID: fmt.Sprint("ID", n), To: "+2", Text: "Habari", Tick: TickSending})
	}
	o.add(Sent{ID: "ID7", To: "+2", Text: "again"})
	o.mark(TickDelivered, "ID7", "ID8", "ID0") // the last one was dropped
	o.mark(TickSent, "ID7", "ID9")
	before := o.to("+2")
	if len(before) != MaxOutbox || before[0].ID != "ID1" || before[6].Text != "Habari" {
		t.Fatalf("%d messages from %s; want %d from ID1", len(before), before[0].ID, MaxOutbox)
	}
	for i, want := range map[int]Tick{6: TickDelivered, 7: TickDelivered, 8: TickSent, 9: TickSending} {
		if before[i].Tick != want {
			t.Errorf("%s is %s; want %s", before[i].ID, before[i].Tick, want)
		}
	}
	if got := o.to("+3"); len(got) != 0 {
		t.Errorf("messages to +3 = %+v; want none", got)
	}
	if err = db.Flush(); err != nil {
		t.Fatal(err)
	}
	again := newOutbox(db, "1")
	if err = db.Each(database.Outbox, func(name string, value []byte) error {
		_, index, _ := strings.Cut(name, "/")
		return again.load(index, value)
	}); err != nil {
		t.Fatal(err)
	}
	diff := cmp.Diff(before, again.to("+2"), cmpopts.IgnoreUnexported(Sent{}))
	if diff != "" {
		t.Errorf("messages after a restart (-before +after):\n%s", diff)
	}
}
