package signalstore

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
)

// errKept refuses to delete a device: it is the only one of its account.
var errKept = errors.New("a customer's device is never deleted")

// PutDevice has nothing to do: a device's keys are saved when it is created, and they
// never change.
func (s *Store) PutDevice(context.Context, *store.Device) error { return nil }

// DeleteDevice refuses. The library deletes the device of a client that was logged out, and
// replaces its stores while other goroutines still read them. A client that keeps its
// device can come back.
func (s *Store) DeleteDevice(context.Context, *store.Device) error { return errKept }

// PutLIDMapping notes which LID belongs to which number.
func (s *Store) PutLIDMapping(ctx context.Context, lid, pn types.JID) error {
	return s.PutManyLIDMappings(ctx, []store.LIDMapping{{LID: lid, PN: pn}})
}

// PutManyLIDMappings notes which LIDs belong to which numbers. The library notes the same
// pair with every message, so pairs that are known are not saved again.
func (s *Store) PutManyLIDMappings(ctx context.Context, mappings []store.LIDMapping) error {
	changed := changes{}
	for _, m := range mappings {
		if string(s.get(ctx, prefixLID+m.PN.User)) != m.LID.User {
			changed[prefixLID+m.PN.User] = []byte(m.LID.User)
			changed[prefixNumber+m.LID.User] = []byte(m.PN.User)
		}
	}
	s.put(ctx, changed)
	return nil
}

// GetPNForLID returns the number behind a LID, an empty JID if it is not known.
func (s *Store) GetPNForLID(ctx context.Context, lid types.JID) (types.JID, error) {
	return s.mapped(ctx, prefixNumber, lid, types.DefaultUserServer), nil
}

// GetLIDForPN returns the LID of a number, an empty JID if it is not known.
func (s *Store) GetLIDForPN(ctx context.Context, pn types.JID) (types.JID, error) {
	return s.mapped(ctx, prefixLID, pn, types.HiddenUserServer), nil
}

// mapped returns the other identity of a user's device, or an empty JID. Mappings are kept of
// users: all devices of one share them.
func (s *Store) mapped(
	ctx context.Context, prefix string, jid types.JID, server string,
) types.JID {
	user := s.get(ctx, prefix+jid.User)
	if user == nil {
		return types.EmptyJID
	}
	return types.JID{User: string(user), Device: jid.Device, Server: server}
}

// GetManyLIDsForPNs returns the LIDs that are known of some numbers.
func (s *Store) GetManyLIDsForPNs(
	ctx context.Context, pns []types.JID,
) (map[types.JID]types.JID, error) {
	out := make(map[types.JID]types.JID, len(pns))
	for _, pn := range pns {
		if lid := s.mapped(ctx, prefixLID, pn, types.HiddenUserServer); !lid.IsEmpty() {
			out[pn] = lid
		}
	}
	return out, nil
}

// PutPrivacyTokens keeps tokens that users have issued for this client. It sends them
// back with each message.
func (s *Store) PutPrivacyTokens(ctx context.Context, tokens ...store.PrivacyToken) error {
	changed := changes{}
	for _, t := range tokens {
		value := binary.BigEndian.AppendUint64(nil, uint64(t.Timestamp.Unix()))
		changed[prefixToken+t.User.User] = append(value, t.Token...)
	}
	s.put(ctx, changed)
	return nil
}

// GetPrivacyToken returns the token that a user has issued, nil if there is none.
func (s *Store) GetPrivacyToken(ctx context.Context, user types.JID) (*store.PrivacyToken, error) {
	value := s.get(ctx, prefixToken+user.User)
	if value == nil {
		return nil, nil //nolint:nilnil // the interface's way to say that there is none
	}
	return &store.PrivacyToken{
		User: user, Token: value[stampBytes:], Timestamp: issued(value),
	}, nil
}

// issued returns when the token in a record was issued.
func issued(value []byte) time.Time {
	return time.Unix(int64(binary.BigEndian.Uint64(value)), 0)
}

// DeleteExpiredPrivacyTokens deletes the tokens that were issued before a time.
func (s *Store) DeleteExpiredPrivacyTokens(_ context.Context, before time.Time) (int64, error) {
	var count int64
	s.records.update(func(c *content) changes {
		changed := changes{}
		for name, value := range c.values {
			if strings.HasPrefix(name, prefixToken) && issued(value).Before(before) {
				changed[name] = nil
			}
		}
		count = int64(len(changed)) // the interface wants to know
		return changed
	})
	return count, nil
}
