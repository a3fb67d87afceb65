package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A unit is a unit file: "Section.Key" to its values, in order.
type unit map[string][]string

// readUnit reads a unit file and fails the test if a line is none of a comment, a
// section or a setting.
func readUnit(t *testing.T, path string) unit {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	u, section := unit{}, ""
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		key, value, setting := strings.Cut(line, "=")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[' && line[len(line)-1] == ']':
			section = line[1 : len(line)-1]
		case setting && section != "":
			u[section+"."+key] = append(u[section+"."+key], value)
		default:
			t.Errorf("%s: %q is no setting", path, line)
		}
	}
	return u
}

// Whatever ends a process, it is started again, without end, and it has the time to
// hand over what it does. Instances of the worker may differ in their settings, which
// come after those of all.
func TestUnitsComeBack(t *testing.T) {
	const common = "/etc/flowhq/flowhq.env"
	settings := map[string][]string{"worker": {common, "-/etc/flowhq/worker-%i.env"}, "api": {common}}
	for name, command := range map[string]string{"flowhq-worker@.service": "worker",
		"flowhq-api.service": "api"} {
		u := readUnit(t, filepath.Join("systemd", name))
		for key, want := range map[string][]string{
			"Service.ExecStart":          {"/usr/local/bin/flowhq " + command},
			"Service.Restart":            {"always"},
			"Unit.StartLimitIntervalSec": {"0"}, // else systemd gives up after five starts
			"Service.KillSignal":         {"SIGTERM"},
			"Service.EnvironmentFile":    settings[command],
			"Service.User":               {"flowhq"},
			"Install.WantedBy":           {"multi-user.target"},
		} {
			if got := u[key]; !slices.Equal(got, want) {
				t.Errorf("%s: %s is %v; want %v", name, key, got, want)
			}
		}
		if len(u["Service.MemoryMax"]) != 1 || len(u["Service.TimeoutStopSec"]) != 1 {
			t.Errorf("%s: memory %v, time to stop %v; want both bounded", name,
				u["Service.MemoryMax"], u["Service.TimeoutStopSec"])
		}
	}
}

// The unit that migrates ends when the database is up to date, however long that takes, and
// has the settings of the others: among them the renewal interval, which bounds its locks.
func TestUnitMigratesOnce(t *testing.T) {
	u := readUnit(t, filepath.Join("systemd", "flowhq-migrate.service"))
	for key, want := range map[string][]string{
		"Service.Type":            {"oneshot"},
		"Service.ExecStart":       {"/usr/local/bin/flowhq migrate"},
		"Service.EnvironmentFile": {"/etc/flowhq/flowhq.env"},
		"Service.User":            {"flowhq"},
		"Service.TimeoutStartSec": {"infinity"},
	} {
		if got := u[key]; !slices.Equal(got, want) {
			t.Errorf("flowhq-migrate.service: %s is %v; want %v", key, got, want)
		}
	}
}

// hardening is what every unit has to say. The program needs no right but to reach the network, its
// folders and the sockets of a proxy or database on the same machine.
var hardening = map[string]string{
	"NoNewPrivileges": "yes", "CapabilityBoundingSet": "", "PrivateTmp": "yes", "PrivateDevices": "yes",
	"DevicePolicy": "closed", "PrivateUsers": "yes", "ProtectSystem": "strict", "ProtectHome": "yes",
	"ProtectProc": "invisible", "ProtectClock": "yes", "ProtectHostname": "yes", "ProtectKernelLogs": "yes",
	"ProtectKernelModules": "yes", "ProtectKernelTunables": "yes", "ProtectControlGroups": "yes",
	"RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX", "RestrictNamespaces": "yes",
	"RestrictRealtime": "yes", "RestrictSUIDSGID": "yes", "LockPersonality": "yes",
	"MemoryDenyWriteExecute": "yes", "RemoveIPC": "yes", "KeyringMode": "private",
	"SystemCallArchitectures": "native", "UMask": "0077",
}

// Every unit has all of it, and systemd itself finds little that a process could still do.
func TestUnitsAreHardened(t *testing.T) {
	const most = 3.0 // of 10, by "systemd-analyze security"; each unit had 1.2 to 1.4 when this was written
	units, err := filepath.Glob("systemd/*.service")
	if err != nil || len(units) != 3 {
		t.Fatalf("units %v, %v", units, err)
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("there is no systemd-analyze here, so only the settings are compared")
	}
	for _, path := range units {
		u := readUnit(t, path)
		for key, want := range hardening {
			if got := u["Service."+key]; !slices.Equal(got, []string{want}) {
				t.Errorf("%s: %s is %q; want %q", path, key, got, want)
			}
		}
		if got := u["Service.SystemCallFilter"]; !slices.Equal(got,
			[]string{"@system-service", "~@privileged @resources"}) {
			t.Errorf("%s: SystemCallFilter is %q", path, got)
		}
		// The kernel's boot id is there, without which workers cannot tell whose locks are of now.
		if worker := strings.Contains(path, "worker"); worker && u["Service.ProcSubset"] != nil {
			t.Errorf("%s hides the boot id: ProcSubset is %q", path, u["Service.ProcSubset"])
		}
		if analyze == "" {
			continue
		}
		out, err := exec.CommandContext(t.Context(), analyze, "security", "--offline=true",
			"--no-pager", path).CombinedOutput()
		m := regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`).FindSubmatch(out)
		if err != nil || m == nil {
			t.Logf("this systemd-analyze judges no file: %v\n%s", err, out) // before version 250
			continue
		}
		if exposure, err := strconv.ParseFloat(string(m[1]), 64); err != nil || exposure > most {
			t.Errorf("%s: exposure %s; want at most %v\n%s", path, m[1], most, out)
		}
	}
}

// Each credential is one that a setting of the program names, and the other way round.
func TestUnitsSecrets(t *testing.T) {
	u := readUnit(t, filepath.Join("systemd", "flowhq-.service.d", "secrets.conf"))
	known := variablesIn(t, "internal/config/files.go", `"([A-Z][A-Z_]+)"`)
	if len(u["Service.LoadCredential"]) == 0 ||
		len(u["Service.LoadCredential"]) != len(u["Service.Environment"]) {
		t.Errorf("credentials %v, settings %v", u["Service.LoadCredential"], u["Service.Environment"])
	}
	for i, credential := range u["Service.LoadCredential"] {
		id, _, _ := strings.Cut(credential, ":")
		name, path, _ := strings.Cut(u["Service.Environment"][i], "_FILE=")
		if path != "%d/"+id || !known[name] {
			t.Errorf("%s is set to %s for the credential %s", name, path, credential)
		}
	}
}
