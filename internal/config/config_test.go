package config

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/flowhq/flowhq/internal/codec"
)

func environ(pairs ...string) func(string) string {
	vars := map[string]string{}
	for _, p := range pairs {
		name, value, _ := strings.Cut(p, "=")
		vars[name] = value
	}
	return func(name string) string { return vars[name] }
}

// compareSecrets lets cmp look at secrets, which it would otherwise print as redacted.
var compareSecrets = cmp.Options{
	cmp.Comparer(func(a, b Secret) bool { return a.Reveal() == b.Reveal() }),
	cmpopts.IgnoreTypes(TemporalAccess{}), // see TestTemporalFromAFile
}

func base64Key(letter string) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(letter, codec.KeyBytes)))
}

func wrongKey(n int) string {
	return fmt.Sprintf("PAYLOAD_KEYS: key %d is not id:base64 of 32 bytes with an id of its own, such as those of: echo 2026a:$(openssl rand -base64 32)", n)
}

func TestDefaults(t *testing.T) {
	got, err := Parse(environ("LOGS_PATH= "))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		TemporalNamespace: "flowhq", HTTPAddr: "127.0.0.1:3000", Renewal: 5 * time.Second,
		ConnectsPerSecond: 20, DrainTimeout: 25 * time.Second,
		RepliesPerMinute: 10, RepliesPerContact: 5, RetentionDays: 365, AnswerWithin: 24 * 60,
		BurstWindow: 1500 * time.Millisecond, LogLevel: slog.LevelInfo, StatePath: "./state",
		LogsPath: "./logs",
	}
	if diff := cmp.Diff(want, got, compareSecrets); diff != "" {
		t.Errorf("Parse of an empty environment (-want +got):\n%s", diff)
	}
}

func TestEveryVariable(t *testing.T) {
	got, err := Parse(environ(
		"DATABASE_URL=postgres://u:p@db:5432/flowhq", "TEMPORAL_ADDRESS= temporal:7233 ",
		"TEMPORAL_NAMESPACE=other",
		"HTTP_ADDR=127.0.0.1:0", "METRICS_ADDR=127.0.0.1:0", "ADMIN_PASSWORD= p w of twelve ",
		"ADMIN_QUERY_AUTH=true", "PORTAL_INTERNAL_KEY=a-portal-key-of-24-letters",
		"SETUP_APPROVAL=automatic",
		"TRUSTED_PROXIES=10.0.0.7 ,fd00::/8",
		"WORKER_CAPACITY=100000", "LEASE_RENEWAL_INTERVAL_MS=200", "CONNECTS_PER_SECOND=1000",
		"DRAIN_TIMEOUT_MS=0", "RATE_LIMIT_MAX_PER_MINUTE=0",
		"RATE_LIMIT_MAX_PER_CONTACT=100000", "RETENTION_DAYS=30", "ANSWER_WITHIN_MINUTES=1",
		"BURST_WINDOW_MS=5000",
		"PAYLOAD_KEYS=b:"+base64Key("b")+" , a:"+base64Key("a"), "CODEC_ORIGIN=https://temporal.example/",
		"WHATSAPP_ADDR=[::1]:5222", "WHATSAPP_CA_FILE=ca.pem", "WHATSAPP_ROOT_KEY_FILE=root.key",
		"WHATSAPP_PROXY=socks5://u:p@proxy:1080", "WHATSAPP_VERSION=2.3000.1047769893",
		"LOG_LEVEL=WARN", "LOGS_PATH=/var/log/flowhq", "STATE_PATH=/var/lib/flowhq",
	), Database, Temporal, Admin)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		DatabaseURL: "postgres://u:p@db:5432/flowhq", TemporalAddress: "temporal:7233",
		TemporalNamespace: "other",
		PayloadKeys: []PayloadKey{{"b", Secret(strings.Repeat("b", 32))},
			{"a", Secret(strings.Repeat("a", 32))}}, CodecOrigin: "https://temporal.example",
		HTTPAddr: "127.0.0.1:0", MetricsAddr: "127.0.0.1:0", AdminPassword: " p w of twelve ",
		AdminQueryAuth: true, PortalKey: "a-portal-key-of-24-letters", ApproveSetups: true,
		TrustedProxies: []string{"10.0.0.7", "fd00::/8"},
		WorkerCapacity: 100_000, Renewal: 200 * time.Millisecond, ConnectsPerSecond: 1000,
		RepliesPerMinute: 0, RepliesPerContact: 100_000, RetentionDays: 30, AnswerWithin: 1,
		BurstWindow:   5 * time.Second,
		WhatsApp:      WhatsApp{"[::1]:5222", "ca.pem", "root.key"},
		WhatsAppProxy: "socks5://u:p@proxy:1080", WhatsAppVersion: "2.3000.1047769893",
		LogLevel: slog.LevelWarn, LogsPath: "/var/log/flowhq", StatePath: "/var/lib/flowhq",
		StateRequired: true,
	}
	if diff := cmp.Diff(want, got, compareSecrets); diff != "" {
		t.Errorf("Parse (-want +got):\n%s", diff)
	}
}

func TestProblems(t *testing.T) {
	const together = "missing; set WHATSAPP_ADDR, WHATSAPP_CA_FILE and WHATSAPP_ROOT_KEY_FILE together, or none of them"
	const newPassword = "set it to the password of the admin API, such as that of: openssl rand -base64 24"
	tests := []struct {
		name string
		env  []string
		need []Need
		want []string // one line each
	}{
		{"needs, all at once", []string{"ADMIN_PASSWORD= "}, []Need{Database, Temporal, Admin}, []string{
			"DATABASE_URL: missing; set it to the URL of a PostgreSQL database, such as postgres://user:password@localhost:5432/flowhq",
			"TEMPORAL_ADDRESS: missing; set it to host:port of a Temporal server, such as localhost:7233",
			"ADMIN_PASSWORD: missing; " + newPassword,
		}},
		{"short password", []string{"ADMIN_PASSWORD=hunter2-éß-"}, nil,
			[]string{"ADMIN_PASSWORD: has 11 characters, and needs at least 12; " + newPassword}},
		{"password that is long enough", []string{"ADMIN_PASSWORD=hunter2-éß-x"}, nil, nil},
		{"no need", nil, nil, nil},
		{"one need", []string{"DATABASE_URL=postgresql://db/x"}, []Need{Database}, nil},
		{"another database", []string{"DATABASE_URL=mysql://u:hunter2@db/x"}, nil, []string{
			"DATABASE_URL: not a PostgreSQL URL; set it to the URL of a PostgreSQL database, such as postgres://user:password@localhost:5432/flowhq"}},
		{"broken URL with a password", []string{"DATABASE_URL=postgres://u:hunter2%zz@db/x"}, nil, []string{
			"DATABASE_URL: not a PostgreSQL URL; set it to the URL of a PostgreSQL database, such as postgres://user:password@localhost:5432/flowhq"}},
		{"addresses", []string{"TEMPORAL_ADDRESS=temporal", "HTTP_ADDR=:65536"}, nil, []string{
			`TEMPORAL_ADDRESS: "temporal" is not host:port with a port from 0 to 65535; such as 127.0.0.1:3000`,
			`HTTP_ADDR: ":65536" is not host:port with a port from 0 to 65535; such as 127.0.0.1:3000`}},
		{"port 0", []string{"TEMPORAL_ADDRESS=h:0", "HTTP_ADDR=:0"}, nil, []string{
			`TEMPORAL_ADDRESS: "h:0" has port 0, to which nothing can connect`}},
		{"numbers", []string{"WORKER_CAPACITY=0", "LEASE_RENEWAL_INTERVAL_MS=60001",
			"CONNECTS_PER_SECOND=0", "DRAIN_TIMEOUT_MS=600001", "RATE_LIMIT_MAX_PER_MINUTE=-1",
			"RATE_LIMIT_MAX_PER_CONTACT=ten", "RETENTION_DAYS=29"}, nil, []string{
			`WORKER_CAPACITY: "0" is not a whole number from 1 to 100000`,
			`LEASE_RENEWAL_INTERVAL_MS: "60001" is not a whole number from 200 to 60000`,
			`DRAIN_TIMEOUT_MS: "600001" is not a whole number from 0 to 600000`,
			`CONNECTS_PER_SECOND: "0" is not a whole number from 1 to 1000`,
			`RATE_LIMIT_MAX_PER_MINUTE: "-1" is not a whole number from 0 to 100000`,
			`RATE_LIMIT_MAX_PER_CONTACT: "ten" is not a whole number from 0 to 100000`,
			`RETENTION_DAYS: "29" is not a whole number from 30 to 3650`}},
		{"payload keys", []string{"PAYLOAD_KEYS=hunter2,a:aHVudGVyMg==,:" + base64Key("x") + ",a:" +
			base64Key("a") + ",a:" + base64Key("b")}, nil, []string{
			wrongKey(1), wrongKey(2), wrongKey(3), wrongKey(5)}},
		{"origin", []string{"CODEC_ORIGIN=http://h/path"}, nil, []string{
			`CODEC_ORIGIN: "http://h/path" is not the origin of a page, such as http://localhost:8233`}},
		{"proxies", []string{"TRUSTED_PROXIES=10.0.0.0/33,localhost,,::1,fe80::1%eth0"}, nil, []string{
			`TRUSTED_PROXIES: "10.0.0.0/33" is neither an IP address nor a network such as 10.0.0.0/8`,
			`TRUSTED_PROXIES: "localhost" is neither an IP address nor a network such as 10.0.0.0/8`,
			`TRUSTED_PROXIES: "" is neither an IP address nor a network such as 10.0.0.0/8`,
			`TRUSTED_PROXIES: "fe80::1%eth0" is neither an IP address nor a network such as 10.0.0.0/8`}},
		{"words", []string{"ADMIN_QUERY_AUTH=yes", "LOG_LEVEL=loud"}, nil, []string{
			`ADMIN_QUERY_AUTH: "yes" is neither true nor false`,
			`LOG_LEVEL: "loud" is not debug, info, warn or error`}},
		{"proxy", []string{"WHATSAPP_PROXY=ftp://u:hunter2@proxy"}, nil, []string{
			"WHATSAPP_PROXY: not the URL of a proxy, such as http://proxy:3128 or socks5://user:password@proxy:1080"}},
		{"version", []string{"WHATSAPP_VERSION=2.3000"}, nil, []string{
			`WHATSAPP_VERSION: "2.3000" is not a version such as 2.3000.1047769893`}},
		{"one of three", []string{"WHATSAPP_ADDR=h:1"}, nil, []string{
			"WHATSAPP_CA_FILE: " + together, "WHATSAPP_ROOT_KEY_FILE: " + together}},
		{"two of three", []string{"WHATSAPP_CA_FILE=a", "WHATSAPP_ROOT_KEY_FILE=b"}, nil,
			[]string{"WHATSAPP_ADDR: " + together}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Parse(environ(tt.env...), tt.need...)
			var got []string
			if err != nil {
				got = strings.Split(err.Error(), "\n")
				if diff := cmp.Diff(Config{}, c, compareSecrets); diff != "" {
					t.Errorf("Parse returned both an error and a Config")
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSecretStaysSecret(t *testing.T) {
	const value = "hunter2"
	type holder struct{ S Secret }
	h := holder{value}

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10s"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb+"\n", h.S, h, &h)
	}
	fmt.Fprintln(&out, h.S, []Secret{h.S}, map[string]Secret{"k": h.S})
	slog.New(slog.NewTextHandler(&out, nil)).Info("text", "s", h.S, "h", h)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "s", h.S, "h", h)
	if err := json.NewEncoder(&out).Encode(map[string]any{"s": h.S, "h": h}); err != nil {
		t.Fatal(err)
	}
	for _, leak := range []string{value, fmt.Sprintf("%x", value), fmt.Sprintf("%X", value)} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("%q leaked:\n%s", leak, out.String())
		}
	}
	if h.S.Reveal() != value {
		t.Errorf("Reveal() = %q; want %q", h.S.Reveal(), value)
	}
}
