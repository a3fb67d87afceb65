// Package pipeline takes a customer's message from WhatsApp to its answer, for one
// tenant, while one host holds the tenant's session. Each step has a file. The list
// says what each step promises the next one, and what happens if the process dies in it.
//
//	receive  The message is a row with status RECEIVED before WhatsApp is told that
//	         it arrived. Dies before the row is committed: WhatsApp has no
//	         acknowledgement and delivers again. Dies after: the next host finds the
//	         row, and the repeated delivery meets it and changes nothing. (receive.go)
//	queue    Each contact has a FIFO, at most [maxWaiting] long, and a goroutine. The
//	         queue is memory only. Dies: the rows are RECEIVED, the next host queues
//	         them by id, which is the order of arrival. (queue.go, overflow.go)
//	serve    The goroutine takes one job at a time and tries it until it is done.
//	         Each attempt is counted in the row before it begins. Dies: so a message
//	         that kills its process is given up. (serve.go, deadletter.go)
//	decide   Whether there is an answer: age, voice notes and pictures, muted
//	         contacts, rate limits. Nothing is written while a reply waits for its
//	         rate limit. Dies: the next host decides anew; it counts replies from the
//	         rows, so that a crash is no way around a limit.
//	         (decide.go, age.go, wordless.go, mute.go, loop.go, limit.go, limiter.go)
//	reply    A pure function of message, config and conversation. Dies: it is
//	         computed again. (reply.go)
//	outbox   One statement marks the question ANSWERED, stores the conversation and
//	         writes the reply as PENDING, with the WhatsApp id that it will have.
//	         Dies before the commit: as in reply. Dies after: the next host sends
//	         the row. (outbox.go)
//	send     The reply is sent under the id in its row until WhatsApp acknowledges
//	         or refuses it. Dies at any moment: the row is PENDING or UNKNOWN, the next
//	         host sends it again under the same id, and a phone shows an id once.
//	         (send.go)
//	receipts Delivery and read receipts move the row on. Dies: some receipts are
//	         lost, which changes what the log shows and nothing else. (receipts.go)
//
// So every step leaves a row from which the next host goes on, memory is only a cache of
// rows, and [Pipeline.Fill] (refill.go) is all there is to recovery. Customers also change
// and delete what they wrote (revise.go), and two contacts may turn out to be one person
// (merge.go).
//
// Every write carries the host's epoch. When the database refuses one with code Fenced, a
// newer host owns the session: the pipeline stops, and says so on [Pipeline.Failed].
package pipeline
