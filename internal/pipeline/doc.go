// Package pipeline takes a customer's message from WhatsApp to its answer, for one
// tenant, while one host holds the tenant's session. ARCHITECTURE.md, "Life of a message", has the
// table of the steps: what each one does, and what happens if the process dies in it. These are
// their files.
//
//	receive   the message becomes a row, then it is acknowledged   receive.go
//	queue     each contact has a FIFO and a goroutine              queue.go overflow.go
//	          lines of a burst are read as one text                burst.go unfinished.go
//	          which attempts a job until it is done or given up    serve.go deadletter.go
//	limit     whether there is an answer:                          decide.go
//	          a person answers the chat, or it is left alone       people.go
//	          a program or a person answers in the bot's place     elsewhere.go
//	          age, voice notes and pictures                        age.go wordless.go transcribe.go
//	          muted contacts and programs that write               mute.go loop.go
//	          rate limits                                          limit.go limiter.go limiterqueue.go
//	consult   a language model, where a tenant wants that          consult.go
//	reply     what the bot decides, from what the owner has told   reply.go knowledge.go compiling.go
//	outbox    question, conversation, facts and reply, as one      outbox.go
//	send      under the id in the reply's row                      send.go
//	receipts  the row moves forwards                               receipts.go
//
// So every step leaves a row from which the next host goes on, memory is only a cache of
// rows, and [Pipeline.Fill] (refill.go) is all there is to recovery. A write that fails is
// repeated for as long as that may help (persist.go). Customers also change and delete what
// they wrote (revise.go), and two contacts may turn out to be one person (merge.go). What the
// owner writes from the phone is recorded, and hands the chat over; the end of a hand-over is
// a timer that each host sets from the rows (people.go).
//
// Every write carries the host's epoch. When the database refuses one with code Fenced, a
// newer host owns the session: the pipeline stops, and says so on [Pipeline.Failed].
package pipeline
