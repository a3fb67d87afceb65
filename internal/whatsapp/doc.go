// Package whatsapp is the adapter to WhatsApp: it turns the whatsmeow library into
// connections that end for one reason, messages that are acknowledged only once they are
// recorded, and sends whose outcome is known or known to be unknown.
//
// [Network] is what all sessions of a process share. [Network.Dial] opens one [Conn],
// which lasts for one connection: it links a phone if there is none, logs in, serves, and
// is over. It never reconnects by itself. When to dial again is the caller's decision, so
// that backoff has one home.
//
// # Receiving
//
// The library decrypts a message and stores the plaintext in one transaction, then calls
// [Handler.Receive], then acknowledges the message to WhatsApp. If the handler fails or
// panics, or the keys could not be read or written, nothing is acknowledged and the
// connection ends with [flowhq.EndNotRecorded]. WhatsApp delivers the message again at the
// next login, and the stored plaintext is handed over once more. So a message reaches the
// handler at least once, and rarely twice at a time: the handler must be idempotent by
// chat, sender and id.
//
// # Sending
//
// A message is sent under an id that its caller chose and recorded beforehand. A repeated
// send under the same id is shown once by the receiving phone, which is what makes an
// unknown outcome repairable.
//
// # Keys
//
// Every store of the library is wrapped by package keystore. It refuses what a connection
// that is over, or a host that was replaced, would change, and it keeps encrypting and
// decrypting apart, between which the library takes no lock.
//
// # Reading order
//
// Calls between the files run down this list only.
//
//   - network.go, conn.go: what the caller sees, with the types of event.go
//   - run.go, linking.go: the connection's own goroutine, from the dial to the end
//   - client.go, keys.go: how the library is set up, and what its keys ask of a connection
//   - handle.go, receive.go: what the library reports, and what becomes of it
//   - inbound.go, revision.go: who said what, and what changes an earlier message
//   - send.go, upload.go, outgoing.go, timer.go: how a message goes out, and how long a chat
//     keeps it
//   - unwrap.go, content.go, fields.go: what a message of any kind says
//   - describe.go, words.go, media.go, format.go: the words, or the media, in one kind of
//     message each
//   - state.go, ends.go, calls.go, wire.go: whether a connection has ended, and why
//   - transport.go, server.go, version.go, process.go, log.go, timing.go, address.go
package whatsapp
