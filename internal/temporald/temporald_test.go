package temporald_test

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/testsuite"

	"github.com/flowhq/flowhq/internal/searchattributes"
	"github.com/flowhq/flowhq/internal/temporald"
)

const namespace = "flowhq"

// program returns the server under test.
func program(t *testing.T) temporald.Program {
	t.Helper()
	choice := os.Getenv(temporald.Variable)
	if choice == "" {
		choice = temporald.Embedded
	}
	p, err := temporald.Find(t.Context(), "../..", choice, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// startTemporald starts a server as the SDK's users do.
func startTemporald(t *testing.T, o testsuite.DevServerOptions) *testsuite.DevServer {
	t.Helper()
	o.ExistingPath, o.LogLevel = program(t).Path, "never"
	o.ExtraArgs = append(o.ExtraArgs, "--follow-parent")
	s, err := testsuite.StartDevServer(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		began := time.Now()
		if err := s.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("stop took %v; want about one second", took)
		}
	})
	return s
}

func attributesOf(t *testing.T, s *testsuite.DevServer,
	namespace string) map[string]enumspb.IndexedValueType {
	t.Helper()
	res, err := s.Client().OperatorService().ListSearchAttributes(t.Context(),
		&operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetCustomAttributes()
}

func TestTemporaldServesTheSDKsTests(t *testing.T) {
	t.Parallel()
	s := startTemporald(t, testsuite.DevServerOptions{
		ClientOptions: &client.Options{Namespace: namespace}, ExtraArgs: searchattributes.Flags(),
	})
	if diff := cmp.Diff(searchattributes.All(), attributesOf(t, s, namespace)); diff != "" {
		t.Errorf("search attributes (-want +got):\n%s", diff)
	}
	res, err := s.Client().WorkflowService().DescribeNamespace(t.Context(),
		&workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	if err != nil {
		t.Fatal(err)
	}
	if got := res.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration(); got != temporald.Retention {
		t.Errorf("retention = %v; want %v", got, temporald.Retention)
	}
	if !res.GetNamespaceInfo().GetCapabilities().GetWorkerCommands() {
		t.Error("worker commands are off; want them on")
	}
}

func TestTemporaldTakesTheCLIsFlags(t *testing.T) {
	t.Parallel()
	s := startTemporald(t, testsuite.DevServerOptions{
		ClientOptions: &client.Options{Namespace: "other"},
		DBFilename:    filepath.Join(t.TempDir(), "temporal.db"),
		ExtraArgs: []string{
			"--search-attribute", "Colour=Keyword", "--dynamic-config-value", "frontend.rps=1000",
			"--log-format", "json",
		},
	})
	want := map[string]enumspb.IndexedValueType{"Colour": enumspb.INDEXED_VALUE_TYPE_KEYWORD}
	if diff := cmp.Diff(want, attributesOf(t, s, "other")); diff != "" {
		t.Errorf("search attributes (-want +got):\n%s", diff)
	}
}

// A server of somebody else's lacks what ours has built in.
func TestProvisionAddsWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := startTemporald(t, testsuite.DevServerOptions{})
	o := client.Options{HostPort: s.FrontendHostPort(), Namespace: "brought-along"}
	for range 2 { // the second time, nothing is missing
		if err := temporald.Provision(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(searchattributes.All(), attributesOf(t, s, o.Namespace)); diff != "" {
		t.Errorf("search attributes (-want +got):\n%s", diff)
	}
}

func TestVersionIsThatOfTheServer(t *testing.T) {
	t.Parallel()
	s := startTemporald(t, testsuite.DevServerOptions{})
	res, err := s.Client().WorkflowService().GetSystemInfo(t.Context(),
		&workflowservice.GetSystemInfoRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := res.GetServerVersion(), program(t).Version; got != want {
		t.Errorf("the server says it is %s; want %s", got, want)
	}
}

// With payload keys the Web UI asks our API to decrypt, as the operator who is logged
// in there.
func TestTemporaldsUIHasACodec(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	const endpoint = "http://127.0.0.1:3000/codec"
	startTemporald(t, testsuite.DevServerOptions{
		EnableUI: true, UIPort: port, ExtraArgs: []string{"--ui-codec-endpoint", endpoint},
	})
	var settings struct {
		Codec struct {
			Endpoint           string
			IncludeCredentials bool
		}
	}
	// StartDevServer returns when the server is ready, which its Web UI may not be.
	var res *http.Response
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
			"http://127.0.0.1:"+port+"/api/v1/settings", nil)
		if err != nil {
			t.Fatal(err)
		}
		if res, err = http.DefaultClient.Do(req); err == nil {
			break
		}
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&settings); err != nil {
		t.Fatal(err)
	}
	if settings.Codec.Endpoint != endpoint || !settings.Codec.IncludeCredentials {
		t.Errorf("the Web UI's codec is %+v; want %s with credentials", settings.Codec, endpoint)
	}
}
