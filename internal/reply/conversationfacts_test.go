package reply

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowhq/flowhq"
)

// end checks the facts that stand at the end.
func (s *stage) end() {
	s.endReply()
	all, must := s.factLines()
	if *showTurns {
		for _, f := range all {
			fmt.Printf("= %s\n", f)
		}
	}
	if s.nothing && len(must) > 0 {
		s.fail("there must be nothing at the end; there is %q", must)
	}
	if !s.nothing && len(s.wanted) == 0 {
		s.fail("the file must say what stands at the end, such as: = nothing")
	}
	free := slices.Clone(all)
	for _, want := range s.wanted {
		i := slices.IndexFunc(free, func(f string) bool { return fits(want, f) })
		if i < 0 {
			s.fail("at the end there is no %q; there is %q", want, all)
			continue
		}
		must = slices.DeleteFunc(must, func(f string) bool { return f == free[i] })
		free = slices.Delete(free, i, i+1)
	}
	if len(s.wanted) > 0 {
		for _, f := range must {
			s.fail("at the end there is also %q", f)
		}
	}
}

// fits reports whether all words of want are in the line of a fact.
func fits(want, fact string) bool {
	have := strings.Fields(strings.ToLower(strings.ReplaceAll(fact, ",", " ")))
	kind, _, _ := strings.Cut(want, " ")
	if len(have) == 0 || have[0] != strings.ToLower(kind) {
		return false
	}
	for _, w := range strings.Fields(strings.ToLower(want)) {
		w = strings.ReplaceAll(strings.Trim(w, ","), ",", "")
		i := slices.Index(have, w)
		if w == "" {
			continue
		}
		if i < 0 {
			return false
		}
		have = slices.Delete(have, i, i+1)
	}
	return true
}

// factLines writes the facts as the "=" lines do. Those of must need such a line.
func (s *stage) factLines() (all, must []string) {
	zone := s.profile.Zone()
	add := func(needed bool, format string, args ...any) {
		line := fmt.Sprintf(format, args...)
		all = append(all, line)
		if needed {
			must = append(must, line)
		}
	}
	for _, b := range s.facts.bookings {
		service := b.Service
		if service == "" {
			service = "-"
		}
		add(b.Status == flowhq.BookingConfirmed, "booking %s %s %s %d",
			service, b.StartsAt.In(zone).Format("2006-01-02 15:04"), b.Status, b.Price)
	}
	for _, o := range s.facts.orders {
		add(o.Placed(), "%s", orderLine(o))
	}
	for _, k := range s.facts.tickets {
		add(true, "ticket %s %s, note %s", k.Subject, k.Status, k.Note)
	}
	for _, h := range s.facts.handOvers {
		add(true, "hand-over %s", h.Reason)
	}
	for _, u := range s.facts.unanswered {
		add(false, "unanswered %s", u.Language)
	}
	return all, must
}

func orderLine(o flowhq.Order) string {
	var lines []string
	for _, l := range o.Lines {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%d x %s %s", l.Quantity, l.Product, l.Size)))
	}
	line := "order " + strings.Join(lines, ", ")
	if o.Delivery.Area != "" {
		line += ", area " + o.Delivery.Area
	}
	if o.Delivery.Address != "" {
		line += ", address " + o.Delivery.Address
	}
	if o.Delivery.Latitude != nil {
		line += ", location"
	}
	if o.Delivery.Fee > 0 {
		line += fmt.Sprintf(", fee %d", o.Delivery.Fee)
	}
	return line + fmt.Sprintf(", total %d, %s %s", o.Total, o.Note, o.Status)
}

var (
	inReply   = regexp.MustCompile(`\d[\d,.:/]*\d|\d`)
	listed    = regexp.MustCompile(`(?m)^\d\. `)
	dayNumber = regexp.MustCompile(`(?i)(tarehe )?\b\d{1,2} (january|february|march|april|may|june|july|` +
		`august|september|october|november|december|januari|februari|machi|aprili|mei|juni|julai|` +
		`agosti|septemba|oktoba|novemba|desemba)( 20\d\d)?`)
	clockTime = regexp.MustCompile(`\b([01]\d|2[0-4]):(00|15|30|45)\b`)
)

// inspectNumbers checks that every number of the reply is known from somewhere else than the
// customer.
func (s *stage) inspectNumbers() {
	text := listed.ReplaceAllString(s.reply, "")
	text = dayNumber.ReplaceAllString(text, "")
	text = clockTime.ReplaceAllString(text, "")
	known := s.knownNumbers()
	for _, n := range inReply.FindAllString(text, -1) {
		plain := strings.NewReplacer(",", "", ".", "").Replace(n)
		if !slices.Contains(known, plain) && !slices.Contains(known, n) {
			s.fail("nobody has told the bot the number %s of %q", n, s.reply)
		}
	}
}

// knownNumbers are those of the profile, the facts and the order in the making.
func (s *stage) knownNumbers() []string {
	profile, _ := json.Marshal(s.profile)
	facts, _ := json.Marshal([]any{
		s.facts.bookings, s.facts.orders, s.facts.tickets,
	})
	known := inReply.FindAllString(string(profile)+string(facts), -1)
	for i, n := range known {
		known[i] = strings.NewReplacer(",", "", ".", "").Replace(n)
	}
	known = append(known, inReply.FindAllString(string(profile), -1)...)
	// What stands behind a yes goes with the hand-over in the customer's words.
	for _, h := range s.facts.handOvers {
		known = append(known, inReply.FindAllString(h.Note, -1)...)
	}
	for _, b := range s.facts.bookings {
		known = append(known, strings.TrimLeft(b.Number, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
		known = append(known, b.StartsAt.In(s.profile.Zone()).Format("15:04"))
	}
	number := func(n int64) { known = append(known, strconv.FormatInt(n, 10)) }
	for _, p := range s.profile.Products {
		for n := range int64(13) {
			number(p.Price * n)
		}
	}
	// A visit of several services is read back with what they come to.
	if v := s.state.Booking; v != nil {
		// A note is read back in the customer's words.
		known = append(known, inReply.FindAllString(v.Note, -1)...)
		from, to := int64(0), int64(0)
		for _, id := range v.services() {
			if service := s.know.service[id]; service != nil {
				from, to = from+service.Price, to+max(service.Price, service.PriceTo)
			}
		}
		number(from)
		number(to)
	}
	// So is what services come to together whose prices were told of late.
	for set := range 1 << len(s.state.Spoken) {
		sum := int64(0)
		for i, id := range s.state.Spoken {
			if service := s.know.service[id]; service != nil && set&(1<<i) != 0 {
				sum += service.Price
			}
		}
		number(sum)
		// With the way of the technician.
		for _, area := range s.profile.Delivery.Areas {
			if area.Fee != nil {
				number(sum + *area.Fee)
			}
		}
	}
	if o := s.state.Order; o != nil {
		total := int64(0)
		for _, l := range o.Lines {
			number(int64(l.Quantity))
			if p := s.know.product[l.Product]; p != nil {
				number(p.Price * int64(l.Quantity))
				total += p.Price * int64(l.Quantity)
			}
		}
		number(total)
		for _, a := range s.profile.Delivery.Areas {
			if a.Fee != nil {
				number(total + *a.Fee)
			}
		}
		// An address is the customer's own, and read back on a line of its own.
		known = append(known, inReply.FindAllString(o.Address, -1)...)
	}
	return known
}
