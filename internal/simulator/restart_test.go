package simulator

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"github.com/flowhq/flowhq/internal/simulator/customers"
)

func TestStateIsNotShared(t *testing.T) {
	r := start(t)
	err := Run(t.Context(), Options{Addr: "127.0.0.1:0", Control: "127.0.0.1:0", Dir: r.dir, Log: testLog()})
	if err == nil {
		t.Error("Run() on the directory of another = nil; want an error")
	}
}

// Phones, links, customers, inboxes, sessions and queues outlive the simulator.
func TestRestart(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	r.say(anna, shop, "one")
	r.until("bot has the first", func() bool { return len(b.texts()) == 1 })
	if _, err := b.say(pn(anna), "re: one", "3EB0AAAAAAAAAAAA"); err != nil {
		t.Fatalf("SendMessage() = %v", err)
	}
	r.until("customer has the reply", func() bool { return len(r.inbox(anna)) == 1 })
	r.until("bot knows that it was read", func() bool { return b.received("3EB0AAAAAAAAAAAA", types.ReceiptTypeRead) })
	r.until("all is acknowledged", func() bool { return r.stats().Queued == 0 })
	b.Disconnect()
	r.until("bot is gone", func() bool { return r.stats().Numbers[shop].Connected == 0 })
	r.say(anna, shop, "two")
	before, letters := r.devices(shop), r.inbox(anna)

	r.restart()

	if diff := cmp.Diff(before, r.devices(shop)); diff != "" {
		t.Errorf("devices (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(letters, r.inbox(anna), cmpopts.IgnoreUnexported(customers.Letter{})); diff != "" {
		t.Errorf("inbox (-before +after):\n%s", diff)
	}
	b = r.again(b)
	b.connect()
	r.until("bot has the second", func() bool { return len(b.texts()) == 1 })
	r.say(anna, shop, "three")
	r.until("bot has the third", func() bool { return len(b.texts()) == 2 })
	if _, err := b.say(pn(anna), "re: one", "3EB0AAAAAAAAAAAA"); err != nil {
		t.Fatalf("SendMessage() = %v", err)
	}
	r.until("repeat is known", func() bool { got := r.inbox(anna); return len(got) == 1 && got[0].Repeats == 1 })
}

// A host that keeps its connection open all the time comes back by itself.
func TestRestartUnderABot(t *testing.T) {
	r := start(t)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	r.say(anna, shop, "one")
	r.until("bot has the first", func() bool { return len(b.texts()) == 1 })
	r.restart()
	r.say(anna, shop, "two")
	r.until("bot has the second", func() bool { return len(b.texts()) == 2 })
	if saw[*events.LoggedOut](b) {
		t.Error("bot was logged out")
	}
}

// TestMain runs the tests or, as the process that TestKill kills, a simulator.
func TestMain(m *testing.M) {
	dir := os.Getenv("SIMULATOR_DIR")
	if dir == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := Run(ctx, Options{
		Addr: os.Getenv("SIMULATOR_ADDR"), Control: os.Getenv("SIMULATOR_CONTROL"), Dir: dir,
		Log:   slog.New(slog.DiscardHandler),
		Ready: func(addr, control string) { fmt.Println(addr, control) },
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// spawn runs the simulator in a process of its own; r.stop kills it.
func (r *rig) spawn(addr, control string) {
	r.t.Helper()
	cmd := exec.CommandContext(context.Background(), os.Args[0])
	cmd.Env = append(os.Environ(), "SIMULATOR_DIR="+r.dir, "SIMULATOR_ADDR="+addr, "SIMULATOR_CONTROL="+control)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err = cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.pid = cmd.Process.Pid
	r.stop = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		r.t.Fatalf("the simulator does not start: %v", err)
	}
	r.addr, r.control, _ = strings.Cut(strings.TrimSpace(line), " ")
}

// The simulator is killed three times while a customer writes and a bot
// answers. What was acknowledged arrives, once.
func TestKill(t *testing.T) {
	const perRun, runs = 40, 4
	r := &rig{t: t, dir: t.TempDir()}
	if err := sharedIdentity().Save(r.dir); err != nil {
		t.Fatal(err)
	}
	r.spawn("127.0.0.1:0", "127.0.0.1:0")
	t.Cleanup(func() { r.stop() })
	r.dialer = dialer(t, r.dir, r.addr)
	r.phone(shop)
	r.customer(anna)
	b := r.linked(shop)
	b.redial()
	var answering sync.WaitGroup
	defer answering.Wait()
	var answered atomic.Int64
	b.set(func() {
		b.reply = func(m *events.Message) {
			answering.Add(1)
			defer answering.Done()
			id := numbered("3EB0ANSWER", len(m.Message.GetConversation()))
			for t.Context().Err() == nil { // until it is known to have arrived
				if _, err := b.say(m.Info.Chat, "re: "+m.Message.GetConversation(), id+m.Info.ID); err == nil {
					answered.Add(1)
					return
				}
				<-time.After(pollTime)
			}
		}
	})
	want := map[string]int{}
	for run := range runs {
		for i := range perRun {
			text := fmt.Sprint(run, "-", i)
			if run < runs-1 && i == perRun/2 {
				go r.stop() // somewhere in the next messages
			}
			if r.trySay(anna, shop, text) {
				want[text] = 1
			}
		}
		if run < runs-1 {
			r.stop()
			r.spawn(r.addr, r.control)
		}
	}
	r.until("bot has all that was acknowledged", func() bool { return missing(want, b.texts()) == 0 })
	r.until("bot has answered all", func() bool { return int(answered.Load()) == len(b.texts()) })
	r.until("customer has all answers", func() bool { return len(r.inbox(anna)) == len(b.texts()) })
	if got := count(b.texts()); len(got) != len(b.texts()) {
		t.Errorf("bot received %d messages, %d of them different", len(b.texts()), len(got))
	}
	t.Logf("%d of %d messages were acknowledged, %d arrived", len(want), perRun*runs, len(b.texts()))
}

// trySay has a customer write, and reports whether the server took the message.
func (r *rig) trySay(from, to, text string) bool {
	body := fmt.Sprintf(`{"to":%q,"text":%q}`, to, text)
	res, err := http.Post("http://"+r.control+"/customers/"+from+"/messages", "application/json", strings.NewReader(body))
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusAccepted
}

// count returns how often each text occurs.
func count(texts []string) map[string]int {
	out := map[string]int{}
	for _, text := range texts {
		out[text]++
	}
	return out
}

// missing returns how many of want are not among texts.
func missing(want map[string]int, texts []string) (n int) {
	got := count(texts)
	for text := range want {
		if got[text] == 0 {
			n++
		}
	}
	return n
}
