package store

import (
	"context"
	"fmt"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// tenantSetting is what the policies of row-level security compare a row's tenant with.
const tenantSetting = "flowhq.tenant"

// pools are the connections that nearly all statements share. Which of the two a statement runs on
// follows from the principal in its context alone, so no method of Store can forget to ask.
type pools struct {
	// all is for statements of no principal, such as a host's, and of principals of the
	// installation.
	all *pgxpool.Pool
	// bound is for principals that belong to one tenant. Its connections are in the role
	// RoleTenant for as long as they live, so what goes wrong shows too few rows, never too many.
	// nil: the database's user may not take that role.
	bound *pgxpool.Pool
}

// openPools connects to nothing yet.
func openPools(ctx context.Context, config *pgxpool.Config) (*pools, error) {
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return &pools{all: pool}, nil
}

// bind opens the pool of principals that belong to a tenant, if the database's user may take their
// role. A single role that owns everything may where flowhq migrate could create the roles.
func (p *pools) bind(ctx context.Context) error {
	const may = `
		select coalesce(pg_has_role(current_user, r.oid, 'MEMBER')
			and has_schema_privilege(r.oid, '` + ourSchema + `', 'USAGE'), false)
		from (select) as one left join pg_roles r on r.rolname = '` + RoleTenant + `'`
	var granted bool
	if err := p.all.QueryRow(ctx, may).Scan(&granted); err != nil || !granted {
		return err
	}
	config := p.all.Config() // a copy
	config.ConnConfig.RuntimeParams["role"] = RoleTenant
	config.PrepareConn = setTenant
	bound, err := pgxpool.NewWithConfig(ctx, config)
	p.bound = bound
	return err
}

// setTenant has a connection show the rows of the context's tenant. A connection remembers its
// tenant, so only a change of it costs a round trip. The setting is the session's and not a
// transaction's: nothing has to be undone, as every use of the connection comes through here.
func setTenant(ctx context.Context, conn *pgx.Conn) (valid bool, err error) {
	tenant := flowhq.PrincipalFrom(ctx).Tenant
	data := conn.PgConn().CustomData()
	if data[tenantSetting] == tenant {
		return true, nil
	}
	// Of a failure nobody knows which tenant the connection has, so it is closed.
	_, err = conn.Exec(ctx, `select set_config('`+tenantSetting+`', $1, false)`, string(tenant))
	switch {
	case err != nil && conn.IsClosed() && ctx.Err() == nil:
		return false, nil // the server has closed it meanwhile; the pool takes another one
	case err != nil:
		return false, fmt.Errorf("set the tenant of a connection: %w", err)
	}
	data[tenantSetting] = tenant
	return true, nil
}

// of returns the pool for a context.
func (p *pools) of(ctx context.Context) *pgxpool.Pool {
	if p.bound != nil && flowhq.PrincipalFrom(ctx).Bound() {
		return p.bound
	}
	return p.all
}

// unbound returns a context for statements on what is nobody's, such as counts of wrong passwords:
// the role of principals that belong to a tenant has no right on its table.
func unbound(ctx context.Context) context.Context {
	return flowhq.WithPrincipal(ctx, flowhq.Principal{})
}

// Query runs a statement whose rows the caller reads and closes.
func (p *pools) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return p.of(ctx).Query(ctx, sql, args...)
}

// Exec runs a statement for its effect.
func (p *pools) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return p.of(ctx).Exec(ctx, sql, args...)
}

// SendBatch runs a batch, which the caller closes.
func (p *pools) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	return p.of(ctx).SendBatch(ctx, batch)
}

// Begin begins a transaction, which the caller ends. pgx.BeginFunc calls it.
func (p *pools) Begin(ctx context.Context) (pgx.Tx, error) { return p.of(ctx).Begin(ctx) }

// config is of a connection that is in no pool.
func (p *pools) config() *pgx.ConnConfig { return p.all.Config().ConnConfig }

// close waits for the calls under way.
func (p *pools) close() {
	p.all.Close()
	if p.bound != nil {
		p.bound.Close()
	}
}
