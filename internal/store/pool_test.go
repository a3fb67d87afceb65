package store_test

import (
	"testing"

	"github.com/flowhq/flowhq/internal/store"
	"github.com/flowhq/flowhq/internal/testdb"
)

// Whatever the server's own setting, which is off in these tests, a commit must
// outlive the server's process.
func TestCommitsWaitForTheLog(t *testing.T) {
	url := testdb.New(t)
	for asked, want := range map[string]string{url: "on", url + "&synchronous_commit=off": "off"} {
		db, err := store.OpenWA(asked)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var got string
		if err := db.QueryRowContext(t.Context(), "show synchronous_commit").Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("synchronous_commit = %s; want %s", got, want)
		}
	}
}
