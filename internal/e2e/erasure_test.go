package e2e

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/devdb"
	"github.com/flowhq/flowhq/internal/store"
)

// allColumns lists the columns of all tables, ours and the library's.
const allColumns = `
	select format('%I.%I', table_schema, table_name), quote_ident(column_name), data_type
	from information_schema.columns join information_schema.tables using (table_schema, table_name)
	where table_schema in ('flowhq', 'wa', 'public') and table_type = 'BASE TABLE'
	order by 1, 2`

// traces lists the columns in which one of the words is found.
func (w *warden) traces(words ...string) (found []string) {
	w.t.Helper()
	rows, err := w.db.Query(w.t.Context(), allColumns)
	if err != nil {
		w.t.Fatal(err)
	}
	var columns [][3]string
	for rows.Next() {
		var c [3]string
		if err := rows.Scan(&c[0], &c[1], &c[2]); err != nil {
			w.t.Fatal(err)
		}
		columns = append(columns, c)
	}
	if err := rows.Err(); err != nil || len(columns) < 200 {
		w.t.Fatalf("%d columns, %v", len(columns), err)
	}
	for _, c := range columns {
		text := c[1] + "::text"
		if c[2] == "bytea" {
			text = "encode(" + c[1] + ", 'escape')"
		}
		for _, word := range words {
			var n int
			q := "select count(*) from " + c[0] + " where strpos(" + text + ", $1) > 0"
			if err := w.db.QueryRow(w.t.Context(), q, word).Scan(&n); err != nil {
				w.t.Fatalf("%s: %v", q, err)
			}
			if n > 0 {
				found = append(found, fmt.Sprintf("%s.%s has %q in %d rows", c[0], c[1], word, n))
			}
		}
	}
	return found
}

// TestErasureSurvivesKills kills the API and then one worker after the other at each step of the
// erasure of a customer. In the end no table has anything of the customer, and a neighbour lacks
// nothing.
func TestErasureSurvivesKills(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	worker := s.worker("first")
	b := s.business(unlimited(barbers))
	b.knows(ofABarber)
	b.link()
	const gone, kept = "Zuhura", "Salome"
	for name, c := range map[string]*customer{gone: s.customer("+254711009911", gone),
		kept: s.customer("+254711009922", kept)} {
		for turn, text := range []string{"I am " + name +
			", I want to book a haircut tomorrow at 10 am", "yes", "can I talk to a human?"} {
			c.say(b, map[string]any{"text": text})
			c.hears(b, turn+1)
		}
	}
	w := s.warden()
	var id int64
	var lid, neighbour string
	const who = `select c.id, split_part(c.lid, '@', 1), split_part(n.lid, '@', 1) from flowhq.contacts c, flowhq.contacts n
		where c.number = '+254711009911' and n.number = '+254711009922'`
	if err := w.db.QueryRow(t.Context(), who).Scan(&id, &lid, &neighbour); err != nil ||
		lid == "" || neighbour == "" {
		t.Fatalf("contact %d, %q and %q, %v", id, lid, neighbour, err)
	}
	words, theirs := []string{"254711009911", gone, lid}, []string{"254711009922", kept, neighbour}
	before := w.traces(theirs...)
	if found := w.traces(words...); len(found) < 12 {
		t.Fatalf("the customer is in too few columns for a test: %v", found)
	}

	points := []string{"erase.aliases", "erase.table", "erase.rows", "erase.keys", "erase.finished"}
	armed := s.armed("armed "+points[0], "FLOWHQ_FAILPOINTS="+points[0]+"=kill:1")
	armed.attr("worker started", "name")
	worker.terminate()
	worker.ended(patience)
	s.killedWhileAsked(fmt.Sprintf("%s/contacts/%d", b.path(), id))
	armed.ended(patience)
	for _, point := range points[1:] {
		w.exec(`update flowhq.erasures set tried_at = asked_at`) // or the next try would be half a minute away
		s.armed("armed "+point, "FLOWHQ_FAILPOINTS="+point+"=kill:1").ended(patience)
	}
	s.worker("last")
	b.connected(patience)
	for _, trace := range w.traces(words...) {
		t.Error(trace)
	}
	if after := w.traces(theirs...); strings.Join(before, "\n") != strings.Join(after, "\n") {
		t.Errorf("of the neighbour:\n%s\nwas\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
	}
	for _, event := range []flowhq.EventType{flowhq.EventErasureAsked, flowhq.EventContactErased} {
		if n := s.events(b.id, event); n != 1 {
			t.Errorf("%d events %s; want 1", n, event)
		}
	}
}

// killedWhileAsked kills an API before it has written down that the contact at path is to be
// erased, and another one before it could say that it has.
func (s *stand) killedWhileAsked(path string) {
	s.t.Helper()
	for i, point := range []string{"erase.cut", "erase.asked"} {
		api := s.startCommand("api "+point,
			append(slices.Clone(s.env), "HTTP_ADDR=127.0.0.1:0", "FLOWHQ_FAILPOINTS="+point+"=kill:1",
				"DATABASE_URL="+devdb.As(store.RoleAPI, s.dbURL)), os.Getenv("FLOWHQ_FAILPOINTS_BIN"), "api")
		if status, err := s.request("http://"+api.attr("listening for requests", "addr"),
			http.MethodDelete, path, nil, nil); err == nil {
			s.t.Errorf("killed at %s the API answers %d", point, status)
		}
		api.ended(patience)
		want := []int{http.StatusOK, http.StatusNotFound}[i]
		if got, _ := s.call(http.MethodGet, path, nil, nil); got != want {
			s.t.Errorf("after a kill at %s GET is %d; want %d", point, got, want)
		}
	}
	s.must(s.call(http.MethodDelete, path, nil, nil))
}
