package whatsapp

import (
	"encoding/hex"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	ca := file("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE",
		Bytes: tls.Certificate().Raw})))
	key := file("root.key", strings.Repeat("ab", 32)+"\n")

	s, err := LoadServer("127.0.0.1:1", ca, key)
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(s.RootKey[:]); got != strings.Repeat("ab", 32) ||
		s.Addr != "127.0.0.1:1" || s.RootCAs == nil {
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
