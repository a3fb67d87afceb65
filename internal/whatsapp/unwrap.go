package whatsapp

import (
	"go.mau.fi/whatsmeow/proto/waE2E"
)

// protocolOf returns the protocol message in m, inside of whatever wraps it, or nil.
func protocolOf(m *waE2E.Message) *waE2E.ProtocolMessage {
	var found *waE2E.ProtocolMessage
	unwrap(m, maxWrappers, func(m *waE2E.Message) bool {
		found = m.GetProtocolMessage()
		return found == nil
	})
	return found
}

// contextOf returns the context of m, inside of whatever wraps it, or nil. Each kind of
// content that has a context has it in a field of the same name.
func contextOf(m *waE2E.Message, wrappers int) *waE2E.ContextInfo {
	var found *waE2E.ContextInfo
	unwrap(m, wrappers, func(m *waE2E.Message) bool {
		set := m.ProtoReflect()
		all := set.Descriptor().Fields()
		for i := range all.Len() {
			fd := all.Get(i)
			if fd.Message() == nil || !set.Has(fd) {
				continue
			}
			content := set.Get(fd).Message()
			in := content.Descriptor().Fields().ByName("contextInfo")
			if in == nil || !content.Has(in) {
				continue
			}
			if context, ok := content.Get(in).Message().Interface().(*waE2E.ContextInfo); ok {
				found = context
				return false
			}
		}
		return true
	})
	return found
}

// unwrap calls each with m, and then with the messages that are wrapped in it, the
// outermost first. It stops when each returns false, and then returns false too. wrappers
// bounds how deep it looks.
func unwrap(m *waE2E.Message, wrappers int, each func(*waE2E.Message) bool) bool {
	if m == nil || wrappers == 0 {
		return true
	}
	if !each(m) {
		return false
	}
	set := m.ProtoReflect()
	all := set.Descriptor().Fields()
	for i := range all.Len() {
		fd := all.Get(i)
		if fields[fd.Name()].class != wrapper || !set.Has(fd) {
			continue
		}
		if !unwrap(wrapped(m, fd), wrappers-1, each) {
			return false
		}
	}
	return true
}
