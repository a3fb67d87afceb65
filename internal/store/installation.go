package store

import (
	"context"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// Installation is the id of the installation that the database belonged to when it was
// opened, a UUID.
func (s *Store) Installation() string { return s.installation }

// Address is where the database is, as host:port/name, for a message. It holds no secret.
func (s *Store) Address() string { return s.address }

// readInstallation returns the id of the installation that the database belongs to. A database
// without one is Unavailable: it is being restored, or is none of ours.
func (s *Store) readInstallation(ctx context.Context) (string, error) {
	const q = `select id::text from flowhq.installation`
	// The connection for signs of life has a short lock_timeout: a table that somebody has locked
	// must not hold up a probe.
	id, err := own(ctx, s.signs, q, none, pgx.RowTo[string])
	if flowhq.ErrorCode(err) == flowhq.NotFound {
		const message = "the database says of no installation that it is its"
		err = &flowhq.Error{Code: flowhq.Unavailable, Message: message, Err: err}
	}
	return id, err
}

// Ping reports whether the database answers, has our tables and belongs to the same
// installation as when it was opened. It does not wait for the messages of all tenants.
func (s *Store) Ping(ctx context.Context) error {
	id, err := s.readInstallation(ctx)
	if err == nil && id != s.installation {
		err = flowhq.Errorf(flowhq.Unavailable, "the database belongs to another installation, "+
			"%s; this process serves %s", id, s.installation)
	}
	return err
}

// Answers is Ping for who takes the database for lost if it fails: that somebody has
// locked a table is no such reason.
func (s *Store) Answers(ctx context.Context) error {
	err := s.Ping(ctx)
	if serverCode(err) == lockNotAvailable {
		return nil
	}
	return err
}

// missing returns err, but for a tenant that is not found because this is not the database
// of its installation: the error then has code Unavailable, for its own may come back.
func (s *Store) missing(ctx context.Context, err error) error {
	if flowhq.ErrorCode(err) != flowhq.NotFound {
		return err
	}
	// It is asked on the way of an error alone, so a call that succeeds pays nothing for it.
	if other := s.Ping(ctx); other != nil {
		return other
	}
	return err
}
