package whatsapp

import (
	"strings"
	"unicode/utf8"

	"go.mau.fi/whatsmeow/types"
)

// maxIDBytes bounds a message id. WhatsApp's own are at most 32 characters, but the
// sender's client chooses it.
const maxIDBytes = 128

// isID reports whether id is one that can be stored and sent back.
func isID(id string) bool {
	unprintable := func(r rune) bool { return r <= ' ' || r >= utf8.RuneSelf-1 }
	return id != "" && len(id) <= maxIDBytes && !strings.ContainsFunc(id, unprintable)
}

// isPerson reports whether jid is one person's, who can be answered.
func isPerson(jid types.JID) bool {
	switch jid.Server {
	case types.DefaultUserServer, types.HiddenUserServer:
		return jid.User != "" && jid.User != types.PSAJID.User && !jid.IsBot()
	}
	return false
}

// numberOf returns the E.164 number of a JID, or "" if it has none.
func numberOf(jid types.JID) string {
	if jid.Server != types.DefaultUserServer || jid.User == "" {
		return ""
	}
	return "+" + jid.User
}
