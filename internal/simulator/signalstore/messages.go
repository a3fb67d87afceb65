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

// errNotRemembered answers a request for a message that was sent too long ago. The
// library takes an error for that, not nil.
var errNotRemembered = errors.New("the message is not remembered any more")

// stampBytes is the length of the time at the beginning of a message's record.
const stampBytes = 8

// stamp returns the time as records begin with it: sortable.
func stamp() []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixNano()))
}

// GetBufferedEvent returns what is known of a received message, nil if nothing is. The
// library asks before it decrypts: a message that was decrypted and not acknowledged
// comes again, and its key is gone by then.
func (s *Store) GetBufferedEvent(
	ctx context.Context, hash [32]byte,
) (*store.BufferedEvent, error) {
	value := s.get(ctx, prefixEvent+string(hash[:]))
	if value == nil {
		return nil, nil //nolint:nilnil // the interface's way to say that there is none
	}
	received := binary.BigEndian.Uint64(value)
	event := &store.BufferedEvent{InsertTime: time.Unix(0, int64(received))}
	if len(value) > stampBytes {
		event.Plaintext = value[stampBytes:]
	}
	return event, nil
}

// PutBufferedEvent keeps the plaintext of a received message until it was handled.
func (s *Store) PutBufferedEvent(
	ctx context.Context, hash [32]byte, plaintext []byte, _ time.Time,
) error {
	s.put(ctx, changes{prefixEvent + string(hash[:]): append(stamp(), plaintext...)})
	return nil
}

// ClearBufferedEventPlaintext forgets the plaintext of a message that was handled, and
// remembers that it was received.
func (s *Store) ClearBufferedEventPlaintext(ctx context.Context, hash [32]byte) error {
	if s.get(ctx, prefixEvent+string(hash[:])) != nil {
		s.put(ctx, changes{prefixEvent + string(hash[:]): stamp()})
	}
	return nil
}

// AddOutgoingEvent keeps a message that is being sent, for when its recipient asks for it
// again.
func (s *Store) AddOutgoingEvent(
	_ context.Context, chat types.JID, id types.MessageID, format string, message []byte,
) error {
	name := prefixSent + chat.User + "/" + id
	value := append(append(stamp(), format...), 0)
	value = append(value, message...)
	s.records.update(func(c *content) changes {
		changed := changes{}
		// A message that is sent again keeps its place: it is as old as it was.
		if c.values[name] == nil {
			c.sent = remember(c.sent, name, changed)
		}
		changed[name] = value
		return changed
	})
	return nil
}

// GetOutgoingEvent returns a message that was sent to a chat, under either of the chat's
// names.
func (s *Store) GetOutgoingEvent(
	ctx context.Context, chat, alternate types.JID, id types.MessageID,
) (format string, message []byte, err error) {
	for _, user := range []string{chat.User, alternate.User} {
		value := s.get(ctx, prefixSent+user+"/"+id)
		if value == nil {
			continue
		}
		format, message, _ := strings.Cut(string(value[stampBytes:]), "\x00")
		return format, []byte(message), nil
	}
	return "", nil, errNotRemembered
}
