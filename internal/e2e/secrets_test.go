package e2e

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
)

// What customers write, the code that links a phone and the passwords are in
// PostgreSQL or the environment and nowhere else: not in a log at its most
// talkative, and not in Temporal's histories.
func TestNothingSecretIsLogged(t *testing.T) {
	t.Parallel()
	s := newStand(t, "LOG_LEVEL=debug")
	s.worker("worker")
	b := s.business(barbers)
	b.command(flowhq.Start)
	eventually(t, patience, func() error { _, err := b.code(); return err })
	var typed struct{ Code string }
	s.must(s.call("POST", b.path()+"/pair-code", nil, &typed))
	code := b.scan()
	b.connected(patience)
	const said = "purple-zebra-at-noon"
	answer := ask(t, s.customer("+254711000001", "Amina"), b, said, patience)
	b.command(flowhq.Stop)
	b.becomes(patience, flowhq.TenantPaused, flowhq.Disconnected, flowhq.HostStopped)

	_, adv, _ := strings.Cut(code, "#")
	secrets := map[string]string{
		"a customer's words":    said,
		"the bot's answer":      strings.SplitN(answer, "\n", 2)[0],
		"the QR code":           strings.Split(adv, ",")[0],
		"the link code":         typed.Code,
		"the link code's text":  strings.ReplaceAll(typed.Code, "-", ""),
		"the admin password":    password,
		"the database password": databasePassword(t, s.dbURL),
	}
	// Histories and heartbeats name the tenant, for operators, and nothing else of it.
	inTemporal := map[string]string{
		"the business's number": strings.TrimPrefix(b.PhoneNumber, "+"),
		"the business's name":   b.BusinessName,
		"the customer's number": "254711000001",
	}
	files, tenantLog, histories := 0, false, false
	err := filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (path == filepath.Join(s.dir, "pg") ||
			path == filepath.Join(s.dir, "simulator")) {
			return fs.SkipDir // their business is to keep these things
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		tenantLog = tenantLog || filepath.Base(path) == string(b.id)+".log" && len(raw) > 0
		never := maps.Clone(secrets)
		if strings.HasPrefix(filepath.Base(path), "temporal.db") {
			maps.Copy(never, inTemporal)
			histories = histories || bytes.Contains(raw, []byte(`"tenant":"`+b.id+`"`))
		}
		for what, secret := range never {
			if bytes.Contains(raw, []byte(secret)) {
				t.Errorf("%s is in %s", what, filepath.Base(path))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 5 || !tenantLog || !histories {
		t.Errorf("looked at %d files, the tenant's own log among them: %t, its history: %t; want the logs of every process and both",
			files, tenantLog, histories)
	}
}
