package dev

import (
	"bufio"
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/flowhq/flowhq/internal/cli"
)

// qrTimeout is how long codes are shown. WhatsApp gives out new ones without end while somebody
// asks, so something must end the asking when nobody scans.
const qrTimeout = 3 * time.Minute

// readCommands executes what is typed until there is no more input: "qr" lists the
// tenants, "qr NAME" shows a tenant's codes until its phone is linked or something else
// is typed.
//
// It returns after ctx ended and a line or the end of the input came, as reading cannot
// be interrupted. Nobody waits for it: it ends with the process.
func (s *stack) readCommands(ctx context.Context) {
	stop := func() {}
	var wg sync.WaitGroup
	in := bufio.NewScanner(s.stdin)
	for in.Scan() && ctx.Err() == nil {
		// One command at a time: the codes of two tenants would mix.
		stop()
		wg.Wait()
		var running context.Context
		running, stop = context.WithCancel(ctx)
		text := in.Text()
		wg.Go(func() { s.execute(running, text) })
	}
	wg.Wait()
	stop()
}

// execute executes one line that was typed. An empty line does nothing: people press Enter to
// put space between what they have read and what comes.
func (s *stack) execute(ctx context.Context, line string) {
	verb, name, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch name = strings.TrimSpace(name); {
	case verb == "":
	case verb == "qr" && name != "":
		s.showQR(ctx, name)
	case verb == "qr":
		s.tenants(ctx, "list")
	default:
		s.console.printf(`type "qr NAME" for a tenant's QR code, or "qr" for the list of tenants`)
	}
}

// showQR shows the codes of the tenant called name until its phone is linked. It starts
// the session if need be, as there are no codes without one.
func (s *stack) showQR(ctx context.Context, name string) {
	ctx, cancel := context.WithTimeout(ctx, qrTimeout)
	defer cancel()
	code := s.tenants(ctx, "qr", "-start", "--", name)
	if code == 0 && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		s.console.printf("nobody scanned; type \"qr %s\" again", name)
	}
}

// tenants runs "flowhq tenants" against the API of this stack and returns its exit code. What
// went wrong has been printed. The FLOWHQ_URL of the environment is not asked, as it may lead
// to another installation.
func (s *stack) tenants(ctx context.Context, args ...string) (code int) {
	getenv := func(variable string) string {
		switch variable {
		case "FLOWHQ_URL":
			return s.api.Base
		case "ADMIN_PASSWORD":
			return s.password
		}
		return ""
	}
	return cli.Tenants(ctx, args, getenv, s.console, s.console)
}
