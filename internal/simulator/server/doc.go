// Package server is WhatsApp's side of the protocol: it pairs and logs in devices, keeps
// their public keys, routes messages and receipts between them, and fails on demand.
//
// It never sees the text of a message. Everything that a device has not acknowledged
// stays in the device's queue, in memory and in the file, and is sent again at each
// login. A message is acknowledged to its sender only once it is in the file. So killing
// the process at any instant loses nothing that was acknowledged.
//
// Who owns what:
//
//   - state (state.go) holds accounts, devices, queues and which connection is whose. It
//     is reachable only inside a function that is passed to [Server.do], which holds the
//     one lock. Nothing of it leaves such a function but copies.
//   - [Faults] holds what is to go wrong, under a lock of its own.
//   - conn (conn.go) is one client's connection: its goroutine reads stanzas and handles
//     them, one after the other. A second goroutine sends the queue while there is one.
//
// Where to look: how a device is linked in pairing.go, scan.go and linkcode.go, how it logs
// in in login.go, what becomes of a message in messages.go and queue.go, what clients may
// ask in queries.go. What the control API needs is in phones.go, stats.go and the files
// whose names begin with fault.
package server
