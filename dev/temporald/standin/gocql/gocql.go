// Package gocql stands in for the Cassandra client, which the Temporal server
// links whatever store it uses. There is never a session.
package gocql

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// ErrNoConnections and the others never occur.
var (
	ErrNoConnections     = errors.New("this server was built without the Cassandra client")
	ErrSessionClosed     = errors.New("session closed")
	ErrConnectionClosed  = errors.New("connection closed")
	ErrTimeoutNoResponse = errors.New("no response")
	ErrNotFound          = errors.New("not found")
)

// Codes of errors, which differ from each other.
const (
	ErrCodeOverloaded = 0x1001
	ErrCodeInvalid    = 0x2200
)

// The levels of consistency.
const (
	Any Consistency = iota
	One
	Two
	Three
	Quorum
	All
	LocalQuorum
	EachQuorum
	LocalOne
)

// The kinds of batches.
const (
	LoggedBatch BatchType = iota
	UnloggedBatch
	CounterBatch
)

// What the server configures and keeps, and never uses.
type (
	Consistency       uint16
	SerialConsistency uint16
	BatchType         byte
	UUID              [16]byte
	HostFilter        struct{}
	HostPolicy        struct{}
	Session           struct{}
	Query             struct{}
	Batch             struct{}
	Iter              struct{}

	ClusterConfig struct {
		Hosts                                 []string
		Keyspace                              string
		Port, ProtoVersion, NumConns          int
		ConnectTimeout, Timeout, WriteTimeout time.Duration
		Authenticator                         PasswordAuthenticator
		HostFilter                            HostFilter
		SslOpts                               *SslOptions
		Consistency                           Consistency
		SerialConsistency                     SerialConsistency
		DisableInitialHostLookup              bool
		ReconnectionPolicy                    *ExponentialReconnectionPolicy
		PoolConfig                            struct{ HostSelectionPolicy HostPolicy }
		AddressTranslator                     AddressTranslator
	}
	PasswordAuthenticator struct {
		Username, Password    string
		AllowedAuthenticators []string
	}
	SslOptions struct {
		*tls.Config
		CaPath                 string
		EnableHostVerification bool
	}
	ExponentialReconnectionPolicy struct {
		MaxRetries                   int
		InitialInterval, MaxInterval time.Duration
	}
	AddressTranslator interface {
		Translate(net.IP, int) (net.IP, int)
	}
	AddressTranslatorFunc func(net.IP, int) (net.IP, int)

	SpeculativeExecutionPolicy interface {
		Attempts() int
		Delay() time.Duration
	}
	RequestError interface {
		error
		Code() int
		Message() string
	}
	RequestErrWriteTimeout struct{}
)

func (*RequestErrWriteTimeout) Error() string                              { return "timeout" }
func (f AddressTranslatorFunc) Translate(a net.IP, port int) (net.IP, int) { return f(a, port) }
func (UUID) String() string                                                { return "" }
func (*SerialConsistency) UnmarshalText([]byte) error                      { return nil }

// ParseConsistency returns Any.
func ParseConsistency(string) Consistency { return Any }

// ParseConsistencyWrapper returns Any.
func ParseConsistencyWrapper(string) (Consistency, error) { return Any, nil }

// DataCentreHostFilter returns nothing of use, and so do the next two.
func DataCentreHostFilter(string) HostFilter { return HostFilter{} }

func TokenAwareHostPolicy(HostPolicy) HostPolicy { return HostPolicy{} }
func RoundRobinHostPolicy() HostPolicy           { return HostPolicy{} }

// NewCluster returns a configuration by which no session can be had.
func NewCluster(...string) *ClusterConfig { return &ClusterConfig{} }

// CreateSession returns an error.
func (*ClusterConfig) CreateSession() (*Session, error) { return nil, ErrNoConnections }

func (*Session) Query(string, ...any) *Query                { return &Query{} }
func (*Session) NewBatch(BatchType) *Batch                  { return &Batch{} }
func (*Session) ExecuteBatch(*Batch) error                  { return ErrNoConnections }
func (*Session) AwaitSchemaAgreement(context.Context) error { return ErrNoConnections }
func (*Session) Close()                                     {}
func (*Session) MapExecuteBatchCAS(*Batch, map[string]any) (bool, *Iter, error) {
	return false, nil, ErrNoConnections
}

func (*Query) Exec() error                                                       { return ErrNoConnections }
func (*Query) Scan(...any) error                                                 { return ErrNoConnections }
func (*Query) ScanCAS(...any) (bool, error)                                      { return false, ErrNoConnections }
func (*Query) MapScan(map[string]any) error                                      { return ErrNoConnections }
func (*Query) MapScanCAS(map[string]any) (bool, error)                           { return false, ErrNoConnections }
func (*Query) Iter() *Iter                                                       { return &Iter{} }
func (q *Query) PageSize(int) *Query                                             { return q }
func (q *Query) PageState([]byte) *Query                                         { return q }
func (q *Query) Consistency(Consistency) *Query                                  { return q }
func (q *Query) WithTimestamp(int64) *Query                                      { return q }
func (q *Query) WithContext(context.Context) *Query                              { return q }
func (q *Query) Bind(...any) *Query                                              { return q }
func (q *Query) Idempotent(bool) *Query                                          { return q }
func (q *Query) SetSpeculativeExecutionPolicy(SpeculativeExecutionPolicy) *Query { return q }

func (*Batch) Query(string, ...any)                 {}
func (b *Batch) WithContext(context.Context) *Batch { return b }
func (b *Batch) WithTimestamp(int64) *Batch         { return b }

func (*Iter) Scan(...any) bool            { return false }
func (*Iter) MapScan(map[string]any) bool { return false }
func (*Iter) PageState() []byte           { return nil }
func (*Iter) Close() error                { return ErrNoConnections }
