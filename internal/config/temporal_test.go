package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTemporalFromAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "temporal.toml")
	const text = `
[profile.default]
address = "a:7233"
[profile.cloud]
address = "b:7233"
namespace = "ours"
api_key = "hunter2"
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, env, address, namespace string
		tls                           bool
	}{
		{"default profile", "", "a:7233", "flowhq", false},
		{"a profile", "TEMPORAL_PROFILE=cloud", "b:7233", "ours", true},
		{"variables come first", "TEMPORAL_ADDRESS=c:7233", "c:7233", "flowhq", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Parse(environ("TEMPORAL_CONFIG_FILE="+file, tt.env), Temporal)
			if err != nil {
				t.Fatal(err)
			}
			o := c.TemporalAccess.Options()
			tls := o.ConnectionOptions.TLS != nil
			if c.TemporalAddress != tt.address || c.TemporalNamespace != tt.namespace || tls != tt.tls {
				t.Errorf("%s, %s, TLS %v; want %s, %s, %v",
					c.TemporalAddress, c.TemporalNamespace, tls, tt.address, tt.namespace, tt.tls)
			}
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
				if text := fmt.Sprintf(verb, c); strings.Contains(text, "hunter2") {
					t.Errorf("%s prints the key", verb)
				}
			}
		})
	}
}

// TestTemporalFileIsAskedFor: the file of a person's tools does not lead us elsewhere.
func TestTemporalFileIsAskedFor(t *testing.T) {
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Setenv("HOME", home)
	dir := filepath.Join(home, "temporalio")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	text := []byte("[profile.default]\naddress = \"a:7233\"\n")
	if err := os.WriteFile(filepath.Join(dir, "temporal.toml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err := Parse(environ()); err != nil || c.TemporalAddress != "" {
		t.Errorf("address %q, %v; want none", c.TemporalAddress, err)
	}
}

func TestTemporalProblems(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	junk, toml := file("junk", "hunter2"), file("temporal.toml", "[profile.default]\n")
	const missing = "/nowhere/file"
	const cannotRead = "cannot be read: open " + missing + ": no such file or directory"
	const ca, cert, key = "TEMPORAL_TLS_SERVER_CA_CERT", "TEMPORAL_TLS_CLIENT_CERT", "TEMPORAL_TLS_CLIENT_KEY"
	const noPEM = "_PATH: the certificate or its key is not usable PEM: "
	for _, tt := range []struct {
		name string
		env  []string
		want []string
	}{
		{"neither true nor false", []string{"TEMPORAL_TLS=yes",
			"TEMPORAL_TLS_DISABLE_HOST_VERIFICATION=no"}, []string{
			`TEMPORAL_TLS: "yes" is neither true nor false`,
			`TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: "no" is neither true nor false`}},
		{"no such files", []string{ca + "_PATH=" + missing, cert + "_PATH=" + missing,
			key + "_PATH=" + missing}, []string{
			cert + "_PATH: " + cannotRead, key + "_PATH: " + cannotRead, ca + "_PATH: " + cannotRead}},
		{"no key", []string{cert + "_DATA=x"},
			[]string{key + "_PATH: missing; a client certificate needs its key"}},
		{"no certificate", []string{key + "_PATH=" + junk}, []string{
			cert + "_PATH: missing; the key of a client certificate needs the certificate"}},
		{"twice", []string{ca + "_DATA=x", ca + "_PATH=" + junk}, []string{
			ca + "_PATH: is set, and so is " + ca + "_DATA; set one of them"}},
		{"no certificate of a server", []string{ca + "_PATH=" + junk}, []string{
			ca + noPEM + "failed adding server CA to CA pool"}},
		{"no certificate of a client", []string{key + "_DATA=hunter2", cert + "_DATA=x"}, []string{
			cert + noPEM + "tls: failed to find any PEM data in certificate input"}},
		{"none of it matters without TLS", []string{"TEMPORAL_TLS=false", ca + "_PATH=" + missing}, nil},
		{"no such configuration file", []string{"TEMPORAL_CONFIG_FILE=" + missing}, []string{
			"TEMPORAL_CONFIG_FILE: cannot be read: stat " + missing + ": no such file or directory"}},
		{"no configuration file", []string{"TEMPORAL_CONFIG_FILE=" + junk}, []string{
			"TEMPORAL_CONFIG_FILE: is not a configuration file of Temporal's clients, " +
				"in TOML with a table [profile.default]"}},
		{"no such profile", []string{"TEMPORAL_CONFIG_FILE=" + toml, "TEMPORAL_PROFILE=cloud"}, []string{
			`TEMPORAL_PROFILE: the configuration file has no profile "cloud"`}},
		{"no address anywhere", []string{"TEMPORAL_CONFIG_FILE=" + toml, "TEMPORAL_ADDRESS="}, []string{
			"TEMPORAL_ADDRESS: missing; set it to host:port of a Temporal server, such as localhost:7233"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(environ(append([]string{"TEMPORAL_ADDRESS=t:7233"}, tt.env...)...), Temporal)
			var got []string
			if err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("problems:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}
