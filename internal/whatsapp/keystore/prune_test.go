package keystore

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq"
)

// count returns the one number that a query yields.
func count(t *testing.T, n *Store, q string, args ...any) (rows int) {
	t.Helper()
	if err := n.db.QueryRowContext(t.Context(), q, args...).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// second stores another device and returns it.
func second(t *testing.T, n *Store, first *store.Device) *store.Device {
	t.Helper()
	device := n.devices.NewDevice()
	jid := types.NewADJID("255700000002", 0, 1)
	device.ID, device.Account = &jid, first.Account
	if err := device.Save(t.Context()); err != nil {
		t.Fatal(err)
	}
	return device
}

func TestDevicesPageByPage(t *testing.T) {
	u := newUser(t)
	first := u.device
	other := second(t, u.of, first)
	want := []string{first.ID.String(), other.ID.String()}
	var got []string
	for after := ""; ; after = got[len(got)-1] {
		page, err := u.of.Devices(t.Context(), after, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		got = append(got, page...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Devices (-want +got):\n%s", diff)
	}
}

// What WhatsApp may still deliver again is recognised, and a message that was decrypted
// but not recorded, which nobody can decrypt again, is there until it cannot come any
// more; the rest is gone, in batches, and only of the device that was named.
func TestPruneBuffer(t *testing.T) {
	u := newUser(t)
	n, device := u.of, u.device
	other := second(t, n, device)
	const fill = `insert into whatsmeow_event_buffer
		select $1, sha256(convert_to(concat($2::integer, ' ', $3::bytea, ' ', n), 'UTF8')), $3, 0, $4 from generate_series(1, $5) n`
	days := func(d int) int64 { return time.Now().Add(-time.Duration(d) * 24 * time.Hour).UnixMilli() }
	for _, jid := range []string{device.ID.String(), other.ID.String()} {
		for _, age := range []int{13, 15} {
			if _, err := n.db.ExecContext(t.Context(), fill, jid, age, nil, days(age),
				PruneBatch+5); err != nil {
				t.Fatal(err)
			}
		}
		for _, age := range []int{15, 34, 36} { // unrecorded
			if _, err := n.db.ExecContext(t.Context(), fill, jid, age, []byte("text"), days(age),
				10); err != nil {
				t.Fatal(err)
			}
		}
	}
	// The library's own way of deleting leaves it to us.
	if err := device.EventBuffer.DeleteOldBufferedHashes(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int64{PruneBatch, 15, 0} {
		if got, err := n.PruneBuffer(t.Context(), device.ID.String()); got != want || err != nil {
			t.Errorf("PruneBuffer = %d, %v; want %d", got, err, want)
		}
	}
	const q = `select count(*) from whatsmeow_event_buffer where our_jid = $1`
	if left, others := count(t, n, q, device.ID.String()),
		count(t, n, q, other.ID.String()); left != PruneBatch+5+20 || others != 2*(PruneBatch+5)+30 {
		t.Errorf("%d rows are left, and %d of the other device; want the younger ones, and all", left, others)
	}
	const unrecorded = q + ` and plaintext is not null`
	if left := count(t, n, unrecorded, device.ID.String()); left != 20 {
		t.Errorf("%d messages that were not recorded are left; want the 20 that may come again", left)
	}
}

// A device with many messages is forgotten in batches, none of which takes long.
func TestForgetInBatches(t *testing.T) {
	u := newUser(t)
	n, device := u.of, u.device.ID.String()
	for _, q := range []string{
		`insert into whatsmeow_event_buffer
			select '` + device + `', sha256(convert_to(n::text, 'UTF8')), null, 0, 0 from generate_series(1, 3500) n`,
		`create table public.batches (rows integer)`,
		`create function public.note() returns trigger language plpgsql as
			$$ begin insert into public.batches select count(*) from gone; return null; end $$`,
		`create trigger note after delete on whatsmeow_event_buffer
			referencing old table as gone for each statement execute function public.note()`,
	} {
		if _, err := n.db.ExecContext(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Forget(t.Context(), device); err != nil {
		t.Fatal(err)
	}
	if all, most := count(t, n, `select sum(rows) from public.batches`),
		count(t, n, `select max(rows) from public.batches`); all != 3500 || most > PruneBatch {
		t.Errorf("%d messages are forgotten, %d at once; want 3500, %d", all, most, PruneBatch)
	}
	if left := count(t, n, `select count(*) from whatsmeow_device where jid = $1`, device); left != 0 {
		t.Error("the device is not forgotten")
	}
}

// The library finds the same checksums after the superseded ones are gone.
func TestPruneMACs(t *testing.T) {
	u := newUser(t)
	n, device := u.of, u.device
	other := second(t, n, device)
	ctx := t.Context()
	mac := func(n byte) []byte { return append(make([]byte, 31), n) }
	type setting struct {
		name  string
		index byte
	}
	latest := map[setting]byte{}
	put := func(d *store.Device, name string, version, index byte) {
		t.Helper()
		if err := d.AppState.PutAppStateVersion(ctx, name, uint64(version), [128]byte{}); err != nil {
			t.Fatal(err)
		}
		err := d.AppState.PutAppStateMutationMACs(ctx, name, uint64(version),
			[]store.AppStateMutationMAC{{IndexMAC: mac(index), ValueMAC: mac(version)}})
		if err != nil {
			t.Fatal(err)
		}
		latest[setting{name, index}] = version
	}
	for _, d := range []*store.Device{device, other} {
		for version := range byte(9) {
			put(d, "regular", version+1, 1+version%2)
			put(d, "critical_block", version+1, 1)
		}
	}
	if got, err := n.PruneMACs(ctx, device.ID.String()); got != 7+8 || err != nil {
		t.Errorf("PruneMACs = %d, %v; want 15", got, err)
	}
	if got, err := n.PruneMACs(ctx, device.ID.String()); got != 0 || err != nil {
		t.Errorf("PruneMACs again = %d, %v; want 0", got, err)
	}
	for s, version := range latest {
		for _, d := range []*store.Device{device, other} {
			got, err := d.AppState.GetAppStateMutationMAC(ctx, s.name, mac(s.index))
			if diff := cmp.Diff(mac(version), got); diff != "" || err != nil {
				t.Errorf("%s %d of %s: %v (-want +got):\n%s", s.name, s.index, d.ID, err, diff)
			}
		}
	}
	const q = `select count(*) from whatsmeow_app_state_mutation_macs where jid = $1`
	if left, others := count(t, n, q, device.ID.String()),
		count(t, n, q, other.ID.String()); left != 3 || others != 18 {
		t.Errorf("%d checksums are left, and %d of the other device; want 3, and all 18", left, others)
	}
}

func TestPruneWithoutDatabase(t *testing.T) {
	u := newUser(t)
	u.of.db.Close()
	for name, prune := range map[string]func(context.Context, string) (int64, error){
		"PruneBuffer": u.of.PruneBuffer, "PruneMACs": u.of.PruneMACs,
	} {
		if _, err := prune(t.Context(), "x"); flowhq.ErrorCode(err) != flowhq.Unavailable {
			t.Errorf("%s = %v; want code unavailable", name, err)
		}
	}
	if _, err := u.of.Devices(t.Context(), "", 1); flowhq.ErrorCode(err) != flowhq.Unavailable {
		t.Errorf("Devices = %v; want code unavailable", err)
	}
}
