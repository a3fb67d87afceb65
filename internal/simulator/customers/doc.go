// Package customers is the people who write to a bot: each has a phone, which is an
// unmodified WhatsApp client (whatsmeow) that dials the simulator like anybody else.
//
// A [Pool] runs them all. It draws the keys of a new [Customer], has the server register
// the account, and keeps the client connected until the pool ends. A customer sends what
// a [Draft] describes, keeps what it receives in an inbox, and marks that as read a moment
// later, as a person does.
//
// Real clients are used, so that a message which the bot under test encrypts wrongly is
// lost here as it would be on a real phone. They come back from everything: a customer
// that the server refuses, bans or logs out dials again.
package customers
