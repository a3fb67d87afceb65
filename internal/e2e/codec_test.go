package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.temporal.io/api/enums/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/flowhq/flowhq"
)

// keys is PAYLOAD_KEYS with the keys of these names, the first of which encrypts.
func keys(names ...string) string {
	var all []string
	for _, name := range names {
		secret := bytes.Repeat([]byte(name), 32/len(name))
		all = append(all, name+":"+base64.StdEncoding.EncodeToString(secret))
	}
	return "PAYLOAD_KEYS=" + strings.Join(all, ",")
}

// serve replaces the API by one with other settings.
func (s *stand) serve(env ...string) {
	s.t.Helper()
	s.apiProc.kill()
	s.apiProc = s.start("api", append([]string{"HTTP_ADDR=127.0.0.1:0"}, env...), "api")
	s.api = "http://" + s.apiProc.attr("listening for requests", "addr")
}

// TestPayloadKeys takes tenants through the life of keys: none, one, a new one in
// front; and a worker that lacks the keys, to which no command is lost.
func TestPayloadKeys(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	w := s.warden()
	worker := s.worker("plain")
	old := s.business(barbers)
	old.command(flowhq.Start)
	old.scan()
	old.connected(patience)
	replace := func(name string, apiKeys, workerKeys string) {
		t.Helper()
		worker.kill()
		s.serve(apiKeys)
		worker = s.worker(name, workerKeys)
	}

	replace("first", keys("a"), keys("a"))
	old.connected(patience) // what was plain is still read
	old.command(flowhq.Stop)
	old.becomes(patience, flowhq.TenantPaused, flowhq.Disconnected, flowhq.HostStopped)

	replace("rotated", keys("b", "a"), keys("b", "a"))
	old.command(flowhq.Start)
	old.connected(patience)

	// A worker with another key, as after a mistake: commands to an old tenant and a
	// new one wait.
	replace("mistaken", keys("b", "a"), keys("c"))
	second := barbers
	second.Name, second.PhoneNumber = "second", "+254700000009"
	late := s.business(second)
	late.command(flowhq.Start)
	old.command(flowhq.Stop)
	eventually(t, patience, func() error {
		out, err := os.ReadFile(worker.out)
		if err == nil && !strings.Contains(string(out), "there is no key") {
			err = fmt.Errorf("the worker does not complain of its keys")
		}
		return err
	})
	replace("mended", keys("b", "a"), keys("b", "a"))
	late.scan()
	late.connected(patience)
	old.becomes(patience, flowhq.TenantPaused, flowhq.Disconnected, flowhq.HostStopped)
	old.neverHostedTwice()

	s.sealedInTemporal(w, late)
}

// sealedInTemporal checks that Temporal cannot read what is kept for a tenant, and
// that its Web UI can, as an operator's browser asks for it.
func (s *stand) sealedInTemporal(w *warden, b *business) {
	s.t.Helper()
	file, err := os.ReadFile(filepath.Join(s.dir, "temporal.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	wal, err := os.ReadFile(filepath.Join(s.dir, "temporal.db-wal"))
	if err != nil {
		s.t.Fatal(err)
	}
	if bytes.Contains(append(file, wal...), []byte(`"tenant":"`+b.id+`"`)) {
		s.t.Error("Temporal's database holds the tenant's state in plain text")
	}
	events := w.temporal.GetWorkflowHistory(s.t.Context(), "tenant:"+string(b.id), "", false,
		enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	first, err := events.Next()
	if err != nil {
		s.t.Fatal(err)
	}
	sealed, err := protojson.Marshal(first.GetWorkflowExecutionStartedEventAttributes().GetInput())
	if err != nil {
		s.t.Fatal(err)
	}
	plain := s.codec("decode", sealed)
	if !holds(plain, `"tenant":"`+string(b.id)) || holds(sealed, string(b.id)) {
		s.t.Errorf("Temporal has %s, decoded: %s", sealed, plain)
	}
	if again := s.codec("decode", s.codec("encode", plain)); !holds(again, `"tenant":"`+string(b.id)) {
		s.t.Errorf("encoded and decoded: %s", again)
	}
}

// holds reports whether the data of a payload holds a text.
func holds(payloads []byte, text string) bool {
	for _, part := range strings.Split(string(payloads), `"`) {
		if data, err := base64.StdEncoding.DecodeString(part); err == nil &&
			strings.Contains(string(data), text) {
			return true
		}
	}
	return false
}

// codec asks the API as the Web UI does.
func (s *stand) codec(verb string, body []byte) []byte {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost,
		s.api+"/codec/"+verb+"?preserveStorageRefs=true", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.SetBasicAuth("admin", password)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Namespace", "flowhq")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %s, %v: %s", verb, res.Status, err, out)
	}
	return out
}
