// Package config reads the settings of every subcommand from the environment.
package config

import (
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/flowhq/flowhq"
)

// A Config holds the settings of one process. It is read once, at start.
type Config struct {
	DatabaseURL       Secret // PostgreSQL; the URL usually holds a password
	TemporalAddress   string // host:port of Temporal's frontend
	TemporalNamespace string
	TemporalAccess    TemporalAccess // for a process that needs Temporal
	// PayloadKeys encrypt what Temporal keeps: the first one encrypts, all decrypt.
	// None leaves it plain.
	PayloadKeys []PayloadKey
	// CodecOrigin is the origin of Temporal's Web UI, whose pages may ask the API to
	// decrypt for an operator who is logged in; "" = no page may.
	CodecOrigin string

	HTTPAddr      string // host:port on which the API listens; an empty host means every interface
	MetricsAddr   string // host:port on which a worker serves its metrics; "" = it does not
	AdminPassword Secret
	// TrustedProxies are the proxies before the API, as addresses and networks: of a
	// caller that comes through them, the address is what they say. None are trusted
	// by default.
	TrustedProxies []string
	// AdminQueryAuth also accepts the admin password as a query parameter, where
	// proxies and browsers may keep it. For clients that can send no header.
	AdminQueryAuth bool

	WorkerCapacity    int           // sessions that one worker process may host; 0 = by its memory
	Heartbeat         time.Duration // between two signs of life of a session host
	DrainTimeout      time.Duration // for which a worker that is told to end serves on what nobody takes over
	ConnectsPerSecond int           // connections to WhatsApp that one worker process may begin
	RepliesPerMinute  int           // for tenants that set no limit of their own
	RepliesPerContact int           // for tenants that set no limit of their own
	RetentionDays     int           // for tenants that set no retention of their own
	AnswerWithin      int           // minutes, for tenants that set no age of their own

	WhatsApp        WhatsApp
	WhatsAppProxy   Secret // URL, often with a password, of the proxy that leads to WhatsApp; "" = as HTTPS_PROXY says
	WhatsAppVersion string // of WhatsApp's web client, that sessions pass for; "" = found out

	LogLevel slog.Level
	LogsPath string // folder of the log files, one per tenant
	// StatePath is the folder by which the workers of one machine know which of them have
	// ended. StateWanted is set if the environment names it.
	StatePath   string
	StateWanted bool
}

// WhatsApp points the client at another server than WhatsApp's own. The three
// are set together or not at all.
type WhatsApp struct {
	Addr        string // host:port
	CAFile      string // PEM file with the root of the server's TLS certificate
	RootKeyFile string // file with the 32-byte root key of its Noise certificates, in hex
}

// A PayloadKey is a key with the name that goes with what it has encrypted.
type PayloadKey struct {
	ID     string
	Secret Secret // codec.KeyBytes bytes
}

// A Need is a variable that a process cannot do without, by its name.
type Need string

// What a process may need; the rest has a default or may stay empty.
const (
	Database Need = "DATABASE_URL"
	Temporal Need = "TEMPORAL_ADDRESS"
	Admin    Need = "ADMIN_PASSWORD"
)

// wanted says what to set a missing variable to.
var wanted = map[Need]string{
	Database: "set it to the URL of a PostgreSQL database, such as postgres://user:password@localhost:5432/flowhq",
	Temporal: "set it to host:port of a Temporal server, such as localhost:7233",
	Admin:    "set it to the password of the admin API, such as that of: openssl rand -base64 24",
}

// Bounds of the settings that are numbers.
const (
	minPassword       = 12 // characters
	maxCapacity       = 100_000
	maxConnects       = 1000
	maxDrain          = 10 * time.Minute
	defaultDrain      = 25 * time.Second
	minHeartbeat      = 200 * time.Millisecond
	maxHeartbeat      = time.Minute
	defaultHeartbeat  = 5 * time.Second
	defaultConnects   = 20
	defaultPerMinute  = 10
	defaultPerContact = 5
	defaultRetention  = 365 // days
)

// Parse reads the settings through getenv, an empty variable being the same as
// none. The error joins one line for every variable that is needed and missing,
// or that is set to something wrong, whether this process uses it or not. No
// line holds a secret.
func Parse(getenv func(string) string, need ...Need) (Config, error) {
	e := &environment{getenv: getenv}
	temporal := e.temporal()
	for _, n := range need {
		if n != Temporal || temporal.Address == "" { // which a file may name
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
		TrustedProxies:    e.networks("TRUSTED_PROXIES"),
		AdminQueryAuth:    e.flag("ADMIN_QUERY_AUTH"),
		WorkerCapacity:    e.number("WORKER_CAPACITY", 0, 1, maxCapacity),
		Heartbeat:         e.milliseconds("HEARTBEAT_INTERVAL_MS", defaultHeartbeat, minHeartbeat, maxHeartbeat),
		DrainTimeout:      e.milliseconds("DRAIN_TIMEOUT_MS", defaultDrain, 0, maxDrain),
		ConnectsPerSecond: e.number("CONNECTS_PER_SECOND", defaultConnects, 1, maxConnects),
		RepliesPerMinute:  e.number("RATE_LIMIT_MAX_PER_MINUTE", defaultPerMinute, 0, flowhq.MaxReplies),
		RepliesPerContact: e.number("RATE_LIMIT_MAX_PER_CONTACT", defaultPerContact, 0, flowhq.MaxReplies),
		RetentionDays:     e.number("RETENTION_DAYS", defaultRetention, flowhq.MinRetentionDays, flowhq.MaxRetentionDays),
		AnswerWithin: e.number("ANSWER_WITHIN_MINUTES", flowhq.DefaultAnswerWithin,
			flowhq.MinAnswerWithin, flowhq.MaxAnswerWithin),
		WhatsApp:        e.whatsApp(),
		WhatsAppProxy:   e.proxy("WHATSAPP_PROXY"),
		WhatsAppVersion: e.version("WHATSAPP_VERSION"),
		LogLevel:        e.level("LOG_LEVEL"),
		LogsPath:        e.text("LOGS_PATH", "./logs"),
		StatePath:       e.text("STATE_PATH", "./state"),
		StateWanted:     e.text("STATE_PATH", "") != "",
	}
	if slices.Contains(need, Temporal) {
		c.TemporalAccess = e.access(temporal)
	}
	if len(e.problems) > 0 {
		return Config{}, errors.Join(e.problems...)
	}
	return c, nil
}
