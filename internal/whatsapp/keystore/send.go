package keystore

import (
	"context"
	"errors"
	"slices"
	"strings"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq/internal/failpoint"
)

var (
	// ErrNotEncrypted is the end of a send for which no key of the contact's phone could
	// be had this time.
	ErrNotEncrypted = errors.New("the message could not be encrypted for the contact's phone")
	// ErrNoDevices is the end of a send to a contact that has no device: the account does
	// not exist any more.
	ErrNoDevices = errors.New("the contact has no device")
)

// A send is what the encryption of one message must achieve.
type send struct {
	contact    string                  // Signal name of the contact
	wanted     []string                // addresses that the message must be encrypted for
	isComplete bool                    // and was encrypted for
	abort      context.CancelCauseFunc // stops the send
}

// Send returns the context for one call of the library's SendMessage to contact. The lock
// is held from reading the sessions to writing them back. If the message cannot be
// encrypted for the contact's phone, abort is called, which must cancel that context.
// Whoever calls Send calls done when SendMessage has returned.
//
// The library only warns when it has no key for a device, and sends the message to the
// others (send.go, encryptMessageForDevices). If the contact's phone is among those left
// out, WhatsApp acknowledges the message and the customer never sees it.
func (k *Keys) Send(
	ctx context.Context, contact types.JID, abort context.CancelCauseFunc,
) (_ context.Context, done func()) {
	op := &operation{
		hold: k.lock.NewHold(),
		send: &send{contact: contact.SignalAddressUser(), abort: abort},
	}
	return withOperation(ctx, op), op.hold.Release
}

// GetManySessions begins the encryption of a message that is being sent. It takes the
// lock, and keeps it until PutManySessions.
func (s *stores) GetManySessions(
	ctx context.Context, addresses []string,
) (map[string][]byte, error) {
	op := sendOf(ctx)
	if op == nil {
		return s.AllSessionSpecificStores.GetManySessions(ctx, addresses)
	}
	if err := op.send.begin(addresses); err != nil {
		return nil, err
	}
	if err := op.hold.Take(ctx); err != nil {
		return nil, err
	}
	sessions, err := s.AllSessionSpecificStores.GetManySessions(ctx, addresses)
	if err != nil {
		op.hold.Release()
	}
	return sessions, err
}

// PutManySessions ends the encryption of a message that is being sent.
func (s *stores) PutManySessions(ctx context.Context, sessions map[string][]byte) error {
	op := sendOf(ctx)
	if op == nil {
		return s.changeLocked(ctx, func(ctx context.Context) error {
			return s.AllSessionSpecificStores.PutManySessions(ctx, sessions)
		})
	}
	defer op.hold.Release()
	if err := op.send.finish(sessions); err != nil {
		return err
	}
	defer failpoint.Hit("keys.encrypted")
	var addresses []string
	var values [][]byte
	for address, session := range sessions {
		addresses, values = append(addresses, address), append(values, session)
	}
	return s.changeAtOnce(ctx, sentChanges, s.jid, newArray(addresses), newArray(values))
}

// sentChanges are the changes of a send, for [Connection.Change]. The library's own way is a
// transaction with a statement for each session.
const sentChanges = `
	sessions as (
		insert into whatsmeow_sessions (our_jid, their_id, session)
		select $3::text, given.their_id, given.session
		from fence, unnest($4::text[], $5::bytea[]) as given (their_id, session)
		on conflict (our_jid, their_id) do update set session = excluded.session
	)`

// GetPrivacyToken is the library's next step after encrypting (send.go, ensureTCToken).
// If the sessions were not written back by then, the library has encrypted for nobody. It
// would go on and send an empty message, which WhatsApp would acknowledge.
func (s *stores) GetPrivacyToken(ctx context.Context, user types.JID) (*store.PrivacyToken, error) {
	if op := sendOf(ctx); op != nil && !op.send.isComplete {
		op.hold.Release()
		op.send.abort(ErrNotEncrypted)
		return nil, ErrNotEncrypted
	}
	return s.AllSessionSpecificStores.GetPrivacyToken(ctx, user)
}

// begin finds the contact's devices among the addresses that the message will be
// encrypted for. The phone, device 0, is the one that counts. It fails if there are none.
func (s *send) begin(addresses []string) error {
	phone := s.contact + ":0"
	if slices.Contains(addresses, phone) {
		s.wanted = []string{phone}
		return nil
	}
	for _, address := range addresses {
		if strings.HasPrefix(address, s.contact+":") {
			s.wanted = append(s.wanted, address)
		}
	}
	if s.wanted == nil {
		return ErrNoDevices
	}
	return nil
}

// finish checks that the session of one of the wanted addresses has advanced.
func (s *send) finish(advanced map[string][]byte) error {
	for _, address := range s.wanted {
		if _, ok := advanced[address]; ok {
			s.isComplete = true
			return nil
		}
	}
	return ErrNotEncrypted
}
