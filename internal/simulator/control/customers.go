package control

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowhq/flowhq"
	"github.com/flowhq/flowhq/internal/simulator/customers"
)

const (
	// inboxDefault is how many letters are returned unless the request says otherwise.
	inboxDefault = 1000
	// sendTimeout bounds the wait for the server's acknowledgement. It is longer than any
	// restart of the simulator takes.
	sendTimeout = 30 * time.Second
	// onlineWait is how long the creation of a customer waits for its client to connect.
	onlineWait = 5 * time.Second
)

// messageID is what WhatsApp's ids look like.
var messageID = regexp.MustCompile(`^[A-Z0-9]{8,64}$`)

// A Message is the body of POST /customers/{number}/messages: what the customer in the path
// sends to whom. Its fields are those of a [customers.Draft] besides these two.
type Message struct {
	To string // a number
	ID string // "" = one is drawn
	customers.Draft
}

// createCustomer answers POST /customers {number, name} with a [server.Customer]: 201, or
// 200 if there is this customer already. It waits a little for the client to connect. A
// client that is slower is a customer all the same, and keeps trying.
func (a *API) createCustomer(r *http.Request) (int, any, error) {
	number, name, err := newcomer(r)
	if err != nil {
		return 0, nil, err
	}
	// It makes the account, too: see [customers.Accounts].
	c, isNew, err := a.people.Add(number, name)
	if err != nil {
		return 0, nil, err
	}
	// So that who creates a customer can write as one at once.
	ctx, cancel := context.WithTimeout(r.Context(), onlineWait)
	defer cancel()
	_ = c.WaitOnline(ctx)
	v, err := a.server.Customer(number)
	return created(isNew), v, err
}

// listCustomers answers GET /customers.
func (a *API) listCustomers(*http.Request) (int, any, error) {
	return http.StatusOK, map[string]any{"customers": a.server.Customers()}, nil
}

// customer returns the customer whose number is in the path. It fails with
// [flowhq.NotFound], also if the number is a phone's: a phone writes to nobody.
func (a *API) customer(r *http.Request) (*customers.Customer, error) {
	number, err := pathNumber(r)
	if err != nil {
		return nil, err
	}
	return a.people.Customer(number)
}

// sendMessage answers POST /customers/{number}/messages with 202 {id, at} once the server
// has acknowledged the message. Its body is a [Message].
func (a *API) sendMessage(r *http.Request) (int, any, error) {
	in, err := decode[Message](r)
	if err != nil {
		return 0, nil, err
	}
	c, err := a.customer(r)
	if err != nil {
		return 0, nil, err
	}
	// A caller that must know the id before the message is sent gives it: the answer may
	// be lost, and the message sent again under the same id.
	if in.ID == "" {
		in.ID = c.NewMessageID()
	} else if !messageID.MatchString(in.ID) {
		return 0, nil, invalid("id must be 8 to 64 capital letters and digits")
	}
	to, err := digits(in.To)
	if err != nil {
		return 0, nil, err
	}
	m, err := in.Compose(to)
	if err != nil {
		return 0, nil, err
	}
	// The client would ask the server as well, and try for half a minute.
	if !a.server.HasNumber(to) {
		return 0, nil, flowhq.Errorf(flowhq.NotFound, "+%s is not on WhatsApp", to)
	}
	ctx, cancel := context.WithTimeout(r.Context(), sendTimeout)
	defer cancel()
	at, err := c.Send(ctx, to, m, in.ID)
	return http.StatusAccepted, map[string]any{"id": in.ID, "at": at.UTC()}, err
}

// showInbox answers GET /customers/{number}/inbox?from=&limit= with the newest messages,
// in order of first arrival.
func (a *API) showInbox(r *http.Request) (int, any, error) {
	c, err := a.customer(r)
	if err != nil {
		return 0, nil, err
	}
	from, limit := r.URL.Query().Get("from"), inboxDefault
	if from != "" {
		if from, err = digits(from); err != nil {
			return 0, nil, err
		}
		from = "+" + from
	}
	if v := r.URL.Query().Get("limit"); v != "" {
		limit, err = strconv.Atoi(v)
		if err != nil || limit < 1 || limit > customers.MaxInbox {
			return 0, nil, invalid("limit must be 1 to %d", customers.MaxInbox)
		}
	}
	return http.StatusOK, map[string]any{"messages": c.Letters(from, limit)}, nil
}

// received returns what a letter is and what there is to see of it.
func received(l customers.Letter) (kind, text string) {
	a := l.Attached
	switch {
	case a == nil:
		return "", l.Text
	case a.Kind == "location":
		return a.Kind, flowhq.PlaceText(a.Name, a.Address, a.Latitude, a.Longitude)
	default:
		parts := []string{a.FileName, l.Text, fmt.Sprintf("%d KB", (a.Size+1023)/1024)}
		if a.Failure != "" {
			parts[2] = a.Failure
		}
		parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
		return a.Kind, strings.Join(parts, "\n")
	}
}

// sendMedia answers GET /customers/{number}/inbox/{id}/media with the bytes that came with a
// letter, as the customer's phone has decrypted them.
func (a *API) sendMedia(w http.ResponseWriter, r *http.Request) {
	c, err := a.customer(r)
	var data []byte
	if err == nil {
		data, err = c.Media(r.Context(), r.PathValue("id"))
	}
	if err != nil {
		reply(w, statusOf(err), map[string]string{"error": err.Error()})
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(data) // the caller has hung up if this fails
}

// A Bubble is a message in a chat, as a customer's phone shows it.
type Bubble struct {
	ID   string         `json:"id"`
	Mine bool           `json:"mine"` // the customer's own
	Kind string         `json:"kind"` // of [customers.Draft]; "" = text
	Text string         `json:"text"`
	At   time.Time      `json:"at"`
	Tick customers.Tick `json:"tick"` // "" of what was received
}

// showChat answers GET /customers/{number}/chat?with= with the chat with one number, oldest first.
// It holds as much as the customer's phone remembers of what it has sent.
func (a *API) showChat(r *http.Request) (int, any, error) {
	c, err := a.customer(r)
	if err != nil {
		return 0, nil, err
	}
	with, err := digits(r.URL.Query().Get("with"))
	if err != nil {
		return 0, nil, err
	}
	bubbles := []Bubble{}
	for _, s := range c.Outbox("+" + with) {
		bubbles = append(bubbles, Bubble{s.ID, true, s.Kind, s.Text, s.At, s.Tick})
	}
	for _, l := range c.Letters("+"+with, customers.MaxOutbox) {
		kind, text := received(l)
		bubbles = append(bubbles, Bubble{l.ID, false, kind, text, cmp.Or(l.ArrivedAt, l.At), ""})
	}
	slices.SortStableFunc(bubbles, func(a, b Bubble) int { return a.At.Compare(b.At) })
	return http.StatusOK, map[string]any{"messages": bubbles}, nil
}
