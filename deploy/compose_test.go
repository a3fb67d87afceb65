package deploy

import (
	"context"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

const root = ".."

// settings are what .env.example says must be set.
var settings = []string{"POSTGRES_PASSWORD=secret", "ADMIN_PASSWORD=secret"}

// ours are the services that run the program of this repository.
var ours = []string{"migrate", "api", "worker"}

// project loads docker-compose.yml as Docker Compose does: it fails on unknown
// fields, missing variables, undefined services and cycles.
func project(ctx context.Context, env ...string) (*types.Project, error) {
	o, err := cli.NewProjectOptions([]string{filepath.Join(root, "docker-compose.yml")}, cli.WithEnv(env))
	if err != nil {
		return nil, err
	}
	return o.LoadProject(ctx)
}

func load(t *testing.T) *types.Project {
	t.Helper()
	p, err := project(t.Context(), settings...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestComposeHasEveryPart(t *testing.T) {
	p := load(t)
	want := []string{"api", "migrate", "postgres", "temporal", "temporal-namespace",
		"temporal-schema", "temporal-ui", "worker"}
	if got := p.ServiceNames(); !slices.Equal(got, want) {
		t.Errorf("services are %v; want %v", got, want)
	}
	for name, s := range p.Services {
		switch {
		case s.Restart == "":
			t.Errorf("%s: no restart policy", name)
		case s.Image == "" || !strings.Contains(s.Image, ":") || strings.HasSuffix(s.Image, ":latest"):
			t.Errorf("%s: image %q has no fixed version", name, s.Image)
		case s.ContainerName != "":
			t.Errorf("%s: a container name forbids a second container", name)
		case s.Privileged || len(s.CapAdd) > 0 || s.NetworkMode == "host":
			t.Errorf("%s: has rights it does not need", name)
		}
		if s.Deploy == nil || s.Deploy.Resources.Limits == nil ||
			s.Deploy.Resources.Limits.MemoryBytes == 0 || s.Deploy.Resources.Limits.Pids == 0 {
			t.Errorf("%s: no limit of memory or processes", name)
		}
		if !slices.Equal(s.CapDrop, []string{"ALL"}) ||
			!slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}) {
			t.Errorf("%s: keeps capabilities %v, %v", name, s.CapDrop, s.SecurityOpt)
		}
		// The images of Temporal have a user of their own.
		if own := !strings.HasPrefix(s.Image, "temporalio/"); own &&
			(s.User == "" || s.User == "root" || s.User == "0") {
			t.Errorf("%s: runs as %q", name, s.User)
		}
		if !s.ReadOnly && name != "temporal-ui" {
			t.Errorf("%s: may change its image", name)
		}
	}
}

// What is published, and a proxy that joins its network, does not reach the database, and what
// needs no other network than internal ones has none.
func TestComposeNetworks(t *testing.T) {
	p := load(t)
	want := map[string][]string{
		"postgres": {"data"}, "temporal-schema": {"data"}, "migrate": {"data"},
		"temporal":           {"data", "temporal"},
		"temporal-namespace": {"temporal"}, "temporal-ui": {"edge", "temporal"},
		"api": {"data", "edge", "temporal"}, "worker": {"data", "outside", "temporal"},
	}
	for name, s := range p.Services {
		if got := slices.Sorted(maps.Keys(s.Networks)); !slices.Equal(got, want[name]) {
			t.Errorf("%s is on the networks %v; want %v", name, got, want[name])
		}
	}
	for name, internal := range map[string]bool{"data": true, "temporal": true, "edge": false,
		"outside": false} {
		if p.Networks[name].Internal != internal {
			t.Errorf("network %s: internal is %v", name, p.Networks[name].Internal)
		}
	}
	// The server's image takes its own address by its name, which has one for each network.
	if at := p.Services["temporal"].Environment["TEMPORAL_BROADCAST_ADDRESS"]; at == nil ||
		*at != "127.0.0.1" {
		t.Errorf("temporal is on two networks and finds itself at %v", at)
	}
}

// The API and the workers have the rights of their roles, or users of their own, and only the
// migration has those of the owner.
func TestComposeRoles(t *testing.T) {
	const owner, other = "postgres://flowhq:secret@postgres:5432/flowhq?sslmode=disable",
		"postgres://hq_api:x@db/hq"
	for set, want := range map[string]map[string]string{
		"":    {"migrate": owner, "api": owner + "&role=flowhq_api", "worker": owner + "&role=flowhq_worker"},
		other: {"migrate": owner, "api": other, "worker": other},
	} {
		p, err := project(t.Context(), append(slices.Clone(settings), "API_DATABASE_URL="+set,
			"WORKER_DATABASE_URL="+set)...)
		if err != nil {
			t.Fatal(err)
		}
		for name, url := range want {
			if got := p.Services[name].Environment["DATABASE_URL"]; got == nil || *got != url {
				t.Errorf("with %q %s has %v; want %s", set, name, got, url)
			}
		}
	}
}

// Whoever reaches Temporal's Web UI needs no password, so it changes nothing unless somebody has
// said that it may.
func TestComposeWebUIOnlyShows(t *testing.T) {
	for set, want := range map[string]string{"": "true", "false": "false"} {
		p, err := project(t.Context(), append(slices.Clone(settings), "TEMPORAL_UI_READ_ONLY="+set)...)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Services["temporal-ui"].Environment["TEMPORAL_DISABLE_WRITE_ACTIONS"]; got == nil || *got != want {
			t.Errorf("with TEMPORAL_UI_READ_ONLY=%s its write actions are disabled: %v", set, got)
		}
	}
}

// Without a password nothing starts, and the message says what to do.
func TestComposeDemandsSecrets(t *testing.T) {
	for i, setting := range settings {
		name, _, _ := strings.Cut(setting, "=")
		_, err := project(t.Context(), slices.Concat(settings[:i], settings[i+1:])...)
		if err == nil || !strings.Contains(err.Error(), name) ||
			!strings.Contains(err.Error(), "set it in .env") {
			t.Errorf("without %s the error is %v", name, err)
		}
	}
}

// Compose waits for ever on the health of a service that has no health check, and
// for the end of one that never ends.
func TestComposeWaitsForWhatCanHappen(t *testing.T) {
	p := load(t)
	for name, s := range p.Services {
		for on, d := range s.DependsOn {
			target := p.Services[on]
			ends := strings.HasPrefix(target.Restart, "on-failure") || target.Restart == "no"
			switch d.Condition {
			case types.ServiceConditionHealthy:
				if target.HealthCheck == nil || len(target.HealthCheck.Test) < 2 {
					t.Errorf("%s waits for the health of %s, which has no health check", name, on)
				}
			case types.ServiceConditionCompletedSuccessfully:
				if !ends {
					t.Errorf("%s waits for the end of %s, which restarts %s", name, on, target.Restart)
				}
			default:
				t.Errorf("%s depends on %s without waiting for it to be ready", name, on)
			}
		}
	}
}

func TestComposePublishesOnLoopbackOnly(t *testing.T) {
	published := 0
	for name, s := range load(t).Services {
		for _, port := range s.Ports {
			published++
			if ip, err := netip.ParseAddr(port.HostIP); err != nil || !ip.IsLoopback() {
				t.Errorf("%s publishes %s on %q; want a loopback address", name, port.Published, port.HostIP)
			}
		}
	}
	if published == 0 {
		t.Error("nothing is published; how would anyone reach the API?")
	}
}

// A variable that the program does not know is a setting that silently does
// nothing, and one that .env.example does not show is never found.
func TestComposeSetsKnownVariables(t *testing.T) {
	known := variablesIn(t, "internal/config/*.go", `"([A-Z][A-Z_]+)"`)
	for _, variable := range []string{"TEMPORAL_NAMESPACE", "TEMPORAL_API_KEY", "TEMPORAL_TLS_SERVER_NAME"} {
		known[variable] = true // by Temporal's SDK
	}
	for _, name := range ours {
		for variable := range load(t).Services[name].Environment {
			if !known[strings.TrimSuffix(variable, "_FILE")] {
				t.Errorf("%s: %s is no setting of the program", name, variable)
			}
		}
	}
	used := variablesIn(t, "docker-compose.yml", `\$\{([A-Z_]+)`)
	shown := variablesIn(t, ".env.example", `(?m)^([A-Z_]+)=`)
	for variable := range used {
		if !shown[variable] {
			t.Errorf(".env.example does not show %s", variable)
		}
	}
	for variable := range shown {
		if !used[variable] {
			t.Errorf(".env.example shows %s, which docker-compose.yml does not use", variable)
		}
	}
	if !regexp.MustCompile(`(?m)^/?\.env$`).MatchString(read(t, ".gitignore")) {
		t.Error(".gitignore does not keep .env, and with it the passwords, out of the repository")
	}
}

// A setting that docker-compose.yml does not pass on cannot be changed in .env.
func TestComposePassesEverySettingOn(t *testing.T) {
	passed := map[string]bool{
		// Files would have to be in the containers; what they hold is passed on.
		"TEMPORAL_CONFIG_FILE": true, "TEMPORAL_PROFILE": true, "TEMPORAL_TLS_SERVER_CA_CERT_PATH": true,
		"TEMPORAL_TLS_CLIENT_CERT_PATH": true, "TEMPORAL_TLS_CLIENT_KEY_PATH": true,
		"FLOWHQ_KEY":          true,                                                 // of the command line
		"TEMPORAL_GRPC_META_": true, "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION": true, // for who has read what they do

		"LOGS_PATH": true, "STATE_PATH": true, // the image sets them

		"WHATSAPP_ADDR": true, "WHATSAPP_CA_FILE": true, "WHATSAPP_ROOT_KEY_FILE": true, // of a simulated WhatsApp
	}
	for _, name := range ours {
		for variable := range load(t).Services[name].Environment {
			passed[variable] = true
		}
	}
	for variable := range variablesIn(t, "internal/config/*.go", `"([A-Z][A-Z_]+)"`) {
		if !passed[variable] {
			t.Errorf("docker-compose.yml does not pass %s on", variable)
		}
	}
}

// A secret that .env names a file for is in the container as a file, and its path in the
// environment; the secret itself is not.
func TestComposeSecretsFromFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("hidden"), 0o600); err != nil {
		t.Fatal(err)
	}
	secret := regexp.MustCompile(`"([A-Z_]+)"`)
	_, list, _ := strings.Cut(read(t, "internal/config/files.go"), "var secretSettings = []string{")
	list, _, _ = strings.Cut(list, "}")
	env, names := []string{"POSTGRES_PASSWORD=secret"}, []string{}
	for _, m := range secret.FindAllStringSubmatch(list, -1) {
		// The database's password is PostgreSQL's too, and FLOWHQ_KEY is of the command line.
		if m[1] != "DATABASE_URL" && m[1] != "FLOWHQ_KEY" {
			env, names = append(env, m[1]+"_FILE="+file), append(names, m[1])
		}
	}
	p, err := project(t.Context(), env...)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		at := p.Services["api"].Environment[name+"_FILE"]
		id := strings.ToLower(name)
		mounted := slices.ContainsFunc(p.Services["api"].Secrets,
			func(s types.ServiceSecretConfig) bool { return s.Source == id })
		if at == nil || *at != "/run/secrets/"+id || !mounted || p.Secrets[id].File != file {
			t.Errorf("%s: its file is %v, mounted = %t from %q", name, at, mounted, p.Secrets[id].File)
		}
	}
	if admin := load(t).Services["api"].Environment["ADMIN_PASSWORD_FILE"]; admin == nil || *admin != "" {
		t.Errorf("without a file ADMIN_PASSWORD_FILE is %v", admin)
	}
	for _, name := range []string{"worker", "migrate"} {
		for _, s := range p.Services[name].Secrets {
			if s.Source == "admin_password" || s.Source == "portal_internal_key" {
				t.Errorf("%s has %s, which it does not need", name, s.Source)
			}
		}
	}
}

// The health check asks what the API serves, and the worker has the time its
// sessions need to hang up.
func TestComposeFitsTheProgram(t *testing.T) {
	p := load(t)
	test := strings.Join(p.Services["api"].HealthCheck.Test, " ")
	path := regexp.MustCompile(`127\.0\.0\.1:3000(/[a-z]+)$`).FindStringSubmatch(test)
	if path == nil || !strings.Contains(read(t, "api/openapi.yaml"), "\n  "+path[1]+":") {
		t.Errorf("the health check of the api is %q, which asks for nothing in openapi.yaml", test)
	}
	for drain, want := range map[string]string{"": "45s", "60000": "1m20s"} {
		q, err := project(t.Context(), append(slices.Clone(settings), "DRAIN_TIMEOUT_MS="+drain)...)
		if err != nil {
			t.Fatal(err)
		}
		if grace := q.Services["worker"].StopGracePeriod; grace == nil || grace.String() != want {
			t.Errorf("with DRAIN_TIMEOUT_MS=%s the worker has %v to stop; want %s", drain, grace, want)
		}
	}
	for _, name := range ours {
		s := p.Services[name]
		if s.Build == nil || !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) {
			t.Errorf("%s: is not built here, or has more rights than it needs", name)
		}
		if len(s.Command) != 1 || !strings.Contains(read(t, "cmd/flowhq/main.go"),
			`case "`+s.Command[0]+`":`) {
			t.Errorf("%s: %v is no command of the program", name, s.Command)
		}
	}
	for _, s := range p.Services {
		for _, v := range s.Volumes {
			if v.Type == types.VolumeTypeBind {
				if _, err := os.Stat(v.Source); err != nil {
					t.Errorf("%s mounts what is not there: %v", s.Name, err)
				}
			}
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// variablesIn returns what the first group of the pattern matches in the files.
func variablesIn(t *testing.T, glob, pattern string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, glob))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(b), -1) {
			found[m[1]] = true
		}
	}
	if len(found) == 0 {
		t.Fatalf("%s has nothing that matches %s", glob, pattern)
	}
	return found
}
