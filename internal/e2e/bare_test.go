package e2e

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the bare bot's database driver
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/store/sqlstore"
	"go.mau.fi/whatsmeow/types/events"
	waLog "go.mau.fi/whatsmeow/util/log"
	"google.golang.org/protobuf/proto"
)

// The bare bot is the floor that the product is measured against: the library by
// itself, echoing, in a process of its own, with its keys in the same PostgreSQL.
// It is this test binary, started with bareBots set to how many to run.
const bareBots = "E2E_BARE_BOTS"

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "curl" { // see TestREADME
		if err := runCurl(os.Args[1:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if n := os.Getenv(bareBots); n != "" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		if err := runBareBots(ctx, n); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func runBareBots(ctx context.Context, count string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	transport, err := simulatedWhatsApp()
	if err != nil {
		return err
	}
	db, err := sql.Open("pgx", os.Getenv("DATABASE_URL"))
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(8) // as many as a worker has for its keys
	container := sqlstore.NewWithDB(db, "pgx", waLog.Noop)
	if err := container.Upgrade(ctx); err != nil {
		return err
	}
	devices, err := container.GetAllDevices(ctx) // linked by an earlier process
	if err != nil {
		return err
	}
	client := &http.Client{Transport: transport}
	for i := range n {
		device := container.NewDevice()
		if i < len(devices) {
			device = devices[i]
		}
		if err := bareBot(ctx, device, client, i); err != nil {
			return fmt.Errorf("bare bot %d: %w", i, err)
		}
	}
	fmt.Println("all online count=" + count)
	<-ctx.Done()
	return nil
}

// bareBot connects one client, which then echoes whatever it is told. If it is not
// linked yet its codes are printed for the test to scan.
func bareBot(ctx context.Context, device *store.Device, web *http.Client, i int) error {
	cli := whatsmeow.NewClient(device, waLog.Noop)
	cli.SetWebsocketHTTPClient(web)
	cli.SetPreLoginHTTPClient(web)
	online := make(chan struct{}, 1)
	cli.AddEventHandler(func(event any) {
		switch e := event.(type) {
		case *events.Connected:
			select {
			case online <- struct{}{}:
			default:
			}
		case *events.Message:
			go func() {
				echo := &waE2E.Message{Conversation: proto.String(e.Message.GetConversation())}
				if _, err := cli.SendMessage(ctx, e.Info.Chat, echo); err != nil {
					fmt.Fprintln(os.Stderr, err)
				}
			}()
		}
	})
	if device.ID == nil {
		codes, err := cli.GetQRChannel(ctx)
		if err != nil {
			return err
		}
		go func() {
			for c := range codes {
				if c.Event == whatsmeow.QRChannelEventCode {
					fmt.Printf("scan bot=%d code=%s\n", i, c.Code)
				}
			}
		}()
	}
	if err := cli.ConnectContext(ctx); err != nil {
		return err
	}
	select {
	case <-online:
		return nil
	case <-time.After(time.Minute):
		return errors.New("not online within a minute")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// simulatedWhatsApp is a transport that reaches the simulator whatever the host.
func simulatedWhatsApp() (*http.Transport, error) {
	pem, err := os.ReadFile(os.Getenv("WHATSAPP_CA_FILE"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in WHATSAPP_CA_FILE")
	}
	key, err := os.ReadFile(os.Getenv("WHATSAPP_ROOT_KEY_FILE"))
	if err != nil {
		return nil, err
	}
	if _, err := hex.Decode(whatsmeow.WACertPubKey[:], []byte(strings.TrimSpace(string(key)))); err != nil {
		return nil, err
	}
	return &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, os.Getenv("WHATSAPP_ADDR"))
		},
	}, nil
}

// bareDatabase makes the database that bare bots keep their keys in.
func (s *stand) bareDatabase() {
	s.t.Helper()
	s.must(0, createDatabase(s.t.Context(), s.dbURL, "bare"))
}

// bareBots starts a process of n bare bots.
func (s *stand) bareBots(n int) *process {
	s.t.Helper()
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	return s.startCommand("bare", append(s.env[:len(s.env):len(s.env)],
		bareBots+"="+strconv.Itoa(n), "DATABASE_URL="+otherDatabase(s.dbURL, "bare")), self)
}

// bareNumber is the number of the nth bare bot.
func bareNumber(n int) string { return fmt.Sprintf("+2547990%05d", n) }

// linkBare scans the codes of new bare bots, each with a phone of its own, and
// waits until all are online.
func (s *stand) linkBare(p *process, from, to int) {
	s.t.Helper()
	for i := from; i < to; i++ {
		s.must(s.simulate("POST", "/phones", map[string]any{"number": bareNumber(i), "name": "bare"}, nil))
		code := p.line(fmt.Sprintf("scan bot=%d code=", i))
		s.must(s.simulate("POST", "/phones/"+escape(bareNumber(i))+"/scan",
			map[string]any{"code": code}, nil))
	}
	p.attr("all online", "count")
}

// line waits for a line of output that begins with prefix and returns its rest.
func (p *process) line(prefix string) string {
	p.t.Helper()
	var rest string
	eventually(p.t, time.Minute, func() error {
		f, err := os.Open(p.out)
		if err != nil {
			return err
		}
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if after, ok := strings.CutPrefix(lines.Text(), prefix); ok {
				rest = after
				return nil
			}
		}
		return fmt.Errorf("%s has not printed %q", p.name, prefix)
	})
	return rest
}
