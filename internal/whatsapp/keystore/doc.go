// Package keystore stands between the WhatsApp library (whatsmeow) and the tables in
// which it keeps the keys of linked devices.
//
// [Store] is what all connections of a process share: the tables. [Store.Use] gives the
// device of one connection its [Keys], which wrap the library's own stores for as long as
// that connection lasts. The package knows nothing of sockets or messages. What it must
// ask of a connection, or report to it, is the interface [Connection].
//
// The package keeps these promises.
//
// # A host that was replaced changes no key
//
// Every change to a Signal session is one statement of [Connection.Change], or runs in a
// transaction that begins with [Connection.Fence]. Both fail if a host of a newer epoch
// exists, and hold back a newer host until they end. Nothing can be encrypted without such
// a change, so a host that was replaced sends nothing either, however late it wakes up.
// After [Keys.Close], nothing is changed at all.
//
// # A ratchet never advances without its plaintext
//
// Decrypting a message advances the ratchet of a Signal session, and nobody can decrypt
// the message a second time. The new session and the plaintext are therefore written in
// one statement, or in one transaction where more is changed (draft.go). If the process
// dies before the message was recorded, WhatsApp delivers it again and the library finds
// the plaintext in its buffer (whatsmeow_event_buffer). The plaintext is cleared after the
// message was handled, and not at all once the connection has ended.
//
// # A failure of the database is not a failure of the message
//
// On an error of decryption the library asks the sender for another copy and
// acknowledges this one (whatsmeow/message.go, decryptMessages). It acknowledges nothing on one
// error only, a cancellation. So a failure of the database within a decryption ends the
// connection ([Connection.Fail]) and is returned to the library as a cancellation.
// WhatsApp delivers the message again at the next login.
//
// # Encrypting and decrypting exclude each other
//
// The library takes no common lock around the two. See package sessionlock, whose lock
// the stores take here. A message that was encrypted for nobody is never sent: the
// library only warns of that, see [Keys.Send].
//
// # What is pruned, and when
//
// The library deletes nothing by itself here; DeleteOldBufferedHashes does nothing.
// [Store.PruneBuffer] deletes from the library's buffer. Of a message that was recorded it
// keeps for 14 days what recognises it if it comes again, as the library would. Of one
// that was not, it keeps the plaintext for 35 days, because WhatsApp may deliver such a
// message again for about a month. [Store.PruneMACs] deletes checksums of settings that a
// later one supersedes.
// [Store.Forget] deletes all that is stored of a device, and [Store.ErasePerson] what a device has
// of one person. Each works in batches of
// [PruneBatch] rows, so that none holds a lock for long, and may be repeated at any time.
//
// # Reading order
//
// Calls between the files run down this list only: store.go, keys.go, device.go; then what
// the library calls, in sessions.go, decrypt.go, send.go, identities.go and unstored.go;
// then draft.go, change.go, through which every change passes, operation.go, lidcache.go,
// erase.go, lids.go, prune.go, array.go.
package keystore
