// Package simulator is a loopback WhatsApp server with phones and customers.
//
// The unmodified whatsmeow client talks to it over TLS and websocket, with the
// real Noise handshake, binary XML and Signal encryption. So whatever hosts a
// bot on WhatsApp can be run, tested and broken here without changing a line of
// it: only the address it dials and the two roots it trusts differ.
//
// Three things live here:
//
//   - The server: it pairs, logs in, keeps prekeys and device lists, routes
//     messages and receipts, and keeps every stanza queued until the device it
//     is for has acknowledged it. It never sees a message's text.
//   - Phones: accounts a bot can be linked to. A phone scans the code that a bot
//     shows and signs the bot's identity. It is otherwise silent; what is sent
//     to the phone itself is dropped.
//   - Customers: real whatsmeow clients, which dial the server like anybody.
//     Each is the only device of its account.
//
// Everything is commanded through a JSON API on a second address (control.go).
//
// All state is held in memory and written behind to one database file, in the
// order in which it changed. A change becomes visible to another process only
// once it is in the file (see database.wait), so killing the process at any
// instant loses nothing anybody was told about.
package simulator
