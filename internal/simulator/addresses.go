package simulator

import (
	"net/http"
	"slices"
	"strings"

	"go.mau.fi/whatsmeow/types"

	waBinary "go.mau.fi/whatsmeow/binary"
)

// The ways in which a delivered message names its writer.
const (
	formLIDNumber = "lid_number" // the LID, with the number beside it: the usual one
	formLID       = "lid"
	formNumber    = "number"
	formNumberLID = "number_lid" // the number, with the LID beside it
)

var addressForms = []string{formLIDNumber, formLID, formNumber, formNumberLID}

// setForms sets in which form each of the next deliveries of a customer's messages to
// companions names the customer; the last one stays.
func (s *server) setForms(number string, forms []string) (any, error) {
	for _, form := range forms {
		if !slices.Contains(addressForms, form) {
			return nil, fail(http.StatusBadRequest, "forms must be a list of %s", strings.Join(addressForms, ", "))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults.forms[number] = forms
	return map[string][]string{"forms": forms}, nil
}

// takeForm returns the form of the next delivery of a customer's message. The caller
// holds mu.
func (f *faults) takeForm(number string) string {
	forms := f.forms[number]
	if len(forms) == 0 {
		return formLIDNumber
	}
	if len(forms) > 1 {
		f.forms[number] = forms[1:]
	}
	return forms[0]
}

// addressed returns a queued message as it is delivered this time.
func (s *server) addressed(e *entry, data []byte) []byte {
	if e.class != classMessage {
		return data
	}
	s.mu.Lock()
	a := s.lids[e.from]
	form := formLIDNumber
	if a != nil && a.Customer {
		form = s.faults.takeForm(a.Number)
	}
	s.mu.Unlock()
	if form == formLIDNumber {
		return data
	}
	n, err := unmarshal(data)
	if err != nil {
		return data
	}
	nameWriter(n, a.lid(), a.pn(), form)
	return marshal(*n)
}

// nameWriter changes how a message names its writer, whose device stays.
func nameWriter(n *waBinary.Node, lid, number types.JID, form string) {
	delete(n.Attrs, "sender_pn")
	if form == formLID {
		return
	}
	from, _ := n.Attrs["from"].(types.JID)
	number.Device = from.Device
	n.Attrs["from"], n.Attrs["addressing_mode"] = number, "pn"
	if form == formNumberLID {
		n.Attrs["sender_lid"] = lid
	}
}

// isUser reports whether a client that names a user means the one in an entry, whose
// messages may have been delivered under either address. The caller holds mu.
func (s *server) isUser(entry, named string) bool {
	if entry == named {
		return true
	}
	a := s.lids[entry]
	return a != nil && a.Number == named
}
