package main

import (
	"fmt"
	"os"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/common/testing/freeport"
	schema "go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	defaultNamespace = "flowhq"
	// retention is how long a closed workflow stays readable.
	retention = 72 * time.Hour

	clusterName = "active"
	storeName   = "sqlite"
	// joinTimeout is required by the server, though one process joins nobody.
	joinTimeout = 30 * time.Second
	// visibilityRPS lets a list page be reloaded without running into the default
	// of 10 a second.
	visibilityRPS = 100
	// historyCacheSize bounds the workflows kept in memory. The server's default
	// is meant for a machine of its own.
	historyCacheSize = 8192
)

// switches are the server settings that differ from its defaults.
func switches() dynamicconfig.StaticClient {
	return dynamicconfig.StaticClient{
		// Together these push a cancellation to the worker at once.
		dynamicconfig.WorkerCommandsEnabled.Key():             true,
		dynamicconfig.EnableCancelActivityWorkerCommand.Key(): true,

		dynamicconfig.FrontendMaxNamespaceVisibilityRPSPerInstance.Key(): visibilityRPS,
		dynamicconfig.HistoryCacheHostLevelMaxSize.Key():                 historyCacheSize,
		// A development server has nobody to ask whether there is a newer one.
		dynamicconfig.EnableServerVersionCheck.Key(): false,
	}
}

func newServer(o options) (temporal.Server, error) {
	store, err := openStore(o)
	if err != nil {
		return nil, err
	}
	services, hosts := services(o)
	return temporal.NewServer(
		temporal.WithConfig(serverConfig(o, store, services)),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithLogger(logger(o)),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper {
			return authorization.NewNoopClaimMapper()
		}),
		temporal.WithDynamicConfigClient(o.dynamic),
	)
}

func serverConfig(o options, store *config.SQL, services map[string]config.Service) *config.Config {
	const off = "disabled"
	c := &config.Config{
		Services: services,
		Persistence: config.Persistence{
			DefaultStore:     storeName,
			VisibilityStore:  storeName,
			NumHistoryShards: 1, // SQLite has one writer
			DataStores:       map[string]config.DataStore{storeName: {SQL: store}},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10,
			MasterClusterName:        clusterName,
			CurrentClusterName:       clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: o.frontend()},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		PublicClient:        config.PublicClient{HostPort: o.frontend()},
	}
	c.Global.Membership = config.Membership{MaxJoinDuration: joinTimeout, BroadcastAddress: o.ip}
	c.Archival.History.State, c.Archival.Visibility.State = off, off
	archival := &c.NamespaceDefaults.Archival
	archival.History.State, archival.Visibility.State = off, off
	return c
}

// services returns where the four services listen, in the two forms the server
// wants. Only the frontend has a port anybody needs to know.
func services(o options) (map[string]config.Service, map[primitives.ServiceName]static.Hosts) {
	at := map[primitives.ServiceName]int{
		primitives.FrontendService: o.port,
		primitives.HistoryService:  freeport.MustGetFreePort(),
		primitives.MatchingService: freeport.MustGetFreePort(),
		primitives.WorkerService:   freeport.MustGetFreePort(),
	}
	services := map[string]config.Service{}
	hosts := map[primitives.ServiceName]static.Hosts{}
	for name, port := range at {
		rpc := config.RPC{GRPCPort: port, BindOnIP: o.ip}
		if name == primitives.FrontendService {
			rpc.HTTPPort = freeport.MustGetFreePort()
		}
		services[string(name)] = config.Service{RPC: rpc}
		hosts[name] = static.SingleLocalHost(fmt.Sprintf("%s:%d", o.ip, port))
	}
	return services, hosts
}

// openStore returns the configuration of the SQLite database, which exists and
// has its schema and namespaces from here on.
func openStore(o options) (*config.SQL, error) {
	c := &config.SQL{PluginName: sqlite.PluginName, DatabaseName: o.dbFile}
	if o.dbFile == "" {
		// Shared by every connection of this process, and by no other process.
		c.DatabaseName = "temporald"
		c.ConnectAttributes = map[string]string{"mode": "memory", "cache": "shared"}
	} else {
		if err := createFile(o.dbFile); err != nil {
			return nil, fmt.Errorf("create %s: %w", o.dbFile, err)
		}
		// In SQLite's default mode every heartbeat waits for the disk twice: two
		// thousand tenants then start in two minutes instead of seventeen seconds.
		c.ConnectAttributes = map[string]string{
			"mode": "rwc", "journal_mode": "wal", "synchronous": "1",
		}
	}
	for _, name := range o.namespaces {
		ns, err := schema.NewNamespaceConfig(clusterName, name, false, o.attributes)
		if err != nil {
			return nil, fmt.Errorf("namespace %s: %w", name, err)
		}
		ns.Detail.Config.Retention = durationpb.New(retention)
		if err := schema.CreateNamespaces(c, ns); err != nil {
			return nil, fmt.Errorf("namespace %s: %w", name, err)
		}
	}
	return c, nil
}

// createFile makes an empty database with its schema unless there is one. It
// appears under its name only when it is complete: the server takes any file
// for a finished one. What is renamed is a copy, because the server's library
// keeps the connection to the draft open for good.
func createFile(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	draft, whole := path+".draft", path+".new"
	for _, leftover := range []string{draft, whole} {
		if err := os.Remove(leftover); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	defer os.Remove(draft)
	c := &config.SQL{
		PluginName: sqlite.PluginName, DatabaseName: draft,
		ConnectAttributes: map[string]string{"mode": "rwc", "synchronous": "0"},
	}
	if err := schema.SetupSchema(c); err != nil {
		return err
	}
	data, err := os.ReadFile(draft)
	if err != nil {
		return err
	}
	if err := os.WriteFile(whole, data, 0o600); err != nil {
		return err
	}
	return os.Rename(whole, path)
}

func newUI(o options) *uiserver.Server {
	return uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		Host: o.uiIP, Port: o.uiPort,
		TemporalGRPCAddress: o.frontend(),
		EnableUI:            true,
		DefaultNamespace:    o.namespaces[0],
		DisableNewsFetch:    true, // it asks nobody outside
		HideLogs:            true,
		// The codec knows the operator by what the browser remembers of its login.
		Codec: uiconfig.Codec{Endpoint: o.codec, IncludeCredentials: o.codec != ""},
		CORS:  uiconfig.CORS{CookieInsecure: true}, // plain http on loopback
	}))
}

// logger writes to stderr.
func logger(o options) log.Logger {
	if o.logLevel == "never" {
		return log.NewNoopLogger()
	}
	format := "console"
	if o.logFormat == "json" {
		format = "json"
	}
	return log.NewZapLogger(log.BuildZapLogger(log.Config{Level: o.logLevel, Format: format}))
}
