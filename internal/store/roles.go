package store

import (
	"context"
	_ "embed" // for secureSQL
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// The roles of a database beside its owner, who migrates. Whether somebody may sign in as one of
// the first two, or they are groups of other roles, is for the administrator to say.
const (
	RoleAPI    = "flowhq_api"    // the API: nothing of schema wa, and no change of a table's form
	RoleWorker = "flowhq_worker" // workers: nothing of accounts and keys
	// RoleTenant is what the API becomes for a principal that belongs to a tenant. Its statements
	// see and change the rows of that tenant alone. Nobody signs in as it.
	RoleTenant = "flowhq_tenant"
)

// secureSQL gives every table its policy of row-level security, and each of the roles that exist
// its rights. It changes only what is not so yet, so it may run at every start.
//
//go:embed secure.sql
var secureSQL string

// RolesSQL is what an administrator runs once where the owner of the database may not create
// roles. It may be run again.
func RolesSQL(owner string) string {
	var b strings.Builder
	for _, role := range []string{RoleTenant, RoleAPI, RoleWorker} {
		// There is no "create role if not exists".
		fmt.Fprintf(&b, "do $$ begin create role %s nologin;\n"+
			"exception when duplicate_object or unique_violation then null; end $$;\n", role)
	}
	fmt.Fprintf(&b, "grant %s to %s;\n", RoleTenant, RoleAPI)
	// For installations in which one role does everything.
	fmt.Fprintf(&b, "grant %s to %s;\n", RoleTenant, pgx.Identifier{owner}.Sanitize())
	return b.String()
}

// Owner returns the user that a database URL names. A URL that cannot be parsed is Invalid.
func Owner(url string) (string, error) {
	config, err := connConfig(url, "")
	if err != nil {
		return "", err
	}
	return config.User, nil
}

// MayMigrate reports whether the user of the database at url may change its tables. A worker whose
// user may not waits for flowhq migrate, as the API does.
func MayMigrate(ctx context.Context, url string) (may bool, err error) {
	config, err := connConfig(url, "flowhq-schema")
	if err != nil {
		return false, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return false, classify(fmt.Errorf("connect to %s: %w", address(config), err))
	}
	defer closeConn(ctx, conn)
	const q = `
		select case when n.nspowner is null
			then has_database_privilege(current_user, current_database(), 'CREATE')
			else pg_has_role(current_user, n.nspowner, 'USAGE') end
		from (select) as one left join pg_namespace n on n.nspname = '` + ourSchema + `'`
	err = conn.QueryRow(ctx, q).Scan(&may)
	return may, classify(err)
}

// createRoles creates the roles where they lack, if it may. Otherwise one role does everything, as
// long as no administrator has run RolesSQL.
func (m *migrator) createRoles() error {
	const q = `
		select rolname, rolsuper or rolcreaterole,
			(select count(*) from pg_roles where rolname = any($1)) = cardinality($1::text[])
				and coalesce((select bool_and(pg_has_role(member, $2::text, 'MEMBER'))
					from unnest(array[$3, current_user::text]) member
					where to_regrole($2::text) is not null and to_regrole($3) is not null), false)
		from pg_roles where rolname = current_user`
	all := []string{RoleAPI, RoleWorker, RoleTenant}
	return m.driver.transact(func() error {
		var owner string
		var may, there bool
		err := m.driver.conn.QueryRow(m.ctx, q, all, RoleTenant, RoleAPI).
			Scan(&owner, &may, &there)
		if err != nil || there {
			return err
		}
		if !may {
			m.log.Info("the database lacks roles of its own for the API and the workers, and this " +
				"user may not create them: flowhq migrate --print-roles prints what an " +
				"administrator has to run")
			return nil
		}
		return m.driver.exec(RolesSQL(owner))
	})
}

// secure runs secureSQL after all tables are there, the library's too. A restored database has the
// tables without the grants, and roles may have been created since the last time.
func (m *migrator) secure() error {
	return m.driver.transact(func() error { return m.driver.exec(secureSQL) })
}

// SecureSQL is what Migrate runs besides the migrations. What copies a migrated database has to
// make a new one when it changes.
func SecureSQL() string { return secureSQL }
