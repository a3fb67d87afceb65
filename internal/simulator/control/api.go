// Package control is the JSON API by which tests, demos and people command the simulated
// phones and customers, and make faults.
//
// It knows requests and answers, and which status an error has. What a command does is
// the business of packages server and customers. Nobody needs a password, so the address
// that serves it must not leave the machine.
//
//	GET  /healthz
//	POST /phones                        {number, name}
//	GET  /phones, /phones/{number}, /phones/{number}/logins
//	POST /phones/{number}/scan          {code}: as a person who scans a bot's QR code
//	POST /phones/{number}/enter-code    {code}: as a person who types a bot's code in
//	POST /phones/{number}/logout        {device}: unlinks it, or all without a device
//	POST /customers                     {number, name}
//	GET  /customers
//	POST /customers/{number}/messages   a [Message]
//	GET  /customers/{number}/inbox      ?from=&limit=
//	GET  /customers/{number}/inbox/{id}/media: what the customer's phone has decrypted
//	GET  /customers/{number}/chat       ?with=: what the customer's phone shows of a chat
//	POST /faults                        a [Fault]
//	GET  /stats
//
// Errors are {error} with a status of 400 and above. 422 says that WhatsApp, a phone or a
// device has refused what was asked.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/simulator/customers"
	"github.com/flowhq/flowhq/internal/simulator/server"
)

const (
	maxBody = 256 << 10 // of a request, in bytes
	maxName = 100       // of a phone or customer, in bytes
)

// An API answers requests.
type API struct {
	server *server.Server
	people *customers.Pool
}

// New returns the handler of the API. What a request must hold and what it is answered
// is declared beside each route's method.
func New(s *server.Server, people *customers.Pool) http.Handler {
	a := &API{s, people}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.Handle("POST /phones", route(a.createPhone))
	mux.Handle("GET /phones", route(a.listPhones))
	mux.Handle("GET /phones/{number}", route(a.showPhone))
	mux.Handle("GET /phones/{number}/logins", route(a.listLogins))
	mux.Handle("POST /phones/{number}/scan", route(a.scanCode))
	mux.Handle("POST /phones/{number}/enter-code", route(a.enterCode))
	mux.Handle("POST /phones/{number}/logout", route(a.logout))
	mux.Handle("POST /customers", route(a.createCustomer))
	mux.Handle("GET /customers", route(a.listCustomers))
	mux.Handle("POST /customers/{number}/messages", route(a.sendMessage))
	mux.Handle("GET /customers/{number}/inbox", route(a.showInbox))
	mux.HandleFunc("GET /customers/{number}/inbox/{id}/media", a.sendMedia)
	mux.Handle("GET /customers/{number}/chat", route(a.showChat))
	mux.Handle("POST /faults", route(a.makeFault))
	mux.Handle("GET /stats", route(a.showStats))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		message := "no such path: " + r.Method + " " + r.URL.Path
		reply(w, http.StatusNotFound, map[string]string{"error": message})
	})
	return mux
}

// statuses are those of classified errors.
var statuses = map[flowhq.Code]int{
	flowhq.Invalid:     http.StatusBadRequest,
	flowhq.NotFound:    http.StatusNotFound,
	flowhq.Conflict:    http.StatusConflict,
	flowhq.Refused:     http.StatusUnprocessableEntity,
	flowhq.Unavailable: http.StatusServiceUnavailable,
}

// statusOf returns the status that says to a caller who can act on an error.
func statusOf(err error) int {
	if status, ok := statuses[flowhq.ErrorCode(err)]; ok {
		return status
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return http.StatusServiceUnavailable // such as a message that was not acknowledged in time
	}
	return http.StatusInternalServerError
}

// route adapts a method that returns a status and an answer, or an error.
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

// reply writes an answer.
func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller has hung up if this fails
}

// invalid returns an error that the caller must mend.
func invalid(format string, args ...any) error {
	return flowhq.Errorf(flowhq.Invalid, format, args...)
}

// decode reads a request's body into T. It refuses fields that T does not have, so that a
// misspelt one does not pass unnoticed.
func decode[T any](r *http.Request) (in T, err error) {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err = d.Decode(&in); err != nil {
		return in, invalid("the body is not what it should be: %v", err)
	}
	if d.More() {
		return in, invalid("the body goes on after its end")
	}
	return in, nil
}

var numberFormat = regexp.MustCompile(`^\+?[1-9][0-9]{6,14}$`)

// digits returns a number as it is kept. A plus sign may be missing, or have become a
// space on its way through a query string.
func digits(number string) (string, error) {
	number = strings.TrimSpace(number)
	if !numberFormat.MatchString(number) {
		return "", invalid("%q is not a number such as +255712345678", number)
	}
	return strings.TrimPrefix(number, "+"), nil
}

// pathNumber returns the number in a request's path.
func pathNumber(r *http.Request) (string, error) { return digits(r.PathValue("number")) }

// newcomer reads and checks the body that creates a phone or customer.
func newcomer(r *http.Request) (number, name string, err error) {
	in, err := decode[struct{ Number, Name string }](r)
	if err != nil {
		return "", "", err
	}
	if in.Name == "" || len(in.Name) > maxName {
		return "", "", invalid("name must have 1 to %d bytes", maxName)
	}
	number, err = digits(in.Number)
	return number, in.Name, err
}

// created returns the status of an answer about something that there is now.
func created(isNew bool) int {
	if isNew {
		return http.StatusCreated
	}
	return http.StatusOK
}

// showStats answers GET /stats with [server.Stats].
func (a *API) showStats(*http.Request) (int, any, error) {
	return http.StatusOK, a.server.Stats(), nil
}
