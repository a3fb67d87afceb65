package simulator

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	maxRefusal = 24 * time.Hour
	maxDelay   = time.Minute
	maxCount   = 1_000_000 // of what a fault befalls
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
	// Kind is one of
	//
	//	drop           cut the number's connections
	//	logout         unlink its companions
	//	refuse_logins  for Seconds, with Reason; 402, a ban until then, with Code
	//	replace        have a stranger log in with the companions' keys, and go
	//	duplicate      deliver the next Count messages to its companions twice
	//	delay          deliver the next Count messages to it Seconds late
	//	lose_acks      route the next Count messages of its companions, and do not
	//	               acknowledge them
	//	delay_acks     acknowledge the next Count of them Seconds late
	//	address        have the next deliveries of a customer's messages name it in
	//	               these Forms, one after the other; the last one stays
	//	versions       refuse companions whose revision of the client is below Oldest or
	//	               above Newest (0 = any), and name Latest on the web page
	//	deafen         its companions' present connections stay open, in silence
	//	unreachable    hang up on whoever connects, for Seconds
	//	wrong_tls      show a certificate that nobody trusts for Seconds
	//	wrong_noise    likewise in the handshake after that
	//	few_codes      give who links Count codes, not as many as usual; 0 = as usual
	//	refresh_codes  have all that show a code change the secret in it
	//	want_passkey   ask who links it for a passkey once its phone has scanned
	//	clear          no more of any fault that is still to come
	Kind    string
	Number  string // "" = everybody, but for those in forOne
	Seconds float64
	Reason  int
	Code    int // why WhatsApp banned the number; 0 = 101
	Count   int
	Forms   []string // lid_number (as usual), lid, number or number_lid

	Oldest, Newest, Latest uint32
}

// forOne are the faults that befall one number.
var forOne = []string{"logout", "replace", "duplicate", "delay", "lose_acks", "delay_acks", "address", "deafen", "want_passkey"}

// makeFault answers POST /faults: 200 with what was done.
func (s *server) makeFault(r *http.Request) (int, any, error) {
	in, err := decode[faultRequest](r)
	if err != nil {
		return 0, nil, err
	}
	number := ""
	if in.Number != "" || slices.Contains(forOne, in.Kind) {
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
	case "replace":
		done, err = s.replace(number)
	case "duplicate", "delay", "lose_acks", "delay_acks":
		done, err = s.disturb(number, in)
	case "address":
		done, err = s.setForms(number, in.Forms)
	case "versions":
		done = s.setVersions(in)
	case "clear":
		done = s.clear()
	default:
		if !isOdd(in.Kind) {
			return 0, nil, fail(http.StatusBadRequest, "kind must be drop, logout, refuse_logins, replace, duplicate, delay, "+
				"lose_acks, delay_acks, address, versions, %s or clear", strings.Join(oddKinds, ", "))
		}
		done, err = s.makeOdd(number, in)
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
	r := refusal{reason: in.Reason, code: cmp.Or(in.Code, banCode), until: time.Now().Add(duration)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.refuseLogins(number, r)
	return map[string]any{"reason": r.reason, "until": r.until.UTC()}, nil
}

// disturb sets what befalls the next messages to or from a number.
func (s *server) disturb(number string, in faultRequest) (any, error) {
	if in.Count < 1 || in.Count > maxCount {
		return nil, fail(http.StatusBadRequest, "count must be 1 to %d", maxCount)
	}
	late := time.Duration(in.Seconds * float64(time.Second))
	if late < 0 || late > maxDelay {
		return nil, fail(http.StatusBadRequest, "seconds must be 0 to %d", int(maxDelay.Seconds()))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch in.Kind {
	case "duplicate":
		s.faults.duplicates[number] = in.Count
	case "lose_acks":
		s.faults.lostAcks[number] = in.Count
	case "delay_acks":
		s.faults.lateAcks[number] = delays{in.Count, late}
	case "delay":
		s.faults.late[number] = delays{in.Count, late}
	}
	return map[string]int{"count": in.Count}, nil
}

func (s *server) clear() any {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = newFaults()
	return map[string]string{}
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
