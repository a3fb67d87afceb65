package reply

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/demo"
)

var (
	showTurns = flag.Bool("show", false, "print the conversations in testdata as they are played")
	playOpen  = flag.Bool("open", false, "play the conversations that the bot cannot lead yet too")
)

// TestConversations plays every conversation in testdata/conversations. README.md there says how
// they are written and what is checked of every reply.
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/conversations/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("there are no conversations")
	}
	if !hasModel(t) {
		return
	}
	playAll(t, files)
}

// TestOpenConversations names the conversations that the bot cannot lead yet, and plays them only
// with -open. One that passes belongs one folder up.
func TestOpenConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/conversations/open/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	if *playOpen {
		playAll(t, files)
		return
	}
	for _, file := range files {
		t.Log("open:", filepath.Base(file))
	}
}

// playAll plays each file as a test of its own.
func playAll(t *testing.T, files []string) {
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			script, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := &stage{T: t}
			for i, line := range strings.Split(string(script), "\n") {
				s.line = i + 1
				s.read(strings.TrimRight(line, " \r"))
			}
			s.flush()
			s.end()
		})
	}
}

// A stage plays one conversation.
type stage struct {
	*testing.T
	line     int
	begun    bool
	business string
	config   flowhq.Config
	profile  flowhq.Profile
	know     *Knowledge
	language flowhq.Language // of the customer
	now      time.Time
	others   []flowhq.Span // bookings of other customers

	state   State
	facts   ledger
	message int64
	pending []string // lines of the customer that wait for their turn
	reply   string
	lines   []string // of the reply that are still to be checked
	checked bool     // exactly, so that none may be left
	previous,
	polite string
	wanted  []string // facts
	nothing bool
}

// A ledger is the facts so far, in the order in which they came.
type ledger struct {
	bookings   []flowhq.Booking
	orders     []flowhq.Order
	tickets    []flowhq.Ticket
	handOvers  []flowhq.HandOver
	unanswered []flowhq.Unanswered
}

func (s *stage) fail(format string, args ...any) {
	s.Helper()
	s.Errorf("line %d: %s", s.line, fmt.Sprintf(format, args...))
}

// read does what one line of the file says.
func (s *stage) read(line string) {
	mark, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	if mark != ">" {
		s.flush()
	}
	switch {
	case line == "" || strings.HasPrefix(line, "#"):
	case mark == ">":
		s.begin()
		s.pending = append(s.pending, rest)
	case mark == "<":
		s.check(rest)
	case mark == "@":
		d, err := time.ParseDuration(strings.TrimPrefix(rest, "+"))
		if err != nil {
			s.fail("%q is no time such as +15m", rest)
		}
		s.endReply()
		s.now = s.now.Add(d)
	case mark == "*":
		s.ownerWrites()
	case mark == "!":
		key, value, _ := strings.Cut(rest, ":")
		s.head(key, strings.TrimSpace(value))
	case mark == "=" && rest == "nothing":
		s.nothing = true
	case mark == "=":
		s.wanted = append(s.wanted, rest)
	default:
		key, value, isHead := strings.Cut(line, ":")
		if !isHead || s.begun {
			s.fail("%q begins with none of > < * @ = ! #", line)
			return
		}
		s.head(key, strings.TrimSpace(value))
	}
}

// head reads a line of the head.
func (s *stage) head(key, value string) {
	switch key {
	case "profile":
		if !slices.Contains(demo.Names, value) {
			s.Fatalf("line %d: there is no profile %q; there are %v", s.line, value, demo.Names)
		}
		s.business, s.config, s.profile = value, demo.Config(value), demo.Profile(value)
	case "now":
		at, err := time.ParseInLocation("2006-01-02 15:04", value, s.profile.Zone())
		if err != nil || s.business == "" {
			s.Fatalf("line %d: now must stand behind profile, such as 2026-03-04 10:15", s.line)
		}
		s.now = at
	case "customer":
		s.language = flowhq.Language(strings.ToUpper(value))
	case "language":
		s.config.Language = flowhq.Language(strings.ToUpper(value))
	case "taken":
		var day, clock string
		var minutes int
		if _, err := fmt.Sscan(value, &day, &clock, &minutes); err != nil {
			s.Fatalf("line %d: taken must be a day, a time and minutes", s.line)
		}
		from, err := time.ParseInLocation("2006-01-02 15:04", day+" "+clock, s.profile.Zone())
		if err != nil {
			s.Fatalf("line %d: %v", s.line, err)
		}
		s.others = append(s.others, flowhq.Span{From: from,
			To: from.Add(time.Duration(minutes) * time.Minute)})
	default:
		s.fail("the head has no %q", key)
	}
}

// begin ends the head.
func (s *stage) begin() {
	if s.begun {
		return
	}
	if s.now.IsZero() {
		s.Fatalf("line %d: the head must say profile and now", s.line)
	}
	s.begun = true
	s.know = Compile(s.profile, s.config)
}

var wordless = regexp.MustCompile(`^\[(\w+)(?: (-?[\d.]+), ?(-?[\d.]+))?\] ?(.*)$`)

// flush plays the lines that the customer wrote in a row as one turn.
func (s *stage) flush() {
	if len(s.pending) == 0 {
		return
	}
	s.endReply()
	s.message++
	m := Message{Text: strings.Join(s.pending, "\n"), Kind: flowhq.KindText, ID: s.message, At: s.now}
	if w := wordless.FindStringSubmatch(m.Text); w != nil {
		m.Text, m.Media, m.Kind = w[4], w[1], flowhq.KindMedia
		if w[1] == mediaLocation {
			m.Kind = flowhq.KindLocation
			lat, _ := strconv.ParseFloat(w[2], 64)
			long, _ := strconv.ParseFloat(w[3], 64)
			m.Latitude, m.Longitude = &lat, &long
		}
	}
	if *showTurns {
		for _, l := range s.pending {
			fmt.Printf("> %s\n", l)
		}
	}
	s.pending = nil
	s.reply = ""
	if s.handedOver() {
		s.lines, s.checked = nil, false
		if *showTurns {
			fmt.Println("  (a person answers)")
		}
		return
	}
	s.play(m)
	s.now = s.now.Add(10 * time.Second)
}

// ownerWrites is what whoever runs the business writes from the phone: the pipeline hands the
// chat over, and Decide is not asked.
func (s *stage) ownerWrites() {
	s.endReply()
	until := s.now.Add(s.profile.HandOver())
	open := func(h flowhq.HandOver) bool { return h.Open(s.now) }
	if i := slices.IndexFunc(s.facts.handOvers, open); i >= 0 { // a chat has one at a time
		s.facts.handOvers[i].Until = &until
		return
	}
	s.facts.handOvers = append(s.facts.handOvers, flowhq.HandOver{
		Reason: flowhq.HandOverOwner, At: s.now, Until: &until,
	})
}

func (s *stage) handedOver() bool {
	return slices.ContainsFunc(s.facts.handOvers, func(h flowhq.HandOver) bool { return h.Open(s.now) })
}

// play decides a turn and checks what is true of every turn.
func (s *stage) play(m Message) {
	in := Input{
		Message: m, Knowledge: s.know, State: s.state, Calendar: s.calendar(),
		Reference: flowhq.Reference(m.ID),
	}
	before, _ := json.Marshal(s.state)
	s.inspectHeld(in)
	turn := Decide(in)
	again := Decide(in)
	if !reflect.DeepEqual(turn, again) {
		s.fail("the turn differs from one call to the next:\n%+v\n%+v", turn, again)
	}
	if after, _ := json.Marshal(s.state); string(before) != string(after) {
		s.fail("the turn changed the state that it was given")
	}
	// The state travels through the database.
	raw, err := json.Marshal(turn.State)
	if err != nil {
		s.Fatal(err)
	}
	s.state = State{}
	if err := json.Unmarshal(raw, &s.state); err != nil {
		s.Fatal(err)
	}
	for _, f := range turn.Facts {
		s.apply(f)
	}
	s.reply = turn.Reply
	s.lines, s.checked = strings.Split(turn.Reply, "\n"), false
	if *showTurns {
		fmt.Printf("< %s\n", strings.ReplaceAll(turn.Reply, "\n", "\n< "))
		fmt.Printf("  %s %s %v", turn.Understood.Language, turn.Understood.Band, turn.Understood.Acts)
		for _, i := range turn.Understood.Intents {
			fmt.Printf(" %s=%.2f", i.Name, i.Score)
		}
		fmt.Println()
	}
	s.inspect(turn)
}

// inspect checks what is true of every reply.
func (s *stage) inspect(turn Turn) {
	if s.reply == "" {
		return
	}
	if s.language != "" && turn.Understood.Language != s.language {
		s.fail("the reply is in %s: %q", turn.Understood.Language, s.reply)
	}
	for _, said := range sentences(s.reply) {
		if slices.Contains(sentences(s.previous), said) {
			s.fail("%q is said twice in a row", said)
		}
	}
	s.previous = s.reply
	if p := polite.FindString(s.reply); p != "" {
		if s.polite != "" {
			s.fail("%q is said twice", strings.TrimSpace(p))
		}
		s.polite = p
	}
	s.inspectNumbers()
}

// calendar is what the database would say.
func (s *stage) calendar() Calendar {
	c := Calendar{Taken: slices.Clone(s.others)}
	for _, b := range s.facts.bookings {
		lapsed := b.Status == flowhq.BookingHeld && b.HeldUntil != nil && !s.now.Before(*b.HeldUntil)
		if b.Status == flowhq.BookingCancelled || lapsed || !b.EndsAt.After(s.now) {
			continue
		}
		c.Taken = append(c.Taken, flowhq.Span{From: b.StartsAt, To: b.EndsAt})
		c.Bookings = append([]flowhq.Booking{b}, c.Bookings...)
	}
	for _, o := range s.facts.orders {
		c.Orders = append([]flowhq.Order{o}, c.Orders...)
	}
	for _, k := range s.facts.tickets {
		if k.Status == flowhq.TicketOpen {
			c.Tickets = append([]flowhq.Ticket{k}, c.Tickets...)
		}
	}
	return c
}

// apply writes a fact as the store does: the number of one that exists replaces it.
func (s *stage) apply(f flowhq.FactChange) {
	switch {
	case f.Booking != nil:
		b := *f.Booking
		b.CreatedAt = s.now
		put(&s.facts.bookings, b, func(o flowhq.Booking) bool { return o.Number == b.Number })
	case f.Order != nil:
		o := *f.Order
		o.CreatedAt, o.UpdatedAt = s.now, s.now
		if o.Status == flowhq.OrderConfirmed && o.ConfirmedAt == nil {
			o.ConfirmedAt = &o.CreatedAt
		}
		put(&s.facts.orders, o, func(x flowhq.Order) bool { return x.Number == o.Number })
	case f.Ticket != nil:
		k := *f.Ticket
		k.CreatedAt = s.now
		put(&s.facts.tickets, k, func(x flowhq.Ticket) bool { return x.Number == k.Number })
	case f.HandOver != nil:
		s.facts.handOvers = append(s.facts.handOvers, *f.HandOver)
	case f.Unanswered != nil:
		s.facts.unanswered = append(s.facts.unanswered, *f.Unanswered)
	case f.Reminders != nil: // no fact that a conversation ends with
	default:
		s.fail("a fact has no field set")
	}
}

func put[T any](all *[]T, v T, same func(T) bool) {
	if i := slices.IndexFunc(*all, same); i >= 0 {
		(*all)[i] = v
		return
	}
	*all = append(*all, v)
}

// check compares the reply with a line of the file.
func (s *stage) check(want string) {
	rest, isCheck := strings.CutPrefix(want, "~ ")
	if !isCheck {
		s.checked = true
		if len(s.lines) == 0 || s.lines[0] != want {
			s.fail("the bot says\n  %q\nand not\n  %q", strings.Join(s.lines, "\n"), want)
			s.lines = nil
			s.checked = false
			return
		}
		s.lines = s.lines[1:]
		return
	}
	kind, what, _ := strings.Cut(rest, ":")
	found := slices.ContainsFunc(strings.Split(what, "|"), func(w string) bool {
		return strings.Contains(strings.ToLower(s.reply), strings.ToLower(strings.TrimSpace(w)))
	})
	switch {
	case kind == "contains" && !found:
		s.fail("the bot says %q, without %s", s.reply, strings.TrimSpace(what))
	case kind == "lacks" && found:
		s.fail("the bot says %q, with %s", s.reply, strings.TrimSpace(what))
	case kind == "silence" && s.reply != "":
		s.fail("the bot says %q", s.reply)
	case kind != "contains" && kind != "lacks" && kind != "silence":
		s.fail("there is no check %q", kind)
	}
}

// endReply checks that a reply that is written out was so to its end.
func (s *stage) endReply() {
	if s.checked && len(s.lines) > 0 {
		s.fail("the bot goes on: %q", strings.Join(s.lines, "\n"))
	}
	s.checked, s.lines = false, nil
}
