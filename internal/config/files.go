package config

import (
	"errors"
	"io"
	"os"
	"strings"
)

// fileSuffix is what the name of a secret setting has at its end where the value is the path of a
// file. A file keeps the secret out of the environment of the process, which other programs of the
// user, crash reports and "docker inspect" show.
const fileSuffix = "_FILE"

// maxSecretFile bounds a secret in a file, in bytes: a path to something else must not fill memory.
const maxSecretFile = 64 << 10

// secretSettings are the settings that may come from a file.
var secretSettings = []string{
	"DATABASE_URL", "TEMPORAL_API_KEY", "PAYLOAD_KEYS", "ADMIN_PASSWORD", "PORTAL_INTERNAL_KEY",
	"OIDC_CLIENT_SECRET", "SMTP_PASSWORD", "ASSISTANT_API_KEY", "WHATSAPP_PROXY",
	"FLOWHQ_KEY", // of the commands that ask the API
}

// readFiles reads the secrets that are in files. From then on their settings are as if the
// environment had them.
func (e *environment) readFiles() {
	fromFiles, getenv := map[string]string{}, e.getenv
	for _, name := range secretSettings {
		file := name + fileSuffix
		path := strings.TrimSpace(getenv(file))
		if path == "" {
			continue
		}
		// Neither is taken: nobody could say which of them is the present one.
		if strings.TrimSpace(getenv(name)) != "" {
			e.problem(file, "is set, and so is %s; set one of them", name)
			continue
		}
		value, err := readSecret(path)
		if err != nil {
			e.problem(file, "%v", err)
			continue
		}
		fromFiles[name] = value
	}
	// The names of the files stay readable, by which other checks see that a secret was meant to be
	// there.
	e.getenv = func(name string) string {
		if value, ok := fromFiles[name]; ok {
			return value
		}
		return getenv(name)
	}
}

// WithFiles returns getenv for a command that reads single settings rather than all: secrets that
// are in files are there as if the environment had them. An error names the variable.
func WithFiles(getenv func(string) string) (func(string) string, error) {
	e := &environment{getenv: getenv}
	e.readFiles()
	return e.getenv, errors.Join(e.problems...)
}

// readSecret reads a file without the line break at its end, which most editors and "echo" leave.
// Other space stays: it may be part of a password. An error never repeats what is in the file.
func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", errors.New("cannot be read: " + cause(err).Error())
	}
	defer f.Close()
	// One byte more than allowed is read, to tell a full file from one that is too long.
	raw, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	switch value := strings.TrimRight(string(raw), "\r\n"); {
	case err != nil:
		return "", errors.New("cannot be read: " + cause(err).Error())
	case len(raw) > maxSecretFile:
		return "", errors.New(path + " has more than 64 KiB, which no secret has")
	case strings.TrimSpace(value) == "":
		return "", errors.New(path + " is empty; write the secret into it")
	default:
		return value, nil
	}
}
