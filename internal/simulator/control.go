package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"go.mau.fi/whatsmeow"
)

const (
	maxBody     = 256 << 10 // of a request to the control API, in bytes
	sendTimeout = 30 * time.Second
)

// controlAPI returns the handler of the JSON API. What a request must hold and
// what it is answered is declared beside each route's function.
func (s *server) controlAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.Handle("POST /phones", route(s.createPhone))
	mux.Handle("GET /phones", route(s.listPhones))
	mux.Handle("GET /phones/{number}", route(s.showPhone))
	mux.Handle("GET /phones/{number}/logins", route(s.listLogins))
	mux.Handle("POST /phones/{number}/scan", route(s.scanCode))
	mux.Handle("POST /phones/{number}/enter-code", route(s.enterCode))
	mux.Handle("POST /phones/{number}/logout", route(s.logout))
	mux.Handle("POST /customers", route(s.createCustomer))
	mux.Handle("GET /customers", route(s.listCustomers))
	mux.Handle("POST /customers/{number}/messages", route(s.sendMessage))
	mux.Handle("GET /customers/{number}/inbox", route(s.showInbox))
	mux.Handle("POST /faults", route(s.makeFault))
	mux.Handle("GET /stats", route(s.showStats))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		reply(w, http.StatusNotFound, map[string]string{"error": "no such path: " + r.Method + " " + r.URL.Path})
	})
	return mux
}

// An apiError is a request that cannot be served as it is.
type apiError struct {
	status  int
	message string
}

func (e *apiError) Error() string { return e.message }

func fail(status int, format string, args ...any) error {
	return &apiError{status, fmt.Sprintf(format, args...)}
}

// route adapts a function that returns a status and an answer, or an error.
func route(f func(*http.Request) (int, any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		status, body, err := f(r)
		if err != nil {
			status, body = statusOf(err), map[string]string{"error": err.Error()}
		}
		reply(w, status, body)
	})
}

func statusOf(err error) int {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e.status
	}
	if _, ok := errors.AsType[*scanError](err); ok || errors.Is(err, whatsmeow.ErrServerReturnedError) {
		return http.StatusUnprocessableEntity
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller has hung up if this fails
}

// decode reads a request's body into T, and refuses fields it does not have.
func decode[T any](r *http.Request) (in T, err error) {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err = d.Decode(&in); err != nil {
		return in, fail(http.StatusBadRequest, "the body is not what it should be: %v", err)
	}
	if d.More() {
		return in, fail(http.StatusBadRequest, "the body goes on after its end")
	}
	return in, nil
}

var numberFormat = regexp.MustCompile(`^\+?[1-9][0-9]{6,14}$`)

// digits returns a number as it is kept. A plus sign may be missing, or have
// become a space on its way through a query string.
func digits(number string) (string, error) {
	number = strings.TrimSpace(number)
	if !numberFormat.MatchString(number) {
		return "", fail(http.StatusBadRequest, "%q is not a number such as +255712345678", number)
	}
	return strings.TrimPrefix(number, "+"), nil
}

const maxName = 100 // bytes of a name

// newcomer reads and checks the body that creates a phone or customer.
func newcomer(r *http.Request) (number, name string, err error) {
	in, err := decode[struct{ Number, Name string }](r)
	if err != nil {
		return "", "", err
	}
	if in.Name == "" || len(in.Name) > maxName {
		return "", "", fail(http.StatusBadRequest, "name must have 1 to %d bytes", maxName)
	}
	number, err = digits(in.Number)
	return number, in.Name, err
}

// phone returns the phone whose number is in the path. The caller holds mu.
func (s *server) phone(r *http.Request) (*account, error) {
	number, err := digits(r.PathValue("number"))
	if err != nil {
		return nil, err
	}
	if a := s.accounts[number]; a != nil && !a.Customer {
		return a, nil
	}
	return nil, fail(http.StatusNotFound, "there is no phone +%s", number)
}

// room refuses an account too many. The caller holds mu.
func (s *server) room() error {
	if len(s.accounts) >= maxAccounts {
		return fail(http.StatusConflict, "there are %d numbers already", maxAccounts)
	}
	return nil
}

// createPhone answers POST /phones {number, name}: 201, or 200 if there is this
// phone already.
func (s *server) createPhone(r *http.Request) (int, any, error) {
	number, name, err := newcomer(r)
	if err != nil {
		return 0, nil, err
	}
	view, status, err := s.phoneFor(number, name)
	if err != nil {
		return 0, nil, err
	}
	return status, view, s.db.flush()
}

func (s *server) phoneFor(number, name string) (view phoneView, status int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[number]
	switch {
	case a != nil && a.Customer:
		return view, 0, fail(http.StatusConflict, "+%s is a customer", number)
	case a != nil:
		return s.viewPhone(a), http.StatusOK, nil
	}
	if err = s.room(); err != nil {
		return view, 0, err
	}
	return s.viewPhone(s.addPhone(number, name)), http.StatusCreated, nil
}

// listPhones answers GET /phones.
func (s *server) listPhones(*http.Request) (int, any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []phoneView{}
	for _, a := range s.byNumber(false) {
		list = append(list, s.viewPhone(a))
	}
	return http.StatusOK, map[string]any{"phones": list}, nil
}

// showPhone answers GET /phones/{number}.
func (s *server) showPhone(r *http.Request) (int, any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.phone(r)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, s.viewPhone(a), nil
}

// scanCode answers POST /phones/{number}/scan {code} with {jid, lid} once the
// device that shows the code is linked, or 422 with the reason why it cannot be.
func (s *server) scanCode(r *http.Request) (int, any, error) {
	in, err := decode[struct{ Code string }](r)
	if err != nil {
		return 0, nil, err
	}
	s.mu.Lock()
	a, err := s.phone(r)
	s.mu.Unlock()
	if err != nil {
		return 0, nil, err
	}
	d, err := s.scan(r.Context(), a, in.Code)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, map[string]string{"jid": d.pn().String(), "lid": d.lid().String()}, nil
}

// logout answers POST /phones/{number}/logout {device} with {unlinked: [ids]}.
// Without a device, or without a body, it unlinks all.
func (s *server) logout(r *http.Request) (int, any, error) {
	var in struct{ Device *int }
	if r.ContentLength != 0 {
		var err error
		if in, err = decode[struct{ Device *int }](r); err != nil {
			return 0, nil, err
		}
	}
	s.mu.Lock()
	a, err := s.phone(r)
	var wanted []int
	if err == nil {
		for _, d := range a.sorted() {
			wanted = append(wanted, int(d.ID))
		}
	}
	s.mu.Unlock()
	if err != nil {
		return 0, nil, err
	}
	if in.Device != nil {
		wanted = []int{*in.Device}
	}
	unlinked := []int{}
	for _, id := range wanted {
		if id > 0 && id <= maxDeviceID && s.unlink(a, uint16(id), nil) {
			unlinked = append(unlinked, id)
		}
	}
	if in.Device != nil && len(unlinked) == 0 {
		return 0, nil, fail(http.StatusNotFound, "%s has no linked device %d", a.e164(), *in.Device)
	}
	return http.StatusOK, map[string]any{"unlinked": unlinked}, s.db.flush()
}
