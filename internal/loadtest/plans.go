package loadtest

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/store"
)

// A Recorder collects the statements that a store runs. It is a tracer for store.Open. Statements
// are noted as the store sends them, so what is measured is what runs. It is safe for concurrent
// use, as the store has many connections.
type Recorder struct {
	mu  sync.Mutex
	all []Statement // guarded by mu
}

// A Statement is what a store has run.
type Statement struct {
	SQL  string
	Args []any
	// Bound is the tenant whose rows alone the statement saw, by row-level security; "": all rows.
	Bound flowhq.TenantID
}

// statement is what a store runs for the principal of ctx.
func statement(ctx context.Context, sql string, args []any) Statement {
	s := Statement{SQL: sql, Args: args}
	if p := flowhq.PrincipalFrom(ctx); p.Bound() {
		s.Bound = p.Tenant
	}
	return s
}

// TraceQueryStart notes a statement.
func (r *Recorder) TraceQueryStart(
	ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData,
) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, statement(ctx, data.SQL, data.Args))
	return ctx
}

// TraceQueryEnd does nothing.
func (*Recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart does nothing.
func (*Recorder) TraceBatchStart(
	ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData,
) context.Context {
	return ctx
}

// TraceBatchQuery notes a statement of a batch. Each statement of a batch is noted by itself, since
// each has a plan.
func (r *Recorder) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, statement(ctx, data.SQL, data.Args))
}

// TraceBatchEnd does nothing.
func (*Recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// Take returns what was noted since the last Take. A test takes once before what it measures, so
// that statements of its own are not among them.
func (r *Recorder) Take() []Statement {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.all
	r.all = nil
	return all
}

// A Cost is what a statement has read.
type Cost struct {
	Rows    int    // of all tables, with those that a filter then removed
	Buffers int    // pages of tables and indexes
	Plan    string // as PostgreSQL describes it
}

// A Meter measures statements on connections of its own. It is for one goroutine.
type Meter struct {
	conn *pgx.Conn
	// bound is for statements under row-level security, like the store's connections for principals
	// of a tenant: its role is that of tenants for as long as it lives.
	bound    *pgx.Conn
	prepared int // so far, for the names of prepared statements
}

// Connect returns a Meter of the database at url, whose user must be a superuser. The caller closes
// it.
func Connect(ctx context.Context, url string) (*Meter, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config.Copy())
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["role"] = store.RoleTenant
	bound, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		_ = conn.Close(ctx)
		return nil, err
	}
	return &Meter{conn: conn, bound: bound}, nil
}

// Close closes the connections.
func (m *Meter) Close(ctx context.Context) {
	_ = m.conn.Close(ctx)
	_ = m.bound.Close(ctx)
}

// Object returns what a statement yields as one JSON object.
func (m *Meter) Object(
	ctx context.Context, sql string, args map[string]any,
) (object map[string]any, err error) {
	err = m.conn.QueryRow(ctx, sql, pgx.NamedArgs(args)).Scan(&object)
	return object, err
}

// Measure runs a statement as a connection of a pool does after a while, and returns what it has
// read. A statement under row-level security is measured under it. The connection's plan was made by six runs for another tenant, a small one: from the sixth
// on PostgreSQL may keep one plan for all arguments. A statement that is planned for each call is
// not run before. What the statement changes is rolled back.
func (m *Meter) Measure(
	ctx context.Context, s Statement, small flowhq.TenantID,
) (Cost, error) {
	conn, otherBound := m.conn, flowhq.TenantID("")
	if s.Bound != "" {
		conn, otherBound = m.bound, small
	}
	// A plan that suits a small tenant and is slow for a large one shows only then: the first five
	// runs are planned for their own arguments.
	asPrepared := 6
	sql, args, other := s.SQL, s.Args, s.Args
	// pgx takes the mode as the first argument, which is none of the statement's.
	if mode, ok := first(s.Args).(pgx.QueryExecMode); ok {
		s.Args = s.Args[1:]
		args, other = s.Args, s.Args
		// In this mode pgx prepares no named statement, so PostgreSQL plans each call anew.
		if mode == pgx.QueryExecModeCacheDescribe {
			asPrepared = 0
		}
	}
	// The store names its arguments. PostgreSQL counts them, so they are rewritten as pgx would.
	if named, ok := first(s.Args).(pgx.StrictNamedArgs); ok {
		var err error
		if sql, args, err = named.RewriteQuery(ctx, conn, s.SQL, nil); err != nil {
			return Cost{}, err
		}
		if other, err = forTenant(ctx, conn, s.SQL, named, small); err != nil {
			return Cost{}, err
		}
	}
	// A name of its own for each: a plan that is kept must not be another statement's.
	m.prepared++
	name := fmt.Sprint("measured_", m.prepared)
	if _, err := conn.Prepare(ctx, name, sql); err != nil {
		return Cost{}, err
	}
	defer func() { _ = conn.Deallocate(ctx, name) }()
	for range asPrepared {
		if _, err := explain(ctx, conn, name, otherBound, other); err != nil {
			return Cost{}, err
		}
	}
	return explain(ctx, conn, name, s.Bound, args)
}

// first returns the first of args, nil if there is none.
func first(args []any) any {
	if len(args) == 0 {
		return nil
	}
	return args[0]
}

// forTenant returns the arguments of a statement for another tenant. What is a tenant's id is known
// by its type, so a statement may have it under any name.
func forTenant(
	ctx context.Context, conn *pgx.Conn, sql string, args pgx.StrictNamedArgs,
	other flowhq.TenantID,
) ([]any, error) {
	changed := pgx.StrictNamedArgs{}
	for name, v := range args {
		if id, ok := v.(flowhq.TenantID); ok && id.Valid() {
			v = other
		}
		changed[name] = v
	}
	_, list, err := changed.RewriteQuery(ctx, conn, sql, nil)
	return list, err
}

// explain runs a prepared statement in a transaction that it rolls back. On a connection that is
// under row-level security the statement sees the rows of the tenant bound.
func explain(
	ctx context.Context, conn *pgx.Conn, name string, bound flowhq.TenantID, args []any,
) (c Cost, err error) {
	places := make([]string, len(args))
	for i := range args {
		places[i] = fmt.Sprint("$", i+1)
	}
	// The arguments are of execute, since explain itself takes none.
	call := "explain (analyze, buffers, format json) execute " + name
	if len(args) > 0 {
		call += "(" + strings.Join(places, ", ") + ")"
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return c, err
	}
	// A statement that writes is run for its cost alone, and must leave the rows for the next one.
	defer func() { _ = tx.Rollback(ctx) }()
	if bound != "" {
		const q = `select set_config('flowhq.tenant', $1, true)`
		if _, err := tx.Exec(ctx, q, string(bound)); err != nil {
			return c, err
		}
	}
	// The simple protocol writes the arguments into the text, which execute needs.
	simple := []any{pgx.QueryExecModeSimpleProtocol}
	for _, a := range args {
		simple = append(simple, plain(a))
	}
	if err := tx.QueryRow(ctx, call, simple...).Scan(&c.Plan); err != nil {
		return c, err
	}
	var plans []struct{ Plan node }
	if err := json.Unmarshal([]byte(c.Plan), &plans); err != nil {
		return c, err
	}
	// Hits count like reads: which pages are cached depends on what ran before.
	c.Buffers = plans[0].Plan.Hit + plans[0].Plan.Read
	c.Rows = plans[0].Plan.rows()
	return c, nil
}

// plain returns an argument in a form that can be written into a text: pgx knows no slices of words
// of our own types there.
func plain(arg any) any {
	v := reflect.ValueOf(arg)
	if v.Kind() != reflect.Slice || v.Type().Elem().Kind() != reflect.String {
		return arg
	}
	words := make([]string, v.Len())
	for i := range words {
		words[i] = v.Index(i).String()
	}
	return words
}

// A node is a step of a plan.
type node struct {
	Relation  string  `json:"Relation Name"`
	Rows      float64 `json:"Actual Rows"` // of each loop, here and below
	Loops     float64 `json:"Actual Loops"`
	Filtered  float64 `json:"Rows Removed by Filter"`
	Rechecked float64 `json:"Rows Removed by Index Recheck"`
	Hit       int     `json:"Shared Hit Blocks"`
	Read      int     `json:"Shared Read Blocks"`
	Plans     []node
}

// rows is how many rows of tables a step and those below it have read. Joins and sorts have no
// table of their own: their rows are counted where they were read.
func (n node) rows() (sum int) {
	if n.Relation != "" {
		sum = int((n.Rows + n.Filtered + n.Rechecked) * n.Loops)
	}
	for _, p := range n.Plans {
		sum += p.rows()
	}
	return sum
}
