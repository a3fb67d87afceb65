package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// secretFile writes a file of a test.
func secretFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// valid has a right value for each setting that may come from a file.
var valid = map[string]string{
	"DATABASE_URL": "postgres://u:hunter2@db/flowhq", "TEMPORAL_API_KEY": "hunter2",
	"PAYLOAD_KEYS":        "a:" + base64Key("a"),
	"ADMIN_PASSWORD":      " hunter2 of twelve ",
	"PORTAL_INTERNAL_KEY": "hunter2-hunter2-hunter2-hunter2", "ASSISTANT_API_KEY": "hunter2",
	"WHATSAPP_PROXY": "socks5://u:hunter2@proxy:1080", "FLOWHQ_KEY": "fhq_hunter2",
	"OIDC_CLIENT_SECRET": "hunter2", "SMTP_PASSWORD": "hunter2",
}

// TestSecretsFromFiles: each secret is the same from a file as from the environment, and each way
// to get that wrong is told by name.
func TestSecretsFromFiles(t *testing.T) {
	more := []string{"ASSISTANT_PROVIDER=openai", "ASSISTANT_MODEL=m"}
	provider := []string{"OIDC_ISSUER=https://issuer.example.com", "OIDC_CLIENT_ID=flowhq",
		"PUBLIC_URL=https://hq.example.com"}
	for _, name := range secretSettings {
		value, more := valid[name], more
		if name == "OIDC_CLIENT_SECRET" {
			more = append(slices.Clone(more), provider...)
		}
		if name == "SMTP_PASSWORD" {
			more = append(slices.Clone(more), "SMTP_HOST=smtp.example.com", "SMTP_USER=u",
				"SMTP_FROM=hq@example.com", "PUBLIC_URL=https://hq.example.com")
		}
		if value == "" {
			t.Fatalf("no value for %s", name)
		}
		want, err := Parse(environ(append(slices.Clone(more), name+"="+value, "ASSISTANT_URL=http://h/")...))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, end := range []string{"", "\n", "\r\n", "\n\n"} {
			got, err := Parse(environ(append(slices.Clone(more),
				name+"_FILE="+secretFile(t, value+end), "ASSISTANT_URL=http://h/")...))
			if err != nil || got.DatabaseURL != want.DatabaseURL ||
				got.AdminPassword != want.AdminPassword || got.PortalKey != want.PortalKey ||
				got.Assistant != want.Assistant || got.OpenID != want.OpenID || got.Mail != want.Mail ||
				got.WhatsAppProxy != want.WhatsAppProxy || !slices.Equal(got.PayloadKeys, want.PayloadKeys) {
				t.Errorf("%s from a file that ends with %q: %v", name, end, err)
			}
			getenv, err := WithFiles(environ(name + "_FILE=" + secretFile(t, value+end)))
			if err != nil || getenv(name) != value {
				t.Errorf("WithFiles: %s = %q, %v", name, getenv(name), err)
			}
		}
		dir := t.TempDir()
		for what, tt := range map[string]struct{ path, env, want string }{
			"both":      {secretFile(t, value), name + "=" + value, "is set, and so is " + name},
			"missing":   {filepath.Join(dir, "none"), "", "no such file"},
			"a folder":  {dir, "", "is a directory"},
			"empty":     {secretFile(t, ""), "", "is empty"},
			"a line":    {secretFile(t, " \n"), "", "is empty"},
			"far large": {secretFile(t, strings.Repeat("hunter2", 10_000)), "", "more than 64 KiB"},
		} {
			_, err := Parse(environ(append(slices.Clone(more), "ASSISTANT_URL=http://h/",
				name+"_FILE="+tt.path, tt.env)...), Database, Admin)
			line := ""
			if err != nil {
				for l := range strings.Lines(err.Error()) {
					if strings.HasPrefix(l, name) {
						line += l
					}
				}
			}
			if !strings.HasPrefix(line, name+"_FILE: ") || !strings.Contains(line, tt.want) ||
				strings.Count(line, "\n") > 1 || strings.Contains(line, "hunter2") {
				t.Errorf("%s, %s: %q; want a line about the file with %q", name, what, line, tt.want)
			}
		}
	}
}

// TestEverySecretHasAFile: a setting that cannot be printed is one that may come from a file.
func TestEverySecretHasAFile(t *testing.T) {
	source, err := os.ReadFile("config.go")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(source)) {
		for _, reader := range []string{"e.databaseURL(", "e.password(", "e.portalKey(",
			"e.secret(", "e.proxy(", "e.payloadKeys("} {
			_, argument, found := strings.Cut(line, reader)
			name, _, _ := strings.Cut(strings.NewReplacer("string(Database)", `"DATABASE_URL"`,
				"string(Admin)", `"ADMIN_PASSWORD"`).Replace(argument), ",")
			name = strings.Trim(name, "\")\n")
			if found && !slices.Contains(secretSettings, name) {
				t.Errorf("%q is a secret and cannot come from a file", name)
			}
		}
	}
}
