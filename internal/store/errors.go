package store

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
)

// fenced is what a host's method returns when a newer host has claimed the
// tenant, or the tenant is gone: in both cases no row of hosts has its epoch. The host hangs up
// and must not repeat the call.
func fenced(tenant flowhq.TenantID, epoch int64) error {
	return flowhq.Errorf(flowhq.Fenced, "host %d of tenant %s has been replaced", epoch, tenant)
}

// classify gives err a code. A message is for operators; what PostgreSQL said is
// only kept as the cause, for the log: it may quote a customer's text. An error that has a code
// keeps it, so classify may be called by each layer.
func classify(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*flowhq.Error](err); ok {
		return err
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return &flowhq.Error{Code: flowhq.NotFound, Message: "there is no such tenant", Err: err}
	}
	// What the server has said comes before lost: whoever answers is there.
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		code, message := serverError(pg)
		return &flowhq.Error{Code: code, Message: message, Err: err}
	}
	if lost(err) {
		const message = "the database does not answer"
		return &flowhq.Error{Code: flowhq.Unavailable, Message: message, Err: err}
	}
	// What is neither of these is a fault of the program, such as a row that does not fit its
	// struct.
	return &flowhq.Error{Code: flowhq.Internal, Message: "the database call went wrong", Err: err}
}

// noSuch returns err as it is about a thing that a statement has looked for, such as "command". classify
// names a tenant where a row is missing, as nearly all statements look for one. Whoever guesses ids
// learns the same of a thing of another tenant as of none.
func noSuch(thing string, err error) error {
	if flowhq.ErrorCode(err) != flowhq.NotFound {
		return err
	}
	return &flowhq.Error{Code: flowhq.NotFound, Message: "there is no such " + thing, Err: err}
}

// taken says which unique key is in the way, by constraint. These six can be in the way of a
// caller who has done nothing wrong; any other means that a program is wrong.
var taken = map[string]string{
	"tenants_phone_number_key":     "another tenant has this phone_number",
	"whatsapp_sessions_number_key": "this WhatsApp number is already linked to another tenant",
	"profiles_pkey":                changedMeanwhile,
	"accounts_email_key":           "somebody with this e-mail address has an account already",
	"message_logs_outbound_key":    "a message with this WhatsApp id is already in the log",
	"message_logs_reply_key":       "this message has already been answered",
}

// violates reports whether err means that this unique key is in the way. The code Conflict alone
// does not say which of several keys it is.
func violates(err error, constraint string) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "23505" && pg.ConstraintName == constraint
}

// serverError returns the code and message for what the server answered, by
// SQLSTATE (https://www.postgresql.org/docs/15/errcodes-appendix.html). Unavailable means that
// the call may be repeated, now or after an operator has mended something; Internal, that a
// repetition would meet the same error.
func serverError(pg *pgconn.PgError) (flowhq.Code, string) {
	switch pg.Code {
	case "23505": // unique_violation
		if message, ok := taken[pg.ConstraintName]; ok {
			return flowhq.Conflict, message
		}
		return flowhq.Conflict, "this already exists"
	case "FHQ01": // raised by flowhq.check_capacity
		return flowhq.Conflict, "there is no room for this booking any more"
	case "FHQ02": // raised by flowhq.next_order_status
		return flowhq.Conflict, "the order was changed meanwhile"
	case "23503": // foreign_key_violation: the tenant was erased in between
		return flowhq.NotFound, "there is no such tenant"
	case "22P02": // invalid_text_representation: ids come from URLs, and may be anything
		// Another type than uuid is a fault of the program, and becomes Internal below.
		if strings.Contains(pg.Message, "uuid") {
			return flowhq.NotFound, "there is no such tenant"
		}
	case "55P03": // lock_not_available
		return flowhq.Unavailable, "the database is busy with another change of this tenant"
	case "57014": // query_canceled
		return flowhq.Unavailable, "the database took too long"
	case "3F000", "42P01", "42703": // no such schema, table, column
		return flowhq.Unavailable, "the database lacks tables of this version: run flowhq migrate"
	case "3D000": // invalid_catalog_name
		return flowhq.Unavailable, "the database does not exist: create it, or correct DATABASE_URL"
	case "42501": // insufficient_privilege
		return flowhq.Unavailable,
			"the database user lacks a privilege: run flowhq migrate as the owner of the database"
	case "25006": // read_only_sql_transaction
		return flowhq.Unavailable, "the database is read-only for the moment"
	}
	// The rest goes by its class, which is the first two characters.
	switch pg.Code[:2] {
	case "08", // the connection
		"40", // a conflict or deadlock
		"53", // resources
		"57", // a shutdown
		"58": // the disk
		return flowhq.Unavailable, "the database is unavailable for the moment"
	case "28": // invalid authorization
		return flowhq.Unavailable, "the database refuses the user or password in DATABASE_URL"
	}
	return flowhq.Internal, "the database refused the call"
}

// lost reports whether err means that the server did not answer, rather than
// that it objected. A write that met such an error may have been committed: the answer was lost
// and not the call.
func lost(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	// A context that has ended is among them: the server may have committed before it heard of
	// that.
	for _, cause := range []error{
		context.DeadlineExceeded, context.Canceled, io.EOF, io.ErrUnexpectedEOF,
		net.ErrClosed, puddle.ErrClosedPool,
	} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return pgconn.SafeToRetry(err) // nothing was sent, as the connection was closed before
}
