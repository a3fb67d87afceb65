package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"github.com/flowhq/flowhq/internal/codec"
	"github.com/flowhq/flowhq/internal/config"
	"github.com/flowhq/flowhq/internal/temporaltls"
	"github.com/flowhq/flowhq/workflows"
)

// TestTemporalOverTLS reaches a real Temporal that is not open to everybody, and says in
// one sentence what is missing where it cannot.
func TestTemporalOverTLS(t *testing.T) {
	server, err := testsuite.StartDevServer(t.Context(), testsuite.DevServerOptions{
		ExistingPath: os.Getenv("TEMPORALD"),
		ClientOptions: &client.Options{Namespace: "flowhq",
			Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))},
		LogLevel: "error",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	const apiKey = "hunter2-hunter2"
	ours, theirs := temporaltls.NewAuthority(t), temporaltls.NewAuthority(t)
	certs, keys := temporaltls.Serve(t, ours, server.FrontendHostPort(), ""),
		temporaltls.Serve(t, ours, server.FrontendHostPort(), apiKey)
	cert, key := ours.Pair("worker")
	otherCert, otherKey := theirs.Pair("worker")
	trust := "TEMPORAL_TLS_SERVER_CA_CERT_PATH=" + ours.File
	name := "TEMPORAL_TLS_SERVER_NAME=" + temporaltls.Name
	with := func(cert, key string) []string {
		return []string{trust, name, "TEMPORAL_TLS_CLIENT_CERT_PATH=" + cert,
			"TEMPORAL_TLS_CLIENT_KEY_PATH=" + key}
	}
	withKey := func(key string) []string { return []string{trust, name, "TEMPORAL_API_KEY=" + key} }
	for _, tt := range []struct {
		name, address string
		env           []string
		says          string // "" if it succeeds
	}{
		{"client certificate", certs, with(cert, key), ""},
		{"client certificate as data", certs, []string{
			"TEMPORAL_TLS_SERVER_CA_CERT_DATA=" + read(t, ours.File), name,
			"TEMPORAL_TLS_CLIENT_CERT_DATA=" + read(t, cert),
			"TEMPORAL_TLS_CLIENT_KEY_DATA=" + read(t, key)}, ""},
		{"API key", keys, withKey(apiKey), ""},
		{"in the clear", server.FrontendHostPort(), nil, ""},
		{"no client certificate", certs, []string{trust, name}, "wants a client certificate"},
		{"another authority's certificate", certs, with(otherCert, otherKey),
			"does not accept the client certificate"},
		{"server of an unknown authority", keys, []string{name, "TEMPORAL_API_KEY=" + apiKey},
			"TEMPORAL_TLS_SERVER_CA_CERT_PATH"},
		{"server of another name", keys, []string{trust, "TEMPORAL_API_KEY=" + apiKey},
			"TEMPORAL_TLS_SERVER_NAME"},
		{"wrong API key", keys, withKey("guess-guess"), "refuses the TEMPORAL_API_KEY"},
		{"no API key", keys, []string{trust, name}, "or that there is none"},
		{"TLS to who speaks none", server.FrontendHostPort(), []string{"TEMPORAL_TLS=true"},
			"does not speak TLS"},
		{"no TLS to who speaks it", keys, nil, "TEMPORAL_TLS to true"},
		{"nobody there", "127.0.0.1:1", nil, "does not answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			err := dial(t, &out, append(tt.env, "TEMPORAL_ADDRESS="+tt.address)...)
			switch {
			case tt.says == "" && err != nil:
				t.Errorf("no connection: %v", err)
			case tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)):
				t.Errorf("error %v; want one that says %q", err, tt.says)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has several lines: %v", err)
			}
			if text := out.String(); strings.Contains(text, "hunter2") || strings.Contains(text, "guess") {
				t.Errorf("a key is in the log:\n%s", text)
			}
		})
	}
}

// dial connects as a process with these settings does, and asks for the namespace.
func dial(t *testing.T, out io.Writer, env ...string) error {
	vars := map[string]string{}
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		vars[name] = value
	}
	settings, err := config.Parse(func(name string) string { return vars[name] }, config.Temporal)
	if err != nil {
		return err
	}
	p := &process{config: settings, log: slog.New(slog.NewTextHandler(out,
		&slog.HandlerOptions{Level: slog.LevelDebug}))}
	defer p.close()
	if p.codec, err = codec.New(nil); err != nil {
		return err
	}
	const patience = 30 * time.Second
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := p.dialTemporal(ctx, "test"); err != nil {
		return err
	}
	return workflows.NewClient(p.temporal).Ping(ctx)
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
