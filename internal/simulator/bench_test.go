package simulator

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mau.fi/whatsmeow/types/events"
)

// spawned returns a simulator in a process of its own, so that its figures are
// not those of its clients.
func spawned(b *testing.B) *rig {
	b.Helper()
	r := &rig{t: b, dir: b.TempDir()}
	if err := sharedIdentity().Save(r.dir); err != nil {
		b.Fatal(err)
	}
	r.spawn("127.0.0.1:0", "127.0.0.1:0")
	b.Cleanup(func() { r.stop() })
	r.dialer = dialer(b, r.dir, r.addr)
	return r
}

// resident returns the simulator's resident memory in bytes.
func (r *rig) resident() int {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(r.pid) + "/status")
	if err != nil {
		r.t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(data), "VmRSS:")
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		r.t.Fatal(err)
	}
	return kib << 10
}

// cpu returns the processor time the simulator has used.
func (r *rig) cpu() time.Duration {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(r.pid) + "/stat")
	if err != nil {
		r.t.Fatal(err)
	}
	fields := strings.Fields(string(data))
	user, _ := strconv.Atoi(fields[13])
	system, _ := strconv.Atoi(fields[14])
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100
}

// What a linked and idle bot costs the simulator, and how long linking takes.
func BenchmarkIdleBots(b *testing.B) {
	const bots = 300
	r := spawned(b)
	before := r.resident()
	began := time.Now()
	for i := range bots {
		number := numbered("+25571", i)
		r.phone(number)
		r.linked(number)
	}
	each, memory := time.Since(began)/bots, (r.resident()-before)/bots
	idle, from := r.cpu(), time.Now()
	for b.Loop() {
		<-time.After(time.Minute)
	}
	b.ReportMetric(each.Seconds()*1000, "ms/pairing")
	b.ReportMetric(float64(memory)/1024, "KiB/bot")
	b.ReportMetric(float64((r.cpu()-idle).Microseconds())/bots/time.Since(from).Minutes(),
		"µs-cpu/bot-minute")
}

// What a customer costs the simulator, which also runs its client.
func BenchmarkCustomers(b *testing.B) {
	const customers = 20
	r := spawned(b)
	before := r.resident()
	began := time.Now()
	for i := range customers {
		r.customer(numbered("+25571", i))
	}
	each, memory := time.Since(began)/customers, (r.resident()-before)/customers
	idle, from := r.cpu(), time.Now()
	for b.Loop() {
		<-time.After(time.Minute)
	}
	b.ReportMetric(each.Seconds()*1000, "ms/customer")
	b.ReportMetric(float64(memory)/1024, "KiB/customer")
	b.ReportMetric(float64((r.cpu()-idle).Microseconds())/customers/time.Since(from).Minutes(),
		"µs-cpu/customer-minute")
}

// One bot writes, another answers: the server alone, without control API.
func BenchmarkEcho(b *testing.B) {
	r := spawned(b)
	r.phone(shop)
	r.phone(kiosk)
	asks, answers := r.linked(shop), r.linked(kiosk)
	answered := make(chan struct{}, 1)
	answers.set(func() {
		answers.reply = func(m *events.Message) { _, _ = answers.say(m.Info.Chat, "echo", "") }
	})
	asks.set(func() { asks.reply = func(*events.Message) { answered <- struct{}{} } })
	began := r.cpu()
	n := 0
	for b.Loop() {
		if _, err := asks.say(pn(kiosk), "Habari", ""); err != nil {
			b.Fatal(err)
		}
		<-answered
		n++
	}
	b.ReportMetric(float64((r.cpu()-began).Microseconds())/float64(n), "µs-cpu/op")
}

// Customers write as fast as they can to one bot that answers.
func BenchmarkCustomersEcho(b *testing.B) {
	const customers = 20
	r := spawned(b)
	r.phone(shop)
	bot := r.linked(shop)
	bot.set(func() {
		bot.reply = func(m *events.Message) { _, _ = bot.say(m.Info.Chat, "echo", "") }
	})
	for i := range customers {
		r.customer(numbered("+25571", i))
	}
	began, n := r.cpu(), 0
	for b.Loop() {
		var writing sync.WaitGroup
		for i := range customers {
			writing.Go(func() { r.say(numbered("+25571", i), shop, "Habari") })
		}
		writing.Wait()
		n++
		r.until("all are answered", func() bool { return r.stats().Numbers[shop].Acked >= n*customers })
	}
	b.ReportMetric(float64((r.cpu()-began).Microseconds())/float64(n*customers), "µs-cpu/message")
}
