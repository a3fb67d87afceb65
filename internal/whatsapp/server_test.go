package whatsapp

import (
	"encoding/hex"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/flowhq/flowhq"
)

func TestLoadServer(t *testing.T) {
	tls := httptest.NewTLSServer(nil)
	defer tls.Close()
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca := file("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tls.Certificate().Raw})))
	key := file("root.key", strings.Repeat("ab", 32)+"\n")

	s, err := LoadServer("127.0.0.1:1", ca, key)
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(s.RootKey[:]); got != strings.Repeat("ab", 32) || s.Addr != "127.0.0.1:1" || s.RootCAs == nil {
		t.Errorf("LoadServer = %+v", s)
	}
	for name, args := range map[string][2]string{
		"no such file":   {filepath.Join(dir, "missing"), key},
		"PEM":            {key, key},
		"root key":       {ca, filepath.Join(dir, "gone")},
		"64 hexadecimal": {ca, file("short.key", "abcd")},
		"invalid byte":   {ca, file("bad.key", strings.Repeat("xy", 32))},
	} {
		if _, err := LoadServer("", args[0], args[1]); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("LoadServer(%s) = %v; want an error with %q", args, err, name)
		}
	}
}

func TestArray(t *testing.T) {
	tests := []struct {
		in   any
		want string
	}{
		{[]string{"a:0", "b_1:2"}, `{"a:0","b_1:2"}`},
		{[]string{`q"u\o,te`}, `{"q\"u\\o,te"}`},
		{[]string{}, "{}"},
		{[][]byte{{0, 255}, {1}}, `{"\\x00ff","\\x01"}`},
	}
	for _, tt := range tests {
		if got, err := newArray(tt.in).Value(); got != tt.want || err != nil {
			t.Errorf("array(%v) = %v, %v; want %v", tt.in, got, err, tt.want)
		}
	}
	if _, err := newArray([]int{1}).Value(); err == nil {
		t.Error("an array of integers is encoded")
	}
}

// A question has one reply id of each kind, whatever else is answered, and another tenant's
// or a later row's question of the same id has another.
func TestReplyID(t *testing.T) {
	form := regexp.MustCompile(`^3EB0[0-9A-F]{18}$`)
	question := flowhq.Message{ID: 7, WAMessageID: "3EB0A1"}
	seen := map[string]bool{}
	for _, id := range []string{
		ReplyID("a", question, flowhq.KindReply), ReplyID("a", question, flowhq.KindWarning), ReplyID("b", question, flowhq.KindReply),
		ReplyID("a", flowhq.Message{ID: 8, WAMessageID: "3EB0A1"}, flowhq.KindReply),
		ReplyID("a", flowhq.Message{ID: 7, WAMessageID: "3EB0A2"}, flowhq.KindReply),
	} {
		if !form.MatchString(id) || seen[id] {
			t.Errorf("ReplyID = %q", id)
		}
		seen[id] = true
	}
	if question.Text = "changed"; !seen[ReplyID("a", question, flowhq.KindReply)] {
		t.Error("a question has a second id for its reply")
	}
}
