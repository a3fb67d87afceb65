package arch

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers lists the packages of this module from the bottom up. A package may
// import those of lower lines only, so two on one line do not know each other.
var layers = [][]string{
	{"."}, // the nouns
	{
		"internal/advice",           // sentences for operators
		"migrations",                // SQL files
		"internal/apiclient",        // calls JSON APIs
		"internal/codec",            // encryption
		"internal/demo",             // businesses to show and to test with
		"internal/dev/proc",         // child processes
		"internal/failpoint",        // test builds break here
		"internal/headers",          // what a browser must not do
		"internal/httpserver",       // HTTP until the process ends
		"internal/npmpack",          // programs that a machine lacks
		"internal/pricelist",        // a profile as a table
		"internal/searchattributes", // of workflows
		"internal/sessionlock",      // between encrypting and decrypting
		"internal/shutdown",         // signals
		"internal/tokens",           // colours and letters of pages
		"internal/understand/token", // words and numbers of a message
		"internal/webhook",          // posts signed events
		"internal/workerlock",       // which worker has ended
	},
	{
		"internal/understand",                                    // intents, language and concepts
		"internal/understand/entity", "internal/understand/when", // read values out of messages
	},
	// the parts of the simulator
	{"internal/simulator/wire", "internal/simulator/database", "internal/simulator/signalstore"},
	{"internal/simulator/server", "internal/simulator/customers"},
	{"internal/simulator/control"},
	{"internal/understand/train"}, // makes the weights of internal/understand
	{
		"internal/store", "internal/reply", "internal/config", "internal/logging", "internal/devdb",
		"internal/cli", "internal/gobuild", "internal/metrics", "internal/whatsapp/keystore",
		"internal/chromium", // finds the tests' browser
	},
	{
		"internal/assistant", // asks a language model
		"internal/mail",      // sends links
		"internal/media",     // finds out what is to be sent
		"internal/openid",    // signs in with a provider
		"internal/access",    // who may ask for what
		"internal/phone",     // a client of the API and the simulator, for people who try
	},
	{
		"internal/hosting", "internal/pipeline", "internal/whatsapp", "internal/simulator",
		"internal/temporald",
	},
	{"internal/session"},
	{"activities"},
	{"workflows"},
	{"api", "workers", "internal/pages"}, // the pages are a client of the API, over HTTP
	{"internal/dev"},
	{"cmd/flowhq", "cmd/flowhq-dev", "dev/build", "dev/chromium", "dev/understand", "dev/vulncheck",
		"dev/bridge"}, // wire; the only places that know every concrete type
}

// testOnly lists the packages that exist for tests. They may import anything;
// only tests may import them.
var testOnly = []string{
	"internal/arch", "internal/contract", "internal/testdb", "internal/temporaltls",
	"internal/usagetest", "internal/e2e", "internal/loadtest",
}

// only lists what few may import, so that the reader of everything else need not
// know it. Paths are prefixes. Tests are held to it too, but for the packages of
// testOnly, which compare us with bare clients and prepare databases.
var only = []struct {
	path, why string
	by        []string
}{
	{"github.com/jackc/pgx", "every SQL statement is in the store",
		[]string{"internal/store", "internal/devdb"}},
	{"github.com/golang-migrate", "the store migrates", []string{"internal/store"}},
	{"go.mau.fi/", "one adapter hides WhatsApp's protocol, and one simulator speaks it",
		[]string{
			"internal/whatsapp", "internal/whatsapp/keystore",
			"internal/simulator", "internal/simulator/wire", "internal/simulator/signalstore",
			"internal/simulator/server", "internal/simulator/customers",
		}},
	{"github.com/gin-gonic", "handlers know no web framework but through one adapter", []string{"api"}},
	{"github.com/prometheus", "what is counted is named in one place", []string{"internal/metrics"}},
	{"go.temporal.io/sdk/workflow", "workflow code must be deterministic, so it is in one place",
		// activities only for the options they run under, codec only to fail a workflow's task
		[]string{"workflows", "activities", "internal/codec"}},
	{"go.temporal.io/sdk/activity", "how an activity ends is the protocol with the workflow",
		[]string{"activities", "workflows", "workers"}},
	{"go.temporal.io/sdk/worker", "task queues and capacity are set in one place",
		[]string{"workers", "workflows", "activities"}}, // the latter two only to register themselves
}

func TestEveryPackageHasALayer(t *testing.T) {
	for _, s := range load(t, func(s source) bool { return !s.nested }) {
		if layerOf(s.dir) < 0 && !slices.Contains(testOnly, s.dir) {
			t.Errorf("%s: package %s has no place in layers_test.go", s.path, s.dir)
		}
	}
}

func TestImportsGoDown(t *testing.T) {
	for _, s := range load(t, func(s source) bool { return !s.nested && !slices.Contains(testOnly, s.dir) }) {
		for _, imported := range s.imports() {
			dir, ours := local(imported)
			switch {
			case !ours:
			case slices.Contains(testOnly, dir):
				if !s.isTest() {
					t.Errorf("%s imports %s, which is for tests only", s.path, dir)
				}
			case dir == s.dir: // an external test
			case layerOf(dir) >= layerOf(s.dir) && !(s.isTest() && layerOf(dir) == layerOf(s.dir)):
				t.Errorf("%s imports %s, which is not below %s", s.path, dir, s.dir)
			}
		}
	}
}

// development lists what production must not link: what only works on loopback, and what
// starts and stops databases.
var development = []string{
	"internal/dev", "internal/dev/proc", "internal/demo", "internal/devdb", "internal/gobuild",
	"internal/simulator",
	"internal/npmpack", "internal/phone", "internal/temporald",
}

// The go command is asked, as a package may also be linked by way of others.
func TestProductionLinksNothingOfDevelopment(t *testing.T) {
	production, workshop := linkedBy(t, "./cmd/flowhq"), linkedBy(t, "./cmd/flowhq-dev")
	for _, dir := range development {
		if slices.Contains(production, module+"/"+dir) {
			t.Errorf("cmd/flowhq links %s, which belongs to cmd/flowhq-dev", dir)
		}
		if !slices.Contains(workshop, module+"/"+dir) {
			t.Errorf("cmd/flowhq-dev does not link %s: is that still its name?", dir)
		}
	}
}

// linkedBy returns the import paths of all packages that a program is made of.
func linkedBy(t *testing.T, program string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", program)
	cmd.Dir, cmd.Stderr = root, t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -deps %s: %v", program, err)
	}
	return strings.Fields(string(out))
}

func TestNounsNeedOnlyTheStandardLibrary(t *testing.T) {
	for _, s := range load(t, func(s source) bool { return s.dir == "." && !s.isTest() }) {
		for _, imported := range s.imports() {
			if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
				t.Errorf("%s imports %s", s.path, imported)
			}
		}
	}
}

func TestFewImportWhatFewNeed(t *testing.T) {
	for _, s := range load(t, func(s source) bool { return !s.nested && !slices.Contains(testOnly, s.dir) }) {
		for _, imported := range s.imports() {
			for _, rule := range only {
				if strings.HasPrefix(imported, rule.path) && !slices.Contains(rule.by, s.dir) {
					t.Errorf("%s imports %s: %s", s.path, imported, rule.why)
				}
			}
		}
	}
}

// local returns the folder of an import path of this module.
func local(imported string) (dir string, ours bool) {
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}

// layerOf returns the height of a package, or -1.
func layerOf(dir string) int {
	return slices.IndexFunc(layers, func(layer []string) bool { return slices.Contains(layer, dir) })
}
