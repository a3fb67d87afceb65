package keystore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.mau.fi/whatsmeow/types"

	"github.com/flowhq/flowhq"
)

// A personTable is a table of the library with rows of single people.
type personTable struct {
	table string
	// address is the column with whose row it is: a JID, which may name a device, or with signal
	// the address of a Signal session.
	address string
	signal  bool
}

// personTables are all of them; other tables name nobody. TestErasedContactIsNowhere looks through
// the columns of all tables that there are.
var personTables = []personTable{
	{"whatsmeow_sessions", "their_id", true},
	{"whatsmeow_identity_keys", "their_id", true},
	{"whatsmeow_sender_keys", "sender_id", true},
	{"whatsmeow_sender_keys", "chat_id", false},
	{"whatsmeow_contacts", "their_jid", false},
	{"whatsmeow_chat_settings", "chat_jid", false},
	{"whatsmeow_message_secrets", "chat_jid", false},
	{"whatsmeow_message_secrets", "sender_jid", false},
	{"whatsmeow_privacy_tokens", "their_jid", false},
	{"whatsmeow_retry_buffer", "chat_jid", false},
}

// ErasePerson deletes what a device knows of the person with these JIDs: keys, names, settings,
// secrets and what is kept to be sent again. It may be repeated. A message that the person's phone
// encrypts under a session that is gone cannot be read; the library then asks for it once more, and
// the phone begins a new session. device may be "", for a tenant that has none.
//
// The library's buffer of what was decrypted (whatsmeow_event_buffer) names nobody, and holds a
// text only until the message is recorded.
func (s *Store) ErasePerson(ctx context.Context, device string, jids []string) error {
	if device == "" || len(jids) == 0 {
		return nil
	}
	var users, signals []string
	for _, jid := range jids {
		parsed, err := types.ParseJID(jid)
		if err != nil {
			return flowhq.Errorf(flowhq.Invalid, "an address of the contact is no JID")
		}
		person := parsed.ToNonAD()
		users = append(users, person.String())
		signals = append(signals, person.SignalAddressUser())
	}
	for _, t := range personTables {
		// Without the device, as a person has several. The rows of a device are a few thousand.
		who, names := `regexp_replace(`+t.address+`, '[.:][0-9]+@', '@')`, users
		if t.signal {
			who, names = `split_part(`+t.address+`, ':', 1)`, signals
		}
		q := `delete from ` + t.table + ` where our_jid = $1 and ` + who + ` = any($2)`
		if _, err := s.prune(ctx, q, device, newArray(names)); err != nil {
			return fmt.Errorf("erase a person from %s: %w", t.table, err)
		}
	}
	return nil
}

// Aliases returns JIDs together with those that the same people have by the table of which LID has
// which number.
func (s *Store) Aliases(ctx context.Context, jids []string) ([]string, error) {
	all := slices.Clone(jids)
	for _, jid := range jids {
		parsed, err := types.ParseJID(jid)
		if err != nil {
			continue // ErasePerson says so
		}
		other := types.JID{}
		switch parsed.Server {
		case types.HiddenUserServer:
			other, err = s.LIDs().GetPNForLID(ctx, parsed.ToNonAD())
		case types.DefaultUserServer:
			other, err = s.LIDs().GetLIDForPN(ctx, parsed.ToNonAD())
		}
		if err != nil {
			return nil, unreadable(err)
		}
		if name := other.String(); !other.IsEmpty() && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all, nil
}

// ForgetAliases deletes from the table of which LID has which number what it has of these JIDs. All
// devices share it, so it is for people whom nobody else knows. What is forgotten is learnt again.
func (s *Store) ForgetAliases(ctx context.Context, jids []string) error {
	const q = `delete from whatsmeow_lid_map where lid = any($1) or pn = any($2)`
	var lids, numbers []string
	for _, jid := range jids {
		user, server, _ := strings.Cut(jid, "@")
		if server == types.HiddenUserServer {
			lids = append(lids, user)
		} else {
			numbers = append(numbers, user)
		}
	}
	if _, err := s.prune(ctx, q, newArray(lids), newArray(numbers)); err != nil {
		return fmt.Errorf("forget who is who: %w", err)
	}
	return nil
}
