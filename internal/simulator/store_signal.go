package simulator

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/util/keys"

	"github.com/flowhq/flowhq/internal/sessionlock"
)

const (
	// preKeyBatch caps how many one-time keys a client makes at a time, because
	// the library's 812 cost more than all else it does.
	preKeyBatch = 30
	// maxRemembered bounds the messages kept for repetition, and the received
	// ones that are recognised when they come again.
	maxRemembered = 512
)

// Prefixes of a signalStore's records.
const (
	prefixIdentity = "i/" // + address: public key
	prefixSession  = "s/" // + address: session
	prefixPreKey   = "p/" // + id: uploaded (0 or 1), private key
	prefixLID      = "l/" // + number: hidden identity
	prefixNumber   = "n/" // + hidden identity: number
	prefixToken    = "t/" // + user: time of issue, token
	prefixEvent    = "e/" // + hash: time received, plaintext until handled
	prefixSent     = "o/" // + chat and id: time sent, format, message
)

var errNotRemembered = errors.New("the message is not remembered any more")

// A signalStore is all that a client of text chats must remember, as records in
// memory. It implements the library's store interfaces; what they hold besides
// (groups, contacts, settings) is forgotten at once.
type signalStore struct {
	store.NoopStore
	guard *sessionlock.Lock
	// save makes changes durable, all or none; nil deletes.
	save func(changes map[string][]byte)

	mu      sync.Mutex
	records map[string][]byte
	events  []string // keys of received messages, oldest first
	sent    []string // keys of sent messages, oldest first
	lastKey uint32   // id of the newest one-time key
}

var (
	_ store.AllStores       = (*signalStore)(nil)
	_ store.DeviceContainer = (*signalStore)(nil)
)

// newSignalStore returns a store with the records an earlier one has saved.
func newSignalStore(records map[string][]byte, save func(map[string][]byte)) *signalStore {
	s := &signalStore{guard: sessionlock.New(), save: save, records: records}
	byAge := func(a, b string) int { return slices.Compare(records[a][:8], records[b][:8]) }
	for key := range records {
		switch {
		case strings.HasPrefix(key, prefixEvent):
			s.events = append(s.events, key)
		case strings.HasPrefix(key, prefixSent):
			s.sent = append(s.sent, key)
		case strings.HasPrefix(key, prefixPreKey):
			var id uint32
			if _, err := fmt.Sscanf(key[len(prefixPreKey):], "%x", &id); err == nil {
				s.lastKey = max(s.lastKey, id)
			}
		}
	}
	slices.SortFunc(s.events, byAge)
	slices.SortFunc(s.sent, byAge)
	return s
}

// attach makes d use the store for everything.
func (s *signalStore) attach(d *store.Device) {
	d.SetAllStores(s)
	d.LIDs, d.Container = s, s
}

// get returns a record, or nil.
func (s *signalStore) get(ctx context.Context, key string) []byte {
	if t := turnOf(ctx); t != nil {
		if value, ok := t.changes[key]; ok {
			return value
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.records[key]
}

// put changes records: at once, or with the decryption that ctx belongs to.
func (s *signalStore) put(ctx context.Context, changes map[string][]byte) {
	if t := turnOf(ctx); t != nil && t.changes != nil {
		maps.Copy(t.changes, changes)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apply(changes)
}

// apply changes the records and has them saved in the same order. The caller
// holds mu.
func (s *signalStore) apply(changes map[string][]byte) {
	for key, value := range changes {
		if value == nil {
			delete(s.records, key)
		} else {
			s.records[key] = value
		}
	}
	if s.save != nil && len(changes) > 0 {
		s.save(changes)
	}
}

// forget deletes all records of a kind that begin with name.
func (s *signalStore) forget(ctx context.Context, prefix, name string) error {
	changes := map[string][]byte{}
	s.mu.Lock()
	for key := range s.records {
		if strings.HasPrefix(key, prefix+name) {
			changes[key] = nil
		}
	}
	s.mu.Unlock()
	s.put(ctx, changes)
	return nil
}

func (s *signalStore) PutIdentity(ctx context.Context, address string, key [32]byte) error {
	if known := s.get(ctx, prefixIdentity+address); string(known) != string(key[:]) {
		s.put(ctx, map[string][]byte{prefixIdentity + address: key[:]})
	}
	return nil
}

func (s *signalStore) IsTrustedIdentity(ctx context.Context, address string, key [32]byte) (bool, error) {
	known := s.get(ctx, prefixIdentity+address)
	return known == nil || string(known) == string(key[:]), nil
}

func (s *signalStore) DeleteIdentity(ctx context.Context, address string) error {
	s.put(ctx, map[string][]byte{prefixIdentity + address: nil})
	return nil
}

func (s *signalStore) DeleteAllIdentities(ctx context.Context, user string) error {
	return s.forget(ctx, prefixIdentity, user+":")
}

func (s *signalStore) GetSession(ctx context.Context, address string) ([]byte, error) {
	if turnOf(ctx) == nil {
		if _, err := s.guard.Lease(ctx, address); err != nil {
			return nil, err
		}
	}
	return s.get(ctx, prefixSession+address), nil
}

func (s *signalStore) PutSession(ctx context.Context, address string, session []byte) error {
	if turnOf(ctx) == nil {
		lease, err := s.guard.Keep(address)
		if err != nil {
			return err
		}
		defer lease.End()
	}
	s.put(ctx, map[string][]byte{prefixSession + address: session})
	return nil
}

func (s *signalStore) HasSession(ctx context.Context, address string) (bool, error) {
	return s.get(ctx, prefixSession+address) != nil, nil
}

func (s *signalStore) GetManySessions(ctx context.Context, addresses []string) (map[string][]byte, error) {
	if t := turnOf(ctx); t != nil && t.changes == nil {
		if err := t.hold.Take(ctx); err != nil {
			return nil, err
		}
	}
	out := make(map[string][]byte, len(addresses))
	for _, address := range addresses {
		out[address] = s.get(ctx, prefixSession+address)
	}
	return out, nil
}

func (s *signalStore) PutManySessions(ctx context.Context, sessions map[string][]byte) error {
	changes := make(map[string][]byte, len(sessions))
	for address, session := range sessions {
		changes[prefixSession+address] = session
	}
	s.put(ctx, changes)
	if t := turnOf(ctx); t != nil && t.changes == nil {
		t.hold.Release()
	}
	return nil
}

func (s *signalStore) DeleteSession(ctx context.Context, address string) error {
	s.put(ctx, map[string][]byte{prefixSession + address: nil})
	return nil
}

func (s *signalStore) DeleteAllSessions(ctx context.Context, user string) error {
	return s.forget(ctx, prefixSession, user+":")
}

// MigratePNToLID has nothing to do: sessions are with hidden identities from
// the start.
func (s *signalStore) MigratePNToLID(context.Context, types.JID, types.JID) error { return nil }

// DoDecryptionTxn makes the changes of a decryption if it succeeds, all at once.
func (s *signalStore) DoDecryptionTxn(ctx context.Context, decrypt func(context.Context) error) error {
	t := &turn{hold: s.guard.NewHold(), changes: map[string][]byte{}}
	if err := t.hold.Take(ctx); err != nil {
		return err
	}
	defer t.hold.Release()
	if err := decrypt(context.WithValue(ctx, turnKey{}, t)); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range t.changes {
		if strings.HasPrefix(key, prefixEvent) {
			s.events = remember(s.events, key, t.changes)
		}
	}
	s.apply(t.changes)
	return nil
}

// remember appends key to a list and deletes the oldest if it is too long.
func remember(list []string, key string, changes map[string][]byte) []string {
	list = append(list, key)
	if len(list) > maxRemembered {
		changes[list[0]] = nil
		list = slices.Delete(list, 0, 1)
	}
	return list
}

func (s *signalStore) GetBufferedEvent(ctx context.Context, hash [32]byte) (*store.BufferedEvent, error) {
	value := s.get(ctx, prefixEvent+string(hash[:]))
	if value == nil {
		return nil, nil //nolint:nilnil // the interface's way to say that there is none
	}
	event := &store.BufferedEvent{InsertTime: time.Unix(0, int64(binary.BigEndian.Uint64(value)))}
	if len(value) > 8 {
		event.Plaintext = value[8:]
	}
	return event, nil
}

func (s *signalStore) PutBufferedEvent(ctx context.Context, hash [32]byte, plaintext []byte, _ time.Time) error {
	s.put(ctx, map[string][]byte{prefixEvent + string(hash[:]): append(stamp(), plaintext...)})
	return nil
}

func (s *signalStore) ClearBufferedEventPlaintext(ctx context.Context, hash [32]byte) error {
	if s.get(ctx, prefixEvent+string(hash[:])) != nil {
		s.put(ctx, map[string][]byte{prefixEvent + string(hash[:]): stamp()})
	}
	return nil
}

// stamp returns the time as records begin with it: sortable.
func stamp() []byte { return binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixNano())) }

func (s *signalStore) AddOutgoingEvent(_ context.Context, chat types.JID, id types.MessageID, format string, message []byte) error {
	key := prefixSent + chat.User + "/" + id
	value := append(append(stamp(), format...), 0)
	s.mu.Lock()
	defer s.mu.Unlock()
	changes := map[string][]byte{}
	if s.records[key] == nil {
		s.sent = remember(s.sent, key, changes)
	}
	changes[key] = append(value, message...)
	s.apply(changes)
	return nil
}

func (s *signalStore) GetOutgoingEvent(ctx context.Context, chat, alternate types.JID, id types.MessageID) (string, []byte, error) {
	for _, user := range []string{chat.User, alternate.User} {
		value := s.get(ctx, prefixSent+user+"/"+id)
		if value == nil {
			continue
		}
		format, message, _ := strings.Cut(string(value[8:]), "\x00")
		return format, []byte(message), nil
	}
	return "", nil, errNotRemembered
}

func preKeyRecord(id uint32) string { return fmt.Sprintf("%s%08x", prefixPreKey, id) }

// GetOrGenPreKeys returns the keys that wait for upload, and new ones if these
// are fewer than count or preKeyBatch.
func (s *signalStore) GetOrGenPreKeys(_ context.Context, count uint32) ([]*keys.PreKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*keys.PreKey
	for key, value := range s.records {
		if strings.HasPrefix(key, prefixPreKey) && value[0] == 0 {
			out = append(out, decodePreKey(key, value))
		}
	}
	slices.SortFunc(out, func(a, b *keys.PreKey) int { return int(a.KeyID) - int(b.KeyID) })
	changes := map[string][]byte{}
	for wanted := int(min(count, preKeyBatch)); len(out) < wanted; {
		out = append(out, s.newPreKey(changes, 0))
	}
	s.apply(changes)
	return out, nil
}

// newPreKey makes a key and adds it to changes. The caller holds mu.
func (s *signalStore) newPreKey(changes map[string][]byte, uploaded byte) *keys.PreKey {
	s.lastKey++
	key := keys.NewPreKey(s.lastKey)
	changes[preKeyRecord(key.KeyID)] = append([]byte{uploaded}, key.Priv[:]...)
	return key
}

func decodePreKey(record string, value []byte) *keys.PreKey {
	key := &keys.PreKey{KeyPair: *keys.NewKeyPairFromPrivateKey([32]byte(value[1:]))}
	_, _ = fmt.Sscanf(record[len(prefixPreKey):], "%x", &key.KeyID) // we wrote it
	return key
}

func (s *signalStore) GenOnePreKey(context.Context) (*keys.PreKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	changes := map[string][]byte{}
	key := s.newPreKey(changes, 1)
	s.apply(changes)
	return key, nil
}

func (s *signalStore) GetPreKey(ctx context.Context, id uint32) (*keys.PreKey, error) {
	value := s.get(ctx, preKeyRecord(id))
	if value == nil {
		return nil, nil //nolint:nilnil // the interface's way to say that there is none
	}
	return decodePreKey(preKeyRecord(id), value), nil
}

func (s *signalStore) RemovePreKey(ctx context.Context, id uint32) error {
	s.put(ctx, map[string][]byte{preKeyRecord(id): nil})
	return nil
}

func (s *signalStore) MarkPreKeysAsUploaded(_ context.Context, upTo uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	changes := map[string][]byte{}
	for key, value := range s.records {
		if strings.HasPrefix(key, prefixPreKey) && value[0] == 0 && key <= preKeyRecord(upTo) {
			changes[key] = append([]byte{1}, value[1:]...)
		}
	}
	s.apply(changes)
	return nil
}

func (s *signalStore) UploadedPreKeyCount(context.Context) (count int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, value := range s.records {
		if strings.HasPrefix(key, prefixPreKey) && value[0] == 1 {
			count++
		}
	}
	return count, nil
}
