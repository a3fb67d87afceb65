package control

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/simulator/server"
)

const (
	maxRefusal = 24 * time.Hour // of logins and connections
	maxDelay   = time.Minute    // of a message or acknowledgement
	maxCount   = 1_000_000      // of what a fault befalls
)

// A Fault is the body of POST /faults.
type Fault struct {
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
	//	unresponsive   its companions' present connections stay open, in silence
	//	unreachable    hang up on whoever connects, for Seconds
	//	wrong_tls      show a certificate that nobody trusts for Seconds
	//	wrong_noise    likewise in the handshake after that
	//	few_codes      give who links Count codes, not as many as usual; 0 = as usual
	//	refresh_codes  have all that show a code change the secret in it
	//	want_passkey   ask who links it for a passkey once its phone has scanned
	//	uploads        have the next Count uploads of media fail with Reason; 0 = 503
	//	clear          no more of any fault that is still to come
	Kind    string
	Number  string // "" = everybody, but for kinds that befall one number
	Seconds float64
	Reason  int // of refused logins, 400 to 599; 0 = 503
	Code    int // why WhatsApp banned the number; 0 = 101
	Count   int
	Forms   []string // lid_number (as usual), lid, number or number_lid

	Oldest, Newest, Latest uint32
}

// A faultKind makes one kind of fault.
type faultKind struct {
	name string
	// needsNumber says that the fault befalls one number, which must exist.
	needsNumber bool
	// do makes the fault and returns what was done. number is digits only, "" for
	// everybody.
	do func(a *API, number string, in Fault) (any, error)
}

// faultKinds are listed as [Fault] explains them.
var faultKinds = []faultKind{
	{"drop", false, func(a *API, number string, _ Fault) (any, error) {
		return map[string]int{"dropped": a.server.Drop(number)}, nil
	}},
	{"logout", true, (*API).unlinkAll},
	{"refuse_logins", false, (*API).refuseLogins},
	{"replace", true, func(a *API, number string, _ Fault) (any, error) {
		replaced, err := a.server.Replace(number)
		return map[string]int{"replaced": replaced}, err
	}},
	{"duplicate", true, counted(func(f *server.Faults, number string, in Fault) {
		f.DuplicateDeliveries(number, in.Count)
	})},
	{"delay", true, counted(func(f *server.Faults, number string, in Fault) {
		f.DelayDeliveries(number, in.Count, in.duration())
	})},
	{"lose_acks", true, counted(func(f *server.Faults, number string, in Fault) {
		f.LoseAcks(number, in.Count)
	})},
	{"delay_acks", true, counted(func(f *server.Faults, number string, in Fault) {
		f.DelayAcks(number, in.Count, in.duration())
	})},
	{"address", true, func(a *API, number string, in Fault) (any, error) {
		err := a.server.Faults.SetForms(number, in.Forms)
		return map[string][]string{"forms": in.Forms}, err
	}},
	{"versions", false, func(a *API, _ string, in Fault) (any, error) {
		a.server.Faults.SetVersions(server.Versions{
			Oldest: in.Oldest, Newest: in.Newest, Latest: in.Latest,
		})
		return map[string]uint32{
			"oldest": in.Oldest, "newest": in.Newest, "latest": in.Latest,
		}, nil
	}},
	// As a host sees it whose network swallows everything: nothing ends the connection.
	{"unresponsive", true, func(a *API, number string, _ Fault) (any, error) {
		return map[string]int{"unresponsive": a.server.Freeze(number)}, nil
	}},
	{"unreachable", false, lasting((*server.Faults).SetUnreachable)},
	{"wrong_tls", false, lasting((*server.Faults).ShowWrongTLS)},
	{"wrong_noise", false, lasting((*server.Faults).ShowWrongNoise)},
	{"few_codes", false, (*API).limitCodes},
	{"refresh_codes", false, func(a *API, _ string, _ Fault) (any, error) {
		return map[string]int{"refreshed": a.server.RefreshCodes()}, nil
	}},
	{"want_passkey", true, func(a *API, number string, _ Fault) (any, error) {
		a.server.Faults.RequirePasskey(number)
		return map[string]string{}, nil
	}},
	{"uploads", false, (*API).failUploads},
	{"clear", false, func(a *API, _ string, _ Fault) (any, error) {
		a.server.Faults.Clear()
		return map[string]string{}, nil
	}},
}

// makeFault answers POST /faults: 200 with what was done. A fault that lasts replaces an
// earlier one of the same kind and number.
func (a *API) makeFault(r *http.Request) (int, any, error) {
	in, err := decode[Fault](r)
	if err != nil {
		return 0, nil, err
	}
	i := slices.IndexFunc(faultKinds, func(k faultKind) bool { return k.name == in.Kind })
	if i < 0 {
		var names []string
		for _, k := range faultKinds {
			names = append(names, k.name)
		}
		return 0, nil, invalid("kind must be one of %s", strings.Join(names, ", "))
	}
	kind, number := faultKinds[i], ""
	if in.Number != "" || kind.needsNumber {
		if number, err = digits(in.Number); err != nil {
			return 0, nil, err
		}
		// A fault for nobody would be a misspelt number in a test that passes.
		if !a.server.HasNumber(number) {
			return 0, nil, flowhq.Errorf(flowhq.NotFound, "nobody has the number +%s", number)
		}
	}
	done, err := kind.do(a, number, in)
	return http.StatusOK, done, err
}

// duration returns Seconds.
func (in Fault) duration() time.Duration {
	return time.Duration(in.Seconds * float64(time.Second))
}

// checkDuration refuses Seconds that are out of bounds.
func (in Fault) checkDuration(longest time.Duration) error {
	if d := in.duration(); d < 0 || d > longest {
		return invalid("seconds must be 0 to %d", int(longest.Seconds()))
	}
	return nil
}

// counted makes a fault that befalls the next Count messages.
func counted(
	set func(*server.Faults, string, Fault),
) func(*API, string, Fault) (any, error) {
	return func(a *API, number string, in Fault) (any, error) {
		if in.Count < 1 || in.Count > maxCount {
			return nil, invalid("count must be 1 to %d", maxCount)
		}
		if err := in.checkDuration(maxDelay); err != nil {
			return nil, err
		}
		set(a.server.Faults, number, in)
		return map[string]int{"count": in.Count}, nil
	}
}

// lasting makes a fault that lasts for Seconds.
func lasting(
	set func(*server.Faults, time.Time),
) func(*API, string, Fault) (any, error) {
	return func(a *API, _ string, in Fault) (any, error) {
		if err := in.checkDuration(maxRefusal); err != nil {
			return nil, err
		}
		until := time.Now().Add(in.duration())
		set(a.server.Faults, until)
		return map[string]any{"until": until.UTC()}, nil
	}
}

// unlinkAll makes the logout fault.
func (a *API) unlinkAll(number string, _ Fault) (any, error) {
	if _, _, err := a.server.CustomerAccount(number); err == nil {
		return nil, flowhq.Errorf(flowhq.Conflict,
			"+%s is a customer, who has no linked devices", number)
	}
	unlinked, err := a.server.UnlinkAll(number)
	return map[string]any{"unlinked": unlinked}, err
}

// refuseLogins makes the fault of that name.
func (a *API) refuseLogins(number string, in Fault) (any, error) {
	if err := in.checkDuration(maxRefusal); err != nil {
		return nil, err
	}
	if in.Reason != 0 && (in.Reason < 400 || in.Reason > 599) {
		return nil, invalid("reason must be 400 to 599")
	}
	r := a.server.Faults.RefuseLogins(number, server.Refusal{
		Reason: in.Reason, Code: in.Code, Until: time.Now().Add(in.duration()),
	})
	return map[string]any{"reason": r.Reason, "until": r.Until.UTC()}, nil
}

// failUploads makes the fault uploads.
func (a *API) failUploads(_ string, in Fault) (any, error) {
	if in.Reason != 0 && (in.Reason < 400 || in.Reason > 599) {
		return nil, invalid("reason must be 400 to 599")
	}
	if in.Count < 1 || in.Count > maxCount {
		return nil, invalid("count must be 1 to %d", maxCount)
	}
	a.server.Faults.FailUploads(in.Count, cmp.Or(in.Reason, http.StatusServiceUnavailable))
	return map[string]int{"count": in.Count}, nil
}

// limitCodes makes the few_codes fault.
func (a *API) limitCodes(_ string, in Fault) (any, error) {
	if in.Count < 0 || in.Count > server.MaxCodes {
		return nil, invalid("count must be 0 to %d", server.MaxCodes)
	}
	a.server.Faults.LimitCodes(in.Count)
	return map[string]int{"count": in.Count}, nil
}
