// Package whatsapp is the adapter to WhatsApp: it turns the whatsmeow library
// into connections that end for one reason, messages that are acknowledged only
// once they are recorded, and sends whose outcome is known or known to be
// unknown.
//
// [Network] is what all sessions of a process share. [Network.Dial] opens one
// [Conn], which is one connection's life: it links a phone if there is none,
// logs in, serves, and is over. It never reconnects by itself; when to dial
// again is the caller's decision, so that backoff has one home.
//
// # Receiving
//
// The library decrypts a message and stores the plaintext in one transaction,
// then calls [Handler.Receive], then tells WhatsApp. If the handler fails or
// panics, or the keys could not be read or written, nothing is acknowledged and
// the connection ends with [flowhq.EndNotRecorded]; WhatsApp delivers the message again
// at the next login and the stored plaintext is handed over once more. So a
// message reaches the handler at least once, and rarely twice at a time: the
// handler must be idempotent by chat, sender and id.
//
// # Sending
//
// A message is sent under an id its caller chose and recorded beforehand. A
// repeated send under the same id is shown once by the receiving phone, which is
// what makes an unknown outcome repairable.
//
// # Signal sessions
//
// Decrypting and encrypting both read a Signal session, advance it and write it
// back, and the library takes no common lock around the two: replying while more
// messages of the same chat arrive makes two outgoing messages use one key, and
// the receiving phone drops the second without a word. Every store the library
// uses is therefore wrapped (see guard and keys), which is also the place where
// writes of a connection that is over are refused.
package whatsapp
