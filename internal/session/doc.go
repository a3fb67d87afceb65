// Package session is one tenant's link to WhatsApp while a worker hosts it, from its claim
// to its end. Session.run is the whole of it, read from top to bottom; serve is the loop
// in between.
//
// One goroutine owns the session's state, and everything that happens comes to it through a
// channel: steps of the connection, notices of the database, timers, orders to end. What the
// WhatsApp library calls on goroutines of its own is in a type apart, handler, which touches
// nothing but what never changes.
//
// The package does not know Temporal's SDK: the activity that a session runs in is an
// interface. What follows an end, [flowhq.Next] decides.
package session
