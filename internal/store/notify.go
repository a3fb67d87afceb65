package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/jackc/pgx/v5"
)

// channel is the one PostgreSQL channel, which flowhq.notify in the database names too. A
// payload is "kind tenant epoch". PostgreSQL commits transactions that notify one after the
// other, so nothing that is done for each message does.
const channel = "flowhq"

// A Notice says that something about a tenant has changed in the database. It
// may come late or twice, but is only missed where a Resync follows.
type Notice struct {
	Kind   NoticeKind
	Tenant flowhq.TenantID // "" with Resync and FleetChanged
	Epoch  int64           // of the host, with NewEpoch, NewConfig and FreeLease; otherwise 0
}

// NoticeKind is what a Notice is about.
type NoticeKind string

const (
	Resync       NoticeKind = "resync"  // notices may have been missed; look at everything
	NewEpoch     NoticeKind = "epoch"   // a host of this Epoch claimed the tenant
	NewConfig    NoticeKind = "config"  // the tenant, its config or its profile was changed
	FreeLease    NoticeKind = "lease"   // the host of this Epoch released its lease
	NewLink      NoticeKind = "link"    // a link code is wanted
	NewWork      NoticeKind = "work"    // a row was made ready to be handled or sent
	GivenCommand NoticeKind = "command" // the tenant was given a command
	ErasedTenant NoticeKind = "erase"   // the tenant was deleted
	WebhookDue   NoticeKind = "webhook" // an event has made a webhook due
	FleetChanged NoticeKind = "fleet"   // what holds for all sessions was changed
)

// Bounds on Listen's own connection. A notice that is missed for as long as probeEvery is made
// good: leases run out, and the reconciler reads the rows.
const (
	probeEvery  = 15 * time.Second // silence after which the connection is tested
	minRelisten = 50 * time.Millisecond
	maxRelisten = 5 * time.Second
)

// Listen calls fn with every notice from now on, one at a time, until ctx ends,
// and returns the context's error. It holds a connection of its own and replaces
// one that is lost; fn is told Resync whenever it has (re)connected, since
// notices in between are lost. fn must not block: while it does, the notices of all tenants wait.
func (s *Store) Listen(ctx context.Context, fn func(Notice)) error {
	pause := minRelisten
	for {
		err := s.listen(ctx, func(n Notice) {
			pause = minRelisten // it works
			fn(n)
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s.log.Warn("lost the connection for notices", "error", err, "retry_in", pause)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause/2 + rand.N(pause)): // jitter: all processes lose it at once
		}
		pause = min(2*pause, maxRelisten)
	}
}

// listen is the life of one connection. Its error is never nil. The connection is none of the
// pool's: it is used for as long as the process lives, and would be missed there.
func (s *Store) listen(ctx context.Context, fn func(Notice)) error {
	config := s.pool.config()
	// The config is a copy, so the connections of the pool keep their name.
	config.RuntimeParams["application_name"] = "flowhq-listen"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return classify(err)
	}
	defer closeConn(ctx, conn)
	if _, err := conn.Exec(ctx, "listen "+channel); err != nil {
		return classify(err)
	}
	// After LISTEN and not before: what is committed from here on comes as a notice, and what was
	// committed earlier is seen by whoever reads now.
	fn(Notice{Kind: Resync})
	for {
		payload, err := nextPayload(ctx, conn)
		if err != nil {
			return classify(err)
		}
		n, err := parseNotice(payload)
		// A notice that is not understood keeps nobody from those that follow.
		if err != nil {
			s.log.Warn("ignored a notice", "error", err)
			continue
		}
		fn(n)
	}
}

// nextPayload waits for a notification, and tests the connection while there is
// none: a peer that is gone without a word would otherwise never be missed.
func nextPayload(ctx context.Context, conn *pgx.Conn) (string, error) {
	for {
		waiting, cancel := context.WithTimeout(ctx, probeEvery)
		n, err := conn.WaitForNotification(waiting)
		cancel()
		if err == nil {
			return n.Payload, nil
		}
		if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return "", err
		}
		// What is notified while the probe waits for its answer is kept by pgx for the next wait.
		probing, cancel := context.WithTimeout(ctx, Timeout)
		err = conn.Ping(probing)
		cancel()
		if err != nil {
			return "", err
		}
	}
}

// parseNotice reads a payload. Anybody who may connect may notify, so what is no notice of ours is
// an error, which listen logs and passes over. A kind that a newer program has added is one too.
func parseNotice(payload string) (Notice, error) {
	words := strings.Fields(payload)
	if len(words) != 3 {
		return Notice{}, fmt.Errorf("notice of %d words", len(words))
	}
	epoch, err := strconv.ParseInt(words[2], 10, 64)
	if err != nil {
		return Notice{}, fmt.Errorf("notice epoch: %w", err)
	}
	n := Notice{Kind: NoticeKind(words[0]), Tenant: flowhq.TenantID(words[1]), Epoch: epoch}
	switch n.Kind {
	case FleetChanged:
		n.Tenant = ""
		return n, nil
	case NewEpoch, NewConfig, FreeLease, NewLink, NewWork, GivenCommand, ErasedTenant,
		WebhookDue:
	default:
		return Notice{}, errors.New("notice of unknown kind")
	}
	// Anybody may have sent it, so what should be a tenant may be anything.
	if !n.Tenant.Valid() {
		return Notice{}, errors.New("notice without a tenant")
	}
	return n, nil
}

// hangUpTimeout bounds the goodbye to a server that may be gone.
const hangUpTimeout = time.Second

// closeConn closes conn even if ctx has ended: the server otherwise keeps the connection, and its
// locks, until it notices.
func closeConn(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hangUpTimeout)
	defer cancel()
	_ = conn.Close(ctx) // nothing depends on it: the server notices
}
