package dev

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// env is a getenv with a few variables set.
func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestDataFolderIsForOne(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), ".dev")
	f, err := openDataFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openDataFolder(dir); err == nil || !strings.Contains(err.Error(), "already runs in "+dir) {
		t.Errorf("second openDataFolder = %v; want that it already runs there", err)
	}
	f.close()
	again, err := openDataFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	again.close()
}

func TestAdminPasswordIsKept(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), ".dev")
	password := func(own string) string {
		p, err := adminPassword(t.Context(), dir, own)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if got := password("my own"); got != "my own" {
		t.Errorf("password = %q; want the caller's", got)
	}
	made := password("")
	if len(made) != 16 {
		t.Errorf("password = %q; want 16 letters", made)
	}
	if again := password(""); again != made {
		t.Errorf("password of the second start = %q; want %q", again, made)
	}
	if info, err := os.Stat(filepath.Join(dir, "admin-password")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("file = %v, %v; want it readable to its owner only", info, err)
	}
}

// "flowhq tenants" looks for one password, whichever way the API was started.
func TestAdminPasswordIsTheSameWithWhatsApp(t *testing.T) {
	dir := checkout(t)
	t.Chdir(dir)
	var passwords []string
	for _, whatsApp := range []bool{true, false} {
		s := &stack{options: options{whatsApp: whatsApp},
			getenv: env("HTTP_ADDR", "127.0.0.1:0", "FLOWHQ_BIN", "flowhq")}
		if err := s.prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.data.close()
		passwords = append(passwords, s.password)
	}
	kept, err := os.ReadFile(filepath.Join(dir, ".dev", "admin-password"))
	if err != nil || passwords[0] != passwords[1] || string(kept) != passwords[0]+"\n" {
		t.Errorf("passwords = %q and the kept one %q, %v; want all the same", passwords, kept, err)
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	if err := checkFreeSpace(t.TempDir(), 1<<62); err == nil || !strings.Contains(err.Error(), "make room") {
		t.Errorf("checkFreeSpace = %v; want what to do about it", err)
	}
}

// taken returns an address on which somebody listens.
func taken(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	busy := taken(t)
	_, port, _ := net.SplitHostPort(busy)
	_, _, err := apiAddr(busy)
	if err == nil || !strings.Contains(err.Error(), "port "+port+" is taken") ||
		!strings.Contains(err.Error(), "HTTP_ADDR") {
		t.Errorf("apiAddr(%s) = %v; want the port and the variable", busy, err)
	}
	if _, _, err := apiAddr("nonsense"); err == nil || !strings.Contains(err.Error(), "HTTP_ADDR=nonsense") {
		t.Errorf("apiAddr(nonsense) = %v; want the variable", err)
	}
	for _, host := range []string{"", "0.0.0.0", "127.0.0.1"} { // the first two are for other machines too
		listen, local, err := apiAddr(host + ":0")
		_, port, _ := net.SplitHostPort(local)
		if err != nil || listen != host+":"+port || local != "127.0.0.1:"+port || port == "0" {
			t.Errorf("apiAddr(%s:0) = %s, %s, %v; want the same host, and a loopback address", host,
				listen, local, err)
		}
	}
	if got := freeAddr(busy); got == busy || !strings.HasPrefix(got, "127.0.0.1:") {
		t.Errorf("freeAddr(%s) = %s; want another one", busy, got)
	}
	free := freeAddr("")
	if got := freeAddr(free); got != free {
		t.Errorf("freeAddr(%s) = %s; want the same", free, got)
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"postgres://u:p@" + taken(t) + "/db", "host=/run/postgresql",
		"postgres:///db?host=/tmp"} {
		if err := reachable(t.Context(), url); err != nil {
			t.Errorf("reachable(%s) = %v; want nil", url, err)
		}
	}
	closed := freeAddr("")
	err := reachable(t.Context(), "postgres://u:secret@"+closed+"/db")
	if err == nil || !strings.Contains(err.Error(), closed+" does not answer (connect: connection refused)") {
		t.Errorf("reachable = %v; want which address does not answer", err)
	}
	if err != nil && strings.Contains(err.Error(), "secret") {
		t.Errorf("reachable = %v; want no password in it", err)
	}
}

func TestVariablesThatContradict(t *testing.T) {
	t.Parallel()
	const addr, ca, key = "WHATSAPP_ADDR", "WHATSAPP_CA_FILE", "WHATSAPP_ROOT_KEY_FILE"
	for _, tt := range []struct {
		name     string
		whatsApp bool
		set      []string
		want     string // "" = fine
	}{
		{"nothing", false, nil, ""},
		{"all three", false, []string{addr, "a", ca, "b", key, "c"}, ""},
		{"two of three", false, []string{addr, "a", key, "c"},
			"only WHATSAPP_ADDR, WHATSAPP_ROOT_KEY_FILE is set"},
		{"whatsapp", true, nil, ""},
		{"whatsapp elsewhere", true, []string{addr, "a", ca, "b", key, "c"}, "leave out one of the two"},
	} {
		s := &stack{options: options{whatsApp: tt.whatsApp}, getenv: env(tt.set...)}
		err := s.checkVariables()
		if tt.want == "" && err != nil || tt.want != "" &&
			(err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v; want %q", tt.name, err, tt.want)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"-h"}, 0, "-whatsapp"},
		{[]string{"--nope"}, 2, "not defined"},
		{[]string{"nope"}, 2, `"nope" is one argument too many`},
	} {
		var stderr bytes.Buffer
		code := Up(t.Context(), nil, tt.args, env(), &stderr, &stderr)
		if code != tt.code || !strings.Contains(stderr.String(), tt.says) {
			t.Errorf("up %v = %d, %q; want %d, %q", tt.args, code, stderr.String(), tt.code, tt.says)
		}
	}
	for _, tt := range []struct {
		args []string
		code int
	}{{[]string{"-h"}, 0}, {[]string{"--"}, 2}, {nil, 2}, {[]string{"-race"}, 2}} {
		var stderr bytes.Buffer
		if code := TestEnv(t.Context(), tt.args, env(), &stderr, &stderr); code != tt.code ||
			!strings.Contains(stderr.String(), "usage: flowhq-dev testenv") {
			t.Errorf("testenv %q = %d, %q; want %d and the usage", tt.args, code, stderr.String(), tt.code)
		}
	}
}
