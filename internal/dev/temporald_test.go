package dev

import (
	"maps"
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

	"github.com/flowhq/flowhq/internal/apiclient"
)

// temporald returns the path of the embedded server, as tests of every package
// find it.
func temporald(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("TEMPORALD"); path != "" {
		return path
	}
	path, err := Temporald(t.Context(), t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// startTemporald starts a server as the SDK's users do.
func startTemporald(t *testing.T, o testsuite.DevServerOptions) *testsuite.DevServer {
	t.Helper()
	o.ExistingPath, o.LogLevel = temporald(t), "never"
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

func attributesOf(t *testing.T, s *testsuite.DevServer, namespace string) map[string]enumspb.IndexedValueType {
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
	s := startTemporald(t, testsuite.DevServerOptions{ClientOptions: &client.Options{Namespace: namespace}})
	if diff := cmp.Diff(searchAttributes, attributesOf(t, s, namespace)); diff != "" {
		t.Errorf("search attributes (-want +got):\n%s", diff)
	}
	res, err := s.Client().WorkflowService().DescribeNamespace(t.Context(),
		&workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	if err != nil {
		t.Fatal(err)
	}
	if got := res.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration(); got != retention {
		t.Errorf("retention = %v; want %v", got, retention)
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
			"--search-attribute", "Colour=Keyword", "--dynamic-config-value", "frontend.rps=1000", "--log-format", "json",
		},
	})
	want := maps.Clone(searchAttributes)
	want["Colour"] = enumspb.INDEXED_VALUE_TYPE_KEYWORD
	if diff := cmp.Diff(want, attributesOf(t, s, "other")); diff != "" {
		t.Errorf("search attributes (-want +got):\n%s", diff)
	}
}

// A server of somebody else's lacks what ours has built in.
func TestProvisionAddsWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := startTemporald(t, testsuite.DevServerOptions{})
	d := &stack{temporal: s.FrontendHostPort(), getenv: env("TEMPORAL_NAMESPACE", "brought-along")}
	for range 2 { // the second time, nothing is missing
		if err := d.provision(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(searchAttributes, attributesOf(t, s, "brought-along")); diff != "" {
		t.Errorf("search attributes (-want +got):\n%s", diff)
	}
}

func TestTemporalVersionIsThatOfTheModule(t *testing.T) {
	t.Parallel()
	root, err := findCheckout()
	if err != nil {
		t.Fatal(err)
	}
	version, err := temporalVersion(root)
	if err != nil {
		t.Fatal(err)
	}
	s := startTemporald(t, testsuite.DevServerOptions{})
	res, err := s.Client().WorkflowService().GetSystemInfo(t.Context(), &workflowservice.GetSystemInfoRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if got := res.GetServerVersion(); got != version {
		t.Errorf("the server says it is %s; want %s", got, version)
	}
}

// With payload keys the Web UI asks our API to decrypt, as the operator who is logged
// in there.
func TestTemporaldsUIHasACodec(t *testing.T) {
	t.Parallel()
	_, port, err := net.SplitHostPort(freeAddr(""))
	if err != nil {
		t.Fatal(err)
	}
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
	ui := apiclient.Client{Base: "http://127.0.0.1:" + port}
	eventually(t, func() bool { return ui.Call(t.Context(), http.MethodGet, "/api/v1/settings", nil, &settings) == nil })
	if settings.Codec.Endpoint != endpoint || !settings.Codec.IncludeCredentials {
		t.Errorf("the Web UI's codec is %+v; want %s with credentials", settings.Codec, endpoint)
	}
}
