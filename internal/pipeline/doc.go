// Package pipeline is the life of a customer's message, for one tenant while one
// host holds its session:
//
//	receive  persist the message; only then may WhatsApp be told (receive.go)
//	queue    one FIFO per chat, bounded, chats in parallel       (queue.go)
//	limit    what is too old, replies per contact and tenant     (age.go, limit.go, pace.go)
//	turns    nobody talks with a program for ever                (exchange.go)
//	reply    a pure function of message, config and conversation (reply.go)
//	outbox   mark it answered and write the reply, in one step   (outbox.go)
//	send     under the id in the row, until the outcome is known (send.go)
//
// Each step leaves a row from which the next host goes on: a crash between any
// two is repaired by [Pipeline.Fill]. Memory is only a cache of the rows.
// Every write carries the host's epoch; when one fails with code Fenced the
// pipeline stops and says so on [Pipeline.Failed].
package pipeline
