package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAssistant(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		env  []string
		want Assistant
		bad  string // variable that is wrong
	}{
		"off": {nil, Assistant{}, ""},
		"anthropic": {[]string{"ASSISTANT_PROVIDER=anthropic", "ASSISTANT_MODEL=m",
			"ASSISTANT_API_KEY=hunter2"},
			Assistant{"anthropic", "https://api.anthropic.com/v1/messages", "m", "hunter2"}, ""},
		"own": {[]string{"ASSISTANT_PROVIDER=openai", "ASSISTANT_MODEL=m",
			"ASSISTANT_URL=http://127.0.0.1:8080/v1/chat/completions"},
			Assistant{"openai", "http://127.0.0.1:8080/v1/chat/completions", "m", ""}, ""},
		"file": {[]string{"ASSISTANT_PROVIDER=openai", "ASSISTANT_MODEL=m",
			"ASSISTANT_API_KEY_FILE=" + file},
			Assistant{"openai", "https://api.openai.com/v1/chat/completions", "m", "hunter2"}, ""},
		"no provider": {[]string{"ASSISTANT_API_KEY=hunter2"}, Assistant{}, "ASSISTANT_PROVIDER"},
		"provider": {[]string{"ASSISTANT_PROVIDER=bard", "ASSISTANT_MODEL=m"}, Assistant{},
			"ASSISTANT_PROVIDER"},
		"no model": {[]string{"ASSISTANT_PROVIDER=openai", "ASSISTANT_API_KEY=hunter2"},
			Assistant{}, "ASSISTANT_MODEL"},
		"no key": {[]string{"ASSISTANT_PROVIDER=anthropic", "ASSISTANT_MODEL=m"}, Assistant{},
			"ASSISTANT_API_KEY"},
		"two keys": {[]string{"ASSISTANT_PROVIDER=openai", "ASSISTANT_MODEL=m",
			"ASSISTANT_API_KEY=hunter2", "ASSISTANT_API_KEY_FILE=" + file}, Assistant{},
			"ASSISTANT_API_KEY_FILE"},
		"no file": {[]string{"ASSISTANT_PROVIDER=openai", "ASSISTANT_MODEL=m",
			"ASSISTANT_API_KEY_FILE=" + file + "x"}, Assistant{}, "ASSISTANT_API_KEY_FILE"},
		"empty file": {[]string{"ASSISTANT_PROVIDER=openai", "ASSISTANT_MODEL=m",
			"ASSISTANT_API_KEY_FILE=" + empty}, Assistant{}, "ASSISTANT_API_KEY_FILE"},
		"odd key": {[]string{"ASSISTANT_PROVIDER=openai", "ASSISTANT_MODEL=m",
			"ASSISTANT_API_KEY=hunter2\nx"}, Assistant{}, "ASSISTANT_API_KEY"},
		"odd URL": {[]string{"ASSISTANT_PROVIDER=openai", "ASSISTANT_MODEL=m",
			"ASSISTANT_URL=ftp://h/"}, Assistant{}, "ASSISTANT_URL"},
		"user in URL": {[]string{"ASSISTANT_PROVIDER=openai", "ASSISTANT_MODEL=m",
			"ASSISTANT_URL=https://hunter2@h/"}, Assistant{}, "ASSISTANT_URL"},
		"no host": {[]string{"ASSISTANT_PROVIDER=openai", "ASSISTANT_MODEL=m",
			"ASSISTANT_URL=https:///v1"}, Assistant{}, "ASSISTANT_URL"},
	} {
		c, err := Parse(environ(tt.env...))
		switch {
		case tt.bad == "" && (err != nil || c.Assistant != tt.want):
			t.Errorf("%s: %v", name, err)
		case tt.bad != "" && (err == nil || !strings.Contains("\n"+err.Error(), "\n"+tt.bad+": ")):
			t.Errorf("%s: %v; want a problem with %s", name, err, tt.bad)
		case err != nil && strings.Contains(err.Error(), "hunter2"):
			t.Errorf("%s: the key is in the error: %v", name, err)
		}
	}
}
