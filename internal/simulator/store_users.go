package simulator

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

// PutDevice has nothing to do: a device's keys are saved when it is created and
// never change.
func (s *signalStore) PutDevice(context.Context, *store.Device) error { return nil }

// DeleteDevice refuses, so that a client which is told that it was logged out
// can come back.
func (s *signalStore) DeleteDevice(context.Context, *store.Device) error { return errKept }

func (s *signalStore) PutLIDMapping(ctx context.Context, lid, pn types.JID) error {
	return s.PutManyLIDMappings(ctx, []store.LIDMapping{{LID: lid, PN: pn}})
}

func (s *signalStore) PutManyLIDMappings(ctx context.Context, mappings []store.LIDMapping) error {
	changes := map[string][]byte{}
	for _, m := range mappings {
		if string(s.get(ctx, prefixLID+m.PN.User)) != m.LID.User {
			changes[prefixLID+m.PN.User] = []byte(m.LID.User)
			changes[prefixNumber+m.LID.User] = []byte(m.PN.User)
		}
	}
	s.put(ctx, changes)
	return nil
}

func (s *signalStore) GetPNForLID(ctx context.Context, lid types.JID) (types.JID, error) {
	return s.mapped(ctx, prefixNumber, lid, types.DefaultUserServer), nil
}

func (s *signalStore) GetLIDForPN(ctx context.Context, pn types.JID) (types.JID, error) {
	return s.mapped(ctx, prefixLID, pn, types.HiddenUserServer), nil
}

// mapped returns the other identity of a user's device, or an empty JID.
func (s *signalStore) mapped(ctx context.Context, prefix string, jid types.JID, server string) types.JID {
	user := s.get(ctx, prefix+jid.User)
	if user == nil {
		return types.EmptyJID
	}
	return types.JID{User: string(user), Device: jid.Device, Server: server}
}

func (s *signalStore) GetManyLIDsForPNs(ctx context.Context, pns []types.JID) (map[types.JID]types.JID, error) {
	out := make(map[types.JID]types.JID, len(pns))
	for _, pn := range pns {
		if lid := s.mapped(ctx, prefixLID, pn, types.HiddenUserServer); !lid.IsEmpty() {
			out[pn] = lid
		}
	}
	return out, nil
}

func (s *signalStore) PutPrivacyTokens(ctx context.Context, tokens ...store.PrivacyToken) error {
	changes := map[string][]byte{}
	for _, t := range tokens {
		value := binary.BigEndian.AppendUint64(nil, uint64(t.Timestamp.Unix()))
		changes[prefixToken+t.User.User] = append(value, t.Token...)
	}
	s.put(ctx, changes)
	return nil
}

func (s *signalStore) GetPrivacyToken(ctx context.Context, user types.JID) (*store.PrivacyToken, error) {
	value := s.get(ctx, prefixToken+user.User)
	if value == nil {
		return nil, nil //nolint:nilnil // the interface's way to say that there is none
	}
	return &store.PrivacyToken{
		User: user, Token: value[8:], Timestamp: time.Unix(int64(binary.BigEndian.Uint64(value)), 0),
	}, nil
}

func (s *signalStore) DeleteExpiredPrivacyTokens(ctx context.Context, before time.Time) (int64, error) {
	changes := map[string][]byte{}
	s.mu.Lock()
	for key, value := range s.records {
		if strings.HasPrefix(key, prefixToken) && int64(binary.BigEndian.Uint64(value)) < before.Unix() {
			changes[key] = nil
		}
	}
	s.mu.Unlock()
	s.put(ctx, changes)
	return int64(len(changes)), nil
}
