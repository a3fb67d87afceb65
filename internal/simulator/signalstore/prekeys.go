package signalstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.mau.fi/whatsmeow/util/keys"
)

// PreKeyBatch caps how many one-time keys a client makes at a time. The library asks for
// 812 of them at the first login, which costs more than all else that a client does.
const PreKeyBatch = 30

// The first byte of a one-time key's record says whether the server has it. A key that was
// uploaded and not used yet must be kept: somebody may begin a session with it any time.
const (
	notUploaded byte = 0
	uploaded    byte = 1
)

// preKeyName returns the name of a one-time key's record. Names sort by id.
func preKeyName(id uint32) string { return fmt.Sprintf("%s%08x", prefixPreKey, id) }

// decodePreKey inverts [content.newPreKey].
func decodePreKey(name string, value []byte) *keys.PreKey {
	key := &keys.PreKey{KeyPair: *keys.NewKeyPairFromPrivateKey([32]byte(value[1:]))}
	_, _ = fmt.Sscanf(name[len(prefixPreKey):], "%x", &key.KeyID) // preKeyName wrote it
	return key
}

// newPreKey makes a key and adds it to the changes.
func (c *content) newPreKey(changed changes, state byte) *keys.PreKey {
	c.lastKey++
	key := keys.NewPreKey(c.lastKey)
	changed[preKeyName(key.KeyID)] = append([]byte{state}, key.Priv[:]...)
	return key
}

// preKeys returns the names of the one-time keys in a state.
func (c *content) preKeys(state byte) (names []string) {
	for name, value := range c.values {
		if strings.HasPrefix(name, prefixPreKey) && value[0] == state {
			names = append(names, name)
		}
	}
	return names
}

// GetOrGenPreKeys returns the keys that wait for upload, and new ones if there are fewer
// than count and than [PreKeyBatch].
func (s *Store) GetOrGenPreKeys(_ context.Context, count uint32) (out []*keys.PreKey, err error) {
	s.records.update(func(c *content) changes {
		for _, name := range c.preKeys(notUploaded) {
			out = append(out, decodePreKey(name, c.values[name]))
		}
		slices.SortFunc(out, func(a, b *keys.PreKey) int { return int(a.KeyID) - int(b.KeyID) })
		changed := changes{}
		for wanted := int(min(count, PreKeyBatch)); len(out) < wanted; {
			out = append(out, c.newPreKey(changed, notUploaded))
		}
		return changed
	})
	return out, nil
}

// GenOnePreKey makes a key for the library to hand to one recipient itself, as it does
// with a retry receipt.
func (s *Store) GenOnePreKey(context.Context) (key *keys.PreKey, err error) {
	s.records.update(func(c *content) changes {
		changed := changes{}
		key = c.newPreKey(changed, uploaded)
		return changed
	})
	return key, nil
}

// GetPreKey returns the key that somebody has begun a session with, nil if there is none.
// Then the message cannot be decrypted, and its sender is asked for another one.
func (s *Store) GetPreKey(ctx context.Context, id uint32) (*keys.PreKey, error) {
	value := s.get(ctx, preKeyName(id))
	if value == nil {
		return nil, nil //nolint:nilnil // the interface's way to say that there is none
	}
	return decodePreKey(preKeyName(id), value), nil
}

// RemovePreKey forgets a key that was used.
func (s *Store) RemovePreKey(ctx context.Context, id uint32) error {
	s.put(ctx, changes{preKeyName(id): nil})
	return nil
}

// MarkPreKeysAsUploaded notes that the server has all keys up to an id.
func (s *Store) MarkPreKeysAsUploaded(_ context.Context, upTo uint32) error {
	s.records.update(func(c *content) changes {
		changed := changes{}
		for _, name := range c.preKeys(notUploaded) {
			if name <= preKeyName(upTo) {
				changed[name] = append([]byte{uploaded}, c.values[name][1:]...)
			}
		}
		return changed
	})
	return nil
}

// UploadedPreKeyCount counts the keys that the server has.
func (s *Store) UploadedPreKeyCount(context.Context) (count int, err error) {
	s.records.update(func(c *content) changes {
		count = len(c.preKeys(uploaded))
		return nil
	})
	return count, nil
}
