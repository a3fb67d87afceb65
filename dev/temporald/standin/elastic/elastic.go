// Package elastic stands in for the Elasticsearch client, which the Temporal
// server links whatever store it uses. There is never a client.
package elastic

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"
)

var errAbsent = errors.New("this server was built without the Elasticsearch client")

// What the server says to a cluster, and what the cluster would answer.
type (
	Aggregation interface{}
	Query       interface{ Source() (any, error) }
	Sorter      interface{ Source() (any, error) }
	Logger      interface{ Printf(string, ...any) }
	SortByDoc   struct{}
	Retrier     struct{}
	Backoff     struct{}

	NumberDecoder         struct{}
	PerformRequestOptions struct {
		Method, Path, ContentType string
		Params                    url.Values
		Headers                   http.Header
		Body                      any
	}
	Response struct{ Body json.RawMessage }

	Acknowledged               struct{ Acknowledged bool }
	Health                     struct{ Status string }
	CatIndicesResponse         []struct{ Index string }
	IndicesGetSettingsResponse struct{ Settings map[string]any }
	GetResult                  struct {
		Id     string
		Found  bool
		Source json.RawMessage
	}
	SearchResult struct {
		Hits         *SearchHits
		Aggregations map[string]json.RawMessage
	}
	SearchHits struct{ Hits []*SearchHit }
	SearchHit  struct {
		Id     string
		Source json.RawMessage
		Sort   []any
	}

	BulkBeforeFunc  func(int64, []BulkableRequest)
	BulkAfterFunc   func(int64, []BulkableRequest, *BulkResponse, error)
	BulkableRequest interface {
		Source() ([]string, error)
		String() string
	}
	BulkResponse struct {
		Took  int
		Items []map[string]*BulkResponseItem
	}
	BulkResponseItem struct {
		Id     string
		Status int
		Error  *ErrorDetails
	}
	Error struct {
		Status  int
		Details *ErrorDetails
	}
	ErrorDetails struct{ Type, Reason string }
)

func (*Error) Error() string           { return errAbsent.Error() }
func (SortByDoc) Source() (any, error) { return nil, errAbsent }

// IsNotFound reports false.
func IsNotFound(any) bool { return false }

// A Client cannot be had.
type Client struct{}

// ClientOptionFunc is a setting that is ignored.
type ClientOptionFunc func(*Client) error

func ignored(*Client) error { return nil }

// NewClient returns an error.
func NewClient(...ClientOptionFunc) (*Client, error) { return nil, errAbsent }

func SetURL(...string) ClientOptionFunc                { return ignored }
func SetBasicAuth(string, string) ClientOptionFunc     { return ignored }
func SetHealthcheck(bool) ClientOptionFunc             { return ignored }
func SetSniff(bool) ClientOptionFunc                   { return ignored }
func SetRetrier(Retrier) ClientOptionFunc              { return ignored }
func SetDecoder(*NumberDecoder) ClientOptionFunc       { return ignored }
func SetGzip(bool) ClientOptionFunc                    { return ignored }
func SetHttpClient(*http.Client) ClientOptionFunc      { return ignored }
func SetErrorLog(Logger) ClientOptionFunc              { return ignored }
func SetInfoLog(Logger) ClientOptionFunc               { return ignored }
func SetTraceLog(Logger) ClientOptionFunc              { return ignored }
func NewBackoffRetrier(Backoff) Retrier                { return Retrier{} }
func NewExponentialBackoff(_, _ time.Duration) Backoff { return Backoff{} }

func (*Client) Start()                                          {}
func (*Client) Stop()                                           {}
func (*Client) Get() *Call[*GetResult]                          { return nil }
func (*Client) Search(...string) *Call[*SearchResult]           { return nil }
func (*Client) Count(...string) *Call[int64]                    { return nil }
func (*Client) Delete() *Call[any]                              { return nil }
func (*Client) BulkProcessor() *Call[*BulkProcessor]            { return nil }
func (*Client) Bulk() *BulkService                              { return nil }
func (*Client) PutMapping() *Call[*Acknowledged]                { return nil }
func (*Client) ClusterHealth() *Call[*Health]                   { return nil }
func (*Client) CatIndices() *Call[CatIndicesResponse]           { return nil }
func (*Client) IndexExists(...string) *Call[bool]               { return nil }
func (*Client) CreateIndex(string) *Call[*Acknowledged]         { return nil }
func (*Client) DeleteIndex(...string) *Call[*Acknowledged]      { return nil }
func (*Client) IndexPutTemplate(string) *Call[*Acknowledged]    { return nil }
func (*Client) IndexPutSettings(...string) *Call[*Acknowledged] { return nil }
func (*Client) IndexGetSettings(...string) *Call[map[string]*IndicesGetSettingsResponse] {
	return nil
}
func (*Client) Ping(string) *Ping { return nil }
func (*Client) PerformRequest(context.Context, PerformRequestOptions) (*Response, error) {
	return nil, errAbsent
}

// A Call is a request of any kind that answers with T.
type Call[T any] struct{}

// Do returns an error.
func (*Call[T]) Do(context.Context) (none T, _ error) { return none, errAbsent }

func (c *Call[T]) Index(string) *Call[T]                   { return c }
func (c *Call[T]) Id(string) *Call[T]                      { return c }
func (c *Call[T]) Query(Query) *Call[T]                    { return c }
func (c *Call[T]) AllowPartialSearchResults(bool) *Call[T] { return c }
func (c *Call[T]) SearchSource(*SearchSource) *Call[T]     { return c }
func (c *Call[T]) Name(string) *Call[T]                    { return c }
func (c *Call[T]) Workers(int) *Call[T]                    { return c }
func (c *Call[T]) BulkActions(int) *Call[T]                { return c }
func (c *Call[T]) BulkSize(int) *Call[T]                   { return c }
func (c *Call[T]) FlushInterval(time.Duration) *Call[T]    { return c }
func (c *Call[T]) Before(BulkBeforeFunc) *Call[T]          { return c }
func (c *Call[T]) After(BulkAfterFunc) *Call[T]            { return c }
func (c *Call[T]) RetryItemStatusCodes(...int) *Call[T]    { return c }
func (c *Call[T]) BodyJson(any) *Call[T]                   { return c }
func (c *Call[T]) BodyString(string) *Call[T]              { return c }
func (c *Call[T]) WaitForYellowStatus() *Call[T]           { return c }
func (c *Call[T]) Version(any) *Call[T]                    { return c }
func (c *Call[T]) VersionType(string) *Call[T]             { return c }

// Ping is a call with an answer in two parts.
type Ping struct{}

// Do returns an error.
func (*Ping) Do(context.Context) (any, int, error) { return nil, 0, errAbsent }

// BulkProcessor takes requests and does nothing with them.
type BulkProcessor struct{}

func (*BulkProcessor) Add(BulkableRequest) {}
func (*BulkProcessor) Flush() error        { return errAbsent }
func (*BulkProcessor) Stop() error         { return errAbsent }

// BulkService takes requests and does nothing with them.
type BulkService struct{}

func (*BulkService) Add(...BulkableRequest)          {}
func (*BulkService) NumberOfActions() int            { return 0 }
func (*BulkService) Do(context.Context) (any, error) { return nil, errAbsent }

// BulkRequest changes or deletes a document.
type BulkRequest struct{}

func NewBulkIndexRequest() *BulkRequest  { return &BulkRequest{} }
func NewBulkDeleteRequest() *BulkRequest { return &BulkRequest{} }

func (*BulkRequest) Source() ([]string, error)         { return nil, errAbsent }
func (*BulkRequest) String() string                    { return "" }
func (r *BulkRequest) Index(string) *BulkRequest       { return r }
func (r *BulkRequest) Id(string) *BulkRequest          { return r }
func (r *BulkRequest) Version(int64) *BulkRequest      { return r }
func (r *BulkRequest) VersionType(string) *BulkRequest { return r }
func (r *BulkRequest) Doc(any) *BulkRequest            { return r }
