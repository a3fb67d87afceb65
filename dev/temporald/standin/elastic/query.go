package elastic

// SearchSource is what a search asks for.
type SearchSource struct{}

func NewSearchSource() *SearchSource                                  { return &SearchSource{} }
func (s *SearchSource) Query(Query) *SearchSource                     { return s }
func (s *SearchSource) SortBy(...Sorter) *SearchSource                { return s }
func (s *SearchSource) TrackTotalHits(any) *SearchSource              { return s }
func (s *SearchSource) Size(int) *SearchSource                        { return s }
func (s *SearchSource) SearchAfter(...any) *SearchSource              { return s }
func (s *SearchSource) Aggregation(string, Aggregation) *SearchSource { return s }

// TermsAggregation counts by a field.
type TermsAggregation struct{}

func NewTermsAggregation() *TermsAggregation                                     { return &TermsAggregation{} }
func (a *TermsAggregation) Field(string) *TermsAggregation                       { return a }
func (a *TermsAggregation) Missing(any) *TermsAggregation                        { return a }
func (a *TermsAggregation) SubAggregation(string, Aggregation) *TermsAggregation { return a }

// BoolQuery combines queries. It is a type of its own because the server asks
// whether a query is one.
type BoolQuery struct{ clauses []Query }

func NewBoolQuery() *BoolQuery                               { return &BoolQuery{} }
func (*BoolQuery) Source() (any, error)                      { return nil, errAbsent }
func (q *BoolQuery) Filter(...Query) *BoolQuery              { return q }
func (q *BoolQuery) Should(...Query) *BoolQuery              { return q }
func (q *BoolQuery) MustNot(...Query) *BoolQuery             { return q }
func (q *BoolQuery) MinimumShouldMatch(string) *BoolQuery    { return q }
func (q *BoolQuery) MinimumNumberShouldMatch(int) *BoolQuery { return q }

// FieldQuery is every query that names a field.
type FieldQuery struct{}

func NewTermQuery(string, any) *FieldQuery      { return &FieldQuery{} }
func NewTermsQuery(string, ...any) *FieldQuery  { return &FieldQuery{} }
func NewMatchQuery(string, any) *FieldQuery     { return &FieldQuery{} }
func NewPrefixQuery(string, string) *FieldQuery { return &FieldQuery{} }
func NewExistsQuery(string) *FieldQuery         { return &FieldQuery{} }
func NewRangeQuery(string) *FieldQuery          { return &FieldQuery{} }

func (*FieldQuery) Source() (any, error)  { return nil, errAbsent }
func (q *FieldQuery) Gte(any) *FieldQuery { return q }
func (q *FieldQuery) Gt(any) *FieldQuery  { return q }
func (q *FieldQuery) Lte(any) *FieldQuery { return q }
func (q *FieldQuery) Lt(any) *FieldQuery  { return q }

// FieldSort sorts by a field.
type FieldSort struct{}

func NewFieldSort(string) *FieldSort        { return &FieldSort{} }
func (*FieldSort) Source() (any, error)     { return nil, errAbsent }
func (s *FieldSort) Missing(any) *FieldSort { return s }
func (s *FieldSort) Asc() *FieldSort        { return s }
func (s *FieldSort) Desc() *FieldSort       { return s }
