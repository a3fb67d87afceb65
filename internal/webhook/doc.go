// Package webhook sends events to the programs of others: it makes the body, signs it as Standard
// Webhooks has it, and posts it to an address that somebody else has chosen.
//
// Such an address must not lead into our own network. A name is looked up by the dialer and may
// answer with another address each time, so what is checked is the address that is dialled, see
// [Guard]. No redirect is followed, no proxy is used, and nothing of an answer is kept but its
// status.
package webhook
