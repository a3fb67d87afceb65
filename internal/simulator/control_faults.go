package simulator

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	maxRefusal    = 24 * time.Hour
	maxDuplicates = 1_000_000
)

type phoneView struct {
	Number  string       `json:"number"`
	Name    string       `json:"name"`
	LID     string       `json:"lid"`
	Devices []deviceView `json:"devices"` // companions only
}

type deviceView struct {
	ID        int    `json:"id"`
	JID       string `json:"jid"`
	Connected bool   `json:"connected"`
	Queued    int    `json:"queued"` // stanzas it has not acknowledged
}

type customerView struct {
	Number    string `json:"number"`
	Name      string `json:"name"`
	LID       string `json:"lid"`
	Connected bool   `json:"connected"`
}

// viewPhone describes a phone. The caller holds mu.
func (s *server) viewPhone(a *account) phoneView {
	v := phoneView{Number: a.e164(), Name: a.Name, LID: a.lid().String(), Devices: []deviceView{}}
	for _, d := range a.sorted() {
		if d.ID > 0 {
			v.Devices = append(v.Devices, deviceView{
				ID: int(d.ID), JID: d.pn().String(), Connected: d.conn != nil, Queued: len(d.queue.entries),
			})
		}
	}
	return v
}

// viewCustomer describes a customer. The caller holds mu.
func viewCustomer(a *account) customerView {
	return customerView{Number: a.e164(), Name: a.Name, LID: a.lid().String(), Connected: a.connected() > 0}
}

// connected counts the account's live connections. The caller holds mu.
func (a *account) connected() (n int) {
	for _, d := range a.devices {
		if d.conn != nil {
			n++
		}
	}
	return n
}

// byNumber returns all customers or all phones. The caller holds mu.
func (s *server) byNumber(customers bool) []*account {
	var out []*account
	for _, a := range s.accounts {
		if a.Customer == customers {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b *account) int { return strings.Compare(a.Number, b.Number) })
	return out
}

// A faultRequest is the body of POST /faults.
type faultRequest struct {
	Kind    string
	Number  string // "" = everybody, for drop and refuse_logins
	Seconds float64
	Reason  int
	Count   int
}

// makeFault answers POST /faults: 200 with what was done.
func (s *server) makeFault(r *http.Request) (int, any, error) {
	in, err := decode[faultRequest](r)
	if err != nil {
		return 0, nil, err
	}
	number := ""
	if in.Number != "" || in.Kind == "logout" || in.Kind == "duplicate" {
		if number, err = digits(in.Number); err != nil {
			return 0, nil, err
		}
		if err = s.exists(number); err != nil {
			return 0, nil, err
		}
	}
	var done any
	switch in.Kind {
	case "drop":
		done = map[string]int{"dropped": s.drop(number)}
	case "logout":
		done, err = s.logoutAll(number)
	case "refuse_logins":
		done, err = s.refuse(number, in)
	case "duplicate":
		done, err = s.duplicate(number, in.Count)
	default:
		err = fail(http.StatusBadRequest, "kind must be drop, logout, refuse_logins or duplicate")
	}
	return http.StatusOK, done, err
}

func (s *server) exists(number string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accounts[number] == nil {
		return fail(http.StatusNotFound, "nobody has the number +%s", number)
	}
	return nil
}

func (s *server) logoutAll(number string) (any, error) {
	s.mu.Lock()
	a := s.accounts[number]
	list := a.sorted()
	s.mu.Unlock()
	if a.Customer {
		return nil, fail(http.StatusConflict, "+%s is a customer, who has no linked devices", number)
	}
	unlinked := []int{}
	for _, d := range list {
		if s.unlink(a, d.ID, nil) {
			unlinked = append(unlinked, int(d.ID))
		}
	}
	return map[string]any{"unlinked": unlinked}, s.db.flush()
}

func (s *server) refuse(number string, in faultRequest) (any, error) {
	duration := time.Duration(in.Seconds * float64(time.Second))
	if duration < 0 || duration > maxRefusal {
		return nil, fail(http.StatusBadRequest, "seconds must be 0 to %d", int(maxRefusal.Seconds()))
	}
	if in.Reason == 0 {
		in.Reason = reasonUnavailable
	}
	if in.Reason < 400 || in.Reason > 599 {
		return nil, fail(http.StatusBadRequest, "reason must be 400 to 599")
	}
	r := refusal{reason: in.Reason, until: time.Now().Add(duration)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.refuseLogins(number, r)
	return map[string]any{"reason": r.reason, "until": r.until.UTC()}, nil
}

func (s *server) duplicate(number string, count int) (any, error) {
	if count < 1 || count > maxDuplicates {
		return nil, fail(http.StatusBadRequest, "count must be 1 to %d", maxDuplicates)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.duplicates[number] = count
	return map[string]int{"count": count}, nil
}

type numberView struct {
	Logins    int `json:"logins"`
	Replaced  int `json:"replaced"`
	Connected int `json:"connected"` // live connections
	Acked     int `json:"acked"`     // messages its devices have acknowledged
}

// showStats answers GET /stats. Counters begin with the simulator's start.
func (s *server) showStats(*http.Request) (int, any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	numbers, queued := map[string]numberView{}, 0
	for _, a := range s.accounts {
		numbers[a.e164()] = numberView{a.stats.logins, a.stats.replaced, a.connected(), a.stats.acked}
		for _, d := range a.devices {
			queued += len(d.queue.entries)
		}
	}
	return http.StatusOK, map[string]any{
		"connections": len(s.conns), "logins": s.stats.logins, "replaced": s.stats.replaced,
		"phones": len(s.accounts) - len(s.customers), "customers": len(s.customers),
		"messages_routed": s.stats.routed, "queued": queued, "refused_logins": s.stats.refused,
		"numbers": numbers,
	}, nil
}
