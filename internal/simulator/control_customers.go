package simulator

import (
	"context"
	"net/http"
	"regexp"
	"strconv"

	"go.mau.fi/whatsmeow/types"
)

const (
	maxText      = 64 << 10 // bytes of one message
	inboxDefault = 1000     // messages returned unless the request says otherwise
)

var messageID = regexp.MustCompile(`^[A-Z0-9]{8,64}$`)

// createCustomer answers POST /customers {number, name}: 201, or 200 if there
// is this customer already. It waits a little for the client to be connected.
func (s *server) createCustomer(r *http.Request) (int, any, error) {
	number, name, err := newcomer(r)
	if err != nil {
		return 0, nil, err
	}
	c, status, err := s.customerFor(number, name)
	if err != nil {
		return 0, nil, err
	}
	if err = s.db.flush(); err != nil {
		return 0, nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), onlineWait)
	defer cancel()
	_ = c.waitOnline(ctx) // it is a customer all the same, and keeps trying
	s.mu.Lock()
	defer s.mu.Unlock()
	return status, viewCustomer(c.account), nil
}

func (s *server) customerFor(number, name string) (*customer, int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.customers[number]; c != nil {
		return c, http.StatusOK, nil
	}
	if s.accounts[number] != nil {
		return nil, 0, fail(http.StatusConflict, "+%s is a phone", number)
	}
	if s.ending {
		return nil, 0, fail(http.StatusServiceUnavailable, "the simulator is ending")
	}
	if err := s.room(); err != nil {
		return nil, 0, err
	}
	return s.addCustomer(number, name), http.StatusCreated, nil
}

// listCustomers answers GET /customers.
func (s *server) listCustomers(*http.Request) (int, any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []customerView{}
	for _, a := range s.byNumber(true) {
		list = append(list, viewCustomer(a))
	}
	return http.StatusOK, map[string]any{"customers": list}, nil
}

// customer returns the customer whose number is in the path.
func (s *server) customer(r *http.Request) (*customer, error) {
	number, err := digits(r.PathValue("number"))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.customers[number]; c != nil {
		return c, nil
	}
	return nil, fail(http.StatusNotFound, "there is no customer +%s", number)
}

// sendMessage answers POST /customers/{number}/messages with 202 {id, at} once the
// server has acknowledged the message. Its body is a sendRequest.
func (s *server) sendMessage(r *http.Request) (int, any, error) {
	in, err := decode[sendRequest](r)
	if err != nil {
		return 0, nil, err
	}
	c, err := s.customer(r)
	if err != nil {
		return 0, nil, err
	}
	if in.ID == "" {
		in.ID = c.client.GenerateMessageID()
	} else if !messageID.MatchString(in.ID) {
		return 0, nil, fail(http.StatusBadRequest, "id must be 8 to 64 capital letters and digits")
	}
	to, err := digits(in.To)
	if err != nil {
		return 0, nil, err
	}
	m, err := in.message(types.NewJID(to, types.DefaultUserServer))
	if err != nil {
		return 0, nil, err
	}
	s.mu.Lock()
	known := s.accounts[to] != nil
	s.mu.Unlock()
	if !known {
		return 0, nil, fail(http.StatusNotFound, "+%s is not on WhatsApp", to)
	}
	ctx, cancel := context.WithTimeout(r.Context(), sendTimeout)
	defer cancel()
	at, err := c.send(ctx, to, m, in.ID)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusAccepted, map[string]any{"id": in.ID, "at": at.UTC()}, nil
}

// showInbox answers GET /customers/{number}/inbox?from=&limit= with the newest
// messages, in order of first arrival.
func (s *server) showInbox(r *http.Request) (int, any, error) {
	c, err := s.customer(r)
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
		if limit, err = strconv.Atoi(v); err != nil || limit < 1 || limit > maxInbox {
			return 0, nil, fail(http.StatusBadRequest, "limit must be 1 to %d", maxInbox)
		}
	}
	return http.StatusOK, map[string]any{"messages": c.messages(from, limit)}, nil
}
