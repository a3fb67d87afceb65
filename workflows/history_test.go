package workflows

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"

	"github.com/flowhq/flowhq"
)

// Histories of every kind of life, recorded from a real server. Workflows that
// began with yesterday's code go on with today's, so each must replay for ever; see
// "How workflow code changes" in ARCHITECTURE.md.
//
// A change that is compatible, or guarded by workflow.GetVersion, replays as it is.
// After one record again, so that the new way of life is kept as well:
//
//	go tool task test -- ./workflows -run TestRecord -update
const histories = "testdata/history"

var update = flag.Bool("update", false, "record the histories in "+histories+" again")

// suggestEarly makes the server suggest to continue as new after so many events.
func suggestEarly(events int) []string {
	return []string{"--dynamic-config-value",
		fmt.Sprintf("limit.historyCount.suggestContinueAsNew=%d", events)}
}

// lives are the kinds of life, each of a tenant of its own.
var lives = map[string]func(*star){
	"start-stop": func(t *star) {
		t.send(flowhq.Start)
		t.host(1)
		t.report(1, flowhq.Connecting)
		t.report(1, flowhq.QRReady)
		t.report(1, flowhq.Connected)
		t.send(flowhq.Start)
		t.send(flowhq.Stop)
		t.settles("stopped by an operator")
		t.send(flowhq.Stop)
		t.send(flowhq.Start)
		t.online(2)
	},
	"restart": func(t *star) {
		t.send(flowhq.Restart)
		t.online(1)
		t.send(flowhq.Restart)
		t.online(2)
	},
	"force-restart": func(t *star) {
		t.send(flowhq.Start)
		first := t.online(1)
		t.send(flowhq.ForceRestart)
		t.online(2)
		<-first.gone
	},
	"start-while-stopping": func(t *star) {
		t.send(flowhq.Start)
		t.online(1)
		t.send(flowhq.Stop)
		t.send(flowhq.Start)
		t.online(2)
	},
	"connection-lost": func(t *star) {
		t.send(flowhq.Start)
		t.online(1).end <- nil
		t.online(2)
	},
	"worker-lost": func(t *star) {
		t.send(flowhq.Start)
		close(t.online(1).silent)
		t.online(2)
	},
	"logged-out": func(t *star) {
		t.send(flowhq.Start)
		t.online(1).end <- ends(flowhq.EndLoggedOut, "unlinked on the phone")
		t.settles("unlinked on the phone")
		t.send(flowhq.Start)
		t.online(2)
	},
	"banned": func(t *star) {
		t.send(flowhq.Start)
		t.online(1).end <- ends(flowhq.EndBanned, "banned by WhatsApp")
		t.settles("banned by WhatsApp")
	},
	"banned-for-a-time": func(t *star) {
		t.send(flowhq.Start)
		until := time.Now().Add(2 * time.Second)
		t.online(1).end <- endsUntil(flowhq.EndTempBanned, "banned by WhatsApp for some time", until)
		t.online(2)
	},
	"refused": func(t *star) {
		t.send(flowhq.Start)
		t.host(1).end <- ends(flowhq.EndRefused, "refused by WhatsApp")
		t.settles("refused by WhatsApp")
	},
	"qr-expired": func(t *star) {
		t.send(flowhq.Start)
		a := t.host(1)
		t.report(1, flowhq.QRReady)
		a.end <- ends(flowhq.EndQRExpired, "nobody scanned the QR code")
		t.settles("nobody scanned the QR code")
	},
	"gone": func(t *star) {
		t.send(flowhq.Start)
		t.host(1).end <- ends(flowhq.EndGone, "the tenant does not exist any more")
		t.ended(workflowID(t.ID))
	},
	"deleted": func(t *star) {
		t.send(flowhq.Start)
		t.online(1)
		t.send(flowhq.Delete)
		t.ended(workflowID(t.ID))
	},
	"deleted-unstarted": func(t *star) {
		t.send(flowhq.Delete)
		t.ended(workflowID(t.ID))
	},
}

// longLives are lives that are long enough to continue as new.
var longLives = map[string]func(*star){
	"renewed-continued": func(t *star) {
		t.send(flowhq.Start)
		first := t.online(1)
		for closed := false; !closed; { // until the history is long
			select {
			case <-first.gone:
				closed = true
			default:
				t.send(flowhq.Start)
			}
		}
		t.online(2)
		t.send(flowhq.Stop)
		t.settles("stopped by an operator")
	},
	"continued": func(t *star) {
		for range 4 {
			t.send(flowhq.Start)
			t.host(t.requests).end <- ends(flowhq.EndRefused, "refused by WhatsApp")
			t.settles("refused by WhatsApp")
		}
	},
}

// jobs are the workflows that are not a tenant's life. They return their id.
var jobs = map[string]func(*stage) string{
	"bulk": func(s *stage) string { return s.bulk("00000000-0000-4000-8000-0000000000b1", "a", "b", "c") },
	"bulk-cancelled": func(s *stage) string {
		const id = "00000000-0000-4000-8000-0000000000b2"
		workflow := s.bulk(id, slow, "b")
		s.until("the page is sent", func() bool {
			d, err := s.temporal.DescribeWorkflowExecution(s.Context(), workflow, "")
			return err == nil && len(d.GetPendingActivities()) == 1 &&
				d.GetPendingActivities()[0].GetLastHeartbeatTime() != nil
		})
		if _, err := s.control.CancelBulk(s.Context(), id); err != nil {
			s.Fatal(err)
		}
		return workflow
	},
	"follow-up": func(s *stage) string {
		id := s.followUp("K48219")
		s.looked("K48219", 3)
		return id
	},
	"follow-up-moved": func(s *stage) string {
		id := s.followUp("moved")
		s.looked("moved", 1)
		s.followUp("moved")
		return id
	},
	"webhook": func(s *stage) string {
		id := s.webhook("retried")
		s.looked("retried", 3)
		return id
	},
	"webhook-told": func(s *stage) string {
		id := s.webhook("told")
		s.looked("told", 1)
		s.webhook("told")
		return id
	},
	"retention": func(s *stage) string {
		const id = "retention-by-hand"
		_, err := s.temporal.ExecuteWorkflow(s.Context(),
			client.StartWorkflowOptions{ID: id, TaskQueue: TaskQueue}, retentionWorkflow)
		if err != nil {
			s.Fatal(err)
		}
		return id
	},
}

// bulk begins a bulk at a pace at which each tenant is a page of its own.
func (s *stage) bulk(id string, tenants ...flowhq.TenantID) (workflow string) {
	s.Helper()
	_, err := s.control.StartBulk(s.Context(), flowhq.Bulk{
		ID: id, Command: flowhq.Restart, Actor: "admin", PerSecond: 1, Matched: len(tenants),
	}, tenants)
	if err != nil {
		s.Fatal(err)
	}
	return bulkID(id)
}

// TestRecord lives every kind of life, and with -update records it.
func TestRecord(t *testing.T) {
	s := newStage(t)
	for name, live := range lives {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.with(t).live(name, live)
		})
	}
	for name, do := range jobs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := s.with(t)
			id := do(s)
			s.ended(id)
			s.record(name, id)
		})
	}
}

// TestRecordLong is TestRecord for lives that continue as new.
func TestRecordLong(t *testing.T) {
	const events = 50
	s := newStage(t, suggestEarly(events)...)
	for name, live := range longLives {
		t.Run(name, func(t *testing.T) { s.with(t).live(name, live) })
	}
	t.Run("bulk-continued", func(t *testing.T) {
		s := s.with(t)
		var tenants []flowhq.TenantID
		for i := range 12 * pageTime {
			tenants = append(tenants, flowhq.TenantID(fmt.Sprint(i)))
		}
		id := s.bulk("00000000-0000-4000-8000-0000000000b3", tenants...)
		s.until("the bulk is done", func() bool {
			b, err := s.control.Bulk(t.Context(), "00000000-0000-4000-8000-0000000000b3")
			if err != nil {
				t.Fatal(err)
			}
			return b.State == flowhq.BulkDone && b.Sent == len(tenants)
		})
		s.record("bulk-continued", id)
	})
	t.Run("follow-up-continued", func(t *testing.T) {
		s := s.with(t)
		id := s.followUp("continued")
		s.ended(id)
		s.record("follow-up-continued", id)
	})
	t.Run("webhook-continued", func(t *testing.T) {
		s := s.with(t)
		id := s.webhook("busy")
		s.ended(id)
		s.record("webhook-continued", id)
	})
}

func (s *stage) with(t *testing.T) *stage { return &stage{t, s.scene} }

// live lives one life.
func (s *stage) live(name string, live func(*star)) {
	s.Helper()
	id := uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)).String() // the same each time it is recorded
	live(s.tenant(id))
	s.record(name, workflowID(flowhq.TenantID(id)))
}

// record writes the histories of a workflow, if it was asked for. In any case they
// replay.
func (s *stage) record(name, id string) {
	s.Helper()
	runs := s.runs(id)
	if strings.HasSuffix(name, "continued") != (len(runs) > 1) {
		s.Fatalf("%s has %d runs", name, len(runs))
	}
	for i, h := range runs {
		if err := replay(h); err != nil {
			s.Errorf("run %d does not replay: %v", i+1, err)
		}
		if !*update {
			continue
		}
		file := name
		if len(runs) > 1 {
			file = fmt.Sprintf("%s-%d", name, i+1)
		}
		if err := os.WriteFile(filepath.Join(histories, file+".json"), onePerLine(s.T, h),
			0o644); err != nil {
			s.Fatal(err)
		}
	}
}

// onePerLine returns a history as JSON with an event a line.
func onePerLine(t *testing.T, h *history.History) []byte {
	t.Helper()
	b := bytes.NewBufferString(`{"events":[`)
	for i, e := range h.Events {
		raw, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString([]string{",\n", "\n"}[max(0, 1-i)])
		if err := json.Compact(b, raw); err != nil { // its spaces differ from time to time
			t.Fatal(err)
		}
	}
	b.WriteString("\n]}\n")
	return b.Bytes()
}

// replay runs today's code over a history.
func replay(h *history.History) error {
	r := worker.NewWorkflowReplayer()
	Tenants{Renewal: time.Second}.Register(r)
	return r.ReplayWorkflowHistory(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), h)
}

// recorded returns the recorded histories by their file.
func recorded(t *testing.T) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	files, err := filepath.Glob(filepath.Join(histories, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if found[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	if least := len(lives) + len(longLives) + len(jobs); len(found) < least {
		t.Fatalf("%d histories for %d kinds of life; see -update", len(found), least)
	}
	return found
}

// TestReplay fails if a workflow that began with the code of a recorded history would
// not go on with today's.
func TestReplay(t *testing.T) {
	for file, raw := range recorded(t) {
		h, err := client.HistoryFromJSON(bytes.NewReader(raw), client.HistoryJSONOptions{})
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if err := replay(h); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestHistoriesTellNoSecrets: a history says which tenant it is about, by id and name,
// and nothing that belongs to its business or its customers.
func TestHistoriesTellNoSecrets(t *testing.T) {
	payload := regexp.MustCompile(`"data":"([^"]*)"`)
	secrets := map[string]*regexp.Regexp{
		"a phone number":  regexp.MustCompile(`\+[1-9][0-9]{6,14}\b|` + strings.TrimPrefix(number, "+")),
		"a business name": regexp.MustCompile(regexp.QuoteMeta(business)),
		"a WhatsApp id":   regexp.MustCompile(`@(lid|s\.whatsapp\.net|g\.us)`),
		"a QR code":       regexp.MustCompile(`[12]@[A-Za-z0-9+/=]{20,}|,[A-Za-z0-9+/=]{40,}`),
		"a text":          regexp.MustCompile(`"(text|body|message_text|contact|chat)"`),
	}
	named := 0
	for file, raw := range recorded(t) {
		all := []string{string(raw)}
		for _, m := range payload.FindAllStringSubmatch(string(raw), -1) {
			data, err := base64.StdEncoding.DecodeString(m[1])
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			all = append(all, string(data))
		}
		text := strings.Join(all, "\n")
		for what, secret := range secrets {
			if found := secret.FindString(text); found != "" {
				t.Errorf("%s holds %s: %q", file, what, found)
			}
		}
		if strings.Contains(text, "blue-door") {
			named++
		}
	}
	if named == 0 {
		t.Error("no payload was read: an operator should find the tenant by its name")
	}
}
