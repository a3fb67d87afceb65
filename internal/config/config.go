// Package config reads the settings of every command from the environment. It checks all
// of them, so that a typing error is found when a process starts and not hours later.
//
// Errors are written for the person who sets the variables: they name the variable, what is
// wrong with it, and an example of what is right. They never repeat a secret, as they are
// logged and shown by whatever starts the process.
package config

import (
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/flowhq/flowhq"
)

// A Config holds the settings of one process. It is read once, at start.
type Config struct {
	DatabaseURL       Secret // of PostgreSQL; it usually holds a password
	TemporalAddress   string // host:port of Temporal's frontend
	TemporalNamespace string
	TemporalAccess    TemporalAccess // for a process that needs Temporal
	// PayloadKeys encrypt what Temporal keeps and the webhooks' secrets in the database: the first
	// one encrypts, all decrypt, so that keys can be changed while old histories exist. Without
	// any, nothing is encrypted.
	PayloadKeys []PayloadKey
	// CodecOrigin is the origin of Temporal's Web UI, whose pages may ask the API to
	// decrypt for an operator who is logged in. With "" no page may.
	CodecOrigin string

	HTTPAddr      string // host:port of the API; an empty host means every interface
	MetricsAddr   string // host:port on which a worker serves its metrics; "" if it does not
	AdminPassword Secret
	// PortalKey lets the server of a portal ask for those whom it has signed in; "" = no portal.
	PortalKey Secret
	// PublicURL is the origin under which people reach the API, for the links that they are given.
	// With "" such a link is a path, and whoever passes it on says where.
	PublicURL string
	// SupportContact is where people of a business reach those who run the installation: an e-mail
	// address, or a number in E.164 that has WhatsApp; "" = the pages name nobody.
	SupportContact string
	// OpenID is the provider with which people sign in, besides their passwords.
	OpenID OpenID
	// Mail is how links are sent; the zero Mail has them shown to who makes them.
	Mail Mail
	// TrustedProxies are the proxies in front of the API, as addresses and networks. The
	// address of a caller that comes through one of them is what the proxy says. None are
	// trusted by default: a caller could claim any address.
	TrustedProxies []string
	// AdminQueryAuth also accepts the admin password as a query parameter, for clients that
	// can send no header. Proxies and browsers may keep it there.
	AdminQueryAuth bool
	// ApproveSetups has each setup request of a tenant's user approved as soon as it is submitted.
	ApproveSetups bool

	WorkerCapacity int           // sessions that one worker may host; 0 to derive it from memory
	Renewal        time.Duration // between two renewals of a worker's leases
	// DrainTimeout is how long a worker that was told to end goes on with sessions that no
	// other worker takes over.
	DrainTimeout      time.Duration
	ConnectsPerSecond int // connections to WhatsApp that one worker may begin

	// What follows is for tenants that have no value of their own.
	RepliesPerMinute  int
	RepliesPerContact int // in flowhq.ContactWindow
	RetentionDays     int
	AnswerWithin      int // age in minutes above which a message is not answered
	// BurstWindow is within how long of each other a customer's lines are read as one text; 0 =
	// each is read by itself.
	BurstWindow time.Duration

	WhatsApp WhatsApp
	// WhatsAppProxy is the URL, often with a password, of the proxy that leads to WhatsApp.
	// With "" the variable HTTPS_PROXY decides.
	WhatsAppProxy Secret
	// WhatsAppVersion is the version of WhatsApp's web client that sessions claim to be.
	// With "" it is found out.
	WhatsAppVersion string

	// WebhookNetworks are networks that webhooks may reach although they are not public, and
	// WebhookHTTP lets their addresses begin with http:// too.
	WebhookNetworks []netip.Prefix
	WebhookHTTP     bool

	// Assistant is the language model that the bot may ask.
	Assistant Assistant

	LogLevel slog.Level
	LogsPath string // folder of the log files, one per tenant
	// StatePath is the folder by which the workers of one machine know which of them have
	// ended. StateRequired is set if the environment names it: then a worker does not start
	// without the folder, and otherwise it goes on with a warning.
	StatePath     string
	StateRequired bool
}

// WhatsApp points the client at another server than WhatsApp's own, such as the simulator.
// The three are set together or not at all.
type WhatsApp struct {
	Addr        string // host:port
	CAFile      string // PEM file with the root of the server's TLS certificate
	RootKeyFile string // file with the 32-byte root key of its Noise certificates, in hex
}

// A PayloadKey is a key for Temporal's payloads.
type PayloadKey struct {
	ID     string // is stored with each payload, to find the key again
	Secret Secret // codec.KeyBytes bytes
}

// A Need is a variable that a process cannot do without, by its name. A command passes
// what it needs to Parse: the migrate command, for one, needs no Temporal.
type Need string

// What a process may need. Every other variable has a default or may stay empty.
const (
	Database Need = "DATABASE_URL"
	Temporal Need = "TEMPORAL_ADDRESS"
	Admin    Need = "ADMIN_PASSWORD"
)

// advice says what to set a missing variable to.
var advice = map[Need]string{
	Database: "set it to the URL of a PostgreSQL database, " +
		"such as postgres://user:password@localhost:5432/flowhq",
	Temporal: "set it to host:port of a Temporal server, such as localhost:7233",
	Admin:    "set it to the password of the admin API, such as that of: openssl rand -base64 24",
}

// Bounds and defaults of the settings that are numbers. Those of tenants' settings are in
// the root package, as the API checks them too.
const (
	// minPassword is in characters. The API slows guessing down to ten a second, at which
	// twelve random letters last for ever.
	minPassword = 12
	// minPortalKey is in characters, of which 24 drawn at random have 140 bits. A right key is not
	// slowed down by wrong ones, so it must not be one that can be guessed.
	minPortalKey = 24
	maxCapacity  = 100_000 // far above what one machine's memory holds
	maxConnects  = 1000    // above which nothing is paced
	maxDrain     = 10 * time.Minute
	// defaultDrain is twenty seconds less than what systemd and Compose give a worker to end:
	// after it, the last sessions hang up.
	defaultDrain = 25 * time.Second
	// Leases are renewed this often. Below minRenewal, a database that is only
	// slow would lose the leases of the whole fleet.
	minRenewal        = 200 * time.Millisecond
	maxRenewal        = time.Minute // a dead host is noticed only after several
	defaultRenewal    = 5 * time.Second
	defaultConnects   = 20
	defaultPerMinute  = 10
	defaultPerContact = 5
	defaultRetention  = 365 // days
	defaultBurst      = 1500 * time.Millisecond
	maxBurst          = 5 * time.Second // a customer who waits longer for each answer leaves
)

// Parse reads the settings through getenv, and secrets from files that variables with _FILE at
// the end of their names point to. An empty variable is the same as none. The error
// joins one line for every variable that is needed and missing, or that is set to something
// wrong, whether this process uses it or not. No line holds a secret.
func Parse(getenv func(string) string, need ...Need) (Config, error) {
	e := &environment{getenv: getenv}
	// Files come first: all that follows reads secrets as if the environment had them.
	e.readFiles()
	temporal := e.temporal()
	for _, n := range need {
		if n != Temporal || temporal.Address == "" { // Temporal's own file may name it too
			e.require(n)
		}
	}
	c := Config{
		DatabaseURL:       e.databaseURL(string(Database)),
		TemporalAddress:   e.checkAddress(string(Temporal), temporal.Address),
		TemporalNamespace: temporal.Namespace,
		PayloadKeys:       e.payloadKeys("PAYLOAD_KEYS"),
		CodecOrigin:       e.origin("CODEC_ORIGIN"),
		HTTPAddr:          e.address("HTTP_ADDR", "127.0.0.1:3000"),
		MetricsAddr:       e.address("METRICS_ADDR", ""),
		AdminPassword:     e.password(string(Admin)),
		PortalKey:         e.portalKey("PORTAL_INTERNAL_KEY"),
		PublicURL:         e.origin("PUBLIC_URL"),
		SupportContact:    e.contact("SUPPORT_CONTACT"),
		OpenID:            e.openID(),
		Mail:              e.mail(),
		TrustedProxies:    e.networks("TRUSTED_PROXIES"),
		AdminQueryAuth:    e.flag("ADMIN_QUERY_AUTH"),
		ApproveSetups:     e.setupApproval("SETUP_APPROVAL"),
		WorkerCapacity:    e.number("WORKER_CAPACITY", 0, 1, maxCapacity),
		Renewal: e.milliseconds("LEASE_RENEWAL_INTERVAL_MS",
			defaultRenewal, minRenewal, maxRenewal),
		DrainTimeout:      e.milliseconds("DRAIN_TIMEOUT_MS", defaultDrain, 0, maxDrain),
		ConnectsPerSecond: e.number("CONNECTS_PER_SECOND", defaultConnects, 1, maxConnects),
		RepliesPerMinute: e.number("RATE_LIMIT_MAX_PER_MINUTE",
			defaultPerMinute, 0, flowhq.MaxReplies),
		RepliesPerContact: e.number("RATE_LIMIT_MAX_PER_CONTACT",
			defaultPerContact, 0, flowhq.MaxReplies),
		RetentionDays: e.number("RETENTION_DAYS",
			defaultRetention, flowhq.MinRetentionDays, flowhq.MaxRetentionDays),
		AnswerWithin: e.number("ANSWER_WITHIN_MINUTES", flowhq.DefaultAnswerWithin,
			flowhq.MinAnswerWithin, flowhq.MaxAnswerWithin),
		BurstWindow:     e.milliseconds("BURST_WINDOW_MS", defaultBurst, 0, maxBurst),
		WhatsApp:        e.whatsApp(),
		WhatsAppProxy:   e.proxy("WHATSAPP_PROXY"),
		WhatsAppVersion: e.version("WHATSAPP_VERSION"),
		WebhookNetworks: e.prefixes("WEBHOOK_NETWORKS"),
		WebhookHTTP:     e.flag("WEBHOOK_HTTP"),
		Assistant:       e.assistant(),
		LogLevel:        e.level("LOG_LEVEL"),
		LogsPath:        e.text("LOGS_PATH", "./logs"),
		StatePath:       e.text("STATE_PATH", "./state"),
		StateRequired:   e.text("STATE_PATH", "") != "",
	}
	// Certificates are files that only some processes may read, so the others do not try.
	if slices.Contains(need, Temporal) {
		c.TemporalAccess = e.access(temporal)
	}
	// No half of a Config leaves here: a process with some settings wrong must not start.
	if len(e.problems) > 0 {
		return Config{}, errors.Join(e.problems...)
	}
	return c, nil
}
