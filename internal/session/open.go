package session

import (
	"context"
	"fmt"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/failpoint"
	"github.com/flowhq/flowhq/internal/pipeline"
	"github.com/flowhq/flowhq/internal/whatsapp"
)

// open prepares the pipeline from the rows that earlier hosts left, drops the link to the
// phone if that was asked for, then dials. Nobody says meanwhile that the session is alive,
// but while it drops the link, so it must be done before the host counts as stuck.
func (s *session) open(ctx, run context.Context) error {
	opening, cancel := context.WithTimeout(run, max(2*s.Timing.Renewal, writeTimeout))
	defer cancel()
	// What the rows say: the config, the device, and whether its link is to be dropped.
	tenant, err := s.Store.Tenant(opening, s.tenant)
	if err != nil {
		return fmt.Errorf("read tenant: %w", err)
	}
	device, err := s.Store.Device(opening, s.tenant)
	if err != nil {
		return fmt.Errorf("read device: %w", err)
	}
	s.linked = device != ""
	// An operator's relink stays asked for until a host has seen it through.
	relink, err := s.Store.RelinkAsked(opening, s.tenant)
	if err != nil {
		return fmt.Errorf("read device: %w", err)
	}
	// A phone of another number may have been linked just before the last host ended.
	if err := s.confirmNumber(opening); err != nil {
		return err
	}
	if differs := s.number.err(); differs != nil && !relink {
		return differs
	}
	if tenant.Session.WaitingFor != "" { // it does not any more
		err := s.enter(run, step{Transition: flowhq.Transition{
			State: flowhq.Connecting, Reason: "connecting",
		}})
		if err != nil {
			return err
		}
	}
	// Messages may come as soon as the connection is open, before it is reported online.
	if err := s.openPipeline(opening, run, tenant.Config); err != nil {
		return err
	}
	// This process may have been frozen for longer than its lease.
	if err := s.lease.Valid(); err != nil {
		return err
	}
	if relink {
		return s.relink(ctx, run, device)
	}
	failpoint.Hit("host.dialling")
	return s.dial(opening, device)
}

// confirmNumber finds out whether a device that is linked may serve the tenant.
func (s *session) confirmNumber(ctx context.Context) error {
	if !s.linked {
		return nil
	}
	// It says yes as well if the operator has changed the tenant's number since.
	l, err := s.Store.ConfirmNumber(ctx, s.tenant, s.lease.Epoch)
	if err != nil {
		return fmt.Errorf("confirm number: %w", err)
	}
	s.number.check(l)
	return nil
}

// openPipeline reads what earlier hosts have not answered or sent.
func (s *session) openPipeline(opening, run context.Context, config flowhq.Config) error {
	// It sends nothing before Start: what waits goes out when the session is online.
	s.pipeline = pipeline.New(run, pipeline.Options{
		Tenant: s.tenant, Epoch: s.lease.Epoch, Config: config,
		Store: s.Store, Send: s.send, BurstWindow: s.BurstWindow, Assistant: s.Assistant,
		Metrics: s.Metrics, Log: s.log,
		ReplyID: func(q flowhq.Message, kind flowhq.Kind) string {
			return whatsapp.ReplyID(s.tenant, q, kind)
		},
	})
	if err := s.pipeline.Fill(opening); err != nil {
		return fmt.Errorf("read backlog: %w", err)
	}
	return nil
}

// send is the pipeline's way out. A host whose lease has run out sends nothing. The pipeline
// calls it only after it was started, which is after the dial.
func (s *session) send(ctx context.Context, m flowhq.Message) error {
	if err := s.lease.Valid(); err != nil {
		return err
	}
	return s.conn.Send(ctx, m)
}

// dial opens a connection that is cut when the lease is lost.
func (s *session) dial(ctx context.Context, device string) error {
	conn, err := s.Network.Dial(ctx, s.version, device, s.handler())
	if err != nil {
		return err
	}
	// A lease that was lost since is no reason to fail: the connection is cut at once.
	s.conn = conn
	s.lease.OnLoss(conn.HangUp)
	return nil
}

// handler is the session's side of its next connection.
func (s *session) handler() handler {
	return handler{
		store: s.Store, tenant: s.tenant, lease: s.lease, pipeline: s.pipeline, number: s.number,
	}
}
